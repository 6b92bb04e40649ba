// What a budget's guard has spent, taken and remembered, read from the objects that it keeps in a bucket. A page about
// itself: nothing is decided here.

import { read } from "./api.js";
import { $, badge, fill, make, moment } from "./page.js";

const MEMORY = /(^|\/)budget-guard\/v1\/[^/]+\/[^/]+\/state\.json$/;
const HELD = /(^|\/)budget-guard\/v1\/resources\/[^/]+\.json$/;
const KINDS = { normal: "good", notified: "good", throttled: "warn", stopped: "bad", capped: "bad" };
const ORDER = ["notify", "throttle", "stop", "cap"];
const LEVELS = { notify: "notified", throttle: "throttled", stop: "stopped", cap: "capped" };
// The dial ends beyond the last rung, and beyond what is spent.
const BEYOND = 1.08;

// Amounts are kept in millionths. Unknown is not zero.
const units = (micros) => Number(micros ?? 0) / 1e6;
const money = (micros) => (micros ?? null) === null ? "?" : units(micros).toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });

const content = ({ bucket, name }) => read(`/storage/v1/b/${bucket}/o/${encodeURIComponent(name)}?alt=media`);

function level(memory) {
  const real = memory.latches.filter((latch) => latch.mode === "enforce").map((latch) => ORDER.indexOf(latch.class));
  return LEVELS[ORDER[Math.max(...real)]] ?? "normal";
}

// A bar as long as the spend, with a mark for each rung that hangs on a cost.
function dial(memory, kind) {
  const [cost, budget] = [units(memory.cost), units(memory.budget)];
  const rungs = memory.ladder.filter((rung) => rung.at !== null);
  const end = Math.max(cost, budget, ...rungs.map((rung) => units(rung.at))) * BEYOND || 1;
  const svg = (tag, properties, ...children) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(properties)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };
  const at = (amount) => `${(Math.max(0, amount) / end) * 100}%`;
  const share = budget ? `${Math.round((cost / budget) * 100)} %` : "no budget";
  const marks = rungs.flatMap((rung) => [
    svg("line", { x1: at(units(rung.at)), x2: at(units(rung.at)), y1: 2, y2: 30, class: "rung" }),
    svg("text", { x: at(units(rung.at)), y: 44, "text-anchor": "middle" }, rung.step),
  ]);
  const label = `${money(memory.cost)} of ${money(memory.budget)} ${memory.currency ?? ""}: ${share}`;
  return svg("svg", { class: "dial", role: "img", "aria-label": label, height: 48 },
    svg("rect", { x: 0, y: 8, width: "100%", height: 16, rx: 4, class: "ground" }),
    svg("rect", { x: 0, y: 8, width: at(cost), height: 16, rx: 4, class: `spent ${kind}` }),
    ...marks,
  );
}

function rung(memory, rung) {
  const latch = memory.latches.find((latch) => latch.step === rung.step);
  const dry = latch?.mode === "dry_run" || (!latch && rung.mode === "dry_run");
  const force = latch ? badge(latch.mode === "dry_run" ? "would act" : "in force", latch.class === "notify" ? "good" : "warn") : badge("waits");
  const since = latch && `since ${moment(latch.at)}${latch.cost ? `, at ${money(latch.cost)}` : ""}`;
  const what = rung.do.length ? rung.do.join(", ") : "tells";
  return make("li", {}, make("span", { className: "name" }, rung.step), force,
    make("span", { className: "quiet" }, [rung.when, what, since, dry && "dry run"].filter(Boolean).join(" · ")));
}

function held(memory, resource, action, records) {
  const record = records.find((record) => record.resource === resource);
  const latch = memory.latches.find((latch) => latch.mode === "enforce" && latch.do?.includes(action));
  const why = latch ? `by ${latch.step} since ${moment(latch.at)}` : "by a step that is gone";
  const was = record && `was ${JSON.stringify(record.prior)}`;
  return make("li", {}, make("span", { className: "name" }, resource), badge(action.split(":")[0], "warn"),
    make("span", { className: "quiet" }, [why, was].filter(Boolean).join(" · ")));
}

function budget([name, memory], records) {
  const kind = KINDS[level(memory)];
  const applied = Object.entries(memory.applied ?? {});
  const snoozed = memory.snooze && badge(`snoozed until ${moment(memory.snooze.until)}`, "warn");
  const isKnown = (memory.cost ?? null) !== null;
  const spent = make("strong", {}, isKnown ? `${money(memory.cost)} of ${money(memory.budget)} ${memory.currency ?? ""}` : "no message yet");
  const heading = make("h3", {}, memory.name ?? name.split("/").at(-2));
  const taken = applied.map(([resource, action]) => held(memory, resource, action, records));
  const nothing = make("p", { className: "quiet" }, "Nothing is held: everything is as it was.");
  return make("article", {},
    make("div", { className: "heading" }, heading, badge(level(memory), kind), snoozed, spent),
    isKnown ? dial(memory, kind) : null,
    make("div", { className: "columns" },
      make("div", {}, make("h4", {}, "Ladder"), make("ul", { className: "rows" }, ...memory.ladder.map((one) => rung(memory, one)))),
      make("div", {}, make("h4", {}, "Held"), taken.length ? make("ul", { className: "rows" }, ...taken) : nothing)),
  );
}

let shown = "";

// Takes the buckets with the lists of their objects.
export async function load(buckets) {
  const objects = buckets.flatMap((bucket) => bucket.objects);
  const memories = objects.filter(({ name }) => MEMORY.test(name));
  const records = memories.length ? objects.filter(({ name }) => HELD.test(name)) : [];
  const state = JSON.stringify([...memories, ...records].map(({ name, generation }) => [name, generation]));
  if (state === shown) return;
  const found = await Promise.all(memories.map(async (object) => [object.name, await content(object)]));
  const known = await Promise.all(records.map(content));
  shown = state;
  $("budgets").hidden = found.length === 0;
  fill($("guards"), found.map((one) => budget(one, known)));
}
