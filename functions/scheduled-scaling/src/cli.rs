//! The command line.

mod options;

pub use options::{
    ApplyArgs, CheckArgs, ConvertArgs, ConvertSource, ExplainArgs, OverrideArgs, PlanArgs,
    PlanForm, ReleaseArgs, ReportArgs, StatusArgs,
};

use clap::{Args, Parser, Subcommand};
use nightshift_runtime::{gcp, service, telemetry};
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
    /// Look at the clock, and set every target to what its schedule wants
    #[command(after_help = "\
Examples:
  scheduled-scaling apply --config scaling.toml
  scheduled-scaling apply --config scaling.toml --output json | jq '.targets[] | select(.decision != \"nothing\")'

Ends with 3 when some targets could not be set: the table says which and why.")]
    Apply(ApplyArgs),

    /// Show what the schedules do over some days, every change, and the money
    #[command(after_help = "\
Examples:
  scheduled-scaling plan --config scaling.toml
  scheduled-scaling plan --config scaling.toml --exit-code || echo 'apply would change something'
  scheduled-scaling plan --offline --config scaling.toml --from 2026-03-27 --days 3
  scheduled-scaling plan --baseline peak --config scaling.toml
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

    /// Show what every target is set to, what it should be, and who wants it so
    #[command(after_help = "\
Examples:
  scheduled-scaling status --config scaling.toml
  scheduled-scaling status --config scaling.toml --output json | jq '.targets[] | select(.now != .wanted)'")]
    Status(StatusArgs),

    /// Want something else of a target for a while; it ends by itself
    #[command(after_help = "\
Examples:
  scheduled-scaling override checkout --min 5 --for 2h --reason 'sale' --config scaling.toml
  scheduled-scaling override checkout --min 0 --exactly --until 2026-12-27T08:00:00Z --reason 'closed' --config scaling.toml
  scheduled-scaling override main --hold --for 3h --reason 'migration' --config scaling.toml
  scheduled-scaling override checkout --end --config scaling.toml")]
    Override(OverrideArgs),

    /// Give a target back: to what it was before us
    #[command(after_help = "\
Examples:
  scheduled-scaling release checkout --config scaling.toml
  scheduled-scaling release checkout --to 2 --config scaling.toml
  scheduled-scaling release checkout --leave --force --config scaling.toml

Remove it from the configuration, or its label, first: what is bound is taken again by the next run.")]
    Release(ReleaseArgs),

    /// Say what was saved, from our own log
    #[command(after_help = "\
Examples:
  gcloud logging read 'jsonPayload.event=~\"^scaling\\.\"' --freshness 7d --format json |
    scheduled-scaling report --since 7d --config scaling.toml -
  scheduled-scaling report --since 2026-11-01T00:00:00Z --config scaling.toml scaling.log")]
    Report(ReportArgs),

    /// Wait for ticks, over HTTP or from a subscription, and do what they say
    #[command(after_help = "\
Examples:
  scheduled-scaling serve --config scaling.toml --auth iam --audience https://scaling-x.run.app --caller tick@acme.iam.gserviceaccount.com
  scheduled-scaling serve --config scaling.toml --pull projects/acme/subscriptions/scaling

A tick needs no data: one job of Cloud Scheduler, */5 * * * * in UTC, does for everything. An event's data may be one command:
{\"command\":\"apply\"}, {\"command\":\"status\"}, {\"command\":\"override\",\"target\":\"checkout\",\"min\":5,\"for\":\"2h\",\"reason\":\"sale\"},
{\"command\":\"release\",\"target\":\"checkout\"}. Answers: 200 with a result for each target, 400 never possible, 503 nothing could be
read.")]
    Serve(service::Options),

    /// Check configuration, permissions and clock, and tell what is odd about the schedules
    #[command(after_help = "\
Examples:
  scheduled-scaling check --config scaling.toml
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

#[cfg(test)]
mod tests {
    use super::Cli;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
