//! The project that `up` opens with: a web shop in two regions, a little like one that Nightshift would look after.

use super::budget;
use jiff::{SignedDuration, Timestamp, ToSpan, tz::TimeZone};
use serde_json::{Value, json};

/// The project's id, which is local-gcp's own default.
pub(crate) const PROJECT: &str = "demo";

/// The secret that `rotate-secrets` rotates.
pub(crate) const SHOP_PASSWORD: &str = "shop-db-password";

/// The service that uses it.
pub(super) const CHECKOUT: &str = "projects/demo/locations/europe-west1/services/checkout";

/// The account that Pub/Sub shows to the functions that it wakes.
pub(super) const PUSHER: &str = "waker@demo.iam.gserviceaccount.com";

/// The job that wakes `scheduled-scaling`.
pub(crate) const SCALING_TICK: &str = "scaling-tick";

const SCALING: &str = "scaling-ticks";
const ACCOUNT: &str = "billingAccounts/01D4EE-079462-DFD6EC";
pub(super) const EUROPE: &str = "europe-west1";
const AMERICA: &str = "us-central1";
/// The events that ask for a rotation; commands have no type.
const ROTATIONS: &str = "attributes.eventType = \"SECRET_ROTATE\"";
const DAY: i64 = 86_400;

/// What a seed is made for: the URLs of the functions that are to be woken, and the first value of the shop's secret.
#[derive(Debug)]
pub(super) struct Wiring<'a> {
    pub(super) backup: &'a str,
    pub(super) rotator: &'a str,
    pub(super) scaler: &'a str,
    pub(super) guard: &'a str,
    pub(super) password: &'a str,
}

/// Everything that a seed file can say; rotations lie ahead of `now`.
pub(super) fn seed(now: Timestamp, wiring: &Wiring<'_>) -> Value {
    let mut seed = json!({
        "pubsub": pubsub(wiring),
        "secretmanager": { "secrets": [
            secret(SHOP_PASSWORD, wiring.password, night(now, 1), 30),
            // Where a new value waits until it is proven.
            { "name": name("secrets", &format!("{SHOP_PASSWORD}-next")), "labels": { "app": "shop" }, "versions": [] },
            secret("stripe-api-key", "sk_test_0000", night(now, 30), 90),
            { "name": name("secrets", "session-key"), "labels": { "app": "shop" },
              "versions": [{ "text": "not rotated by anybody" }] },
        ] },
        "cloudscheduler": { "jobs": [
            scaling_tick(),
            tick("backup-nightly", "30 2 * * *", "Europe/Brussels", "backup-runs", r#"{"command":"run"}"#),
            call("rotation-tick", "0 * * * *", wiring.rotator),
            call("budget-tick", "30 * * * *", wiring.guard),
        ] },
        "storage": { "buckets": [
            { "name": "demo-shop-backups", "location": "EUROPE-WEST1", "versioning": { "enabled": true } },
        ] },
        "sql": { "instances": [{
            "name": "shop-db", "databaseVersion": "POSTGRES_17", "region": EUROPE,
            "settings": { "tier": "db-custom-2-7680", "activationPolicy": "ALWAYS" },
            "users": [{ "name": "shop_a" }, { "name": "shop_b" }],
        }, staging_database()] },
        "cloudbilling": {
            "billingAccounts": [{ "name": ACCOUNT, "open": true, "displayName": "Demo billing" }],
            "projects": [{ "projectId": PROJECT, "billingAccountName": ACCOUNT }],
        },
    });
    budget::add_to(&mut seed, wiring.guard);
    seed
}

/// What a week of scaling needs of the project, whose scaler listens at this URL.
pub(super) fn seed_for_scaling(scaler: &str) -> Value {
    json!({
        "pubsub": { "topics": [topic(SCALING)], "subscriptions": [push(SCALING, scaler)] },
        "cloudscheduler": { "jobs": [scaling_tick()] },
        "sql": { "instances": [staging_database()] },
    })
}

/// One job for all schedules, whatever they say.
fn scaling_tick() -> Value {
    tick(
        SCALING_TICK,
        "*/5 * * * *",
        "UTC",
        SCALING,
        r#"{"command":"apply"}"#,
    )
}

/// Nobody needs it at night.
fn staging_database() -> Value {
    json!({
        "name": "staging-db", "databaseVersion": "POSTGRES_17", "region": EUROPE,
        "settings": { "tier": "db-custom-1-3840", "activationPolicy": "ALWAYS" },
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
    let mut checkout = service(EUROPE, "checkout", (3, 10));
    checkout.1["template"]["containers"][0]["env"] = json!([{
        "name": "DATABASE",
        "valueSource": { "secretKeyRef": { "secret": SHOP_PASSWORD, "version": "latest" } },
    }]);
    vec![
        service(EUROPE, "storefront", (4, 20)),
        checkout,
        service(AMERICA, "storefront", (1, 20)),
        service(AMERICA, "search", (0, 5)),
        service(EUROPE, "staging", (1, 2)),
        (pool, mailer),
    ]
}

fn pubsub(wiring: &Wiring<'_>) -> Value {
    let topics = [budget::ALERTS, "secret-rotations", SCALING, "backup-runs"];
    let subscription = |id: &&str| json!({ "name": name("subscriptions", &format!("{id}-pull")), "topic": name("topics", id), "ackDeadlineSeconds": 60 });
    let mut subscriptions: Vec<_> = topics.iter().map(subscription).collect();
    subscriptions.push(push("backup-runs", wiring.backup));
    subscriptions.push(push(SCALING, wiring.scaler));
    // Every write of the rotator's brings other events, and none of these asks for anything.
    for one in &mut subscriptions {
        if one["topic"] == name("topics", "secret-rotations") {
            one["filter"] = json!(ROTATIONS);
        }
    }
    let mut rotations = push("secret-rotations", wiring.rotator);
    rotations["filter"] = json!(format!("{ROTATIONS} OR NOT attributes:eventType"));
    subscriptions.push(rotations);
    json!({
        "topics": topics.map(topic),
        "subscriptions": subscriptions,
    })
}

pub(super) fn topic(id: &str) -> Value {
    json!({ "name": name("topics", id) })
}

/// What wakes a function that listens at `url`, with a token that says who asks.
pub(super) fn push(topic: &str, url: &str) -> Value {
    json!({
        "name": name("subscriptions", &format!("{topic}-push")),
        "topic": name("topics", topic),
        "ackDeadlineSeconds": 300,
        "pushConfig": {
            "pushEndpoint": url,
            "oidcToken": { "serviceAccountEmail": PUSHER, "audience": url },
        },
    })
}

/// A secret that is to be rotated every so many days from `next` on.
fn secret(id: &str, value: &str, next: Timestamp, days: i64) -> Value {
    json!({
        "name": name("secrets", id),
        "labels": { "app": "shop" },
        "topics": [{ "name": name("topics", "secret-rotations") }],
        "rotation": {
            "nextRotationTime": next.to_string(),
            "rotationPeriod": format!("{}s", days * DAY),
        },
        "versions": [{ "text": value }],
    })
}

/// Three in the morning, in so many nights; 1 is the next one.
fn night(now: Timestamp, nights: i64) -> Timestamp {
    // The day after a night that is still to come began at most three hours ago.
    let last = (now - SignedDuration::from_hours(3)).to_zoned(TimeZone::UTC);
    let night = last.start_of_day();
    let night = night.and_then(|night| night.checked_add(nights.days().hours(3)));
    // Only at the end of the calendar's last century.
    night.map_or(now + SignedDuration::from_hours(24), |night| {
        night.timestamp()
    })
}

fn tick(id: &str, schedule: &str, zone: &str, topic: &str, command: &str) -> Value {
    json!({
        "name": format!("projects/{PROJECT}/locations/{EUROPE}/jobs/{id}"),
        "schedule": schedule,
        "timeZone": zone,
        "pubsubTarget": { "topicName": name("topics", topic), "data": base64(command) },
    })
}

/// What wakes a function that listens at `url` without saying more.
fn call(id: &str, schedule: &str, url: &str) -> Value {
    json!({
        "name": format!("projects/{PROJECT}/locations/{EUROPE}/jobs/{id}"),
        "schedule": schedule,
        "timeZone": "Europe/Brussels",
        "httpTarget": {
            "uri": url, "httpMethod": "POST",
            "oidcToken": { "serviceAccountEmail": PUSHER, "audience": url },
        },
    })
}

fn container(image: &str) -> Value {
    json!({ "template": { "containers": [{ "image": image }] } })
}

pub(super) fn name(collection: &str, id: &str) -> String {
    format!("projects/{PROJECT}/{collection}/{id}")
}

fn base64(text: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    STANDARD.encode(text)
}
