//! Scaling by the clock: what a run over a whole fleet costs in calls of Google, time and memory, and how long it takes to
//! know what a schedule wants.
//!
//! Google is local-gcp in this process, whose journal counts; the program is `scheduled-scaling apply` as it is deployed. Its
//! first run writes every service once; the second finds nothing to do, as nearly every tick does.

pub mod report;

use crate::measure;
use anyhow::{Context as _, bail, ensure};
use local_gcp::{Direction, LocalGcp};
use nightshift_runtime::Shutdown;
use report::{Run, Scaling};
use serde_json::{Value, json};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};
use tempfile::TempDir;
use tracing::info;

/// How many services there are.
const FLEETS: [u32; 3] = [10, 100, 1000];
/// Over how many regions they are spread.
const REGIONS: [&str; 3] = ["europe-west1", "us-central1", "asia-northeast1"];
/// The variables of each service's environment: what is listed is as long as that of services at work.
const VARIABLES: u32 = 12;

/// Every service wants two instances, whatever the time. The budget of writes is out of the way: it is waited for.
const FLEET: &str = r#"
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

/// Measures both.
pub fn run(shutdown: &Shutdown, runtime: &tokio::runtime::Handle) -> anyhow::Result<Scaling> {
    runtime.block_on(async {
        tokio::select! {
            () = shutdown.wait() => bail!("stopped on request"),
            ended = fleets() => ended,
        }
    })
}

async fn fleets() -> anyhow::Result<Scaling> {
    let folder = TempDir::with_prefix("nightshift-bench-")?;
    let config = folder.path().join("scaling.toml");
    fs::write(&config, FLEET).context("write a configuration")?;
    let mut runs = Vec::new();
    for services in FLEETS {
        let google = fleet_of(services).await?;
        for quiet in [false, true] {
            runs.push(apply(&google, &config, services, quiet).await?);
        }
        info!("scaling: {services} services done");
    }
    Ok(Scaling {
        runs,
        desired_ns: desired_ns()?,
    })
}

async fn fleet_of(services: u32) -> anyhow::Result<LocalGcp> {
    let options = local_gcp::Options {
        run_writes_per_minute: None,
        operation_time: Duration::from_millis(1),
        ..local_gcp::Options::default()
    };
    let google = LocalGcp::start(options).await?;
    let services: Vec<Value> = (0..services)
        .zip(REGIONS.iter().cycle())
        .map(service)
        .collect();
    google.seed(json!({ "run": { "services": services } }))?;
    Ok(google)
}

fn service((number, region): (u32, &&str)) -> Value {
    let variable = |index: u32| {
        json!({
            "name": format!("SETTING_{index}"),
            "value": format!("https://setting-{index}.service-{number}.example.com/path"),
        })
    };
    json!({
        "name": format!("projects/demo/locations/{region}/services/service-{number}"),
        "labels": { "nightshift-schedule": "always" },
        "scaling": { "minInstanceCount": 1 },
        "template": { "containers": [{
            "image": format!("{region}-docker.pkg.dev/demo/shop/service-{number}:1"),
            "resources": { "limits": { "cpu": "1000m", "memory": "512Mi" }, "cpuIdle": true },
            "env": (0..VARIABLES).map(variable).collect::<Vec<_>>(),
        }] },
    })
}

/// One run of the program.
async fn apply(
    google: &LocalGcp,
    config: &Path,
    services: u32,
    quiet: bool,
) -> anyhow::Result<Run> {
    let program = built("scheduled-scaling")?;
    let environment = [
        ("PROGRAM", program.display().to_string()),
        ("CONFIG", config.display().to_string()),
        ("NIGHTSHIFT_GCP_ENDPOINT", google.url().to_owned()),
    ];
    google.journal().clear();
    let used = tokio::task::spawn_blocking(move || {
        let script = r#"exec "$PROGRAM" apply --config "$CONFIG" --log-level warn"#;
        measure::of(script, &environment)
    });
    let used = used.await.context("wait for the run")??;
    let entries = google.journal().entries();
    let calls = entries
        .iter()
        .filter(|entry| entry.direction == Direction::In);
    let writes = calls.clone().filter(|entry| entry.method == "PATCH");
    Ok(Run {
        services,
        quiet,
        calls: calls.count(),
        writes: writes.count(),
        used,
    })
}

/// How long `desired` takes, in nanoseconds: a program of its own measures it in its process, and says so.
fn desired_ns() -> anyhow::Result<f64> {
    let program = built("examples/desired")?;
    let said = Command::new(&program).output();
    let said = said.with_context(|| format!("start {}", program.display()))?;
    ensure!(said.status.success(), "{} failed", program.display());
    let said = String::from_utf8(said.stdout)?;
    said.trim()
        .parse()
        .with_context(|| format!("read {said:?} as nanoseconds"))
}

/// A program of `scheduled-scaling`, beside this one.
fn built(name: &str) -> anyhow::Result<PathBuf> {
    let program = env::current_exe()?.with_file_name(name);
    ensure!(
        program.is_file(),
        "no program {}; build it with `cargo build --release -p scheduled-scaling --bins --examples`",
        program.display()
    );
    Ok(program)
}
