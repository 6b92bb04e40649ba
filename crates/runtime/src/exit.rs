//! The one table of exit codes.

use std::process::{ExitCode, Termination};

/// How a run ended, as the shell, Cloud Run and a pipeline see it.
///
/// The numbers are part of the command line's contract: scripts branch on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// Everything asked for is done, or there was nothing to do.
    Done = 0,
    /// The operation failed; nothing of it may be relied upon.
    Failed = 1,
    /// The command line or the configuration is wrong; nothing was tried.
    Usage = 2,
    /// Some targets are done and some are not; the report says which.
    Partial = 3,
    /// `plan --exit-code` found changes that `apply` would make.
    Pending = 4,
}

impl ExitStatus {
    /// The number the process ends with.
    pub fn code(self) -> u8 {
        self as u8
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status.code())
    }
}

impl Termination for ExitStatus {
    fn report(self) -> ExitCode {
        self.into()
    }
}
