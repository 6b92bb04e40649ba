//! What a run would do at this moment, beside what is planned for the days to come.

use crate::{
    apply::{Wants, found},
    config::{Config, Estimate, Target, TargetOverride},
    decide::Decision,
    fleet::{Bound, Fleet, Purpose},
    schedule::Setting,
};
use jiff::Timestamp;
use serde::Serialize;

/// What a run would do about one target now, where it is not nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pending {
    /// The target.
    pub target: String,
    /// What it is set to; null when that could not be read.
    pub now: Option<String>,
    /// What it would be set to; null when it stays.
    pub to: Option<String>,
    /// Why it is left alone, or what else there is to know.
    pub why: Option<String>,
    /// Whether `apply` would change what it is set to.
    pub is_change: bool,
}

/// What a run at `at` would do.
pub fn pending(config: &Config, fleet: &Fleet, at: Timestamp) -> Vec<Pending> {
    let mut wants = Wants::new(config, at);
    let all = fleet.bound.values();
    all.filter_map(|bound| of(&mut wants, bound)).collect()
}

fn of(wants: &mut Wants<'_>, bound: &Bound) -> Option<Pending> {
    let (to, why) = match wants.judge(bound, Vec::new()).decision {
        Decision::Nothing => (None, floor_of_revision(bound, 0)),
        Decision::Write(change) => {
            let least = change.set.or(found(bound)).map_or(0, Setting::floor);
            let drift = change.drift.map(|drift| {
                let by = bound
                    .listed
                    .as_ref()
                    .and_then(|listed| listed.last_writer.as_deref());
                format!(
                    "{} changed {} to {}",
                    by.unwrap_or("somebody"),
                    drift.expected,
                    drift.found
                )
            });
            (
                change.set,
                drift.or_else(|| floor_of_revision(bound, least)),
            )
        }
        Decision::Hold(why) | Decision::Defer(why) | Decision::Refuse(why) => {
            (None, Some(why.to_string()))
        }
    };
    (to.is_some() || why.is_some()).then(|| Pending {
        target: bound.target.name.clone(),
        now: found(bound).map(|setting| setting.to_string()),
        to: to.map(|setting| setting.to_string()),
        why,
        is_change: to.is_some(),
    })
}

/// A floor that the revision carries itself, above what the schedule ever comes down to.
fn floor_of_revision(bound: &Bound, least: u32) -> Option<String> {
    let floor = bound
        .listed
        .as_ref()?
        .revision_floor
        .filter(|floor| *floor > least)?;
    Some(format!(
        "its revision carries a floor of {floor} itself; less has no effect until it is deployed with --min-instances=0"
    ))
}

impl Fleet {
    /// `config` with the targets that there are, and what is known about each, as if they had been written.
    pub fn as_config(&self, config: &Config) -> Config {
        let following = self
            .bound
            .values()
            .filter(|bound| bound.purpose == Purpose::Follow);
        let mut seen = config.clone();
        seen.targets = following.clone().map(as_target).collect();
        seen.overrides = following
            .flat_map(|bound| {
                bound.words.iter().map(|word| TargetOverride {
                    target: bound.target.name.clone(),
                    word: word.clone(),
                })
            })
            .collect();
        seen
    }
}

fn as_target(bound: &Bound) -> Target {
    let listed = bound.listed.as_ref();
    let original = listed.and_then(|listed| listed.memory.as_ref().ok()?.original);
    let baseline = original.or_else(|| found(bound)).map(Setting::floor);
    let read = listed.and_then(|listed| listed.made_of.clone());
    let estimate = bound.target.estimate.clone().or(read);
    Target {
        estimate: estimate.map(|estimate| Estimate {
            baseline: estimate.baseline.or(baseline),
            ..estimate
        }),
        ..bound.target.clone()
    }
}
