//! The program itself, killed in the middle of its work and started again.

use crate::{
    program::Program,
    support::{Result, eventually},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::Client;
use serde_json::{Value, json};
use std::{ffi::OsStr, path::Path};

/// A program that keeps its state in a folder, and a client for it.
struct Keeper {
    program: Program,
    http: Client,
}

impl Keeper {
    fn start(state: &Path, more: &[&str]) -> Result<Self> {
        let clock = ["--stopped", "--now", "2026-11-01T12:00:00Z"];
        let arguments = clock.iter().chain(more).map(OsStr::new);
        let state = [OsStr::new("--state"), state.as_os_str()];
        Ok(Self {
            program: Program::start(arguments.chain(state))?,
            http: Client::builder().no_proxy().build()?,
        })
    }

    fn kill(&mut self) {
        self.program.kill();
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.program.url)
    }

    async fn get(&self, path: &str) -> Result<Value> {
        let answer = self.http.get(self.url(path)).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }

    async fn send(&self, method: reqwest::Method, path: &str, body: Value) -> Result<Value> {
        let request = self.http.request(method, self.url(path)).json(&body);
        Ok(request.send().await?.error_for_status()?.json().await?)
    }

    async fn post(&self, path: &str, body: Value) -> Result<Value> {
        self.send(reqwest::Method::POST, path, body).await
    }
}

#[tokio::test]
async fn every_version_that_was_answered_is_there_after_a_kill() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let secrets = "/v1/projects/demo/secrets";
    let mut program = Keeper::start(folder.path(), &[])?;
    let secret = json!({"replication": {"automatic": {}}, "versionDestroyTtl": "86400s"});
    program
        .post(&format!("{secrets}?secretId=db"), secret)
        .await?;
    for n in 1..=20 {
        let payload = json!({"payload": {"data": STANDARD.encode(n.to_string())}});
        program
            .post(&format!("{secrets}/db:addVersion"), payload)
            .await?;
    }
    program
        .post(&format!("{secrets}/db/versions/1:destroy"), json!({}))
        .await?;
    let before = program.get(&format!("{secrets}/db")).await?;
    program.kill();
    let program = Keeper::start(folder.path(), &[])?;
    assert_eq!(program.get(&format!("{secrets}/db")).await?, before);
    let latest = program
        .get(&format!("{secrets}/db/versions/latest:access"))
        .await?;
    assert_eq!(latest["payload"]["data"], STANDARD.encode("20"));
    // The timer of the delayed destruction is still set.
    program
        .post("/_local/clock", json!({"advance": "25h"}))
        .await?;
    let first = program.get(&format!("{secrets}/db/versions/1")).await?;
    assert_eq!(first["state"], "DESTROYED");
    Ok(())
}

#[tokio::test]
async fn an_operation_that_a_kill_interrupted_is_finished_by_the_next_start() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let seed = folder.path().join("seed.json");
    std::fs::write(
        &seed,
        json!({"sql": {"instances": [{"name": "pg"}]}}).to_string(),
    )?;
    let state = folder.path().join("state");
    let seed = ["--seed", seed.to_str().unwrap_or_default()];
    let mut program = Keeper::start(
        &state,
        &[&seed[..], &["--operation-time", "600000"]].concat(),
    )?;
    let instance = "/v1/projects/demo/instances/pg";
    let change = json!({"settings": {"activationPolicy": "NEVER"}});
    let operation = program
        .send(reqwest::Method::PATCH, instance, change)
        .await?;
    program.kill();
    let program = Keeper::start(&state, &seed)?;
    let path = format!(
        "/v1/projects/demo/operations/{}",
        operation["name"].as_str().unwrap_or_default()
    );
    eventually("the operation", async || {
        Ok((program.get(&path).await?["status"] == "DONE").then_some(()))
    })
    .await?;
    assert_eq!(
        program.get(instance).await?["settings"]["activationPolicy"],
        "NEVER"
    );
    Ok(())
}

#[tokio::test]
async fn a_seed_is_read_only_while_the_state_is_empty() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let seed = folder.path().join("seed.json");
    let write = |policy: &str| {
        let instance = json!({"name": "pg", "settings": {"activationPolicy": policy}});
        std::fs::write(&seed, json!({"sql": {"instances": [instance]}}).to_string())
    };
    let state = folder.path().join("state");
    let args = ["--seed", seed.to_str().unwrap_or_default()];
    let policy = async |program: &Keeper| {
        let instance = program.get("/v1/projects/demo/instances/pg").await?;
        anyhow::Ok(instance["settings"]["activationPolicy"].clone())
    };
    write("ALWAYS")?;
    let mut program = Keeper::start(&state, &args)?;
    assert_eq!(policy(&program).await?, "ALWAYS");
    program.kill();
    write("NEVER")?;
    let program = Keeper::start(&state, &args)?;
    assert_eq!(policy(&program).await?, "ALWAYS");
    Ok(())
}
