//! Everything that can go wrong, each with what to do about it.

mod wording;

use crate::{
    backup_id::BackupId,
    manifest::ManifestError,
    pg_tools::ToolError,
    preflight::PreflightError,
    retention::PolicyError,
    source::{params::ParamsError, session::ConnectError, wire::WireError},
    store::{BadTarget, StoreError},
};
use nightshift_runtime::{
    ExitStatus, auth::AuthError, config::ConfigError, gcp::GcpError, pubsub::PullError,
    serve::ServeError,
};
use std::io;
use tokio_postgres::error::SqlState;

/// Why a command did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The command line and the configuration do not fit together.
    #[error("{0}")]
    Usage(String),
    /// The configuration cannot be read.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The connection parameters.
    #[error(transparent)]
    Params(#[from] ParamsError),
    /// The target's name.
    #[error(transparent)]
    Target(#[from] BadTarget),
    /// The retention policy.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// No session with the database.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The database refused a statement.
    #[error("{doing}")]
    Database {
        /// What was being done.
        doing: String,
        /// Why it failed.
        #[source]
        source: tokio_postgres::Error,
    },
    /// A reading session failed.
    #[error("{doing}")]
    Wire {
        /// What was being done.
        doing: String,
        /// Why it failed.
        #[source]
        source: WireError,
    },
    /// Something is missing before the first byte is read.
    #[error(transparent)]
    Preflight(#[from] PreflightError),
    /// Tables were truncated or rewritten in every attempt.
    #[error(
        "no snapshot holds still: in each of {tries} attempts tables were truncated, rewritten or dropped between the \
         snapshot and its locks (last: {tables})"
    )]
    NeverStill {
        /// How often it was tried.
        tries: u32,
        /// The tables of the last attempt.
        tables: String,
    },
    /// The session that holds the snapshot is gone.
    #[error("the session that holds the snapshot was lost: {0}")]
    SnapshotLost(String),
    /// The task that leads the run has failed.
    #[error("task 0, which makes the backup out of what this one read, failed: {0}")]
    LeaderFailed(String),
    /// Somebody waits for a lock that the backup holds, and the configuration says to give way.
    #[error("gave way: {0} waits for a lock that the backup holds, and on_blocked_ddl is `abort`")]
    GaveWay(String),
    /// The server counted other rows than arrived.
    #[error("{table}: the server sent {counted} rows and says it sent {said}")]
    RowsMissing {
        /// The table.
        table: String,
        /// What arrived.
        counted: u64,
        /// What the server said.
        said: u64,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A manifest that cannot be trusted.
    #[error("backup {id}")]
    Manifest {
        /// Whose.
        id: BackupId,
        /// What is wrong.
        #[source]
        source: ManifestError,
    },
    /// There is no such backup.
    #[error("there is no backup {id} in {target}")]
    NoSuchBackup {
        /// What was asked for.
        id: String,
        /// Where.
        target: String,
    },
    /// There is no backup at all.
    #[error("there is no complete backup in {0}")]
    NoBackup(String),
    /// `pg_dump`, `pg_restore` or a local server.
    #[error(transparent)]
    Tool(#[from] ToolError),
    /// Another run holds the lease.
    #[error(
        "another run ({holder}) has been at work on {target} since {since:.0}, and holds its lease until {until:.0}"
    )]
    Busy {
        /// The run.
        holder: String,
        /// Where.
        target: String,
        /// Since when.
        since: jiff::Timestamp,
        /// When its lease ends unless it renews it.
        until: jiff::Timestamp,
    },
    /// The lease was taken over: we were too slow to be trusted.
    #[error(
        "the lease was taken over by another run, or was not renewed for too long: this one stopped before it could do harm"
    )]
    LeaseLost,
    /// `pg_restore` complained.
    #[error("restore {what}: {errors}")]
    RestoreErrors {
        /// Which part.
        what: String,
        /// Its complaints.
        errors: String,
    },
    /// A restore was stopped: the database is half full.
    #[error("stopped on request; the database is only partly restored: drop it before it is used")]
    RestoreStopped,
    /// A prune was stopped: nothing is half deleted that the next one does not finish.
    #[error("stopped on request; the next prune goes on where this one ended")]
    PruneStopped,
    /// Backups that the policy would delete are kept until somebody has looked.
    #[error("pruned nothing of {0}")]
    PruneBlocked(String),
    /// The restored rows are not those of the backup.
    #[error("{0}")]
    Mismatch(String),
    /// The backup was made, but older ones are kept and pruning is off until somebody looks.
    #[error("backup {id} is suspicious: {why}")]
    Suspicious {
        /// The backup.
        id: BackupId,
        /// The reasons.
        why: String,
    },
    /// A proof failed.
    #[error("backup {id} is wrong: {why}")]
    Refuted {
        /// The backup.
        id: BackupId,
        /// What was found.
        why: String,
    },
    /// The objectives are not met.
    #[error("{problems}")]
    OutOfBounds {
        /// Which, and of which database.
        problems: String,
        /// What to do about the first.
        next: &'static str,
    },
    /// `check` found something that would make a backup fail.
    #[error("a backup would fail: {0} not as it must be")]
    NotReady(String),
    /// Our own files or pipes.
    #[error("{doing}")]
    Io {
        /// What was being done.
        doing: String,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// An event's backup was made when the event came before.
    #[error("backup {0} was made for this very event, which has come again")]
    MadeBefore(BackupId),
    /// Callers are not told apart.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// Events cannot be taken over HTTP.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// Events cannot be pulled.
    #[error(transparent)]
    Pull(#[from] PullError),
    /// SIGTERM or SIGINT.
    #[error("stopped on request; nothing was published")]
    Stopped,
}

impl Error {
    /// A statement failed.
    pub fn database(doing: impl Into<String>) -> impl FnOnce(tokio_postgres::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Database { doing, source }
    }

    /// Our own files or pipes failed.
    pub fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Io { doing, source }
    }

    /// What the process ends with.
    pub fn exit(&self) -> ExitStatus {
        match self {
            Self::Usage(_)
            | Self::Config(_)
            | Self::Params(_)
            | Self::Target(_)
            | Self::Policy(_)
            | Self::Auth(_)
            | Self::Store(StoreError::Google(GcpError::UnsafeEndpoint { .. })) => ExitStatus::Usage,
            _ => ExitStatus::Failed,
        }
    }

    /// SQLSTATE, when it was the database that failed.
    pub fn sqlstate(&self) -> Option<&str> {
        match self {
            Self::Database { source, .. } => source.code().map(SqlState::code),
            Self::Connect(ConnectError::Refused { source, .. }) => {
                source.code().map(SqlState::code)
            }
            Self::Wire { source, .. } => source.code(),
            _ => None,
        }
    }

    /// Whether the backup itself is to blame, not the place where it was looked at.
    pub fn blames_the_backup(&self) -> bool {
        match self {
            Self::Store(StoreError::NotFound(_) | StoreError::Damaged { .. })
            | Self::Manifest { .. }
            | Self::Mismatch(_)
            | Self::RowsMissing { .. }
            | Self::RestoreErrors { .. } => true,
            Self::Io { source, .. } => {
                matches!(
                    source.kind(),
                    io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
                )
            }
            // The server refused rows or a statement of the backup, and not because it was out of room or went away.
            Self::Database { .. } => self.sqlstate().is_some_and(|code| {
                !["53", "57", "58", "08"]
                    .iter()
                    .any(|class| code.starts_with(class))
            }),
            _ => false,
        }
    }
}
