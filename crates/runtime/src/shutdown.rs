//! Ending on request: `SIGTERM` from Cloud Run, Ctrl-C from a person.

use std::{io, sync::Arc};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};
use tracing::warn;

/// The code a shell expects of a process that `SIGINT` ended: 128 + 2.
const ENDED_BY_SIGINT: i32 = 130;

/// Whether the process has been asked to end; clones share the answer.
///
/// Once requested, it stays requested. Nothing is ended by force: work looks here between two of its steps. Cloud Run
/// allows ten seconds between `SIGTERM` and `SIGKILL`.
#[derive(Debug, Clone)]
pub struct Shutdown(Arc<watch::Sender<bool>>);

impl Default for Shutdown {
    fn default() -> Self {
        Self::new()
    }
}

impl Shutdown {
    /// One that only [`request`](Self::request) turns.
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    /// One that turns when `SIGTERM` or `SIGINT` arrives. A second `SIGINT` ends the process at once, with code 130.
    ///
    /// Must be called within a tokio runtime that has I/O enabled; it panics without.
    pub fn on_signals() -> io::Result<Self> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let shutdown = Self::new();
        let asked = shutdown.clone();
        tokio::spawn(async move {
            let mut interrupted = false;
            loop {
                tokio::select! {
                    _ = terminate.recv() => warn!(signal = "SIGTERM", "ending as soon as the work allows"),
                    _ = interrupt.recv() => {
                        if interrupted {
                            std::process::exit(ENDED_BY_SIGINT);
                        }
                        interrupted = true;
                        warn!(signal = "SIGINT", "ending as soon as the work allows; Ctrl-C again ends at once");
                    }
                }
                asked.request();
            }
        });
        Ok(shutdown)
    }

    /// Asks for the end.
    pub fn request(&self) {
        self.0.send_replace(true);
    }

    /// Whether the end has been asked for. Cheap, and callable from any thread.
    pub fn requested(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns once the end has been asked for.
    pub async fn wait(&self) {
        // An error would mean that the sender is gone, and `self` holds it.
        let _ = self.0.subscribe().wait_for(|requested| *requested).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::{sys::signal::Signal, unistd::Pid};
    use std::{
        io::{BufRead, BufReader},
        process::{Command, Stdio},
        time::Duration,
    };

    #[tokio::test]
    async fn a_request_reaches_every_clone_at_once_and_for_ever() {
        let shutdown = Shutdown::new();
        let waiting = tokio::spawn({
            let shutdown = shutdown.clone();
            async move { shutdown.wait().await }
        });
        assert!(!shutdown.requested());

        shutdown.clone().request();
        waiting.await.unwrap();
        assert!(shutdown.requested());
        shutdown.wait().await;
        std::thread::spawn(move || assert!(shutdown.requested()))
            .join()
            .unwrap();
    }

    #[tokio::test]
    #[ignore = "the process that the signal tests start"]
    async fn wait_for_signals_in_a_child_process() {
        let shutdown = Shutdown::on_signals().unwrap();
        println!("ready");
        shutdown.wait().await;
        println!("asked to end");
        // Held until a second signal or the end of the parent's patience.
        tokio::time::sleep(Duration::from_mins(1)).await;
    }

    /// Starts this test binary as a child that waits for signals, sends them one by one, each after the child has said
    /// a line, and returns the child's exit code.
    fn exit_code_after(signals: &[Signal]) -> Option<i32> {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "shutdown::tests::wait_for_signals_in_a_child_process",
                "--ignored",
                "--nocapture",
            ])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        for (signal, awaited) in signals.iter().zip(["ready", "asked to end"]) {
            assert!(
                lines.any(|line| line.unwrap().ends_with(awaited)),
                "the child ended before it said {awaited:?}"
            );
            nix::sys::signal::kill(pid, *signal).unwrap();
        }
        if signals.len() == 1 {
            assert!(
                lines.any(|line| line.unwrap() == "asked to end"),
                "the signal did not ask for the end"
            );
            child.kill().unwrap();
        }
        child.wait().unwrap().code()
    }

    #[test]
    fn sigterm_asks_for_the_end_without_forcing_it() {
        assert_eq!(exit_code_after(&[Signal::SIGTERM]), None);
    }

    #[test]
    fn sigint_asks_for_the_end_without_forcing_it() {
        assert_eq!(exit_code_after(&[Signal::SIGINT]), None);
    }

    #[test]
    fn a_second_sigint_ends_the_process_at_once_with_code_130() {
        assert_eq!(
            exit_code_after(&[Signal::SIGINT, Signal::SIGINT]),
            Some(130)
        );
    }
}
