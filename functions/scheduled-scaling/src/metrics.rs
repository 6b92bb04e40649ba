//! Figures about the runs and their targets for `GET /metrics`, beside those of the runtime. They hold names, numbers, times
//! and constant words.
//!
//! Gauges are of the last run that the process made. What is not known is NaN and never zero: an alert on zero would sleep,
//! and one on few would shout.

use crate::report::run::{RunReport, TargetReport};
use jiff::Timestamp;
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use nightshift_runtime::metrics::{MetricsError, install};
use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

/// Runs that ended.
pub const RUNS: &str = "scheduled_scaling_runs_total";
/// Unix time at which the last run looked at the clock. It stands still where ticks no longer come.
pub const LAST_RUN: &str = "scheduled_scaling_last_run_timestamp_seconds";
/// Changes that were sent, whatever the answer.
pub const WRITES: &str = "scheduled_scaling_writes_total";
/// Seconds from each boundary until what it asks for was written.
pub const LAG: &str = "scheduled_scaling_lag_seconds";
/// Targets of the last run, by `decision`; the decisions are those of the report.
pub const TARGETS: &str = "scheduled_scaling_targets";
/// Places of the last run that could not be read, where there may be more targets.
pub const UNREAD: &str = "scheduled_scaling_unread_places";
/// Instances that a `target` keeps.
pub const FLOOR: &str = "scheduled_scaling_floor_instances";
/// Instances by which somebody has changed a `target` against what was written last.
pub const DRIFT: &str = "scheduled_scaling_drift_instances";

/// How a target may end: each is shown from the first run on, for an alert has to tell none from not known.
const DECISIONS: [&str; 9] = [
    "nothing", "written", "accepted", "noted", "released", "held", "deferred", "refused", "failed",
];

/// The figures of this process.
#[derive(Debug)]
pub struct Figures {
    /// The targets that are shown: one that is there no more is not known any more.
    shown: Mutex<BTreeSet<String>>,
}

impl Figures {
    /// Starts keeping figures, for the rest of the process.
    pub fn install() -> Result<Self, MetricsError> {
        install()?;
        describe_counter!(RUNS, "Runs that ended");
        describe_gauge!(LAST_RUN, "Unix time of the last run");
        describe_counter!(WRITES, "Changes that were sent");
        describe_histogram!(LAG, "Seconds from a boundary until its change was written");
        describe_gauge!(TARGETS, "Targets of the last run, by how they ended");
        describe_gauge!(UNREAD, "Places that the last run could not read");
        describe_gauge!(FLOOR, "Instances that the target keeps");
        describe_gauge!(DRIFT, "Instances by which somebody has changed the target");
        Ok(Self {
            shown: Mutex::default(),
        })
    }

    /// A run over all targets has ended.
    pub fn ran(&self, report: &RunReport) {
        counter!(RUNS).increment(1);
        gauge!(LAST_RUN).set(seconds(report.at));
        for decision in DECISIONS {
            gauge!(TARGETS, "decision" => decision).set(whole(report.count(decision)));
        }
        gauge!(UNREAD).set(whole(report.unread.len()));
        let seen = report.targets.iter().map(|target| target.target.clone());
        let seen: BTreeSet<String> = seen.collect();
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        for gone in shown.difference(&seen) {
            for figure in [FLOOR, DRIFT] {
                gauge!(figure, "target" => gone.clone()).set(f64::NAN);
            }
        }
        *shown = seen;
        drop(shown);
        self.changed(report);
    }

    /// Something has become of these targets, whether in a run or because a person wanted it.
    pub fn changed(&self, report: &RunReport) {
        counter!(WRITES).increment(report.writes.into());
        report.targets.iter().for_each(show);
    }
}

fn show(target: &TargetReport) {
    let name = || target.target.clone();
    let floor = target.floor.map_or(f64::NAN, f64::from);
    gauge!(FLOOR, "target" => name()).set(floor);
    let drift = match (target.drift, target.floor) {
        (Some(drift), _) => whole_signed(drift),
        (None, Some(_)) => 0.0,
        (None, None) => f64::NAN,
    };
    gauge!(DRIFT, "target" => name()).set(drift);
    if let Some(lag) = target.lag_s {
        histogram!(LAG).record(whole_signed(lag));
    }
}

fn seconds(at: Timestamp) -> f64 {
    at.duration_since(Timestamp::UNIX_EPOCH).as_secs_f64()
}

fn whole(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of instances and of seconds are far below 2^53"
)]
fn whole_signed(count: i64) -> f64 {
    count as f64
}
