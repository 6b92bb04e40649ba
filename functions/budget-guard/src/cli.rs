//! The command line.

mod options;

pub use options::{
    ArmArgs, CheckArgs, HistoryArgs, OrderArgs, ReleaseArgs, ResumeArgs, RetryArgs, SnoozeArgs,
    StatusArgs,
};

use crate::policy::Mode;
use clap::{Args, Parser, Subcommand};
use jiff::Timestamp;
use nightshift_runtime::{Output, gcp, service, telemetry};
use std::path::PathBuf;

/// Climbs a ladder notify, throttle, stop, cap as spend grows, and gives everything back.
#[derive(Debug, Parser)]
#[command(
    name = "budget-guard",
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
    /// How Google is reached.
    #[command(flatten)]
    pub gcp: gcp::Options,
    /// Logs.
    #[command(flatten)]
    pub telemetry: telemetry::Options,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Judge one message and say what would be done; nothing is touched
    #[command(after_help = "\
Examples:
  budget-guard evaluate message.json --config guard.toml
  budget-guard evaluate message.json --config guard.toml --as enforce --armed sandbox-7 --output json | jq .plan")]
    Evaluate(EvaluateArgs),

    /// Judge a month of messages, one after the other, and show what becomes of it; nothing is touched
    #[command(after_help = "\
Examples:
  budget-guard simulate october.jsonl --config guard.toml --as enforce --chart october.html
  budget-guard simulate october.jsonl --config guard.toml --all --output json | jq .budgets")]
    Simulate(SimulateArgs),

    /// Take budget messages, ticks and commands, and act on them
    #[command(after_help = "\
Examples:
  budget-guard serve --config guard.toml --auth iam \\
    --audience https://guard-x.run.app --caller push@finops-admin.iam.gserviceaccount.com
  budget-guard serve --config guard.toml --pull projects/finops-admin/subscriptions/budget-guard

An event is a message of Cloud Billing's budgets or of its cost anomalies, a call of Cloud Scheduler
(the tick), or a command: {\"command\":\"status\"}, {\"command\":\"tick\"}, {\"command\":\"retry\"},
{\"command\":\"snooze\",\"until\":TIME,\"reason\":WHY}, {\"command\":\"release\",\"step\":STEP,\"reason\":WHY},
{\"command\":\"resume\"}. It is answered when the work is done: 200 and 204 done or nothing to do, 400
never possible, 401 nobody we know, 503 not finished or another is at it, send it again, 500 failed.")]
    Serve(Box<service::Options>),

    /// Say how each budget stands, what is held and why, and when it returns; nothing is touched
    #[command(after_help = "\
Examples:
  budget-guard status --config guard.toml
  budget-guard status --config guard.toml --output json | jq '.budgets[].held'")]
    Status(StatusArgs),

    /// Enforce nothing new for a while, 72 hours at most; notices go on
    #[command(after_help = "\
Examples:
  budget-guard snooze --until 2026-10-20T12:00:00Z --reason load-test --config guard.toml
  budget-guard snooze --until 2026-10-20T12:00:00Z --reason FIN-12 --budget de72f49d-779b-4945-a127-4d6ce8def0bb")]
    Snooze(SnoozeArgs),

    /// Give back what a step took, and keep it from firing again
    #[command(after_help = "\
Examples:
  budget-guard release stop --reason FIN-12 --config guard.toml
  budget-guard release stop --until 2026-10-20T12:00:00Z --config guard.toml")]
    Release(ReleaseArgs),

    /// End every snooze and release
    #[command(after_help = "\
Examples:
  budget-guard resume --reason done --config guard.toml
  budget-guard resume --budget de72f49d-779b-4945-a127-4d6ce8def0bb")]
    Resume(ResumeArgs),

    /// Try again what failed, after whatever kept it from working is mended
    #[command(after_help = "\
Examples:
  budget-guard retry --config guard.toml
  budget-guard retry --budget de72f49d-779b-4945-a127-4d6ce8def0bb")]
    Retry(RetryArgs),

    /// Do what the scheduler's hourly tick does: finish what was left, see whether messages still come
    #[command(after_help = "\
Examples:
  budget-guard tick --config guard.toml
  budget-guard tick --config guard.toml --output json")]
    Tick,

    /// Print the command that gives the second consent to unlinking a project's billing; it is yours to run
    #[command(after_help = "\
Examples:
  budget-guard arm sandbox-7
  budget-guard arm sandbox-7 --output json")]
    Arm(ArmArgs),

    /// Print the command that takes the second consent back; it is yours to run
    #[command(after_help = "\
Examples:
  budget-guard disarm sandbox-7
  budget-guard disarm sandbox-7 --output json")]
    Disarm(ArmArgs),

    /// Say what was decided and commanded, by whom and why
    #[command(after_help = "\
Examples:
  budget-guard history --config guard.toml
  budget-guard history --limit 100 --output json")]
    History(HistoryArgs),

    /// Look whether everything is there that an emergency would need, without changing anything
    #[command(after_help = "\
Examples:
  budget-guard check --config guard.toml
  budget-guard check --config guard.toml --offline
  budget-guard check --config guard.toml --round-trip 5m")]
    Check(CheckArgs),
}

/// What is supposed about the world.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Suppositions")]
pub struct Suppositions {
    /// Judge as if the configuration said this mode
    #[arg(long = "as", value_enum, value_name = "MODE")]
    pub mode: Option<ModeArg>,
    /// Project that carries the label of the second consent; may be given again
    #[arg(long = "armed", value_name = "PROJECT")]
    pub armed: Vec<String>,
}

/// Whether decisions have effects.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum ModeArg {
    /// Decide, and only say so
    DryRun,
    /// Act
    Enforce,
}

impl From<ModeArg> for Mode {
    fn from(mode: ModeArg) -> Self {
        match mode {
            ModeArg::DryRun => Self::DryRun,
            ModeArg::Enforce => Self::Enforce,
        }
    }
}

/// Options of `evaluate`.
#[derive(Debug, Args)]
pub struct EvaluateArgs {
    /// The body of a Pub/Sub push
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// What the guard remembers of the budget, as JSON [default: nothing]
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// When it is judged [default: when it was published]
    #[arg(long, value_name = "TIME")]
    pub now: Option<Timestamp>,
    /// What is supposed.
    #[command(flatten)]
    pub suppositions: Suppositions,
}

/// Options of `simulate`.
#[derive(Debug, Args)]
pub struct SimulateArgs {
    /// The bodies of Pub/Sub pushes in the order they arrive, one after the other or as a JSON array
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Only the budget of this id
    #[arg(long, value_name = "ID")]
    pub budget: Option<String>,
    /// Also the decisions that change and say nothing
    #[arg(long)]
    pub all: bool,
    /// Draw spend, projection, rungs and actions, as .svg or .html
    #[arg(long, value_name = "FILE")]
    pub chart: Option<PathBuf>,
    /// What is supposed.
    #[command(flatten)]
    pub suppositions: Suppositions,
}

#[cfg(test)]
mod tests;
