//! Budget messages: how many are judged in a second, what one costs that changes nothing, and whether two instances lose or
//! repeat anything while a hundred budgets climb their ladders.
//!
//! Google is local-gcp in this process, whose journal counts; the program is `budget-guard serve` as it is deployed, twice,
//! and `budget-guard simulate`. Notices go to a topic, so that what fired can be counted by its key.

mod messages;
pub mod report;

use crate::service::{Service, program};
use anyhow::{Context as _, bail, ensure};
use jiff::Timestamp;
use local_gcp::{Direction, LocalGcp};
use messages::{MESSAGES, body};
use nightshift_runtime::Shutdown;
use report::{Budget, Many, Message};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tracing::info;

/// How many budgets there are.
const BUDGETS: u64 = 100;
/// How many of them are told something at once.
const AT_ONCE: u64 = 8;
/// How many messages are weighed one by one.
const WEIGHED: u32 = 200;
/// How many go through `simulate`.
const SIMULATED: u32 = 50_000;
/// How long a message waits that is to come again; Pub/Sub waits ten seconds at least.
const AGAIN: Duration = Duration::from_millis(20);
/// How often a message comes again before something is wrong.
const MOST_TIMES: u32 = 3_000;
/// The steps of each ladder.
const STEPS: u64 = 3;

const NOTICES: &str = "projects/finops-admin/subscriptions/notices";

/// Measures all of it.
pub fn run(shutdown: &Shutdown, runtime: &tokio::runtime::Handle) -> anyhow::Result<Budget> {
    let folder = TempDir::with_prefix("nightshift-bench-")?;
    let simulated = simulate(folder.path())?;
    info!("budget: simulate done");
    runtime.block_on(async {
        let ended = async {
            let google = google().await?;
            let config = folder.path().join("guard.json");
            let instances = [
                Service::start("budget-guard", &google, &config)?,
                Service::start("budget-guard", &google, &config)?,
            ];
            for instance in &instances {
                instance.ready().await?;
            }
            let begun = Timestamp::now();
            let quiet = weigh(&google, &instances[0], 0, begun).await?;
            let instances = Arc::new(instances);
            let many = climb(&google, &instances, begun).await?;
            info!("budget: {BUDGETS} budgets done");
            let stopped = weigh(&google, &instances[0], MESSAGES, begun).await?;
            Ok(Budget {
                simulated,
                quiet,
                stopped,
                many,
            })
        };
        tokio::select! {
            () = shutdown.wait() => bail!("stopped on request"),
            ended = ended => ended,
        }
    })
}

/// Writes the configuration, and judges a month's messages with it; how many in a second.
fn simulate(folder: &Path) -> anyhow::Result<f64> {
    let config = folder.join("guard.json");
    fs::write(&config, messages::config(BUDGETS).to_string()).context("write a configuration")?;
    let file = folder.join("month.jsonl");
    let mut lines = std::io::BufWriter::new(fs::File::create(&file)?);
    for number in 0..SIMULATED {
        writeln!(lines, "{}", messages::of_a_month(number, SIMULATED)?)?;
    }
    lines.into_inner().context("write messages")?.sync_all()?;
    let begun = Instant::now();
    let ended = Command::new(program("budget-guard")?)
        .arg("simulate")
        .arg(&file)
        .arg("--config")
        .arg(&config)
        .args(["--output", "json", "--log-level", "warn"])
        .stderr(Stdio::inherit())
        .output()
        .context("run budget-guard simulate")?;
    let took = begun.elapsed().as_secs_f64();
    ensure!(ended.status.success(), "budget-guard simulate failed");
    let result: Value = serde_json::from_slice(&ended.stdout)?;
    ensure!(
        result["budgets"][0]["judged"] == SIMULATED,
        "budget-guard simulate has not judged every message"
    );
    Ok(f64::from(SIMULATED) / took)
}

/// A service for each budget, a bucket for the memory, a topic for the notices.
async fn google() -> anyhow::Result<LocalGcp> {
    let google = LocalGcp::start(local_gcp::Options {
        operation_time: Duration::from_millis(1),
        // A hundred budgets in one minute are the bench's doing, not a project's.
        run_writes_per_minute: None,
        ..local_gcp::Options::default()
    })
    .await?;
    let services: Vec<Value> = (0..BUDGETS).map(messages::service).collect();
    google.seed(json!({
        "run": { "services": services },
        "pubsub": {
            "topics": [{ "name": messages::TOPIC }],
            "subscriptions": [{ "name": NOTICES, "topic": messages::TOPIC }],
        },
    }))?;
    let bucket = format!("{}/storage/v1/b?project=finops-admin", google.url());
    let made = reqwest::Client::builder().no_proxy().build()?;
    let made = made.post(bucket).json(&json!({ "name": "memory" })).send();
    ensure!(made.await?.status().is_success(), "no bucket was made");
    Ok(google)
}

/// Sends one budget messages that change nothing, one after the other.
async fn weigh(
    google: &LocalGcp,
    service: &Service,
    after: u32,
    begun: Timestamp,
) -> anyhow::Result<Message> {
    // The first of them finds connections and a memory.
    take(service, &body(0, after, 0, begun)?).await?;
    google.journal().clear();
    let cpu = service.cpu()?;
    for nth in 1..=WEIGHED {
        take(service, &body(0, after, nth, begun)?).await?;
    }
    let cpu = (service.cpu()? - cpu) / f64::from(WEIGHED);
    let entries = google.journal().entries();
    let asked = entries
        .iter()
        .filter(|entry| entry.direction == Direction::In);
    let (mut calls, mut writes) = (0_u32, 0_u32);
    for entry in asked {
        calls += 1;
        writes += u32::from(entry.method != "GET" && !entry.api.starts_with("storage."));
    }
    let each = |count: u32| f64::from(count) / f64::from(WEIGHED);
    Ok(Message {
        calls: each(calls),
        writes: each(writes),
        cpu,
    })
}

async fn take(service: &Service, body: &Value) -> anyhow::Result<()> {
    let (status, said) = service.send(body).await?;
    ensure!(status == 204, "a message was answered {status}: {said}");
    Ok(())
}

/// All budgets climb their ladders; some messages come twice, to both instances at once.
async fn climb(
    google: &LocalGcp,
    instances: &Arc<[Service; 2]>,
    begun: Timestamp,
) -> anyhow::Result<Many> {
    let deliveries = Arc::new(AtomicU64::new(0));
    let started = Instant::now();
    let mut working = JoinSet::new();
    for worker in 0..AT_ONCE {
        let (instances, deliveries) = (instances.clone(), deliveries.clone());
        working.spawn(async move {
            let mut taken = 0;
            for number in 0..MESSAGES {
                for budget in (worker..BUDGETS).step_by(usize::try_from(AT_ONCE)?) {
                    let body = body(budget, number, 0, begun)?;
                    deliver(&instances, &body, u64::from(number) + budget, &deliveries).await?;
                    taken += 1;
                }
            }
            anyhow::Ok(taken)
        });
    }
    let mut taken = 0;
    while let Some(ended) = working.join_next().await {
        taken += ended??;
    }
    let took = started.elapsed().as_secs_f64();
    let fired = fired(google).await?;
    Ok(Many {
        budgets: BUDGETS,
        messages: BUDGETS * u64::from(MESSAGES),
        taken,
        deliveries: deliveries.load(Relaxed),
        expected: BUDGETS * STEPS,
        fired: fired.len() as u64,
        twice: fired.values().filter(|times| **times > 1).count() as u64,
        stopped: stopped(google).await?,
        took,
    })
}

/// Until it is taken, as Pub/Sub does; every tenth to both instances at once.
async fn deliver(
    instances: &[Service; 2],
    body: &Value,
    nth: u64,
    deliveries: &AtomicU64,
) -> anyhow::Result<()> {
    let [first, second] = instances;
    for attempt in 0..MOST_TIMES {
        let (status, said) = if nth.is_multiple_of(10) && attempt == 0 {
            deliveries.fetch_add(2, Relaxed);
            let (one, other) = tokio::join!(first.send(body), second.send(body));
            let (one, other) = (one?, other?);
            // Who is late to what the other does is told to come again, and is not asked to.
            if one.0 == 204 { other } else { one }
        } else {
            deliveries.fetch_add(1, Relaxed);
            let which = (nth + u64::from(attempt)).is_multiple_of(2);
            if which { first } else { second }.send(body).await?
        };
        match status {
            204 => return Ok(()),
            503 => tokio::time::sleep(AGAIN).await,
            _ => bail!("a message was answered {status}: {said}"),
        }
    }
    bail!("a message was never taken")
}

/// The keys of all notices, and how often each came.
async fn fired(google: &LocalGcp) -> anyhow::Result<BTreeMap<String, u32>> {
    let http = reqwest::Client::builder().no_proxy().build()?;
    let mut keys = BTreeMap::new();
    loop {
        let pull = json!({ "maxMessages": 1000, "returnImmediately": true });
        let url = format!("{}/v1/{NOTICES}:pull", google.url());
        let answer = http.post(url).json(&pull).send().await?.text().await?;
        let pulled: Value = serde_json::from_str(&answer)?;
        let Some(messages) = pulled["receivedMessages"].as_array() else {
            return Ok(keys);
        };
        for message in messages {
            let key = message["message"]["attributes"]["key"].as_str();
            let key = key.context("a notice without a key")?.to_owned();
            *keys.entry(key).or_default() += 1;
        }
        let ids: Vec<&Value> = messages.iter().map(|one| &one["ackId"]).collect();
        let url = format!("{}/v1/{NOTICES}:acknowledge", google.url());
        let acknowledged = http.post(url).json(&json!({ "ackIds": ids })).send();
        ensure!(
            acknowledged.await?.status().is_success(),
            "not acknowledged"
        );
    }
}

/// How many services have no instances any more.
async fn stopped(google: &LocalGcp) -> anyhow::Result<u64> {
    let http = reqwest::Client::builder().no_proxy().build()?;
    let mut stopped = 0;
    for budget in 0..BUDGETS {
        let url = format!("{}/v2/{}", google.url(), messages::service_name(budget));
        let found: Value = serde_json::from_str(&http.get(url).send().await?.text().await?)?;
        let scaling = &found["scaling"];
        stopped += u64::from(
            scaling["scalingMode"] == "MANUAL"
                && scaling["manualInstanceCount"].as_u64().unwrap_or_default() == 0,
        );
    }
    Ok(stopped)
}
