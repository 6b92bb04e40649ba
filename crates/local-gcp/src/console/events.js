// Buttons that make something happen, as Google would.

import { act } from "./api.js";
import { now } from "./clock.js";
import { $, choices, doing, last } from "./page.js";

const THRESHOLDS = [1.2, 1, 0.9, 0.5];

// UTF-8, then base64.
const base64 = (text) => btoa(String.fromCodePoint(...new TextEncoder().encode(text)));

// When the month began that an instant is in: at midnight on the US Pacific coast, which is an hour later from December to March.
function monthStart(at) {
  const begins = (year, month) => {
    const winter = [11, 0, 1, 2].includes((month + 12) % 12);
    return new Date(Date.UTC(year, month, 1, winter ? 8 : 7));
  };
  const [year, month] = [at.getUTCFullYear(), at.getUTCMonth()];
  const start = begins(year, month);
  return at < start ? begins(year, month - 1) : start;
}

// The message of a budget, in the form of Cloud Billing's documentation for notifications, schema 1.0.
function budgetMessage(account, cost, budget) {
  const passed = THRESHOLDS.find((threshold) => cost >= threshold * budget);
  const body = {
    budgetDisplayName: "demo monthly",
    ...(passed && { alertThresholdExceeded: passed }),
    costAmount: cost,
    costIntervalStart: monthStart(now()).toISOString().replace(".000", ""),
    budgetAmount: budget,
    budgetAmountType: "SPECIFIED_AMOUNT",
    currencyCode: "USD",
  };
  const attributes = {
    billingAccountId: account,
    budgetId: "de72f49d-779b-4945-a127-4d6ce8def0bb",
    schemaVersion: "1.0",
  };
  return { data: base64(JSON.stringify(body)), attributes };
}

let account = "01D4EE-079462-DFD6EC";

async function publishBudget(form) {
  const topic = form.get("topic");
  const message = budgetMessage(account, Number(form.get("cost")), Number(form.get("budget")));
  const answer = await act("POST", `/v1/${topic}:publish`, { messages: [message] });
  return `Message ${answer.messageIds[0]} published to ${last(topic)}.`;
}

// The notice comes from the secret's own schedule, so it is the very message that the due time would bring.
async function rotate(form) {
  const secret = form.get("secret");
  await act("POST", "/_local/timers:fire", { api: "secretmanager", key: `rotate ${secret}` });
  return `SECRET_ROTATE of ${last(secret)} published; its next rotation is a period from now.`;
}

async function runJob(form) {
  const job = form.get("job");
  await act("POST", `/v1/${job}:run`, {});
  return `${last(job)} was started.`;
}

export function start(changed) {
  turn();
  const forms = [
    ["budget", "Publishing", publishBudget],
    ["rotate", "Rotating", rotate],
    ["schedule", "Starting the job", runJob],
  ];
  for (const [id, what, work] of forms) {
    $(id).addEventListener("submit", (event) => {
      event.preventDefault();
      const form = new FormData(event.target);
      doing(event.submitter, what, async () => {
        const said = await work(form);
        changed();
        return said;
      });
    });
  }
}

// A dial to turn: let go of, it publishes what it says.
function turn() {
  const { dial, cost, budget } = $("budget").elements;
  const follow = () => {
    dial.max = Math.ceil(Number(budget.value || 1) * 1.3);
    dial.value = cost.value;
  };
  dial.addEventListener("input", () => (cost.value = dial.value));
  dial.addEventListener("change", () => $("budget").requestSubmit($("budget").querySelector("button")));
  for (const field of [cost, budget]) field.addEventListener("input", follow);
}

// Offers what there is.
export function update(resources) {
  const by = (title) => resources[title] ?? [];
  account = last(by("Billing accounts")[0]?.name ?? account);
  const topics = by("Topics").map(({ name }) => [name, last(name)]);
  topics.sort(([a], [b]) => b.includes("budget") - a.includes("budget") || a.localeCompare(b));
  const rotating = by("Secrets").filter((secret) => secret.rotation?.nextRotationTime);
  choices($("budget").elements.topic, topics, "no topics");
  choices($("rotate").elements.secret, rotating.map(({ name }) => [name, last(name)]), "no secret with a rotation");
  choices($("schedule").elements.job, by("Scheduler jobs").map(({ name }) => [name, last(name)]), "no jobs");
}
