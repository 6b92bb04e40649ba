// Puts the parts together: reads all once, then again whenever the journal shows that something changed.

import { read } from "./api.js";
import * as budgets from "./budgets.js";
import * as clock from "./clock.js";
import * as events from "./events.js";
import * as faults from "./faults.js";
import * as journal from "./journal.js";
import * as notes from "./notes.js";
import { $, say } from "./page.js";
import * as resources from "./resources.js";
import * as timeline from "./timeline.js";

// Long-running operations end without a word in the journal, and timers move resources.
const LOOK_AGAIN = 1_500;
const LOOK_ANYWAY = 10_000;

let looking = null;
let again = false;

async function look() {
  const home = await read("/_local");
  $("project").textContent = `${home.project} · ${home.url}`;
  await Promise.all([clock.load(), faults.load()]);
  const found = await resources.load(home, clock.now());
  events.update(found);
  await budgets.load(found.Buckets ?? []);
}

// One look at a time; what happens meanwhile is seen by the next.
function refresh() {
  if (looking) {
    again = true;
    return looking;
  }
  looking = look()
    .catch((error) => say(`Reading resources: ${error.message}`, "failed"))
    .finally(() => {
      looking = null;
      if (again) {
        again = false;
        refresh();
      }
    });
  return looking;
}

let soon = null;
let later;

function changed() {
  // Not put off by what else happens: a clock that is moved makes things happen without a pause.
  soon ??= setTimeout(() => {
    soon = null;
    refresh();
  }, 150);
  clearTimeout(later);
  later = setTimeout(refresh, LOOK_AGAIN);
}

function connected(yes) {
  $("link").textContent = yes ? "live" : "not connected";
  $("link").className = `badge ${yes ? "good" : "bad"}`;
  if (!yes) return;
  resources.follow();
  changed();
}

async function begin() {
  faults.start(await read("/_local"));
  await refresh();
  clock.offer();
  clock.start(refresh);
  events.start(changed);
  await notes.start();
  await timeline.start();
  await journal.start((entry) => {
    resources.passed(entry);
    if (entry.direction === "out" || entry.method !== "GET" || entry.fault) changed();
  }, connected);
  setInterval(() => document.hidden || refresh(), LOOK_ANYWAY);
  document.body.dataset.ready = "yes";
}

begin().catch((error) => say(`The console could not start: ${error.message}`, "failed"));
