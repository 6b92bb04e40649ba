//! What a run costs: calls, writes, time and memory for 10, 100 and 1,000 services in three regions, and how long `desired`
//! takes. It runs the built program against the stand-in:
//!
//! ```text
//! cargo build --release -p scheduled-scaling && cargo run --release -p scheduled-scaling --example bench
//! ```
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a program for engineers, which prints figures and may fail loudly"
)]

use jiff::{SignedDuration, Timestamp};
use local_gcp::{LocalGcp, Options};
use scheduled_scaling::{config::Config, desired::desired};
use serde_json::{Value, json};
use std::{
    hint::black_box,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const REGIONS: [&str; 3] = ["europe-west1", "us-central1", "asia-northeast1"];

const CONFIG: &str = r#"
version = 1
writes_per_minute = 100000
[schedules.always]
time_zone = "UTC"
default = { min = 2 }
[discover]
projects = ["demo"]
regions = ["europe-west1", "us-central1", "asia-northeast1"]
kinds = ["service"]
"#;

const OFFICE: &str = r#"
version = 1
[schedules.office]
time_zone = "Europe/Berlin"
default = { min = 0 }
[[schedules.office.windows]]
name = "core"
days = "mon-fri"
from = "07:00"
to = "19:00"
min = 4
[[schedules.office.windows]]
name = "lunch"
days = "mon-fri"
from = "12:00"
to = "14:00"
min = 6
[[schedules.office.exceptions]]
dates = ["2026-12-25..2026-12-26"]
closed = true
"#;

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("scaling.toml");
    std::fs::write(&config, CONFIG).unwrap();
    println!("services  run       calls  writes  seconds  peak MiB");
    for services in [10, 100, 1000] {
        let cloud = cloud(services).await;
        for run in ["first", "quiet"] {
            let figures = apply(&cloud, &config).await;
            println!("{services:>8}  {run:<8} {figures}");
        }
    }
    println!(
        "desired   {:.0} ns an instant, over a year of half hours",
        nanoseconds()
    );
}

async fn cloud(services: usize) -> LocalGcp {
    let options = Options {
        run_writes_per_minute: None,
        operation_time: Duration::from_millis(1),
        ..Options::default()
    };
    let cloud = LocalGcp::start(options).await.unwrap();
    let services: Vec<Value> = (0..services)
        .map(|number| {
            let region = REGIONS[number % REGIONS.len()];
            json!({
                "name": format!("projects/demo/locations/{region}/services/service-{number}"),
                "labels": { "nightshift-schedule": "always" },
                "scaling": { "minInstanceCount": 1 },
                "template": { "containers": [{
                    "image": "europe-docker.pkg.dev/demo/shop/web:1",
                    "resources": { "limits": { "cpu": "1000m", "memory": "512Mi" }, "cpuIdle": true },
                    "env": [{ "name": "DATABASE", "value": "projects/demo/instances/main" }],
                }] },
            })
        })
        .collect();
    cloud
        .seed(json!({ "run": { "services": services } }))
        .unwrap();
    cloud
}

/// The built program, beside this one.
fn program() -> PathBuf {
    let this = std::env::current_exe().unwrap();
    let folder = this.parent().and_then(Path::parent).unwrap();
    folder.join("scheduled-scaling")
}

async fn apply(cloud: &LocalGcp, config: &Path) -> String {
    cloud.journal().clear();
    let mut command = Command::new(program());
    command
        .args(["apply", "--output", "json", "--config"])
        .arg(config)
        .env("NIGHTSHIFT_GCP_ENDPOINT", cloud.url());
    let begun = Instant::now();
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (succeeded, peak) = tokio::task::spawn_blocking(move || {
        let mut peak = 0;
        let status = loop {
            peak = peak.max(resident(&child));
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            std::thread::sleep(Duration::from_millis(1));
        };
        (status.success(), peak)
    })
    .await
    .unwrap();
    let took = begun.elapsed();
    assert!(succeeded, "apply failed");
    let calls = cloud.journal().entries();
    let writes = calls.iter().filter(|call| call.method == "PATCH").count();
    let peak = peak as f64 / 1024.0;
    format!(
        "{:>6}  {writes:>6}  {:>7.2}  {peak:>8.1}",
        calls.len(),
        took.as_secs_f64()
    )
}

/// The most memory that a process has had so far, in KiB. What `wait4` tells counts this process, too, which it was once.
fn resident(child: &Child) -> u64 {
    let status =
        std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or(0)
}

fn nanoseconds() -> f64 {
    let config: Config = toml::from_str(OFFICE).unwrap();
    let schedule = &config.schedules["office"];
    let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let instants: Vec<Timestamp> = (0..365 * 48)
        .map(|n| start + SignedDuration::from_mins(30 * n))
        .collect();
    let begun = Instant::now();
    for at in &instants {
        black_box(desired(schedule, &[], *at));
    }
    begun.elapsed().as_secs_f64() * 1e9 / instants.len() as f64
}
