//! The command line.

mod refusal;

pub use refusal::one_line;

use crate::policy::Mode;
use clap::{Args, Parser, Subcommand};
use jiff::Timestamp;
use nightshift_runtime::{Output, telemetry};
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
  budget-guard simulate october.jsonl --config guard.toml --all --output json | jq '.budgets[0].decisions'")]
    Simulate(SimulateArgs),
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
