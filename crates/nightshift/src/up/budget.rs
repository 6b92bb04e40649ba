//! What `budget-guard` is told, and what it may take away: nothing that Europe sells by, and nothing that `scheduled-scaling`
//! looks after.

use super::{
    Crew,
    project::{self, EUROPE, PROJECT},
};
use crate::Error;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};
use std::fs;

/// The file of its configuration, in the folder that the programs work in.
pub(crate) const CONFIG: &str = "budget-guard.json";

/// The bucket of its memory, which the console reads too.
pub(crate) const MEMORY: &str = "demo-budget-memory";

/// Where budgets publish.
pub(crate) const ALERTS: &str = "budget-alerts";

/// Where the guard does.
pub(crate) const NOTICES: &str = "budget-notices";

/// The budget that the console's dial speaks of: its account, and its id there.
pub(crate) const BUDGET: (&str, &str) = (
    "01D4EE-079462-DFD6EC",
    "de72f49d-779b-4945-a127-4d6ce8def0bb",
);

/// The amount of that budget, in dollars.
pub(crate) const AMOUNT: u32 = 1000;

/// The zone of the months of all budgets.
const ZONE: &str = "America/Los_Angeles";

fn config() -> Value {
    let step = |id: &str, class: &str, share: &str, what: &[&str]| {
        let what: Vec<&str> = [&["notices"], what].concat();
        json!({ "id": id, "class": class, "when": { "actual": share }, "do": what })
    };
    // Below this share a budget that is raised gives back at once.
    let until = |release: &str, mut step: Value| {
        step["release"] = release.into();
        step
    };
    let slower = [
        "run.max_instances:demo/us-central1/search=1",
        "quota.limit:demo/bigquery.googleapis.com/bigquery.googleapis.com%2Fquota%2Fquery%2Fusage@%2Fd%2Fproject=1000",
    ];
    let stopped = [
        "run.disable:demo/us-central1/search",
        "run.disable:demo/us-central1/storefront",
        "scheduler.pause:demo/europe-west1/nightly-report",
        "sql.stop:demo/reports-db",
        "compute.stop:demo/us-central1-a/render-box",
    ];
    json!({
        "mode": "enforce",
        "guard_project": "finops",
        "protected": ["run:demo/europe-west1/storefront", "run:demo/europe-west1/checkout"],
        "state": format!("gs://{MEMORY}"),
        "feed": { "topic": project::name("topics", ALERTS) },
        "channel": { "notices": { "kind": "pubsub", "topic": project::name("topics", NOTICES) } },
        "budget": [{
            "account": BUDGET.0,
            "id": BUDGET.1,
            "currency": "USD",
            "amount": { "min": "100", "max": "5000" },
            "step": [
                step("half", "notify", "50%", &[]),
                until("80%", step("slow", "throttle", "90%", &slower)),
                until("90%", step("stop", "stop", "100%", &stopped)),
            ],
        }],
    })
}

/// Writes the configuration.
pub(super) fn prepare(crew: &Crew) -> Result<(), Error> {
    let file = crew.folder().join(CONFIG);
    fs::write(&file, config().to_string())
        .map_err(|source| Error::io(format!("write {}", file.display()), source))
}

/// What the guard, which listens at `guard`, needs of the project, and what it may stop there.
pub(super) fn add_to(seed: &mut Value, guard: &str) {
    let listener = json!({
        "name": project::name("subscriptions", "budget-notices-pull"),
        "topic": project::name("topics", NOTICES),
        "ackDeadlineSeconds": 60,
        // A month, the longest there is.
        "messageRetentionDuration": "2678400s",
    });
    let report = json!({
        "name": format!("projects/{PROJECT}/locations/{EUROPE}/jobs/nightly-report"),
        "schedule": "0 4 * * *",
        "timeZone": "Europe/Brussels",
        "pubsubTarget": { "topicName": project::name("topics", "reports"), "data": BASE64_STANDARD.encode("yesterday") },
    });
    let reports = json!({
        "name": "reports-db", "databaseVersion": "POSTGRES_17", "region": EUROPE,
        "settings": { "tier": "db-custom-4-15360", "activationPolicy": "ALWAYS" },
    });
    let queries = json!({
        "project": PROJECT, "service": "bigquery.googleapis.com",
        "metric": "bigquery.googleapis.com/quota/query/usage", "unit": "1/d/{project}",
        "displayName": "Query usage per day", "defaultLimit": "209715200", "usage": "5000",
    });
    for (section, list, more) in [
        ("pubsub", "topics", project::topic(NOTICES)),
        ("pubsub", "topics", project::topic("reports")),
        ("pubsub", "subscriptions", listener),
        ("pubsub", "subscriptions", project::push(ALERTS, guard)),
        (
            "storage",
            "buckets",
            json!({ "name": MEMORY, "location": "EUROPE-WEST1", "versioning": { "enabled": true } }),
        ),
        ("cloudscheduler", "jobs", report),
        ("sql", "instances", reports),
        (
            "compute",
            "instances",
            json!({ "project": PROJECT, "zone": "us-central1-a", "name": "render-box" }),
        ),
        ("serviceusage", "limits", queries),
    ] {
        let list = &mut seed[section][list];
        match list.as_array_mut() {
            Some(list) => list.push(more),
            None => *list = json!([more]),
        }
    }
}

/// When the month began that an instant is in, as Cloud Billing counts.
fn month_start(at: Timestamp) -> Timestamp {
    let zone = TimeZone::get(ZONE).unwrap_or(TimeZone::UTC);
    let day = at.to_zoned(zone).first_of_month();
    let start = day.and_then(|day| day.start_of_day());
    start.map_or(at, |start| start.timestamp())
}

/// What Cloud Billing publishes when so many cents are spent at that time, as a request to the topic's `:publish`.
pub(crate) fn message(at: Timestamp, cents: u32, amount: u32) -> Value {
    // Written digit by digit: money is not rounded by a binary fraction.
    let data = format!(
        r#"{{"budgetDisplayName":"demo monthly","costAmount":{}.{:02},"costIntervalStart":"{}","budgetAmount":{amount}.00,"budgetAmountType":"SPECIFIED_AMOUNT","currencyCode":"USD"}}"#,
        cents / 100,
        cents % 100,
        month_start(at),
    );
    json!({ "messages": [{
        "data": BASE64_STANDARD.encode(data),
        "attributes": { "billingAccountId": BUDGET.0, "budgetId": BUDGET.1, "schemaVersion": "1.0" },
    }] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_begin_at_midnight_on_the_pacific_coast() {
        for (at, start) in [
            ("2026-10-31T12:00:00Z", "2026-10-01T07:00:00Z"),
            ("2026-11-01T06:59:59Z", "2026-10-01T07:00:00Z"),
            ("2026-11-01T07:00:00Z", "2026-11-01T07:00:00Z"),
            ("2026-12-24T12:00:00Z", "2026-12-01T08:00:00Z"),
        ] {
            assert_eq!(month_start(at.parse().unwrap()).to_string(), start, "{at}");
        }
    }
}
