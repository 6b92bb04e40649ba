//! Rotations of secrets: what one costs in calls of Google, how soon it is published, and what many at once do to the quota.
//!
//! Google is local-gcp in this process, whose journal counts; the program is `rotate-secrets serve` as it is deployed.

pub mod report;

use crate::service::Service;
use anyhow::{Context as _, bail, ensure};
use jiff::Timestamp;
use local_gcp::{Direction, Entry, LocalGcp};
use local_postgres::{
    Installation, LocalPostgres,
    fixtures::{self, Accounts},
};
use nightshift_runtime::Shutdown;
use report::{Rotation, Together};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tracing::info;

/// How many are measured one after the other.
const ALONE: u64 = 50;
/// How many are due within one minute.
const AT_ONCE: u64 = 60;
/// How long those may take.
const TO_FINISH: Duration = Duration::from_mins(10);
/// The window of Secret Manager's quota of writes.
const MINUTE: f64 = 60.0;

const DATABASE: &str = "shop";
const SECRET: &str = "database";

/// Measures both.
pub fn run(shutdown: &Shutdown, runtime: &tokio::runtime::Handle) -> anyhow::Result<Rotation> {
    runtime.block_on(async {
        let ended = async {
            let alone = alone().await?;
            info!("rotation: {ALONE} alone done");
            let together = together().await?;
            info!("rotation: {AT_ONCE} at once done");
            Ok(Rotation { together, ..alone })
        };
        tokio::select! {
            () = shutdown.wait() => bail!("stopped on request"),
            ended = ended => ended,
        }
    })
}

/// `rotate-secrets serve` with these secrets.
async fn start(google: &LocalGcp, folder: &Path, secrets: &Value) -> anyhow::Result<Service> {
    // Events name the project by its number.
    let http = reqwest::Client::builder().no_proxy().build()?;
    let overview = http.get(format!("{}/_local", google.url())).send().await?;
    let overview: Value = serde_json::from_str(&overview.text().await?)?;
    let number = overview["projectNumber"].as_str().unwrap_or_default();
    let number: u64 = number.parse().context("read the number of the project")?;
    let text = json!({ "project": "demo", "project_number": number, "secrets": secrets });
    let config = folder.join("rotate.json");
    fs::write(&config, text.to_string()).context("write a configuration")?;
    Service::start("rotate-secrets", google, &config)
}

/// One after the other, of the password of a real PostgreSQL with two accounts that take turns.
async fn alone() -> anyhow::Result<Rotation> {
    let folder = TempDir::with_prefix("nightshift-bench-")?;
    let server = LocalPostgres::builder(Installation::newest()?)
        .without_durability()
        .start()?;
    fixtures::believable_shop(&server, DATABASE, 1)?;
    let (accounts, first) = Accounts::make(&server, DATABASE, folder.path())?;
    let google = LocalGcp::start(local_gcp::Options::default()).await?;
    google.seed(json!({ "secretmanager": { "secrets": [
        secret(SECRET, &first, None), side(SECRET),
    ] } }))?;
    let target = json!({ "postgres": accounts.target() });
    let program = start(
        &google,
        folder.path(),
        &json!({ SECRET: settings(&target) }),
    )
    .await?;
    program.ready().await?;
    program
        .post(&json!({ "command": "adopt", "secret": SECRET }))
        .await?;
    let mut rotation = Rotation::default();
    for _ in 0..ALONE {
        google.journal().clear();
        let event = Timestamp::now();
        program
            .post(&json!({ "command": "rotate", "secret": SECRET }))
            .await?;
        let entries = google.journal().entries();
        let before = entries.iter().find_map(|entry| current(entry));
        let promoted = entries
            .iter()
            .find(|entry| current(entry).is_some_and(|version| Some(version) != before));
        let promoted = promoted.context("no rotation was published")?;
        ensure!(
            entries.iter().any(|entry| is_at_rest(entry)),
            "a rotation did not come to its end"
        );
        let taken = promoted.at.duration_since(event).as_secs_f64();
        rotation.to_promoted.push(taken + promoted.ms / 1e3);
        let asked = entries
            .iter()
            .filter(|entry| entry.direction == Direction::In);
        rotation.calls.push(u32::try_from(asked.count())?);
    }
    Ok(rotation)
}

/// Many that Secret Manager's schedules wake within one minute of its clock, which passes at once.
async fn together() -> anyhow::Result<Together> {
    let folder = TempDir::with_prefix("nightshift-bench-")?;
    let google = LocalGcp::start(local_gcp::Options::default()).await?;
    let ids: Vec<String> = (0..AT_ONCE).map(|id| format!("secret-{id}")).collect();
    let target = json!({ "random": {} });
    let secrets: serde_json::Map<String, Value> = ids
        .iter()
        .map(|id| (id.clone(), settings(&target)))
        .collect();
    google.seed(due_within_a_minute(&ids, google.now() + HOUR))?;
    let program = start(&google, folder.path(), &Value::Object(secrets)).await?;
    program.ready().await?;
    for id in &ids {
        program
            .post(&json!({ "command": "adopt", "secret": id }))
            .await?;
    }
    google.seed(json!({ "pubsub": { "subscriptions": [{
        "name": "projects/demo/subscriptions/rotations-push",
        "topic": TOPIC,
        "ackDeadlineSeconds": 600,
        "filter": "attributes.eventType = \"SECRET_ROTATE\"",
        "pushConfig": { "pushEndpoint": program.url },
    }] } }))?;
    google.journal().clear();
    let began = Instant::now();
    google
        .advance((HOUR + Duration::from_mins(1)).try_into()?)
        .await?;
    while finished(&google) < AT_ONCE && began.elapsed() < TO_FINISH {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let entries = google.journal().entries();
    ensure!(
        entries.iter().any(|entry| is_write(entry)),
        "no event led to a rotation"
    );
    Ok(Together {
        due: AT_ONCE,
        finished: finished(&google),
        took: began.elapsed().as_secs_f64(),
        writes: entries.iter().filter(|entry| is_write(entry)).count(),
        busiest_minute: busiest_minute(&entries),
    })
}

/// A secret for each id, the first due then and each a second after the one before.
fn due_within_a_minute(ids: &[String], first: Timestamp) -> Value {
    let secrets = ids.iter().zip(0..).flat_map(|(id, second)| {
        let due = first + Duration::from_secs(second);
        [secret(id, "the first value of it", Some(due)), side(id)]
    });
    json!({
        "pubsub": { "topics": [{ "name": TOPIC }] },
        "secretmanager": { "secrets": secrets.collect::<Vec<_>>() },
    })
}

const HOUR: Duration = Duration::from_hours(1);

const TOPIC: &str = "projects/demo/topics/rotations";

fn settings(target: &Value) -> Value {
    json!({ "target": target, "grace": "0s", "min_gap": "0s" })
}

fn secret(id: &str, value: &str, due: Option<Timestamp>) -> Value {
    let mut secret = json!({
        "name": format!("projects/demo/secrets/{id}"),
        "versions": [{ "text": value }],
    });
    if let Some(due) = due {
        secret["topics"] = json!([{ "name": TOPIC }]);
        let schedule = json!({ "nextRotationTime": due, "rotationPeriod": "2592000s" });
        secret["rotation"] = schedule;
    }
    secret
}

fn side(id: &str) -> Value {
    json!({ "name": format!("projects/demo/secrets/{id}-next"), "versions": [] })
}

/// The state that a write of the rotator's says.
fn state(entry: &Entry) -> Option<Value> {
    let state = entry.json.as_ref()?["annotations"]["nightshift-rotation"].as_str()?;
    serde_json::from_str(state).ok()
}

/// The version that it says readers get. Without services to be rolled, no phase of its own says that it is published.
fn current(entry: &Entry) -> Option<u64> {
    state(entry)?["cur"].as_u64()
}

/// Whether it says that nothing is under way.
fn is_at_rest(entry: &Entry) -> bool {
    state(entry).is_some_and(|state| state["phase"] == "idle")
}

/// How many secrets are at rest again since the journal was cleared.
fn finished(google: &LocalGcp) -> u64 {
    let entries = google.journal().entries();
    let ended = entries.iter().filter(|entry| is_at_rest(entry));
    let secrets: BTreeSet<&str> = ended.map(|entry| entry.path.as_str()).collect();
    secrets.len() as u64
}

fn is_write(entry: &Entry) -> bool {
    entry.direction == Direction::In
        && entry.api.starts_with("secretmanager.")
        && entry.method != "GET"
}

/// The most writes that any minute of real time had.
fn busiest_minute(entries: &[Arc<Entry>]) -> usize {
    let writes = entries.iter().filter(|entry| is_write(entry));
    let times: Vec<Timestamp> = writes.map(|entry| entry.at).collect();
    let within = |from: &Timestamp| {
        let later = times.iter().filter(|at| *at >= from);
        later
            .filter(|at| at.duration_since(*from).as_secs_f64() < MINUTE)
            .count()
    };
    times.iter().map(within).max().unwrap_or_default()
}
