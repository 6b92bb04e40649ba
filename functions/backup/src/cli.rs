//! The command line.

use crate::engine::OnBlockedDdl;
use clap::{Args, Parser, Subcommand};
use nightshift_runtime::{Output, telemetry};
use std::path::PathBuf;

/// Backs up PostgreSQL to Cloud Storage, and proves that it restores.
#[derive(Debug, Parser)]
#[command(name = "backup", version, propagate_version = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
}

/// Options of every command.
#[derive(Debug, Args)]
pub struct Global {
    /// Configuration file, TOML or JSON [default: $NIGHTSHIFT_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where backups are kept: gs://BUCKET/PREFIX or file:///FOLDER
    #[arg(long = "to", visible_alias = "in", global = true, value_name = "URL")]
    pub target: Option<String>,
    /// Form of the result
    #[arg(long, global = true, value_enum, default_value_t)]
    pub output: Output,
    /// Logs.
    #[command(flatten)]
    pub telemetry: telemetry::Options,
}

/// The database to read.
#[derive(Debug, Args)]
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

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a backup
    #[command(after_help = "\
Examples:
  backup run --from postgres://backup@db.internal/shop --to gs://acme-backups/shop
  PGHOST=/cloudsql/acme:europe-west1:main PGDATABASE=shop backup run --config backup.toml --workers 4")]
    Run(RunArgs),
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
    /// age recipient that can read the backup; may be given again
    #[arg(long = "recipient", value_name = "age1…")]
    pub recipients: Vec<String>,
}
