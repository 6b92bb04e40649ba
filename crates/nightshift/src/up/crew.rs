//! The programs while they run.

use super::{
    Google,
    database::Database,
    program::{CLOCK, Program},
    watchdog::Watchdog,
};
use crate::{Error, programs};
use futures::future::select_all;
use nightshift_runtime::clock::CLOCK_VARIABLE;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{ffi::OsString, path::Path, process::Stdio, time::Duration};
use tempfile::TempDir;
use tokio::{
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};

/// How long a program may take to answer.
const TO_BE_READY: Duration = Duration::from_secs(30);

/// How long a program may take to end after `SIGTERM`: Cloud Run gives ten seconds.
const TO_END: Duration = Duration::from_secs(10);

/// All programs, their folder, and the watchdog that stops them when we cannot.
#[derive(Debug)]
pub(crate) struct Crew {
    // Dropped in this order: the watchdog must not see the folder go, and the programs go first.
    running: Vec<(&'static str, Child)>,
    database: Option<Database>,
    watchdog: Watchdog,
    folder: TempDir,
    /// What of their logs is shown; what they choose unless told.
    log_level: Option<&'static str>,
}

impl Crew {
    pub(crate) fn new() -> Result<Self, Error> {
        let folder = tempfile::Builder::new()
            .prefix("nightshift-up-")
            .tempdir()
            .map_err(|source| Error::io("make a temporary folder", source))?;
        Ok(Self {
            running: vec![],
            database: None,
            watchdog: Watchdog::new(folder.path())?,
            folder,
            log_level: None,
        })
    }

    /// Lets the programs tell of errors only.
    pub(crate) fn quietly(self) -> Self {
        Self {
            log_level: Some("error"),
            ..self
        }
    }

    /// Where the programs work, and where what they read may lie.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Opens the shop's database, which outlives the programs.
    pub(crate) async fn open_database(&mut self) -> Result<&Database, Error> {
        let database = Database::open(self.folder.path().to_path_buf()).await?;
        Ok(self.database.insert(database))
    }

    /// Starts a program on its port. Not ready yet: see [`wait_for`](Self::wait_for).
    pub(crate) fn start(
        &mut self,
        program: &Program,
        folder: Option<&Path>,
        arguments: &[String],
        google: &str,
    ) -> Result<(), Error> {
        let child = self
            .command(program.name, folder, google)?
            .args(arguments)
            // Ctrl-C is for us; the programs are stopped in order.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|source| Error::io(format!("start {}", program.name), source))?;
        let pid = child.id();
        self.running.push((program.name, child));
        pid.map_or(Ok(()), |pid| self.watchdog.watch(pid))
    }

    /// Runs a program to its end, which has to be a good one, and returns what it printed.
    pub(crate) async fn run(
        &self,
        name: &'static str,
        folder: Option<&Path>,
        arguments: &[&str],
        google: &Google,
    ) -> Result<String, Error> {
        let mut command = self.command(name, folder, &google.url)?;
        command
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let output = command.kill_on_drop(true).output();
        let output = output
            .await
            .map_err(|source| Error::io(format!("run {name}"), source))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(Error::Command {
            command: format!("{name} {}", arguments.join(" ")),
            status: output.status,
            said: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    fn command(
        &self,
        name: &'static str,
        folder: Option<&Path>,
        google: &str,
    ) -> Result<Command, Error> {
        let named = folder.map(|folder| folder.join(name));
        let file = programs::find(name, named.as_deref(), "--programs")?;
        let database: Vec<(&str, OsString)> = self
            .database
            .as_ref()
            .map_or_else(Vec::new, Database::environment);
        let mut command = programs::command(&file);
        command
            .env("NIGHTSHIFT_GCP_ENDPOINT", google)
            .env(CLOCK_VARIABLE, self.folder.path().join(CLOCK))
            .envs(database)
            .envs(self.log_level.map(|level| ("NIGHTSHIFT_LOG_LEVEL", level)))
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        Ok(command)
    }

    /// Waits until `url` answers 200; an end of any program is an error before that.
    pub(crate) async fn wait_for(
        &mut self,
        http: &reqwest::Client,
        name: &'static str,
        url: &str,
    ) -> Result<(), Error> {
        let ready = async {
            let deadline = Instant::now() + TO_BE_READY;
            loop {
                let answer = http.get(url).send().await;
                if answer.is_ok_and(|answer| answer.status().is_success()) {
                    return Ok(());
                }
                if Instant::now() > deadline {
                    let waited = TO_BE_READY.as_secs();
                    return Err(Error::Unproven(format!(
                        "{name} does not answer at {url} after {waited} s"
                    )));
                }
                sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::select! {
            ready = ready => ready,
            ended = self.any_ended() => Err(ended),
        }
    }

    /// Waits until a program ends by itself, which none should.
    pub(crate) async fn any_ended(&mut self) -> Error {
        let ends = self.running.iter_mut().map(|(name, child)| {
            Box::pin(async move {
                match child.wait().await {
                    Ok(status) => Error::Ended {
                        program: name,
                        status,
                    },
                    Err(source) => Error::io(format!("wait for {name}"), source),
                }
            })
        });
        select_all(ends).await.0
    }

    /// Stops all programs, the last first, and removes their folder.
    pub(crate) async fn stop(mut self) -> Result<(), Error> {
        while let Some((name, mut child)) = self.running.pop() {
            let pid = child.id().map(|id| Pid::from_raw(id.cast_signed()));
            // Not waited for yet, so the number is still its own. An error means that it has just ended.
            let _ = pid.map(|pid| kill(pid, Signal::SIGTERM));
            if timeout(TO_END, child.wait()).await.is_err() {
                let killed = child.kill().await;
                killed.map_err(|source| Error::io(format!("stop {name}"), source))?;
            }
        }
        if let Some(database) = self.database.take() {
            database.close().await?;
        }
        let path = self.folder.path().to_path_buf();
        drop(self.watchdog);
        let removed = self.folder.close();
        removed.map_err(|source| Error::io(format!("remove {}", path.display()), source))
    }
}
