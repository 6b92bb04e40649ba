//! The project that `up` opens with: a web shop in two regions, a little like one that Nightshift would look after.

use jiff::{SignedDuration, Timestamp, ToSpan, tz::TimeZone};
use serde_json::{Value, json};

/// The project's id, which is local-gcp's own default.
pub(super) const PROJECT: &str = "demo";

const ACCOUNT: &str = "billingAccounts/01D4EE-079462-DFD6EC";
const EUROPE: &str = "europe-west1";
const AMERICA: &str = "us-central1";
const DAY: i64 = 86_400;

/// Everything that a seed file can say; rotations lie ahead of `now`.
pub(super) fn seed(now: Timestamp) -> Value {
    json!({
        "pubsub": pubsub(),
        "secretmanager": { "secrets": [
            secret("shop-db-password", "hunter2", now, 30),
            secret("stripe-api-key", "sk_test_0000", now, 90),
            { "name": name("secrets", "session-key"), "labels": { "app": "shop" },
              "versions": [{ "text": "not rotated by anybody" }] },
        ] },
        "cloudscheduler": { "jobs": [
            tick("scale-up-mornings", "0 7 * * 1-5", "scaling-ticks", r#"{"command":"apply"}"#),
            tick("scale-down-evenings", "0 20 * * *", "scaling-ticks", r#"{"command":"apply"}"#),
            tick("backup-nightly", "30 2 * * *", "backup-runs", r#"{"command":"run"}"#),
        ] },
        "storage": { "buckets": [
            { "name": "demo-shop-backups", "location": "EUROPE-WEST1", "versioning": { "enabled": true } },
        ] },
        "sql": { "instances": [{
            "name": "shop-db", "databaseVersion": "POSTGRES_17", "region": EUROPE,
            "settings": { "tier": "db-custom-2-7680", "activationPolicy": "ALWAYS" },
            "users": [{ "name": "shop_a" }, { "name": "shop_b" }],
        }] },
        "cloudbilling": {
            "billingAccounts": [{ "name": ACCOUNT, "open": true, "displayName": "Demo billing" }],
            "projects": [{ "projectId": PROJECT, "billingAccountName": ACCOUNT }],
        },
    })
}

/// What only the API itself makes: the path and the body of each request to Cloud Run.
pub(super) fn cloud_run() -> Vec<(String, Value)> {
    let service = |region: &str, id: &str, (least, most): (u32, u32)| {
        let path = format!("/v2/projects/{PROJECT}/locations/{region}/services?serviceId={id}");
        let mut body = container(&format!(
            "{region}-docker.pkg.dev/{PROJECT}/shop/{id}:1.4.2"
        ));
        body["labels"] = json!({ "app": "shop" });
        body["scaling"] = json!({ "minInstanceCount": least });
        body["template"]["scaling"] = json!({ "maxInstanceCount": most });
        (path, body)
    };
    let pool = format!("/v2/projects/{PROJECT}/locations/{EUROPE}/workerPools?workerPoolId=mailer");
    let mut mailer = container(&format!(
        "{EUROPE}-docker.pkg.dev/{PROJECT}/shop/mailer:1.4.2"
    ));
    mailer["scaling"] = json!({ "manualInstanceCount": 2 });
    vec![
        service(EUROPE, "storefront", (2, 20)),
        service(EUROPE, "checkout", (1, 10)),
        service(AMERICA, "storefront", (1, 20)),
        service(AMERICA, "search", (0, 5)),
        (pool, mailer),
    ]
}

fn pubsub() -> Value {
    let topics = [
        "budget-alerts",
        "secret-rotations",
        "scaling-ticks",
        "backup-runs",
    ];
    let topic = |id: &&str| json!({ "name": name("topics", id) });
    let subscription = |id: &&str| json!({ "name": name("subscriptions", &format!("{id}-pull")), "topic": name("topics", id), "ackDeadlineSeconds": 60 });
    json!({
        "topics": topics.iter().map(topic).collect::<Vec<_>>(),
        "subscriptions": topics.iter().map(subscription).collect::<Vec<_>>(),
    })
}

/// A secret that is to be rotated every so many days, next in a third of that, at 03:00 in UTC.
fn secret(id: &str, value: &str, now: Timestamp, days: i64) -> Value {
    json!({
        "name": name("secrets", id),
        "labels": { "app": "shop" },
        "topics": [{ "name": name("topics", "secret-rotations") }],
        "rotation": {
            "nextRotationTime": night(now, days / 3).to_string(),
            "rotationPeriod": format!("{}s", days * DAY),
        },
        "versions": [{ "text": value }],
    })
}

/// Three in the morning, so many days from now.
fn night(now: Timestamp, days: i64) -> Timestamp {
    let today = now.to_zoned(TimeZone::UTC).start_of_day();
    let night = today.and_then(|today| today.checked_add(days.days().hours(3)));
    // Only at the end of the calendar's last century.
    night.map_or(now + SignedDuration::from_hours(24), |night| {
        night.timestamp()
    })
}

fn tick(id: &str, schedule: &str, topic: &str, command: &str) -> Value {
    json!({
        "name": format!("projects/{PROJECT}/locations/{EUROPE}/jobs/{id}"),
        "schedule": schedule,
        "timeZone": "Europe/Brussels",
        "pubsubTarget": { "topicName": name("topics", topic), "data": base64(command) },
    })
}

fn container(image: &str) -> Value {
    json!({ "template": { "containers": [{ "image": image }] } })
}

fn name(collection: &str, id: &str) -> String {
    format!("projects/{PROJECT}/{collection}/{id}")
}

fn base64(text: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    STANDARD.encode(text)
}
