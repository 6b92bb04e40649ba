//! The program itself, as people start it.

use crate::support::{Context as _, Result};
use std::{
    ffi::OsStr,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

/// A running `local-gcp`; killed with SIGKILL when dropped.
pub(crate) struct Program {
    child: Child,
    pub(crate) url: String,
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Program {
    /// On a port that the system chooses. Returns once it answers.
    pub(crate) fn start(arguments: impl IntoIterator<Item: AsRef<OsStr>>) -> Result<Self> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_local-gcp"))
            .args(["--port", "0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()?;
        let mut url = String::new();
        let stdout = child.stdout.take().context("no stdout")?;
        BufReader::new(stdout).read_line(&mut url)?;
        Ok(Self {
            child,
            url: url.trim().to_owned(),
        })
    }

    pub(crate) fn kill(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
