// The clock: what it says, and moving it.

import { act, read } from "./api.js";
import { $, distance, doing, last, moment, until } from "./page.js";

let running = true;
// Here's time and the page's own clock when it was read.
let base = { now: Date.now(), at: performance.now() };
let timer = null;

export const now = () => new Date(base.now + (running ? performance.now() - base.at : 0));

export async function load() {
  const clock = await read("/_local/clock");
  base = { now: Date.parse(clock.now), at: performance.now() };
  running = clock.running;
  timer = clock.nextTimer;
  $("running").textContent = running ? "running" : "stopped";
  $("running").className = `badge ${running ? "good" : "warn"}`;
  $("pause").textContent = running ? "Stop" : "Run";
  $("pause").setAttribute("aria-label", running ? "Stop the clock" : "Let the clock run");
  $("to-next").disabled = !timer;
  show();
}

function show() {
  const weekday = now().toLocaleDateString("en", { weekday: "short", timeZone: "UTC" });
  $("now").textContent = `${weekday} ${moment(now())} UTC`;
  $("now").dateTime = now().toISOString();
  const what = timer && `${last(timer.key)} (${timer.api})`;
  $("next").textContent = timer ? `next: ${what} ${until(timer.at, now())}` : "nothing is due";
}

// Moves the clock, and says what that did.
async function move(to) {
  const before = now();
  const moved = await act("POST", "/_local/clock", to);
  const by = new Date(moved.now) - before;
  const fired = moved.fired === 1 ? "1 thing happened" : `${moved.fired} things happened`;
  return `${by >= 0 ? "Forward" : "Back"} ${distance(by)}, to ${moment(moved.now)}: ${fired} on the way.`;
}

export function start(changed) {
  const pressed = (button, what, to) =>
    doing(button, what, async () => {
      const said = await move(to());
      await changed();
      return said;
    });
  for (const button of document.querySelectorAll("[data-advance]")) {
    button.addEventListener("click", () => pressed(button, "Advancing the clock", () => ({ advance: button.dataset.advance })));
  }
  $("to-next").addEventListener("click", () => pressed($("to-next"), "Advancing the clock", () => ({ set: timer.at })));
  $("pause").addEventListener("click", () =>
    doing($("pause"), "Switching the clock", async () => {
      const moved = await act("POST", "/_local/clock", { running: !running });
      await changed();
      return moved.running ? "The clock runs." : "The clock stands still.";
    }),
  );
  $("set").addEventListener("submit", (event) => {
    event.preventDefault();
    const to = $("set-to").value;
    pressed(event.submitter, "Setting the clock", () => ({ set: new Date(`${to}Z`).toISOString() }));
  });
  setInterval(() => running && show(), 1000);
}

// What the form offers at first: today, midnight to come.
export function offer() {
  const tomorrow = new Date(now().getTime() + 86_400_000);
  $("set-to").value = `${tomorrow.toISOString().slice(0, 10)}T00:00:00`;
}
