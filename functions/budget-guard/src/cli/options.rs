//! The options of the commands that work with the guard's memory.

use crate::request::UntilText;
use clap::Args;
use jiff::Timestamp;
use nightshift_runtime::config::HumanDuration;

/// Who is at the shell, as the system knows them: some shells, such as those of containers, do not say `USER`.
fn person() -> String {
    let id = nix::unistd::getuid();
    let known = nix::unistd::User::from_uid(id).ok().flatten();
    known.map_or_else(|| format!("uid {id}"), |user| user.name)
}

/// Options of `status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Only this budget
    #[arg(long, value_name = "ID")]
    pub budget: Option<String>,
}

/// Options of everything that is commanded.
#[derive(Debug, Args)]
pub struct OrderArgs {
    /// For this budget, where there are several
    #[arg(long, value_name = "ID")]
    pub budget: Option<String>,
    /// Why; it is stored and told
    #[arg(long, value_name = "WHY")]
    pub reason: Option<String>,
    /// Who wants it; it is stored and told
    #[arg(long, env = "USER", value_name = "WHO", default_value_t = person())]
    pub by: String,
}

/// Options of `snooze`.
#[derive(Debug, Args)]
pub struct SnoozeArgs {
    /// When it ends; 72 hours from now at the latest
    #[arg(long, value_name = "TIME")]
    pub until: Timestamp,
    /// For what, by whom and why.
    #[command(flatten)]
    pub order: OrderArgs,
}

/// Options of `release`.
#[derive(Debug, Args)]
pub struct ReleaseArgs {
    /// The step
    #[arg(value_name = "STEP")]
    pub step: String,
    /// Until when it must not fire again: a time, or the period's end
    #[arg(long, value_name = "TIME", default_value = "period_end")]
    pub until: UntilText,
    /// For what, by whom and why.
    #[command(flatten)]
    pub order: OrderArgs,
}

/// Options of `resume`.
#[derive(Debug, Args)]
pub struct ResumeArgs {
    /// For what, by whom and why.
    #[command(flatten)]
    pub order: OrderArgs,
}

/// Options of `retry`.
#[derive(Debug, Args)]
pub struct RetryArgs {
    /// Only this budget
    #[arg(long, value_name = "ID")]
    pub budget: Option<String>,
    /// Who wants it; it is stored
    #[arg(long, env = "USER", value_name = "WHO", default_value_t = person())]
    pub by: String,
}

/// Options of `arm` and `disarm`.
#[derive(Debug, Args)]
pub struct ArmArgs {
    /// The project
    #[arg(value_name = "PROJECT")]
    pub project: String,
}

/// Options of `history`.
#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// Only this budget
    #[arg(long, value_name = "ID")]
    pub budget: Option<String>,
    /// At most so many, the newest
    #[arg(long, value_name = "NUMBER", default_value = "20")]
    pub limit: usize,
}

/// Options of `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Publish a message below every threshold to the topic, and wait so long for a guard to have judged it
    #[arg(long, value_name = "TIME")]
    pub round_trip: Option<HumanDuration>,
    /// Look at the configuration alone, and reach nothing
    #[arg(long, conflicts_with = "round_trip")]
    pub offline: bool,
}
