//! The process of a server: its signals and its end.

use crate::error::{Error, Result};
use nix::{
    sys::signal::{self, Signal},
    unistd::Pid,
};
use std::{
    io,
    process::{Child, ExitStatus},
    thread,
    time::{Duration, Instant},
};

/// How often a process is asked whether it is ready, or gone.
pub(crate) const POLL: Duration = Duration::from_millis(10);

/// How a server is asked to end.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shutdown {
    /// Cuts clients off and writes out what was committed.
    Fast,
    /// Ends at once, as if it had crashed. Not by `SIGKILL`: that would leave its children behind
    /// for a moment, and they hold on to the memory that the next start needs.
    Immediate,
}

/// The process of a server, ended when dropped.
#[derive(Debug)]
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn new(child: Child) -> Self {
        Self(child)
    }

    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// How it ended, if it did.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.0.try_wait().map_err(|source| self.error(source))
    }

    /// Asks it to end, and tells whether it did in time.
    pub(crate) fn end(&mut self, how: Shutdown, deadline: Duration) -> Result<bool> {
        let signal = match how {
            Shutdown::Fast => Signal::SIGINT,
            Shutdown::Immediate => Signal::SIGQUIT,
        };
        if self.ended()?.is_some() {
            return Ok(true);
        }
        // A child that was not waited for keeps its number, so this cannot hit anybody else.
        let pid = Pid::from_raw(self.id().cast_signed());
        signal::kill(pid, signal).map_err(|errno| self.error(errno.into()))?;
        let begun = Instant::now();
        while self.ended()?.is_none() {
            if begun.elapsed() > deadline {
                return Ok(false);
            }
            thread::sleep(POLL);
        }
        Ok(true)
    }

    fn error(&self, source: io::Error) -> Error {
        Error::Process {
            pid: self.id(),
            source,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Nothing is kept, so nothing needs to be written out. PostgreSQL itself grants its
        // processes five seconds for this.
        if !matches!(
            self.end(Shutdown::Immediate, Duration::from_secs(10)),
            Ok(true)
        ) {
            // Errors mean that it is gone already.
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
}
