//! The command line.

mod options;
mod overrides;

pub use options::{
    CheckArgs, DrillArgs, ListArgs, PinArgs, PruneArgs, RestoreArgs, RunArgs, ScratchArgs,
    ServeArgs, ShowArgs, SourceArgs, StatusArgs, UnpinArgs, VerifyArgs, Which,
};

use clap::{Args, Parser, Subcommand};
use nightshift_runtime::{Output, gcp, telemetry};
use std::path::PathBuf;

/// Backs up PostgreSQL to Cloud Storage, and proves that it restores.
#[derive(Debug, Parser)]
#[command(
    name = "backup",
    version,
    propagate_version = true,
    max_term_width = 100
)]
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
    /// Where backups are kept: `gs://BUCKET/PREFIX` or `file:///FOLDER`
    #[arg(long = "to", visible_alias = "in", global = true, value_name = "URL")]
    pub target: Option<String>,
    /// Form of the result
    #[arg(long, global = true, value_enum, default_value_t)]
    pub output: Output,
    /// Google Cloud.
    #[command(flatten)]
    pub gcp: gcp::Options,
    /// Logs.
    #[command(flatten)]
    pub telemetry: telemetry::Options,
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

    /// List the backups and what is known about each
    #[command(after_help = "\
Examples:
  backup list --in gs://acme-backups/shop
  backup list --config backup.toml --database shop --output json | jq -r '.backups[0].id'")]
    List(ListArgs),

    /// Show everything about one backup
    #[command(after_help = "\
Examples:
  backup show latest --in gs://acme-backups/shop
  backup show 20260630T02 --config backup.toml --output json | jq '.tables[].rows'")]
    Show(ShowArgs),

    /// Look whether a backup is whole, and record the result beside it
    #[command(after_help = "\
Examples:
  backup verify --in gs://acme-backups/shop
  backup verify 20260630T02 --config backup.toml --level restore --identity-file key.txt")]
    Verify(VerifyArgs),

    /// Put a backup back into a database
    #[command(after_help = "\
Examples:
  backup restore latest --in gs://acme-backups/shop --into postgres://postgres@db.internal/shop_copy --create
  backup restore 20260630T02 --config backup.toml --into postgres://db.internal/shop --table public.orders --into-used")]
    Restore(RestoreArgs),

    /// Restore the newest backup into a scratch database, compare every row, and record how long it took
    #[command(after_help = "\
Examples:
  backup drill --in gs://acme-backups/shop
  backup drill --config backup.toml --database shop --scratch postgres://drill@scratch.internal/postgres")]
    Drill(DrillArgs),

    /// Delete the backups that no rule keeps, and what dead runs have left
    #[command(after_help = "\
Examples:
  backup prune --config backup.toml --dry-run
  backup prune --config backup.toml --accept 20260630T020000Z-k3f9qx")]
    Prune(PruneArgs),

    /// Judge the backups against the objectives; ends with 1 when out of bounds
    #[command(after_help = "\
Examples:
  backup status --config backup.toml
  backup status --in gs://acme-backups/shop --rpo 26h --rto 1h --proven-within 8d")]
    Status(StatusArgs),

    /// Check configuration, target, database, rights and tools without making a backup
    #[command(after_help = "\
Examples:
  backup check --from postgres://backup@db.internal/shop --to gs://acme-backups/shop
  backup check --config backup.toml --offline")]
    Check(CheckArgs),

    /// Keep a backup whatever the retention policy says
    #[command(after_help = "\
Examples:
  backup pin 20260630T02 --config backup.toml --reason 'before the migration to 18'
  backup pin latest --in gs://acme-backups/shop --database shop --reason 'end of the fiscal year'")]
    Pin(PinArgs),

    /// Leave a pinned backup to the retention policy again
    #[command(after_help = "\
Examples:
  backup unpin 20260630T02 --config backup.toml
  backup unpin 20260630T020000Z-k3f9qx --in gs://acme-backups/shop")]
    Unpin(UnpinArgs),

    /// Wait for events, over HTTP or from a subscription, and do what they say
    #[command(after_help = "\
Examples:
  backup serve --config backup.toml --auth iam --audience https://backup-x.run.app --caller tick@acme.iam.gserviceaccount.com
  backup serve --config backup.toml --pull projects/acme/subscriptions/backup --deadline 4h

An event's data is one command: {\"command\":\"run\"}, {\"command\":\"prune\",\"dry_run\":true}, {\"command\":\"drill\",\"database\":\"shop\"},
{\"command\":\"status\"}. It is answered when the work is done: 200 done (read `outcome`), 400 never possible, 409 another is at
it, 503 try again later, 500 failed.")]
    Serve(ServeArgs),
}

#[cfg(test)]
mod tests;
