//! `serve` of a program of ours, as a process.

use anyhow::{Context as _, ensure};
use local_gcp::LocalGcp;
use procfs::process::Process;
use serde_json::Value;
use std::{
    env,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// How long it may take to start.
const STARTING: Duration = Duration::from_secs(30);

/// A running service. Ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Service {
    name: &'static str,
    child: Child,
    http: reqwest::Client,
    pub(crate) url: String,
}

/// The program of this name beside this one.
pub(crate) fn program(name: &str) -> anyhow::Result<PathBuf> {
    let program = env::current_exe()?.with_file_name(name);
    ensure!(
        program.is_file(),
        "no program {}; build it with `cargo build --release -p {name}`",
        program.display()
    );
    Ok(program)
}

impl Service {
    /// Starts the program `name` with this configuration.
    pub(crate) fn start(
        name: &'static str,
        google: &LocalGcp,
        config: &Path,
    ) -> anyhow::Result<Self> {
        let program = program(name)?;
        // Free now; whoever takes it first makes the start fail, and says so.
        let address: SocketAddr = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let child = Command::new(&program)
            .args(["serve", "--listen", &address.to_string(), "--config"])
            .arg(config)
            .args(["--log-level", "warn"])
            .env("NIGHTSHIFT_GCP_ENDPOINT", google.url())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("start {}", program.display()))?;
        Ok(Self {
            name,
            child,
            http: reqwest::Client::builder().no_proxy().build()?,
            url: format!("http://{address}"),
        })
    }

    /// Waits until it answers.
    pub(crate) async fn ready(&self) -> anyhow::Result<()> {
        let began = Instant::now();
        let ready = format!("{}/ready", self.url);
        loop {
            let answer = self.http.get(&ready).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            ensure!(began.elapsed() < STARTING, "{} does not answer", self.name);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Sends something, and says which status it was answered with and what besides.
    pub(crate) async fn send(&self, body: &Value) -> anyhow::Result<(u16, String)> {
        let answer = self.http.post(&self.url).json(body).send().await?;
        let status = answer.status().as_u16();
        Ok((status, answer.text().await?))
    }

    /// Sends a command, which has to be done.
    pub(crate) async fn post(&self, command: &Value) -> anyhow::Result<()> {
        let (status, said) = self.send(command).await?;
        ensure!(
            (200..300).contains(&status),
            "{command} was answered {status}: {said}"
        );
        Ok(())
    }

    /// Processor time used so far, in seconds.
    pub(crate) fn cpu(&self) -> anyhow::Result<f64> {
        let stat = Process::new(i32::try_from(self.child.id())?)?.stat()?;
        let ticks = u32::try_from(stat.utime + stat.stime)?;
        let second = u32::try_from(procfs::ticks_per_second())?;
        Ok(f64::from(ticks) / f64::from(second))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended by itself, which what it was asked for has told.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
