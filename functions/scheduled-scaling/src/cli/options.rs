//! The options of each command.

use crate::{
    price::Baseline,
    request::Wish,
    schedule::{Power, Setting},
};
use clap::{Args, Subcommand, ValueEnum};
use jiff::{Timestamp, civil::Date};
use nightshift_runtime::{Output, config::HumanDuration};
use std::path::PathBuf;

/// Options of `apply`.
#[derive(Debug, Args)]
pub struct ApplyArgs {
    /// Form of the result
    #[arg(long, value_enum, default_value_t)]
    pub output: Output,
}

/// Options of `status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Form of the result
    #[arg(long, value_enum, default_value_t)]
    pub output: Output,
}

/// Options of `override`.
#[derive(Debug, Args)]
pub struct OverrideArgs {
    /// Target, by its full name or the last part of it
    pub target: String,
    /// Instances that are always there
    #[arg(long)]
    pub min: Option<u32>,
    /// Instances that are never exceeded
    #[arg(long, requires = "min")]
    pub max: Option<u32>,
    /// Instances, exactly: of a worker pool, or a service with manual scaling
    #[arg(long, conflicts_with_all = ["min", "power"])]
    pub manual: Option<u32>,
    /// Whether a database runs
    #[arg(long, value_enum, conflicts_with = "min")]
    pub power: Option<Power>,
    /// Exactly this; without, at least this on top of the schedule
    #[arg(long)]
    pub exactly: bool,
    /// Touch nothing
    #[arg(long, conflicts_with_all = ["min", "manual", "power", "exactly"])]
    pub hold: bool,
    /// How long from now, such as 2h
    #[arg(long = "for", value_name = "TIME", conflicts_with = "until")]
    pub lasting: Option<HumanDuration>,
    /// Until when
    #[arg(long, value_name = "TIME")]
    pub until: Option<Timestamp>,
    /// Why, for whoever looks later
    #[arg(long, required_unless_present = "end")]
    pub reason: Option<String>,
    /// Who
    #[arg(long, env = "USER", hide_env_values = true)]
    pub by: Option<String>,
    /// End the override that is there
    #[arg(long, conflicts_with_all = ["min", "manual", "power", "hold", "lasting", "until"])]
    pub end: bool,
    /// Form of the result
    #[arg(long, value_enum, default_value_t)]
    pub output: Output,
}

impl OverrideArgs {
    /// What is wished for.
    pub fn wish(&self) -> Wish {
        Wish {
            target: self.target.clone(),
            min: self.min,
            max: self.max,
            manual: self.manual,
            power: self.power,
            exactly: self.exactly,
            hold: self.hold,
            lasting: self.lasting,
            until: self.until,
            reason: self.reason.clone(),
            by: self.by.clone(),
        }
    }
}

/// Options of `release`.
#[derive(Debug, Args)]
pub struct ReleaseArgs {
    /// Target, by its full name or the last part of it
    pub target: String,
    /// Instances to leave, in place of those that were there before us
    #[arg(long, value_name = "COUNT", conflicts_with_all = ["leave", "to_power"])]
    pub to: Option<u32>,
    /// Whether to leave a database running, in place of what it was before us
    #[arg(long, value_enum, conflicts_with = "leave")]
    pub to_power: Option<Power>,
    /// Leave it as it is
    #[arg(long)]
    pub leave: bool,
    /// Forget it though somebody has changed it since
    #[arg(long)]
    pub force: bool,
    /// Form of the result
    #[arg(long, value_enum, default_value_t)]
    pub output: Output,
}

impl ReleaseArgs {
    /// What to leave, for a target that is set to `found`.
    pub fn setting(&self, found: Option<Setting>) -> Option<Setting> {
        if let Some(power) = self.to_power {
            return Some(Setting::Power(power));
        }
        let count = self.to?;
        Some(match found {
            Some(Setting::Manual(_)) => Setting::Manual(count),
            Some(Setting::Automatic { max, .. }) => Setting::Automatic {
                min: count,
                max: max.map(|max| max.max(count)),
            },
            Some(Setting::Power(_)) | None => Setting::Automatic {
                min: count,
                max: None,
            },
        })
    }
}

/// Options of `report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// Log to read, as Cloud Logging or this program writes it: a file, or - for standard input
    pub log: PathBuf,
    /// Since when: a time, or how long ago, such as 7d
    #[arg(long, value_name = "TIME")]
    pub since: String,
    /// Prices of your own, in the form of the built-in ones
    #[arg(long, value_name = "FILE")]
    pub prices: Option<PathBuf>,
    /// Form of the result
    #[arg(long, value_enum, default_value_t)]
    pub output: Output,
}

/// Options of `plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// Plan from the configuration alone: no target is read, and no permission needed
    #[arg(long)]
    pub offline: bool,
    /// End with 4 when `apply` would change something now
    #[arg(long, conflicts_with = "offline")]
    pub exit_code: bool,
    /// First day [default: today, in the zone of each schedule]
    #[arg(long, value_name = "DATE")]
    pub from: Option<Date>,
    /// How many days
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=400))]
    pub days: u16,
    /// What savings are compared with
    #[arg(long, value_enum, default_value_t)]
    pub baseline: Baseline,
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
    #[arg(long)]
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
