//! Programs that run as our children, and end when we are asked to.

use crate::Error;
use nightshift_runtime::Shutdown;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    future::Future,
    pin::pin,
    process::{Output, Stdio},
    time::Duration,
};
use tokio::{
    io::AsyncWriteExt,
    process::{Child, Command},
    time::timeout,
};

/// How long a child may take to end after `SIGTERM`: `backup` promises eight seconds.
const TO_END: Duration = Duration::from_secs(9);

/// How much later than a child's failure the signal that caused it may reach us: Ctrl-C goes to both.
const SAME_MOMENT: Duration = Duration::from_millis(200);

/// Starts children, and stops them when the demo is to end.
#[derive(Debug)]
pub(super) struct Children {
    shutdown: Shutdown,
}

impl Children {
    pub(super) fn new(shutdown: &Shutdown) -> Self {
        Self {
            shutdown: shutdown.clone(),
        }
    }

    /// Runs a command to its end. `shown` is how errors call it.
    pub(super) async fn run(&self, command: &mut Command, shown: &str) -> Result<Output, Error> {
        let child = start(command.stdin(Stdio::null()), shown)?;
        self.end_of(child, shown, async {}).await
    }

    /// Runs a command to its end with this text as its standard input.
    pub(super) async fn feed(
        &self,
        command: &mut Command,
        shown: &str,
        text: &str,
    ) -> Result<Output, Error> {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = start(command.stdin(Stdio::piped()), shown)?;
        let stdin = child.stdin.take();
        let feed = async {
            if let Some(mut stdin) = stdin {
                // A program that ends early breaks the pipe; what it wrote to stderr says why.
                let _ = stdin.write_all(text.as_bytes()).await;
            }
        };
        self.end_of(child, shown, feed).await
    }

    /// Runs `from | to` to the end of both; unlike a shell's, this pipe forgets no exit status.
    pub(super) async fn pipe(
        &self,
        from: &mut Command,
        to: &mut Command,
        shown: &str,
    ) -> Result<[Output; 2], Error> {
        let io = |source| Error::io(format!("start `{shown}`"), source);
        from.stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut first = start(from, shown)?;
        if let Some(stdout) = first.stdout.take() {
            to.stdin(TryInto::<Stdio>::try_into(stdout).map_err(io)?);
        }
        let second = start(to.stderr(Stdio::piped()), shown)?;
        // The command keeps its copy of the pipe, and would keep a writer waiting whose reader has died.
        to.stdin(Stdio::null());
        let (first, second) = tokio::join!(
            self.end_of(first, shown, async {}),
            self.end_of(second, shown, async {})
        );
        Ok([first?, second?])
    }

    /// Waits for the end of a child, or ends it when the demo is to end.
    async fn end_of(
        &self,
        child: Child,
        shown: &str,
        meanwhile: impl Future<Output = ()>,
    ) -> Result<Output, Error> {
        let pid = child.id().map(|id| Pid::from_raw(id.cast_signed()));
        let mut ending = pin!(async { tokio::join!(child.wait_with_output(), meanwhile).0 });
        tokio::select! {
            output = &mut ending => {
                output.map_err(|source| Error::io(format!("wait for `{shown}`"), source))
            }
            () = self.shutdown.wait() => {
                // Not waited for yet, so the number is still its own. An error means that it has just ended.
                let _ = pid.map(|pid| kill(pid, Signal::SIGTERM));
                // One that does not heed the signal is killed by being dropped.
                let _ = timeout(TO_END, ending).await;
                Err(Error::Interrupted)
            }
        }
    }

    /// What `error` really was: a child that fails because of Ctrl-C does so before we know of it.
    pub(super) async fn or_interrupted(&self, error: Error) -> Error {
        match timeout(SAME_MOMENT, self.shutdown.wait()).await {
            Ok(()) => Error::Interrupted,
            Err(_) => error,
        }
    }
}

fn start(command: &mut Command, shown: &str) -> Result<Child, Error> {
    command
        .kill_on_drop(true)
        .spawn()
        .map_err(|source| Error::io(format!("start `{shown}`"), source))
}

/// Makes an error of any exit status but zero.
pub(super) fn succeeded(output: Output, shown: &str) -> Result<Output, Error> {
    if output.status.success() {
        return Ok(output);
    }
    Err(Error::Command {
        command: shown.to_owned(),
        status: output.status,
        said: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}
