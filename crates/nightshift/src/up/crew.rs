//! The programs while they run.

use super::{program::Program, watchdog::Watchdog};
use crate::{Error, programs};
use futures::future::select_all;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{path::Path, process::Stdio, time::Duration};
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
pub(super) struct Crew {
    // Dropped in this order: the watchdog must not see the folder go, and the programs go first.
    running: Vec<(&'static str, Child)>,
    watchdog: Watchdog,
    folder: TempDir,
}

impl Crew {
    pub(super) fn new() -> Result<Self, Error> {
        let folder = tempfile::Builder::new()
            .prefix("nightshift-up-")
            .tempdir()
            .map_err(|source| Error::io("make a temporary folder", source))?;
        Ok(Self {
            running: vec![],
            watchdog: Watchdog::new(folder.path())?,
            folder,
        })
    }

    /// Where the programs work, and where what they read may lie.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts a program on its port. Not ready yet: see [`wait_for`](Self::wait_for).
    pub(super) fn start(
        &mut self,
        program: &Program,
        named: Option<&Path>,
        arguments: &[String],
        environment: &[(&str, String)],
    ) -> Result<(), Error> {
        let file = programs::find(program.name, named, "--local-gcp-program")?;
        let child = Command::new(file)
            .args(arguments)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            // Ctrl-C is for us; the programs are stopped in order.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|source| Error::io(format!("start {}", program.name), source))?;
        let pid = child.id();
        self.running.push((program.name, child));
        pid.map_or(Ok(()), |pid| self.watchdog.watch(pid))
    }

    /// Waits until `url` answers 200; an end of any program is an error before that.
    pub(super) async fn wait_for(
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
    pub(super) async fn any_ended(&mut self) -> Error {
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
    pub(super) async fn stop(mut self) -> Result<(), Error> {
        while let Some((name, mut child)) = self.running.pop() {
            let pid = child.id().map(|id| Pid::from_raw(id.cast_signed()));
            // Not waited for yet, so the number is still its own. An error means that it has just ended.
            let _ = pid.map(|pid| kill(pid, Signal::SIGTERM));
            if timeout(TO_END, child.wait()).await.is_err() {
                let killed = child.kill().await;
                killed.map_err(|source| Error::io(format!("stop {name}"), source))?;
            }
        }
        let path = self.folder.path().to_path_buf();
        drop(self.watchdog);
        let removed = self.folder.close();
        removed.map_err(|source| Error::io(format!("remove {}", path.display()), source))
    }
}
