// Buttons that make something happen, as Google would.

import { act } from "./api.js";
import { now } from "./clock.js";
import { $, choices, doing, last } from "./page.js";

const THRESHOLDS = [1.2, 1, 0.9, 0.5];

// UTF-8, then base64.
const base64 = (text) => btoa(String.fromCodePoint(...new TextEncoder().encode(text)));

// The message of a budget, in the form of Cloud Billing's documentation for notifications, schema 1.0.
function budgetMessage(account, cost, budget) {
  const start = new Date(Date.UTC(now().getUTCFullYear(), now().getUTCMonth(), 1, 8));
  const passed = THRESHOLDS.find((threshold) => cost >= threshold * budget);
  const body = {
    budgetDisplayName: "demo monthly",
    ...(passed && { alertThresholdExceeded: passed }),
    costAmount: cost,
    costIntervalStart: start.toISOString().replace(".000", ""),
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
