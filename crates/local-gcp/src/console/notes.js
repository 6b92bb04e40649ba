// What programs beside local-gcp say of themselves: a line each, above everything else.

import { read } from "./api.js";
import { $, badge, make } from "./page.js";

const LOOK = 1_000;

let shown = "";

async function load() {
  const notes = Object.entries(await read("/_local/notes"));
  const state = JSON.stringify(notes);
  if (state === shown) return;
  shown = state;
  $("notes").hidden = notes.length === 0;
  $("notes").replaceChildren(
    ...notes.map(([name, { text, good }]) => make("li", {}, badge(name, good ? "good" : "bad"), make("span", {}, text))),
  );
}

// They change without a word in the journal. A broken connection is told by the journal's.
export async function start() {
  const look = () => document.hidden || load().catch(() => {});
  setInterval(look, LOOK);
  await look();
}
