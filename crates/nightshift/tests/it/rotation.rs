//! A password that changes: in `nightshift up` by the console's button, and in the demo's chapter.

use crate::{
    bed::{Bed, DEADLINE, POLL, said},
    up::Up,
};
use anyhow::{Context, Result, ensure};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use std::{
    process::{Command, Stdio},
    thread,
    time::Instant,
};

/// What can be read of the shop's secret: which user is published, the states of its versions, the oldest first, and what
/// the rotator is at.
fn published(up: &Up) -> Result<(String, Vec<String>, String)> {
    const SECRET: &str = "/v1/projects/demo/secrets/shop-db-password";
    let read = up.ask("GET", &format!("{SECRET}/versions/latest:access"), None)?;
    let data = read["payload"]["data"].as_str().context("a payload")?;
    let value: Value = serde_json::from_slice(&BASE64_STANDARD.decode(data)?)?;
    let versions = up.ask("GET", &format!("{SECRET}/versions"), None)?;
    let versions = versions["versions"].as_array().context("versions")?;
    let state = |version: &Value| version["state"].as_str().unwrap_or_default().to_owned();
    let secret = up.ask("GET", SECRET, None)?;
    let rotation = secret["annotations"]["nightshift-rotation"].as_str();
    let rotation: Value = serde_json::from_str(rotation.context("a state")?)?;
    let phase = rotation["phase"].as_str().context("a phase")?.to_owned();
    let user = value["username"].as_str().context("a user")?.to_owned();
    Ok((user, versions.iter().rev().map(state).collect(), phase))
}

/// Waits until that is so. Where nothing is to be under way, the schedule ticks meanwhile.
fn wait_until(up: &Up, user: &str, versions: &[&str], phase: &str) -> Result<()> {
    const TICK: &str = "/v1/projects/demo/locations/europe-west1/jobs/rotation-tick:run";
    let (begun, mut ticked) = (Instant::now(), Instant::now());
    loop {
        let now = published(up)?;
        if now.0 == user && now.1 == versions && now.2 == phase {
            return Ok(());
        }
        ensure!(
            begun.elapsed() < DEADLINE,
            "{now:?}, not {user} {versions:?} {phase}"
        );
        if phase == "idle" && ticked.elapsed().as_secs() >= 2 {
            up.ask("POST", TICK, Some(json!({})))?;
            ticked = Instant::now();
        }
        thread::sleep(POLL);
    }
}

/// As the console's button does it, by the name that Google's answers give the secret.
fn rotate_now(up: &Up) -> Result<()> {
    let secret = up.ask("GET", "/v1/projects/demo/secrets/shop-db-password", None)?;
    let name = secret["name"].as_str().context("a name")?;
    let fire = json!({ "api": "secretmanager", "key": format!("rotate {name}") });
    up.ask("POST", "/_local/timers:fire", Some(fire))?;
    Ok(())
}

#[test]
fn rotate_now_changes_the_password_and_rolls_the_service_and_the_tick_retires_the_old_one()
-> Result<()> {
    let up = Up::start()?;
    wait_until(&up, "shop_a", &["ENABLED"], "idle")?;
    rotate_now(&up)?;
    wait_until(&up, "shop_b", &["ENABLED", "ENABLED"], "rolled")?;
    wait_until(&up, "shop_b", &["DISABLED", "ENABLED"], "idle")?;
    let checkout = "/v2/projects/demo/locations/europe-west1/services/checkout";
    let rolled = &up.ask("GET", checkout, None)?["template"]["annotations"];
    assert_eq!(rolled["nightshift/secret-versions"], "shop-db-password=2");
    rotate_now(&up)?;
    wait_until(&up, "shop_a", &["DISABLED", "ENABLED", "ENABLED"], "rolled")?;
    up.ends_with(Signal::SIGINT)
}

#[test]
fn the_chapter_shows_phases_versions_and_a_client_without_a_failed_login_and_leaves_nothing()
-> Result<()> {
    for name in ["local-gcp", "backup", "rotate-secrets"] {
        crate::programs::program(name)?;
    }
    let bed = Bed::new()?;
    let output = Command::new(env!("CARGO_BIN_EXE_nightshift"))
        .args(["demo", "rotation"])
        .env("TMPDIR", bed.folder())
        .stdin(Stdio::null())
        .output()?;
    let said = said(&output);
    println!("{said}");
    assert_eq!(output.status.code(), Some(0), "{said}");
    for proof in [
        "rotate-secrets plan",
        "rotate-secrets rotate",
        "rotate-secrets status",
        "claimed",
        "promoted",
        "rolled",
        "the client logs in as shop_b",
        "the first password still logs in",
        "the first password is refused",
        "none failed",
        "shop-db-password=2",
    ] {
        assert!(said.contains(proof), "nothing about `{proof}` in:\n{said}");
    }
    assert_eq!(bed.remains()?, Vec::<String>::new());
    Ok(())
}
