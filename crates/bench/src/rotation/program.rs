//! `rotate-secrets serve` as a process of ours.

use anyhow::{Context as _, ensure};
use local_gcp::LocalGcp;
use serde_json::{Value, json};
use std::{
    env, fs,
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// How long it may take to start.
const STARTING: Duration = Duration::from_secs(30);

/// A running service. Ends when this is dropped.
#[derive(Debug)]
pub(super) struct Program {
    child: Child,
    http: reqwest::Client,
    pub(super) url: String,
}

impl Program {
    /// Starts it with these secrets.
    pub(super) async fn start(
        google: &LocalGcp,
        folder: &Path,
        secrets: &Value,
    ) -> anyhow::Result<Self> {
        let program = env::current_exe()?.with_file_name("rotate-secrets");
        ensure!(
            program.is_file(),
            "no program {}; build it with `cargo build --release -p rotate-secrets`",
            program.display()
        );
        let http = reqwest::Client::builder().no_proxy().build()?;
        let config = folder.join("rotate.json");
        // Events name the project by it.
        let overview = http.get(format!("{}/_local", google.url())).send().await?;
        let overview: Value = serde_json::from_str(&overview.text().await?)?;
        let number = overview["projectNumber"].as_str().unwrap_or_default();
        let number: u64 = number.parse().context("read the number of the project")?;
        let text = json!({ "project": "demo", "project_number": number, "secrets": secrets });
        fs::write(&config, text.to_string()).context("write a configuration")?;
        // Free now; whoever takes it first makes the start fail, and says so.
        let address: SocketAddr = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let child = Command::new(&program)
            .args(["serve", "--listen", &address.to_string(), "--config"])
            .arg(&config)
            .args(["--log-level", "warn"])
            .env("NIGHTSHIFT_GCP_ENDPOINT", google.url())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("start {}", program.display()))?;
        Ok(Self {
            child,
            http,
            url: format!("http://{address}"),
        })
    }

    /// Waits until it answers.
    pub(super) async fn ready(&self) -> anyhow::Result<()> {
        let began = Instant::now();
        let ready = format!("{}/ready", self.url);
        loop {
            let answer = self.http.get(&ready).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            ensure!(began.elapsed() < STARTING, "rotate-secrets does not answer");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Sends a command, which has to be done.
    pub(super) async fn post(&self, command: &Value) -> anyhow::Result<()> {
        let answer = self.http.post(&self.url).json(command).send().await?;
        let status = answer.status();
        let said = answer.text().await?;
        ensure!(
            status.is_success(),
            "{command} was answered {status}: {said}"
        );
        Ok(())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself, which what it was asked for has told.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
