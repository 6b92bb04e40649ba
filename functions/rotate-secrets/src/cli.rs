//! The command line.

use clap::{Args, Parser, Subcommand};
use nightshift_runtime::{Output, config::HumanDuration, gcp, service, telemetry};
use std::path::PathBuf;

/// Rotates secrets of Secret Manager: makes a new value, proves it, publishes it, rolls the services that use it, retires
/// the old one.
#[derive(Debug, Parser)]
#[command(
    name = "rotate-secrets",
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
    /// Rotate a secret now, or go on with the rotation that is under way
    #[command(after_help = "\
Examples:
  rotate-secrets rotate db-password --config rotate.toml
  rotate-secrets rotate db-password --force     # outside its window, before its gap is over
  rotate-secrets rotate db-password --repair    # what is current is gone, or not accepted

Ends with 0 when the new value is published and in use, although the old one may stay good for
its grace; with 1 when the rotation went back, is blocked, or has to be tried again.")]
    Rotate(RotateArgs),

    /// Go on with what is under way, start what was put off, and look whether all is well
    #[command(after_help = "\
Examples:
  rotate-secrets tick --config rotate.toml      # every few minutes, by whatever schedule
  rotate-secrets tick db-password session-key --config rotate.toml

Ends with 0 when all is well, with 3 when some of the secrets are not, with 1 when none is.")]
    Tick(ManyArgs),

    /// Say what a rotation would do and what would be in its way, without doing it
    #[command(after_help = "\
Examples:
  rotate-secrets plan db-password --config rotate.toml
  rotate-secrets plan --output json | jq '.secrets[] | select(.obstacles > 0)'")]
    Plan(ManyArgs),

    /// Show phase, age, lease and last error of each secret; ends with 1 when somebody should look
    #[command(after_help = "\
Examples:
  rotate-secrets status --config rotate.toml
  rotate-secrets status db-password --output json | jq -r '.secrets[0].phase'")]
    Status(ManyArgs),

    /// Take a published rotation back while its old value is still good
    #[command(after_help = "\
Examples:
  rotate-secrets rollback db-password --config rotate.toml
  rotate-secrets rollback projects/shop/secrets/db-password --output json")]
    Rollback(OneArgs),

    /// End the rotation that is under way, however far it is; readers get the old value
    #[command(after_help = "\
Examples:
  rotate-secrets abort db-password --config rotate.toml
  rotate-secrets abort projects/shop/secrets/db-password --output json")]
    Abort(OneArgs),

    /// Freeze a secret: nothing of it is touched until `resume`
    #[command(after_help = "\
Examples:
  rotate-secrets pause db-password --config rotate.toml
  rotate-secrets pause projects/shop/secrets/db-password --output json")]
    Pause(OneArgs),

    /// Let a frozen secret be rotated again
    #[command(after_help = "\
Examples:
  rotate-secrets resume db-password --config rotate.toml
  rotate-secrets resume projects/shop/secrets/db-password --output json")]
    Resume(OneArgs),

    /// Look for whatever would keep a rotation from succeeding: rights, target, readers, consumers
    #[command(after_help = "\
Examples:
  rotate-secrets check --config rotate.toml
  rotate-secrets check --config rotate.toml --offline    # only the configuration")]
    Check(CheckArgs),

    /// Take secrets under management, not rotating them: what the target accepts becomes `current`
    #[command(after_help = "\
Examples:
  rotate-secrets adopt --config rotate.toml
  rotate-secrets adopt db-password --config rotate.toml")]
    Adopt(ManyArgs),

    /// Wait for events, over HTTP or from a subscription, and do what they ask for
    #[command(after_help = "\
Examples:
  rotate-secrets serve --config rotate.toml --auth iam \\
    --audience https://rotate-x.run.app --caller push@shop.iam.gserviceaccount.com
  rotate-secrets serve --config rotate.toml --pull projects/shop/subscriptions/rotate

An event is Secret Manager's SECRET_ROTATE of a secret in the configuration (its other events are
acknowledged and ignored), a call of Cloud Scheduler (the tick), or a command:
{\"command\":\"rotate\",\"secret\":\"db-password\"}, {\"command\":\"tick\"}, {\"command\":\"status\"},
abort, rollback, adopt. It is answered when the work is done: 200 and 204 done or nothing to do,
400 never possible, 409 another is at it, 503 not finished, send it again, 500 failed.")]
    Serve(service::Options),
}

/// Options of `rotate`.
#[derive(Debug, Args)]
pub struct RotateArgs {
    /// Name in the configuration, id, or full name of the secret
    #[arg(value_name = "SECRET")]
    pub secret: String,
    /// Disregard windows, the minimum gap, the group's distance and the back-off
    #[arg(long)]
    pub force: bool,
    /// Give the target a new value although it accepts neither of those we know
    #[arg(long)]
    pub repair: bool,
    /// Time to work before the rest is left to the tick
    #[arg(long, value_name = "TIME", default_value = "9m")]
    pub deadline: HumanDuration,
}

/// Options of commands for one secret.
#[derive(Debug, Args)]
pub struct OneArgs {
    /// Name in the configuration, id, or full name of the secret
    #[arg(value_name = "SECRET")]
    pub secret: String,
}

/// Options of commands for any number of secrets.
#[derive(Debug, Args)]
pub struct ManyArgs {
    /// Names in the configuration, ids, or full names of secrets [default: all]
    #[arg(value_name = "SECRET")]
    pub secrets: Vec<String>,
}

/// Options of `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Names in the configuration, ids, or full names of secrets [default: all]
    #[arg(value_name = "SECRET")]
    pub secrets: Vec<String>,
    /// Look at the configuration only
    #[arg(long)]
    pub offline: bool,
}
