// What is to go wrong: three switches, a form for everything else, and the list of what is planned.

import { act, read } from "./api.js";
import { $, badge, doing, fill, make, say } from "./page.js";

const SWITCHES = [
  ["Reading a secret answers 503", { method: "secretmanager.projects.secrets.versions.access", status: 503, times: 0 }],
  ["Changes of Cloud Run services lose their answer", { method: "run.projects.locations.services.patch", loseAnswer: true, times: 0 }],
  ["Publishing to a topic answers 503", { method: "pubsub.projects.topics.publish", status: 503, times: 0 }],
];

const EFFECTS = {
  503: { status: 503 },
  429: { status: 429, retryAfter: 5 },
  lose: { loseAnswer: true },
  reset: { reset: true },
  slow: { delay: "2s" },
  fail: { failOperation: "INTERNAL" },
};

let planned = [];

const same = (fault, wanted) => Object.entries(wanted).every(([key, value]) => fault[key] === value);
const plan = (fault) => act("POST", "/_local/faults", fault);
const withdraw = (fault) => act("DELETE", `/_local/faults/${fault.id}`);

function effect(fault) {
  const effects = [
    fault.status && `answers ${fault.status}`,
    fault.loseAnswer && "loses its answer",
    fault.reset && "breaks",
    fault.delay && "is late",
    fault.stale && "reads old state",
    fault.failOperation && "fails later",
  ];
  const times = fault.times ?? 1;
  const calls = times === 0 ? "every call" : times === 1 ? "one call" : `${times} calls`;
  return `${calls} ${effects.filter(Boolean).join(", ")}`;
}

export async function load() {
  planned = await read("/_local/faults");
  for (const [at, [, wanted]] of SWITCHES.entries()) {
    $(`switch-${at}`).checked = planned.some((fault) => same(fault, wanted));
  }
  fill($("planned"), planned.map(row));
}

// A method's name, which may go on in the next line after each dot.
const breakable = (method) => method.split(/(?<=\.)/).flatMap((word) => [word, make("wbr")]);

function row(fault) {
  const button = make("button", { type: "button", "aria-label": `Take back: ${fault.method} ${effect(fault)}`, data: { key: `fault-${fault.id}` } }, "Take back");
  button.addEventListener("click", () =>
    doing(button, "Taking the fault back", async () => {
      await withdraw(fault);
      await load();
      return `${fault.method} works again.`;
    }),
  );
  const spent = fault.times !== 0 && fault.hit >= (fault.times ?? 1);
  const hits = fault.hit === 1 ? "hit once" : `hit ${fault.hit} times`;
  return make(
    "li",
    {},
    make("span", { className: "name" }, ...breakable(fault.method)),
    make("span", { className: "quiet" }, effect(fault)),
    badge(hits, spent ? "" : "bad"),
    button,
  );
}

function toggle([label, wanted], at) {
  const box = make("input", { type: "checkbox", role: "switch", id: `switch-${at}` });
  box.addEventListener("change", async () => {
    try {
      if (box.checked) await plan(wanted);
      else await Promise.all(planned.filter((fault) => same(fault, wanted)).map(withdraw));
      say(`${label}: ${box.checked ? "on" : "off"}.`);
    } catch (error) {
      say(`${label}: ${error.message}`, "failed");
    }
    await load();
  });
  return make("label", { className: "switch" }, box, make("span", {}, label));
}

function offer(select, apis) {
  const groups = apis
    .filter((api) => api.methods.length)
    .map(({ name, methods }) => {
      const any = make("option", { value: `${name}.*`, textContent: `${name}.* (all)` });
      const options = [...new Set(methods)].sort().map((method) => make("option", { value: method, textContent: method }));
      return make("optgroup", { label: name }, any, ...options);
    });
  select.replaceChildren(...groups);
}

export function start(home) {
  const known = new Set(home.apis.flatMap((api) => api.methods));
  $("switches").replaceChildren(...SWITCHES.filter(([, { method }]) => known.has(method)).map(toggle));
  offer($("fault").elements.method, home.apis);
  $("fault").addEventListener("submit", (event) => {
    event.preventDefault();
    const form = new FormData(event.target);
    const fault = { method: form.get("method"), times: Number(form.get("times")), ...EFFECTS[form.get("effect")] };
    doing(event.submitter, "Planning the fault", async () => {
      await plan(fault);
      await load();
      return `${fault.method}: ${effect(fault)}.`;
    });
  });
}
