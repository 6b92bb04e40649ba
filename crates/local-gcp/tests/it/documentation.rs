//! What README and help say, done.

use crate::support::{Context as _, Result, ensure, start, start_stopped};
use serde_json::{Value, json};
use std::process::Command;

const README: &str = include_str!("../../README.md");

/// The first block of JSON after a heading.
fn example(heading: &str) -> Result<Value> {
    let (_, part) = README
        .split_once(heading)
        .with_context(|| heading.to_owned())?;
    let (_, block) = part.split_once("```json\n").context("no example")?;
    let (block, _) = block.split_once("```").context("an open example")?;
    Ok(serde_json::from_str(block)?)
}

#[tokio::test]
async fn the_seed_file_of_the_readme_is_taken() -> Result<()> {
    let api = start().await?;
    api.post("/_local/seed", example("## The seed file")?)
        .await?
        .ok()?;
    for path in [
        "/v1/projects/demo/topics/rotations",
        "/v1/projects/demo/secrets/db/versions/current:access",
        "/v2/projects/demo/locations/europe-west1/services/shop/revisions",
        "/v1/projects/demo/locations/europe-west1/jobs/tick",
    ] {
        api.get(path).await?.ok()?;
    }
    let instance = api.get("/v1/projects/demo/instances/pg").await?.ok()?;
    assert_eq!(instance["databaseVersion"], "POSTGRES_17");
    let info = api.get("/v1/projects/demo/billingInfo").await?.ok()?;
    assert_eq!(info["billingEnabled"], true);
    Ok(())
}

#[tokio::test]
async fn the_faults_of_the_readme_are_taken() -> Result<()> {
    let api = start().await?;
    api.post("/_local/faults", example("### Faults")?)
        .await?
        .ok()?;
    let fault = json!({"method": "sql.instances.patch", "failOperation": "INTERNAL"});
    api.post("/_local/faults", fault).await?.ok()?;
    assert_eq!(
        api.get("/_local/faults")
            .await?
            .ok()?
            .as_array()
            .map(Vec::len),
        Some(2)
    );
    Ok(())
}

#[tokio::test]
async fn the_advances_of_readme_and_help_move_the_clock() -> Result<()> {
    let api = start_stopped().await?;
    let help = Command::new(env!("CARGO_BIN_EXE_local-gcp"))
        .arg("--help")
        .output()?;
    let help = String::from_utf8(help.stdout)?;
    for option in ["--port", "--state", "--seed", "Examples:"] {
        ensure!(help.contains(option), "{option} is missing from {help}");
    }
    let mut moves = 0;
    for text in [README, &help] {
        for after in text.split("\"advance\":").skip(1) {
            let length = after.trim_start().trim_start_matches('"').split('"').next();
            let answer = api
                .post("/_local/clock", json!({"advance": length}))
                .await?;
            ensure!(answer.status.is_success(), "{length:?}: {}", answer.text);
            moves += 1;
        }
    }
    assert!(moves >= 3, "{moves}");
    Ok(())
}
