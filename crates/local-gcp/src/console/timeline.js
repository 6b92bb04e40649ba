// The week of whatever scales: how many instances were kept when, as /_local/levels remembers it. It fills as the clock moves.

import { read } from "./api.js";
import { $, last, moment } from "./page.js";

const LOOK = 400;
const DAY = 86_400_000;
// In pixels.
const NAMES = 190;
const ROW = 34;
const BAR = 24;
const HEAD = 18;
const NARROWEST = 560;

let shown = "";

// What a level comes to: a number to draw, and words.
function measure(set) {
  if (!set) return { height: 0, words: "deleted" };
  if (set.activationPolicy) {
    const on = set.activationPolicy === "ALWAYS";
    return { height: on ? 1 : 0, words: on ? "on" : "off", off: !on };
  }
  const { scalingMode, manualInstanceCount: manual, minInstanceCount: min = 0, maxInstanceCount: max } = set;
  if (scalingMode === "MANUAL" || manual !== undefined) return { height: manual ?? 0, words: `manual ${manual ?? 0}`, off: !manual };
  return { height: min, words: max ? `min ${min}, max ${max}` : `min ${min}` };
}

// Monday, midnight in UTC, of the week of a moment.
function monday(time) {
  const day = new Date(time);
  return Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), day.getUTCDate() - ((day.getUTCDay() + 6) % 7));
}

// The steps of one resource within the week: from, to, and what held. What came before the week began holds at its beginning.
function steps(levels, begin, now) {
  return levels
    .map((level, at) => ({
      from: Math.max(Date.parse(level.at), begin),
      to: Math.min(levels[at + 1] ? Date.parse(levels[at + 1].at) : now, now),
      ...measure(level.set),
    }))
    .filter((step) => step.to > step.from);
}

function svg(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const brief = (time) => moment(time).slice(5, 16);

function bar(step, most, x, base) {
  const [left, right] = [x(step.from), x(step.to)];
  const height = most ? Math.max((BAR * step.height) / most, 2) : 2;
  const told = svg("title", {}, `${brief(step.from)} to ${brief(step.to)} UTC: ${step.words}`);
  const box = svg("rect", { x: left, y: base - height, width: Math.max(right - left, 1), height, class: step.off ? "off" : "on" }, told);
  const label = right - left > 22 && step.height > 0 ? [svg("text", { x: (left + right) / 2, y: base - 5, class: "count" }, String(step.height))] : [];
  return [box, ...label];
}

function row([name, levels], at, { begin, now, x }) {
  const found = steps(levels, begin, now);
  const most = Math.max(...found.map((step) => step.height), 0);
  const base = HEAD + ROW * (at + 1) - 5;
  const place = name.split("/")[2] === "locations" ? ` ${name.split("/")[3]}` : "";
  const said = svg("text", { x: 0, y: base - 6, class: "name" }, last(name), svg("tspan", { class: "place" }, place));
  return svg("g", {}, said, ...found.flatMap((step) => bar(step, most, x, base)));
}

// The days, and where now is.
function scale({ begin, now, x }, bottom) {
  const days = [0, 1, 2, 3, 4, 5, 6].map((day) => begin + day * DAY);
  const lines = days.flatMap((day) => {
    const weekday = new Date(day).toLocaleDateString("en", { weekday: "short", timeZone: "UTC" });
    return [svg("line", { x1: x(day), x2: x(day), y1: 4, y2: bottom, class: "day" }), svg("text", { x: x(day) + 4, y: 12, class: "day" }, `${weekday} ${new Date(day).getUTCDate()}`)];
  });
  return [...lines, svg("line", { x1: x(now), x2: x(now), y1: 4, y2: bottom, class: "now" })];
}

function draw(resources, now, width) {
  const begin = monday(now);
  const x = (time) => Math.round(NAMES + ((width - NAMES) * (time - begin)) / (7 * DAY));
  const week = { begin, now, x };
  const bottom = HEAD + ROW * resources.length;
  const rows = resources.map((resource, at) => row(resource, at, week));
  const words = resources.map(([name, levels]) => `${last(name)} ${measure(levels.at(-1).set).words}`);
  const label = `Instances that are kept, since ${brief(begin)} UTC. At ${brief(now)}: ${words.join("; ")}`;
  return svg("svg", { viewBox: `0 0 ${width} ${bottom}`, width, height: bottom, role: "img", "aria-label": label }, ...scale(week, bottom), ...rows);
}

// What has had more than one level: everything else would be a line without a story.
function grouped(levels) {
  const found = new Map();
  for (const level of levels) found.set(level.name, [...(found.get(level.name) ?? []), level]);
  return [...found].filter(([, levels]) => levels.length > 1 && levels.at(-1).set).sort(([a], [b]) => last(a).localeCompare(last(b)));
}

async function load() {
  const [clock, levels] = await Promise.all([read("/_local/clock"), read("/_local/levels")]);
  const resources = grouped(levels);
  // Half an hour is a few pixels.
  const now = Math.floor(Date.parse(clock.now) / 60_000) * 60_000;
  // What is hidden has no width.
  $("timeline").hidden = resources.length === 0;
  const width = Math.max($("timeline").clientWidth - 34, NARROWEST);
  const state = JSON.stringify([resources, now, width]);
  if (state === shown) return;
  shown = state;
  if (resources.length) $("week").replaceChildren(draw(resources, now, width));
}

// A clock that is moved passes hours without a word in the journal. A broken connection is told by the journal's.
export async function start() {
  const look = () => document.hidden || load().catch(() => {});
  setInterval(look, LOOK);
  await look();
}
