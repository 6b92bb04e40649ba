//! The real `gcloud`, where it is installed, against the binary form of its commands. Its own idea of a regional endpoint
//! (`REGION-` in front of the host) does not resolve, so local-gcp serves as its HTTP proxy, too.

use crate::{
    receiver::Receiver,
    run_services::{WEB, create, image},
    support::{Api, Context as _, Result, ensure, start},
};
use serde_json::{Value, json};
use std::process::Command;

/// gcloud with a configuration of its own.
struct Gcloud {
    home: tempfile::TempDir,
    port: u16,
}

#[expect(
    clippy::print_stderr,
    reason = "whoever runs the tests should see what was not tried"
)]
/// `None`, and a line that says so, where there is no gcloud.
fn gcloud(api: &Api) -> Result<Option<Gcloud>> {
    let there = Command::new("gcloud").arg("--version").output();
    if there.is_err() {
        eprintln!("skipped: gcloud is not installed");
        return Ok(None);
    }
    Ok(Some(Gcloud {
        home: tempfile::tempdir()?,
        port: api.gcp.address().port(),
    }))
}

impl Gcloud {
    /// Runs a command and reads what it prints as JSON.
    async fn run(&self, arguments: &[&str]) -> Result<Value> {
        let endpoint = format!("http://127.0.0.1:{}/", self.port);
        let mut command = Command::new("gcloud");
        command
            .args(arguments)
            .arg("--format=json")
            .env("CLOUDSDK_CONFIG", self.home.path())
            .env("CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN", &endpoint)
            .env("CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDSCHEDULER", &endpoint)
            .env("CLOUDSDK_PROXY_TYPE", "http")
            .env("CLOUDSDK_PROXY_ADDRESS", "127.0.0.1")
            .env("CLOUDSDK_PROXY_PORT", self.port.to_string())
            .env("CLOUDSDK_AUTH_DISABLE_CREDENTIALS", "true")
            .env("CLOUDSDK_CORE_PROJECT", "demo")
            .env("CLOUDSDK_CORE_DISABLE_PROMPTS", "1")
            .env("CLOUDSDK_CORE_DISABLE_USAGE_REPORTING", "true")
            .env("CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK", "true");
        let output = tokio::task::spawn_blocking(move || command.output()).await??;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "gcloud {arguments:?}: {errors}");
        if output.stdout.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&output.stdout)
            .with_context(|| format!("gcloud {arguments:?}: {output:?}"))
    }
}

#[tokio::test]
async fn gcloud_describes_lists_and_scales_services() -> Result<()> {
    let api = start().await?;
    let Some(gcloud) = gcloud(&api)? else {
        return Ok(());
    };
    let before = create(&api, "web", image("img")).await?;
    let region = "--region=europe-west1";
    let services = ["run", "services"];
    let run = async |arguments: &[&str]| gcloud.run(&[&services, arguments].concat()).await;
    let described = run(&["describe", "web", region]).await?;
    assert_eq!(described["metadata"]["name"], "web");
    for arguments in [&["list", region][..], &["list"]] {
        let listed = run(arguments).await?;
        assert_eq!(listed[0]["metadata"]["name"], "web", "{arguments:?}");
    }
    for (flag, scaling) in [
        ("--min=2", json!({"minInstanceCount": 2})),
        ("--min=default", json!({})),
    ] {
        run(&["update", "web", region, flag]).await?;
        let after = api.get(WEB).await?.ok()?;
        assert_eq!(after["scaling"], scaling, "{flag}");
        assert_eq!(after["template"], before["template"], "{flag}");
    }
    run(&["update", "web", region, "--min-instances=1"]).await?;
    let after = api.get(WEB).await?.ok()?;
    assert_eq!(after["template"]["scaling"]["minInstanceCount"], 1);
    assert_ne!(after["latestReadyRevision"], before["latestReadyRevision"]);
    run(&["delete", "web", region]).await?;
    assert_eq!(run(&["list", region]).await?, json!([]));
    Ok(())
}

#[tokio::test]
async fn gcloud_makes_runs_and_reschedules_a_job() -> Result<()> {
    let (api, function) = (start().await?, Receiver::start().await?);
    let Some(gcloud) = gcloud(&api)? else {
        return Ok(());
    };
    let place = "--location=europe-west1";
    let jobs = ["scheduler", "jobs"];
    let run = async |arguments: &[&str]| gcloud.run(&[&jobs, arguments].concat()).await;
    let uri = format!("--uri={}", function.url("/tick"));
    let zone = "--time-zone=Europe/Prague";
    let made = run(&[
        "create",
        "http",
        "tick",
        place,
        &uri,
        "--schedule=0 3 * * *",
        zone,
    ])
    .await?;
    assert_eq!(
        (&made["state"], &made["timeZone"]),
        (&json!("ENABLED"), &json!("Europe/Prague"))
    );
    run(&["run", "tick", place]).await?;
    let received = function.wait_for(1).await?;
    assert_eq!(received[0].header("x-cloudscheduler-jobname"), "tick");
    run(&["update", "http", "tick", place, "--schedule=0 4 * * *"]).await?;
    let changed = run(&["describe", "tick", place]).await?;
    assert_eq!(
        (
            &changed["schedule"],
            &changed["timeZone"],
            &changed["httpTarget"]["uri"]
        ),
        (
            &json!("0 4 * * *"),
            &json!("Europe/Prague"),
            &made["httpTarget"]["uri"]
        )
    );
    run(&["pause", "tick", place]).await?;
    assert_eq!(run(&["list", place]).await?[0]["state"], "PAUSED");
    run(&["resume", "tick", place]).await?;
    run(&["delete", "tick", place]).await?;
    assert_eq!(run(&["list", place]).await?, json!([]));
    Ok(())
}
