//! A hundred budgets with a ladder and a service each, and what Google would say of them.

use anyhow::Context as _;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::{SignedDuration, Timestamp, civil, tz::TimeZone};
use serde_json::{Value, json};

/// How many messages each budget gets while it climbs; the last says 120 % of the budget.
pub(super) const MESSAGES: u32 = 100;
/// What each message costs more than the one before, in units, of a budget of 1000.
const RISE: u32 = 12;

/// Where notices go.
pub(super) const TOPIC: &str = "projects/finops-admin/topics/notices";

const ACCOUNT: &str = "01D4EE-079462-DFD6EC";

fn id(budget: u64) -> String {
    format!("00000000-0000-4000-8000-{budget:012}")
}

/// The name of a budget's service.
pub(super) fn service_name(budget: u64) -> String {
    format!("projects/web/locations/europe-west1/services/service-{budget}")
}

/// A budget's service, as it was before.
pub(super) fn service(budget: u64) -> Value {
    json!({
        "name": service_name(budget),
        "template": { "containers": [{ "image": "gcr.io/web/app" }] },
        "scaling": { "minInstanceCount": 1, "maxInstanceCount": 20 },
    })
}

/// A configuration for all of them.
pub(super) fn config(budgets: u64) -> Value {
    let budget = |budget: u64| {
        let service = format!("web/europe-west1/service-{budget}");
        json!({
            "account": ACCOUNT, "id": id(budget), "currency": "USD", "tell": ["bus"],
            "amount": { "min": "100", "max": "5000" },
            "step": [
                { "id": "n50", "class": "notify", "when": { "actual": "50%" }, "do": ["bus"] },
                { "id": "thr", "class": "throttle", "when": { "actual": "90%" }, "release": "80%",
                  "do": ["bus", format!("run.max_instances:{service}=1")] },
                { "id": "stop", "class": "stop", "when": { "actual": "100%" }, "release": "90%",
                  "do": ["bus", format!("run.disable:{service}")] },
            ],
        })
    };
    json!({
        "mode": "enforce",
        "guard_project": "finops-admin",
        "state": "gs://memory",
        "channel": { "bus": { "kind": "pubsub", "topic": TOPIC } },
        "budget": (0..budgets).map(budget).collect::<Vec<_>>(),
    })
}

/// When the month of `at` began: midnight in California.
fn start_of_month(at: Timestamp) -> anyhow::Result<Timestamp> {
    let pacific = TimeZone::get("America/Los_Angeles")?;
    let day = at.to_zoned(pacific.clone()).date();
    let first = civil::date(day.year(), day.month(), 1);
    Ok(first.to_zoned(pacific)?.timestamp())
}

/// The push of a budget's message `number`, and of those after it that say the same. A day's messages are published within
/// the hour before the bench began.
pub(super) fn body(
    budget: u64,
    number: u32,
    repeated: u32,
    begun: Timestamp,
) -> anyhow::Result<Value> {
    let nth = u64::from(number) * 1_000 + u64::from(repeated);
    let before =
        SignedDuration::from_hours(1) - SignedDuration::from_millis(i64::try_from(nth)? * 20);
    let cost = if number == 0 {
        1
    } else {
        (number.min(MESSAGES - 1) + 1) * RISE
    };
    // A month that began within this hour is the month of the messages, too.
    push(
        budget,
        nth,
        begun - before,
        start_of_month(begun)?,
        &cost.to_string(),
    )
}

/// Message `number` of so many in an October, for a budget that ends above its amount.
pub(super) fn of_a_month(number: u32, of: u32) -> anyhow::Result<Value> {
    let start: Timestamp = "2026-10-01T07:00:00Z".parse().context("read a time")?;
    let month = i64::from(31 * 24 * 3600);
    let at = start + SignedDuration::from_secs(month * i64::from(number) / i64::from(of));
    let cents = u64::from(number) * 120_000 / u64::from(of);
    let cost = format!("{}.{:02}", cents / 100, cents % 100);
    push(0, u64::from(number), at, start, &cost)
}

fn push(
    budget: u64,
    id_in_topic: u64,
    at: Timestamp,
    start: Timestamp,
    cost: &str,
) -> anyhow::Result<Value> {
    let cost: serde_json::Number = cost.parse()?;
    let data = json!({
        "budgetDisplayName": "bench", "costAmount": cost, "costIntervalStart": start, "budgetAmount": 1000,
        "budgetAmountType": "SPECIFIED_AMOUNT", "currencyCode": "USD",
    });
    Ok(json!({
        "subscription": "projects/finops-admin/subscriptions/budgets",
        "message": {
            "messageId": format!("{budget}-{id_in_topic}"),
            "publishTime": at,
            "attributes": { "billingAccountId": ACCOUNT, "budgetId": id(budget), "schemaVersion": "1.0" },
            "data": STANDARD.encode(data.to_string()),
        },
    }))
}
