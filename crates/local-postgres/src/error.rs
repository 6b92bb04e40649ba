//! What can go wrong between "I want a server" and a query's answer.

use std::{io, path::PathBuf, process::ExitStatus, time::Duration};

/// Why a server could not be found, made, started, asked or stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No folder that was looked in holds the wanted server.
    #[error("no {wanted}; looked in {looked}; found {found}; {hint}")]
    NotInstalled {
        /// For example `PostgreSQL 15`.
        wanted: String,
        /// Every folder that was tried, for people.
        looked: String,
        /// The servers that were found instead, for people.
        found: String,
        /// How to install it.
        hint: String,
    },

    /// A folder was named that holds no server, or one whose version is not understood.
    #[error("{path} is no bin folder of a PostgreSQL server: found {found}")]
    NotABinFolder {
        /// The folder that was named.
        path: PathBuf,
        /// What was there instead.
        found: String,
    },

    /// A file or folder could not be read, written or changed.
    #[error("cannot {doing} {path}")]
    File {
        /// The attempt, as a verb: `create`, `read`, …
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },

    /// A program could not be started at all.
    #[error("cannot run {program}")]
    Spawn {
        /// The path of the program.
        program: PathBuf,
        /// Why it failed.
        source: io::Error,
    },

    /// A program ran and said no.
    #[error("{program} failed ({status}): {stderr}")]
    Program {
        /// The name of the program, such as `psql`.
        program: String,
        /// How it ended.
        status: ExitStatus,
        /// What it wrote to standard error.
        stderr: String,
    },

    /// The server ended while it was starting.
    #[error("PostgreSQL {version} ended while starting ({status}); the end of its log:\n{log}")]
    EndedWhileStarting {
        /// The server's version.
        version: String,
        /// How it ended.
        status: ExitStatus,
        /// The last lines of the server's log.
        log: String,
    },

    /// The server did not get where it should be in time.
    #[error("PostgreSQL {version} was not {wanted} after {waited:?}; the end of its log:\n{log}")]
    Late {
        /// The server's version.
        version: String,
        /// What was waited for: `ready` or `stopped`.
        wanted: &'static str,
        /// For how long.
        waited: Duration,
        /// The last lines of the server's log.
        log: String,
    },

    /// A query did not become true in time.
    #[error("still not true after {waited:?}: {query}; the end of the server's log:\n{log}")]
    Unanswered {
        /// The query.
        query: String,
        /// For how long it was asked.
        waited: Duration,
        /// The last lines of the server's log.
        log: String,
    },

    /// We are root, and the account that the server must run under cannot use something.
    #[error(
        "PostgreSQL refuses to run as root, and the user `{account}` it would run as cannot reach \
         {path}: {obstacle} does not let other users pass"
    )]
    Unreachable {
        /// The account the server would run as.
        account: String,
        /// What it must reach.
        path: PathBuf,
        /// The folder that is in the way.
        obstacle: PathBuf,
    },

    /// We are root, and there is no other account to run the server as.
    #[error(
        "PostgreSQL refuses to run as root, and this machine has neither a user `postgres` nor \
         `nobody` to run it as; create one with `useradd --system postgres`"
    )]
    NoAccount,

    /// The server's process could not be signalled or waited for.
    #[error("cannot control the PostgreSQL server with process id {pid}")]
    Process {
        /// The server's process id.
        pid: u32,
        /// Why.
        source: io::Error,
    },

    /// What was asked needs a server that runs.
    #[error("the PostgreSQL server is stopped; call `start_again` first")]
    Stopped,
}

/// Shorthand for results of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Names the file that an [`io::Error`] is about.
pub(crate) trait About<T> {
    fn about(self, doing: &'static str, path: impl Into<PathBuf>) -> Result<T>;
}

impl<T> About<T> for io::Result<T> {
    fn about(self, doing: &'static str, path: impl Into<PathBuf>) -> Result<T> {
        self.map_err(|source| Error::File {
            doing,
            path: path.into(),
            source,
        })
    }
}
