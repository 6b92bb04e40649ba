// What is there, read through Google's own APIs.

import { list, read } from "./api.js";
import { $, badge, fill, last, make, until } from "./page.js";

const place = (name) => name.split("/")[3];
// The newest of a secret that are named in its line; opened, it shows all.
const VERSIONS = 3;
const parts = (...found) => found.filter(Boolean).join(" · ");

// Cloud Run says how something is in its last condition.
function readiness(resource) {
  const state = resource.terminalCondition?.state ?? "";
  if (resource.reconciling || state === "CONDITION_RECONCILING") return badge("reconciling", "warn");
  return state === "CONDITION_SUCCEEDED" ? badge("ready", "good") : badge("not ready", "bad");
}

function scaling(service) {
  const { scalingMode, manualInstanceCount, minInstanceCount = 0, maxInstanceCount } = service.scaling ?? {};
  const most = maxInstanceCount ?? service.template?.scaling?.maxInstanceCount;
  if (scalingMode === "MANUAL") return `manual, ${manualInstanceCount ?? 0} instances`;
  return parts(`min ${minInstanceCount}`, most && `max ${most}`);
}

function service(service) {
  return [
    readiness(service),
    parts(place(service.name), scaling(service), last(service.latestReadyRevision ?? "")),
  ];
}

function workerPool(pool) {
  const count = pool.scaling?.manualInstanceCount;
  return [readiness(pool), parts(place(pool.name), count === undefined ? "automatic" : `${count} instances`)];
}

function runJob(job) {
  const runs = job.executionCount ?? 0;
  return [readiness(job), parts(place(job.name), runs === 1 ? "1 execution" : `${runs} executions`)];
}

// The phases that an annotation of each resource went through, as far as this page saw them: they pass quickly. The journal
// tells them in order; what is read may be older than what was told, and counts only until something is.
const phases = new Map();

// Begins to follow, or to follow again.
export const follow = () => phases.clear();

// A program may keep its state in an annotation: JSON with a `phase`.
function phase(resource) {
  for (const value of Object.values(resource?.annotations ?? {})) {
    try {
      const { phase } = JSON.parse(value);
      if (typeof phase === "string") return phase;
    } catch {
      // A text, as most annotations are.
    }
  }
  return null;
}

// Notes the phase that a change was about.
export function passed(entry) {
  const now = entry.status === 200 && entry.method === "PATCH" && phase(entry.resp);
  if (now) trail(entry.resp.name, now);
}

function trail(name, now) {
  const before = phases.get(name) ?? [];
  const begins = before.at(-1) === "idle";
  if (before.at(-1) !== now) phases.set(name, begins ? [now] : [...before, now]);
}

function version(version, aliases) {
  const number = last(version.name);
  const called = Object.entries(aliases ?? {}).filter(([, of]) => String(of) === number).map(([alias]) => alias);
  return `${number}${called.length ? ` (${called.join(", ")})` : ""} ${version.state.toLowerCase()}`;
}

function secret(secret, now) {
  const { nextRotationTime, rotationPeriod } = secret.rotation ?? {};
  const every = rotationPeriod && `every ${Math.round(parseFloat(rotationPeriod) / 86_400)} d`;
  const enabled = secret.versions.filter((version) => version.state === "ENABLED").length;
  const versions = secret.versions.slice(0, VERSIONS).map((each) => version(each, secret.versionAliases));
  const at = phase(secret);
  const rotates = nextRotationTime ? `rotates ${until(nextRotationTime, now)}` : "no rotation";
  return [
    enabled ? badge(`${enabled} enabled`, "good") : badge("no version", "warn"),
    parts(
      at && (phases.get(secret.name)?.join(" → ") ?? at),
      versions.join(", "),
      rotates,
      every,
      secret.topics?.length && `tells ${secret.topics.map((topic) => last(topic.name)).join(", ")}`,
    ),
  ];
}

function schedulerJob(job, now) {
  const failed = (job.status?.code ?? 0) !== 0;
  const state = job.state === "ENABLED" ? (failed ? badge("last run failed", "bad") : badge("enabled", "good")) : badge("paused", "warn");
  const target = job.httpTarget?.uri ?? (job.pubsubTarget && `topic ${last(job.pubsubTarget.topicName)}`);
  return [
    state,
    parts(
      `${job.schedule} ${job.timeZone ?? ""}`,
      target,
      job.scheduleTime && `next ${until(job.scheduleTime, now)}`,
      job.lastAttemptTime && `last ${until(job.lastAttemptTime, now)}`,
    ),
  ];
}

function topic(topic) {
  const how = (subscription) => {
    const to = subscription.pushConfig?.pushEndpoint;
    return `${last(subscription.name)} (${to ? `push to ${to}` : "pull"})`;
  };
  const count = topic.subscriptions.length;
  return [
    count ? badge(count === 1 ? "1 subscription" : `${count} subscriptions`, "good") : badge("nobody listens", "warn"),
    topic.subscriptions.map(how).join(" · "),
  ];
}

function bucket(bucket) {
  const count = bucket.objects.length;
  const versioned = bucket.versioning?.enabled && "versioned";
  return [badge(count === 1 ? "1 object" : `${count} objects`), parts(bucket.location, bucket.storageClass, versioned)];
}

function instance(instance) {
  const on = instance.settings?.activationPolicy === "ALWAYS";
  return [
    on ? badge(instance.state.toLowerCase(), "good") : badge("stopped", "warn"),
    parts(instance.region, instance.databaseVersion, instance.settings?.tier),
  ];
}

function account(account) {
  const of = account.pays.length ? `pays for ${account.pays.join(", ")}` : "pays for no project";
  return [account.open ? badge("open", "good") : badge("closed", "bad"), parts(account.displayName, of)];
}

// How each kind is read and described. `needs` is the API that has to be served.
const KINDS = [
  { title: "Cloud Run services", needs: "run", describe: service, load: (home) => perLocation(home, "run", "services") },
  { title: "Cloud Run worker pools", needs: "run", describe: workerPool, load: (home) => perLocation(home, "run", "workerPools") },
  { title: "Cloud Run jobs", needs: "run", describe: runJob, load: (home) => perLocation(home, "run", "jobs") },
  { title: "Secrets", needs: "secretmanager", describe: secret, load: secrets },
  { title: "Scheduler jobs", needs: "cloudscheduler", describe: schedulerJob, load: (home) => perLocation(home, "cloudscheduler", "jobs") },
  { title: "Topics", needs: "pubsub", describe: topic, load: topics },
  { title: "Buckets", needs: "storage", describe: bucket, load: buckets },
  { title: "Cloud SQL", needs: "sql", describe: instance, load: (home) => list(`/v1/projects/${home.project}/instances`, "items") },
  { title: "Billing accounts", needs: "cloudbilling", describe: account, load: accounts },
];

// Neither API lists all locations at once.
async function perLocation(home, api, collection) {
  const version = api === "run" ? "v2" : "v1";
  const of = (location) => list(`/${version}/projects/${home.project}/locations/${location}/${collection}`, collection);
  return (await Promise.all(home.locations.map(of))).flat();
}

async function secrets({ project }) {
  const found = await list(`/v1/projects/${project}/secrets`, "secrets");
  const filled = async (secret) => ({ ...secret, versions: await list(`/v1/${secret.name}/versions`, "versions") });
  return Promise.all(found.map(filled));
}

async function topics({ project }) {
  const [found, subscriptions] = await Promise.all([
    list(`/v1/projects/${project}/topics`, "topics"),
    list(`/v1/projects/${project}/subscriptions`, "subscriptions"),
  ]);
  const of = (topic) => subscriptions.filter((subscription) => subscription.topic === topic.name);
  return found.map((topic) => ({ ...topic, subscriptions: of(topic) }));
}

async function buckets({ project }) {
  const found = await list(`/storage/v1/b?project=${project}`, "items");
  const objects = (bucket) => list(`/storage/v1/b/${bucket.name}/o`, "items");
  return Promise.all(found.map(async (bucket) => ({ ...bucket, objects: await objects(bucket) })));
}

async function accounts({ project }) {
  const [found, info] = await Promise.all([
    list("/v1/billingAccounts", "billingAccounts"),
    read(`/v1/projects/${project}/billingInfo`),
  ]);
  const pays = (account) => (info.billingAccountName === account.name ? [project] : []);
  return found.map((account) => ({ ...account, pays: pays(account) }));
}

let shown = "";

// Reads everything, shows what changed, and returns it by title.
export async function load(home, now) {
  const served = new Set(home.apis.map((api) => api.name));
  const kinds = KINDS.filter((kind) => served.has(kind.needs));
  const sorted = (items) => items.sort((a, b) => last(a.name).localeCompare(last(b.name)));
  const found = await Promise.all(kinds.map(async (kind) => sorted(await kind.load(home))));
  const groups = kinds.map((kind, at) => [kind, found[at]]).filter(([, items]) => items.length);
  const lines = groups.map(([kind, items]) => [kind, items.map((item) => [item, ...kind.describe(item, now)])]);
  const state = JSON.stringify(lines.map(([, rows]) => rows.map(([item, mark, text]) => [item, mark.textContent, text])));
  if (state !== shown) {
    shown = state;
    const empty = make("p", { className: "quiet" }, "Nothing is here yet: seed it, or create something.");
    fill($("groups"), lines.length ? lines.map(([kind, rows]) => group(kind.title, rows)) : [empty]);
  }
  return Object.fromEntries(kinds.map((kind, at) => [kind.title, found[at]]));
}

function group(title, rows) {
  const heading = make("h3", {}, title, make("span", {}, String(rows.length)));
  return make("div", { className: "group" }, heading, make("ul", { className: "rows" }, ...rows.map(row)));
}

function row([item, mark, text]) {
  const name = last(item.name);
  const summary = make("summary", {}, make("span", { className: "name" }, name), mark, make("span", { className: "quiet" }, text));
  const details = make("details", { data: { key: item.name } }, summary);
  details.addEventListener("toggle", () => {
    if (details.open && details.children.length === 1) details.append(make("pre", { tabIndex: 0 }, JSON.stringify(item, null, 2)));
  });
  return make("li", {}, details);
}
