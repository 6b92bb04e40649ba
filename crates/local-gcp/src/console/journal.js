// The journal, live: newest first, the last few hundred.

import { act, read } from "./api.js";
import { $, badge, make, say } from "./page.js";

const SHOWN = 300;

let entries = [];
let newest = 0;
let held = false;
let stream = null;

const header = (entry, name) => entry.headers.find(([key]) => key === name)?.[1] ?? "";
const isOwn = (entry) => entry.api.startsWith("_local") || header(entry, "x-local-console") !== "";

// Who asked, in a word.
function caller(entry) {
  if (entry.direction === "out") return "local-gcp";
  if (header(entry, "x-local-console")) return "console";
  const agent = header(entry, "user-agent") || header(entry, "x-goog-api-client");
  const rust = /gl-rust|object_store/.test(agent + header(entry, "x-goog-api-client"));
  if (rust) return "function";
  if (agent.includes(" gcloud/")) return "gcloud";
  return agent.split(/[\s/(]/)[0].slice(0, 18) || "somebody";
}

function matches(entry) {
  if (!$("own").checked && isOwn(entry)) return false;
  const wanted = $("filter").value.trim().toLowerCase();
  const text = `${entry.api} ${entry.method} ${entry.path} ${entry.status} ${caller(entry)} ${entry.fault ?? ""}`;
  return text.toLowerCase().includes(wanted);
}

function status(entry) {
  if (entry.status === 0) return badge("no answer", "bad");
  return badge(String(entry.status), entry.status < 400 ? "good" : entry.status < 500 ? "warn" : "bad");
}

function body(title, value) {
  if (value === undefined) return [];
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  return [make("h4", {}, title), make("pre", { tabIndex: 0 }, text)];
}

function row(entry, isNew) {
  const out = entry.direction === "out";
  const words = entry.api.split(".");
  const method = words.length > 2 ? `${words[0]} … ${words.slice(-2).join(".")}` : entry.api || entry.method;
  const arrow = make("span", { "aria-hidden": "true", title: out ? "sent by local-gcp" : "asked of local-gcp" }, out ? "⇠" : "→");
  const path = entry.path.replace(/^\/(storage\/)?v[0-9a-z]+\//, "").replace(/^projects\/[^/]+\//, "");
  const summary = make(
    "summary",
    {},
    make("time", { dateTime: entry.at, title: entry.at }, entry.at.slice(11, 19)),
    arrow,
    make("span", { className: "what" }, make("span", { className: "name", title: entry.api }, method), make("span", { className: "quiet" }, path)),
    make("span", { className: "who" }, entry.fault ? badge(entry.fault, "bad") : badge(caller(entry))),
    status(entry),
    make("span", { className: "took quiet" }, `${entry.ms.toFixed(1)} ms`),
  );
  const details = make("details", {}, summary);
  details.addEventListener("toggle", () => {
    if (!details.open || details.children.length > 1) return;
    const query = entry.query && `?${entry.query}`;
    details.append(
      ...body(`${entry.direction === "out" ? "Sent" : "Asked"} at ${entry.at}`, `${entry.method} ${entry.path}${query}`),
      ...body("Request", entry.json ?? entry.text),
      ...body("Answer", entry.resp ?? entry.resp_text),
    );
  });
  return make("li", { className: isNew ? "new" : "", data: { seq: entry.seq } }, details);
}

function redraw() {
  const wanted = entries.filter(matches).slice(-SHOWN).reverse();
  $("entries").replaceChildren(...wanted.map((entry) => row(entry, false)));
  $("no-entries").hidden = wanted.length > 0;
}

function arrived(entry) {
  if (entry.seq <= newest) return;
  newest = entry.seq;
  entries.push(entry);
  if (entries.length > 5 * SHOWN) entries = entries.slice(-3 * SHOWN);
  if (held) return void ($("hold").textContent = "Go on");
  if (!matches(entry)) return;
  $("entries").prepend(row(entry, true));
  $("no-entries").hidden = true;
  while ($("entries").children.length > SHOWN) $("entries").lastElementChild.remove();
}

// Follows the journal; `told` hears of each entry, `connected` of the connection coming and going.
async function follow(told, connected) {
  stream?.close();
  entries = await read(`/_local/journal?limit=${SHOWN}`);
  newest = entries.at(-1)?.seq ?? 0;
  redraw();
  stream = new EventSource(`/_local/journal/stream?after=${newest}`);
  let lost = false;
  stream.onopen = () => {
    connected(true);
    // Another process may answer now, which counts from one.
    if (lost) follow(told, connected).catch(() => connected(false));
  };
  stream.onerror = () => {
    lost = true;
    connected(false);
  };
  stream.onmessage = (event) => {
    const entry = JSON.parse(event.data);
    arrived(entry);
    told(entry);
  };
}

export async function start(told, connected) {
  $("filter").addEventListener("input", redraw);
  $("own").addEventListener("change", redraw);
  $("hold").addEventListener("click", () => {
    held = !held;
    $("hold").setAttribute("aria-pressed", held);
    $("hold").textContent = "Hold";
    if (!held) redraw();
  });
  $("clear").addEventListener("click", async () => {
    try {
      await act("DELETE", "/_local/journal");
      entries = [];
      redraw();
    } catch (error) {
      say(`Clearing the journal: ${error.message}`, "failed");
    }
  });
  await follow(told, connected);
}
