//! What a schedule says, before any instant is asked for: windows, transitions, exceptions and a default.

mod clock_time;
mod dates;
mod days;
mod exception;
mod level;
mod window;
mod written;

pub(crate) use written::level_fields;

pub use clock_time::ClockTime;
pub use dates::DateRange;
pub use days::{InvalidDays, Weekdays, weekday};
pub use exception::{Effect, Exception};
pub use level::{Level, Limits, Power, Setting, Unit};
pub use window::{Transition, Window};

use crate::zone::Zone;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, time::Duration};
use written::WrittenSchedule;

/// How many instances, or on and off, at every instant.
///
/// Everything in it was checked when it was read, so that asking it cannot fail.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "WrittenSchedule", into = "WrittenSchedule")]
pub struct Schedule {
    /// Where its local times are.
    pub zone: Zone,
    /// What holds when no rule speaks.
    pub default: Level,
    /// What nothing that is written may leave.
    pub limits: Limits,
    /// Whether windows of one priority are meant to overlap, so that nobody need be told.
    pub overlap_is_meant: bool,
    /// Rules with a beginning and an end.
    pub windows: Vec<Window>,
    /// Rules with a beginning.
    pub transitions: Vec<Transition>,
    /// Days that differ. Of several for one date the first counts.
    pub exceptions: Vec<Exception>,
}

/// Why a schedule is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidSchedule(pub(crate) String);

impl Schedule {
    /// What its numbers count; none when it only says `keep` and `original`.
    pub fn unit(&self) -> Option<Unit> {
        self.levels().find_map(|(_, level)| level.unit())
    }

    /// Every level it can come to, and which rule says so.
    pub fn levels(&self) -> impl Iterator<Item = (String, Level)> {
        let windows = self
            .windows
            .iter()
            .map(|window| (format!("window {:?}", window.name), window.level));
        let transitions = self.transitions.iter().map(|transition| {
            (
                format!("transition \"{}\"", transition.at),
                transition.level,
            )
        });
        let exceptions = self.exceptions.iter().filter_map(|exception| {
            let Effect::Level(level) = exception.effect else {
                return None;
            };
            Some((format!("exception for {}", exception.what()), level))
        });
        let default = ("default".to_owned(), self.default);
        windows
            .chain(transitions)
            .chain(exceptions)
            .chain([default])
    }

    /// The longest time by which a window is early.
    pub fn longest_lead(&self) -> Duration {
        let leads = self.windows.iter().map(|window| window.lead);
        leads.max().unwrap_or_default()
    }

    fn check(self) -> Result<Self, InvalidSchedule> {
        let mut names = BTreeSet::new();
        if let Some(twice) = self.windows.iter().find(|w| !names.insert(&w.name)) {
            return Err(InvalidSchedule(format!(
                "two windows are named {:?}; give each a name of its own, explanations go by it",
                twice.name
            )));
        }
        let mut units = self
            .levels()
            .filter_map(|(rule, level)| Some((rule, level.unit()?)));
        if let Some((first, unit)) = units.next()
            && let Some((other, strange)) = units.find(|(_, other)| *other != unit)
        {
            return Err(InvalidSchedule(format!(
                "{first} says {unit} and {other} says {strange}; a schedule speaks of one of min, manual and power: \
                 write two schedules"
            )));
        }
        drop(units);
        for (rule, level) in self.levels() {
            self.limits.admit(&level).map_err(|why| {
                InvalidSchedule(format!("{rule}: {why}; widen limits or change the rule"))
            })?;
        }
        Ok(self)
    }
}
