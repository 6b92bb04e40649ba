//! What the user writes: schedules, what they are for, and whatever a person wants meanwhile.

mod estimate;
mod overrides;
mod publish;
mod target;
mod validate;

pub use estimate::{Billing, Estimate};
pub use overrides::TargetOverride;
pub use publish::Publish;
pub use target::{Discover, Interrupt, Kind, Target};

use crate::schedule::{DateRange, Schedule};
use nightshift_runtime::config::HumanDuration;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, num::NonZeroU32, time::Duration};

/// The whole configuration, of which everything has been checked.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "WrittenConfig")]
pub struct Config {
    version: u32,
    /// Dates by name, for exceptions.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub calendars: BTreeMap<String, Calendar>,
    /// Schedules by name.
    pub schedules: BTreeMap<String, Schedule>,
    /// What is scaled.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<Target>,
    /// Where more targets are found by their label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discover: Option<Discover>,
    /// What a person wants for a while.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<TargetOverride>,
    /// How long an override may last.
    pub max_override: HumanDuration,
    /// How many changes are made in a minute, in each region of each project. Deployments share Google's quota.
    pub writes_per_minute: NonZeroU32,
    /// Who is told.
    #[serde(skip_serializing_if = "is_default")]
    pub publish: Publish,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Dates for exceptions.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Calendar {
    /// The dates.
    pub dates: Vec<DateRange>,
}

/// The configuration as it is written, before its parts are held against each other.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenConfig {
    version: u32,
    #[serde(default)]
    calendars: BTreeMap<String, Calendar>,
    #[serde(default)]
    schedules: BTreeMap<String, Schedule>,
    #[serde(default)]
    targets: Vec<Target>,
    discover: Option<Discover>,
    #[serde(default)]
    overrides: Vec<TargetOverride>,
    #[serde(default = "longest_override")]
    max_override: HumanDuration,
    #[serde(default = "half_of_the_quota")]
    writes_per_minute: NonZeroU32,
    #[serde(default)]
    publish: Publish,
}

fn longest_override() -> HumanDuration {
    Duration::from_hours(14 * 24).into()
}

/// Projects have been seen with 60 writes a minute and region, and with 30.
fn half_of_the_quota() -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add(29)
}

impl Config {
    /// The schedule that a target goes by.
    pub fn schedule_of(&self, target: &Target) -> Option<&Schedule> {
        self.schedules.get(&target.schedule)
    }

    /// The overrides of the target with this full name.
    pub fn overrides_of(&self, target: &str) -> Vec<crate::overrides::Override> {
        let own = self.overrides.iter().filter(|word| word.target == target);
        own.map(|word| word.word.clone()).collect()
    }

    /// The target that `name` means: its full name, or the last part of it where only one target ends so.
    pub fn target(&self, name: &str) -> Result<&Target, NoSuchTarget> {
        if let Some(target) = self.targets.iter().find(|target| target.name == name) {
            return Ok(target);
        }
        let known = || {
            let names = self.targets.iter().map(|target| target.name.clone());
            names.collect::<Vec<_>>()
        };
        let mut short = self
            .targets
            .iter()
            .filter(|target| target.short_name() == name);
        match (short.next(), short.next()) {
            (Some(target), None) => Ok(target),
            (Some(_), Some(_)) => Err(NoSuchTarget::Ambiguous {
                name: name.to_owned(),
                known: known(),
            }),
            (None, _) => Err(NoSuchTarget::Unknown {
                name: name.to_owned(),
                known: known(),
            }),
        }
    }
}

/// Why a name means no target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoSuchTarget {
    /// There is none.
    #[error("no target is named {name:?}; the configuration has {}", or_none(.known))]
    Unknown {
        /// What was asked for.
        name: String,
        /// The targets there are.
        known: Vec<String>,
    },
    /// There is more than one.
    #[error("more than one target is named {name:?}; write the full name, one of {}", .known.join(", "))]
    Ambiguous {
        /// What was asked for.
        name: String,
        /// The targets there are.
        known: Vec<String>,
    },
}

fn or_none(names: &[String]) -> String {
    if names.is_empty() {
        "none; add one as [[targets]]".to_owned()
    } else {
        names.join(", ")
    }
}
