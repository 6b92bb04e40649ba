// Building and changing the document. Text goes in as text only: what comes from outside never becomes markup.

export const $ = (id) => document.getElementById(id);

export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "data") Object.assign(element.dataset, value);
    else if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

// A word in a pill; kind is good, bad, warn or nothing.
export const badge = (text, kind = "") => make("span", { className: `badge ${kind}` }, text);

// Replaces what is in a container. What was open stays open, and what had the focus keeps it: by data-key.
export function fill(container, children) {
  const open = new Set([...container.querySelectorAll("details[open]")].map((one) => one.dataset.key));
  const focused = document.activeElement?.closest?.("[data-key]");
  const key = container.contains(focused) ? focused.dataset.key : null;
  container.replaceChildren(...children);
  for (const details of container.querySelectorAll("details[data-key]")) {
    if (open.has(details.dataset.key)) details.open = true;
  }
  if (key !== null) {
    const again = container.querySelector(`[data-key="${CSS.escape(key)}"]`);
    (again?.querySelector("summary") ?? again)?.focus();
  }
}

// Gives a select its options, keeping what is chosen; `none` is said when there are none.
export function choices(select, options, none) {
  const wanted = JSON.stringify(options);
  if (select.dataset.options === wanted) return;
  select.dataset.options = wanted;
  const chosen = select.value;
  const made = options.map(([value, text]) => make("option", { value, textContent: text }));
  select.replaceChildren(...(made.length ? made : [make("option", { value: "", textContent: none })]));
  select.disabled = made.length === 0;
  if (options.some(([value]) => value === chosen)) select.value = chosen;
  const button = select.form?.querySelector("button");
  if (button) button.disabled = made.length === 0;
}

let hush;

// Says something for a while, to the eye and to a screen reader.
export function say(text, kind = "") {
  const said = $("said");
  said.className = kind;
  said.textContent = text;
  clearTimeout(hush);
  if (kind !== "busy") hush = setTimeout(() => (said.textContent = ""), kind === "failed" ? 12_000 : 6_000);
}

// Lets a button do something: off while it is done, and a failure is said.
export async function doing(button, what, work) {
  if (button.disabled) return;
  button.disabled = true;
  say(`${what} …`, "busy");
  try {
    say(await work());
  } catch (error) {
    say(`${what}: ${error.message}`, "failed");
  } finally {
    button.disabled = false;
  }
}

export const last = (name) => name.split("/").pop();

// 2026-11-01 12:00:00, in UTC.
export const moment = (time) => new Date(time).toISOString().slice(0, 19).replace("T", " ");

// How far away something is: 3 min, 5 h, 12 d.
export function distance(milliseconds) {
  const seconds = Math.round(Math.abs(milliseconds) / 1000);
  const [size, unit] = [[86_400, "d"], [3_600, "h"], [60, "min"]].find(([size]) => seconds >= size * 2) ?? [1, "s"];
  return `${Math.round(seconds / size)} ${unit}`;
}

export function until(time, now) {
  const ahead = new Date(time) - now;
  return ahead >= 0 ? `in ${distance(ahead)}` : `${distance(ahead)} ago`;
}
