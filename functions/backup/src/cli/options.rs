//! The options of each command.

use crate::{engine::OnBlockedDdl, repository::Level, selector::Selector};
use clap::Args;
use nightshift_runtime::{config::HumanDuration, service};
use std::path::PathBuf;

/// The database to read.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Database")]
pub struct SourceArgs {
    /// Database to read: a URL or key=value pairs without a password [default: $PGHOST, $PGDATABASE, …]
    #[arg(long, value_name = "URL")]
    pub from: Option<String>,
    /// File that holds the password, such as a mounted secret
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Folder with pg_dump and pg_restore of the server's major version
    #[arg(long, value_name = "FOLDER")]
    pub pg_bin_dir: Option<PathBuf>,
}

/// Options of `run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The database.
    #[command(flatten)]
    pub source: SourceArgs,
    /// Reading sessions
    #[arg(long, value_name = "N")]
    pub workers: Option<usize>,
    /// zstd level, 1 to 19
    #[arg(long, value_name = "LEVEL")]
    pub compression_level: Option<i32>,
    /// When somebody waits for an exclusive lock behind the backup
    #[arg(long, value_enum, value_name = "WHAT")]
    pub on_blocked_ddl: Option<OnBlockedDdl>,
    /// How long one attempt may wait for its locks, such as 60s
    #[arg(long, value_name = "DURATION")]
    pub lock_timeout: Option<HumanDuration>,
    /// Table, as schema.name, to leave out when it cannot be read; may be given again
    #[arg(long = "skip-unreadable", value_name = "S.T")]
    pub skip_unreadable: Vec<String>,
    /// age recipient that can read the backup; may be given again
    #[arg(long = "recipient", value_name = "age1…")]
    pub recipients: Vec<String>,
    /// Leave roles and tablespaces out
    #[arg(long)]
    pub no_globals: bool,
}

/// Options of `list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only the backups of this database
    #[arg(long, value_name = "NAME")]
    pub database: Option<String>,
}

/// Options of `show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// Which backup.
    #[command(flatten)]
    pub which: Which,
}

/// The backup a command is about.
#[derive(Debug, Args)]
pub struct Which {
    /// Backup: `latest`, an id, or the beginning of one
    #[arg(value_name = "ID")]
    pub id: Selector,
    /// Database whose latest backup is meant
    #[arg(long, value_name = "NAME")]
    pub database: Option<String>,
}

/// Where a restore is tried.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Restore")]
pub struct ScratchArgs {
    /// Server to make a scratch database on [default: a throw-away server on this machine]
    #[arg(long, value_name = "URL")]
    pub scratch: Option<String>,
    /// File with the password of the scratch server
    #[arg(long, value_name = "FILE", requires = "scratch")]
    pub scratch_password_file: Option<PathBuf>,
    /// File with the age identity that opens encrypted backups
    #[arg(long, value_name = "FILE")]
    pub identity_file: Option<PathBuf>,
    /// Folder with pg_restore of the backup's major version, and initdb for a throw-away server
    #[arg(long, value_name = "FOLDER")]
    pub pg_bin_dir: Option<PathBuf>,
    /// Loads and index builds that run side by side
    #[arg(long, value_name = "N")]
    pub jobs: Option<usize>,
}

/// Options of `verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Backup: `latest`, an id, or the beginning of one
    #[arg(value_name = "ID", default_value = "latest")]
    pub id: Selector,
    /// Database whose latest backup is meant
    #[arg(long, value_name = "NAME")]
    pub database: Option<String>,
    /// How thoroughly
    // The log level's id is `level` too.
    #[arg(
        id = "proof_level",
        long = "level",
        value_name = "LEVEL",
        value_enum,
        default_value = "bytes"
    )]
    pub level: Level,
    /// Where a restore is tried.
    #[command(flatten)]
    pub scratch: ScratchArgs,
}

/// Options of `drill`.
#[derive(Debug, Args)]
pub struct DrillArgs {
    /// Database whose newest backup is restored
    #[arg(long, value_name = "NAME")]
    pub database: Option<String>,
    /// Where it is restored.
    #[command(flatten)]
    pub scratch: ScratchArgs,
}

/// Options of `restore`.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// Which backup.
    #[command(flatten)]
    pub which: Which,
    /// Database to fill: a URL or key=value pairs without a password
    #[arg(long, value_name = "URL")]
    pub into: String,
    /// File with the password of that database's role
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Make the database first
    #[arg(long)]
    pub create: bool,
    /// Restore although the database holds tables already
    #[arg(long, conflicts_with = "create")]
    pub into_used: bool,
    /// Only this table, as schema.name; may be given again
    #[arg(long = "table", value_name = "S.T")]
    pub tables: Vec<String>,
    /// Only this schema; may be given again
    #[arg(long = "schema", value_name = "S")]
    pub schemas: Vec<String>,
    /// Leave owners and rights as they come
    #[arg(long)]
    pub no_owner: bool,
    /// Role that makes, and so owns, everything
    #[arg(long, value_name = "ROLE", requires = "no_owner")]
    pub role: Option<String>,
    /// Loads and index builds that run side by side
    #[arg(long, value_name = "N")]
    pub jobs: Option<usize>,
    /// Do not gather statistics at the end
    #[arg(long)]
    pub no_analyze: bool,
    /// Do not compare the restored rows with the backup
    #[arg(long)]
    pub no_compare: bool,
    /// File with the age identity that opens encrypted backups
    #[arg(long, value_name = "FILE")]
    pub identity_file: Option<PathBuf>,
    /// Folder with pg_restore of the backup's major version or a newer one
    #[arg(long, value_name = "FOLDER")]
    pub pg_bin_dir: Option<PathBuf>,
}

/// Options of `prune`.
#[derive(Debug, Args)]
pub struct PruneArgs {
    /// Only say what would be deleted, and why each of the others is kept
    #[arg(long)]
    pub dry_run: bool,
    /// Suspicious backup that was looked at and is right; may be given again
    #[arg(long = "accept", value_name = "ID")]
    pub accept: Vec<Selector>,
}

/// Options of `status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Only this database
    #[arg(long, value_name = "NAME")]
    pub database: Option<String>,
    /// How old the newest good backup may be, such as 26h
    #[arg(long, value_name = "DURATION")]
    pub rpo: Option<HumanDuration>,
    /// How long a restore may take, such as 1h
    #[arg(long, value_name = "DURATION")]
    pub rto: Option<HumanDuration>,
    /// How long ago a restore may have been proven last, such as 8d
    #[arg(long, value_name = "DURATION")]
    pub proven_within: Option<HumanDuration>,
}

/// Options of `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The database.
    #[command(flatten)]
    pub source: SourceArgs,
    /// Only the configuration: reach neither target nor database
    #[arg(long)]
    pub offline: bool,
}

/// Options of `pin`.
#[derive(Debug, Args)]
pub struct PinArgs {
    /// Which backup.
    #[command(flatten)]
    pub which: Which,
    /// Why, for whoever wonders later
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// Options of `serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// The database.
    #[command(flatten)]
    pub source: SourceArgs,
    /// Server that drills make a scratch database on [default: a throw-away server on this machine]
    #[arg(long, value_name = "URL", help_heading = "Restore")]
    pub scratch: Option<String>,
    /// File with the password of the scratch server
    #[arg(
        long,
        value_name = "FILE",
        requires = "scratch",
        help_heading = "Restore"
    )]
    pub scratch_password_file: Option<PathBuf>,
    /// How events are taken.
    #[command(flatten)]
    pub service: service::Options,
}

impl ServeArgs {
    /// Where drills restore to.
    pub fn scratch(&self) -> ScratchArgs {
        ScratchArgs {
            scratch: self.scratch.clone(),
            scratch_password_file: self.scratch_password_file.clone(),
            ..ScratchArgs::default()
        }
    }
}

/// Options of `unpin`.
#[derive(Debug, Args)]
pub struct UnpinArgs {
    /// Which backup.
    #[command(flatten)]
    pub which: Which,
}
