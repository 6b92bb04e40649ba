//! The command line.

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::{Timestamp, civil::Date};
use nightshift_runtime::{Output, telemetry};
use std::path::PathBuf;

/// Keeps the right number of instances at every hour.
#[derive(Debug, Parser)]
#[command(
    name = "scheduled-scaling",
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
    /// Logs.
    #[command(flatten)]
    pub telemetry: telemetry::Options,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show what the schedules do over some days, every change, and the money
    #[command(after_help = "\
Examples:
  scheduled-scaling plan --offline --config scaling.toml
  scheduled-scaling plan --offline --config scaling.toml --from 2026-03-27 --days 3
  scheduled-scaling plan --offline --config scaling.toml --output json | jq '.targets[].changes'
  scheduled-scaling plan --offline --config scaling.toml --output html > plan.html")]
    Plan(PlanArgs),

    /// Say what holds at an instant, which rule says so, and why no other does
    #[command(after_help = "\
Examples:
  scheduled-scaling explain checkout --config scaling.toml
  scheduled-scaling explain checkout --at 2026-03-29T01:30:00Z --config scaling.toml
  scheduled-scaling explain --schedule office --at 2026-12-25T09:00:00+01:00 --config scaling.toml")]
    Explain(ExplainArgs),

    /// Check the configuration, and tell what is odd about its schedules
    #[command(after_help = "\
Examples:
  scheduled-scaling check --offline --config scaling.toml
  scheduled-scaling check --offline --config scaling.toml --output json | jq '.findings[].text'")]
    Check(CheckArgs),

    /// Write schedules out of what other tools are told
    #[command(after_help = "\
Examples:
  kubectl get scaledobject shop -o json | scheduled-scaling convert keda -
  scheduled-scaling convert kube-downscaler 'Mon-Fri 07:30-20:30 Europe/Berlin' --replicas 3
  gcloud scheduler jobs list --location us-central1 --format json | scheduled-scaling convert cloud-scheduler -")]
    Convert(ConvertArgs),
}

/// Options of `plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// Plan from the configuration alone: no target is read, and no permission needed
    #[arg(long, required = true)]
    pub offline: bool,
    /// First day [default: today, in the zone of each schedule]
    #[arg(long, value_name = "DATE")]
    pub from: Option<Date>,
    /// How many days
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=400))]
    pub days: u16,
    /// Prices of your own, in the form of the built-in ones
    #[arg(long, value_name = "FILE")]
    pub prices: Option<PathBuf>,
    /// Form of the result
    #[arg(long, value_enum, default_value_t)]
    pub output: PlanForm,
}

/// The forms of a plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum PlanForm {
    /// For people; the form may change from version to version
    #[default]
    Table,
    /// For programs; one document, whose fields are only ever added to
    Json,
    /// A picture
    Svg,
    /// A page with the picture, the changes and the notes
    Html,
}

/// Options of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// Target, by its full name or the last part of it
    #[arg(required_unless_present = "schedule", conflicts_with = "schedule")]
    pub target: Option<String>,
    /// A schedule by itself, without the overrides of any target
    #[arg(long, value_name = "NAME")]
    pub schedule: Option<String>,
    /// Instant, such as 2026-03-29T01:30:00Z [default: now]
    #[arg(long, value_name = "TIME")]
    pub at: Option<Timestamp>,
    /// Form of the result
    #[arg(long, value_enum, default_value_t)]
    pub output: Output,
}

/// Options of `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Check the configuration alone: no target is read, and no permission needed
    #[arg(long, required = true)]
    pub offline: bool,
    /// Form of the result
    #[arg(long, value_enum, default_value_t)]
    pub output: Output,
}

/// Options of `convert`.
#[derive(Debug, Args)]
pub struct ConvertArgs {
    /// What is converted.
    #[command(subcommand)]
    pub source: ConvertSource,
}

/// What schedules are written out of.
#[derive(Debug, Subcommand)]
pub enum ConvertSource {
    /// The cron triggers of KEDA's `ScaledObject`s, as `kubectl get -o json` prints them
    Keda {
        /// File, or - for standard input
        file: PathBuf,
    },
    /// The value of kube-downscaler's `downscaler/uptime` annotation
    KubeDownscaler {
        /// Such as 'Mon-Fri 07:30-20:30 Europe/Berlin, Sat-Sat 10:00-16:00 Europe/Berlin'
        uptime: String,
        /// Instances within these times
        #[arg(long)]
        replicas: u32,
        /// Instances at other times
        #[arg(long, default_value_t = 0)]
        downtime_replicas: u32,
    },
    /// Jobs of Cloud Scheduler that set minimum instances, as `gcloud scheduler jobs list --format json` prints them
    CloudScheduler {
        /// File, or - for standard input
        file: PathBuf,
    },
}

/// What is wrong with the command line and what to do next, in one line; none when the "error" is a help text that was asked
/// for.
pub fn one_line(error: &clap::Error) -> Option<String> {
    if !error.use_stderr() {
        return None;
    }
    let text = error.render().to_string();
    let wrong = text.split("\n\n").next().unwrap_or_default();
    let wrong: Vec<&str> = wrong.lines().map(str::trim).collect();
    let wrong = wrong.join(" ");
    let wrong = wrong.strip_prefix("error: ").unwrap_or(&wrong);
    Some(format!(
        "{wrong}; next: `scheduled-scaling --help` shows what there is"
    ))
}

#[cfg(test)]
mod tests {
    use super::Cli;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
