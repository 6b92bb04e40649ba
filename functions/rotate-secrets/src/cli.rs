//! The command line.

mod refusal;

pub use refusal::one_line;

use crate::config::is_resource;
use clap::{Args, Parser, Subcommand};
use nightshift_runtime::{Output, auth, config::HumanDuration, gcp, serve, telemetry};
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
  rotate-secrets rotate projects/shop/secrets/db-password --force   # outside the window, before the gap is over
  rotate-secrets rotate db-password --repair                        # the current version is gone or not accepted

Ends with 0 when the new value is published and in use, although the old one may stay good for its grace; with 1 when the
rotation went back, is blocked, or has to be tried again.")]
    Rotate(RotateArgs),

    /// Go on with what is under way, start what was put off, and look whether all is well
    #[command(after_help = "\
Examples:
  rotate-secrets tick --config rotate.toml
  rotate-secrets tick db-password session-key")]
    Tick(ManyArgs),

    /// Say what a rotation would do, without doing it
    #[command(after_help = "\
Examples:
  rotate-secrets plan db-password --config rotate.toml
  rotate-secrets plan --output json | jq '.secrets[] | select(.obstacles > 0)'")]
    Plan(ManyArgs),

    /// Show phase, age, lease and last error of each secret; ends with 1 when one is too old, blocked or frozen in between
    #[command(after_help = "\
Examples:
  rotate-secrets status --config rotate.toml
  rotate-secrets status db-password --output json | jq -r '.secrets[0].phase'")]
    Status(ManyArgs),

    /// Take a published rotation back while its old value is still good
    #[command(after_help = "\
Examples:
  rotate-secrets rollback db-password --config rotate.toml")]
    Rollback(OneArgs),

    /// End a rotation that is not published yet
    #[command(after_help = "\
Examples:
  rotate-secrets abort db-password --config rotate.toml")]
    Abort(OneArgs),

    /// Freeze a secret: nothing of it is touched until `resume`
    #[command(after_help = "\
Examples:
  rotate-secrets pause db-password --config rotate.toml")]
    Pause(OneArgs),

    /// Let a frozen secret be rotated again
    #[command(after_help = "\
Examples:
  rotate-secrets resume db-password --config rotate.toml")]
    Resume(OneArgs),

    /// Look for whatever would keep a rotation from succeeding: configuration, rights, target, readers, consumers
    #[command(after_help = "\
Examples:
  rotate-secrets check --config rotate.toml
  rotate-secrets check --config rotate.toml --offline   # only the configuration")]
    Check(CheckArgs),

    /// Take secrets under management without rotating them: what the target accepts becomes `current`
    #[command(after_help = "\
Examples:
  rotate-secrets adopt db-password --config rotate.toml")]
    Adopt(ManyArgs),

    /// Wait for events, over HTTP or from a subscription: Secret Manager's, Cloud Scheduler's tick, or a command
    #[command(after_help = "\
Examples:
  rotate-secrets serve --config rotate.toml --auth iam --audience https://rotate-x.run.app \\
    --caller push@shop.iam.gserviceaccount.com
  rotate-secrets serve --config rotate.toml --pull projects/shop/subscriptions/rotate

An event is one of: Secret Manager's SECRET_ROTATE of a secret in the configuration (its other events are acknowledged and
ignored), a call of Cloud Scheduler (the tick), or a command: {\"command\":\"rotate\",\"secret\":\"db-password\"},
{\"command\":\"tick\"}, {\"command\":\"status\"}, abort, rollback, adopt. Answers: 200 and 204 done or nothing to do, 400 never
possible, 409 another worker is at it, 503 not finished, send it again, 500 failed.")]
    Serve(ServeArgs),
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

/// Options of `serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Subscription to pull events from in place of listening: projects/PROJECT/subscriptions/NAME
    #[arg(long, value_name = "SUBSCRIPTION", value_parser = subscription)]
    pub pull: Option<String>,
    /// How events are taken.
    #[command(flatten)]
    pub serving: serve::Options,
    /// Who may send them.
    #[command(flatten)]
    pub callers: auth::Options,
}

fn subscription(name: &str) -> Result<String, &'static str> {
    is_resource(name, "subscriptions")
        .then(|| name.to_owned())
        .ok_or("write projects/PROJECT/subscriptions/NAME")
}
