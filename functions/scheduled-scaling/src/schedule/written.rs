//! Schedules as they are written, and the way from there to what they mean and back.

pub(crate) mod level_fields;
mod rules;

use super::{Exception, InvalidSchedule, Level, Limits, Schedule, Transition, Window};
use crate::zone::Zone;
use level_fields::Values;
use serde::{Deserialize, Serialize};

#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenSchedule {
    time_zone: Zone,
    default: Level,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    limits: Option<Limits>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    overlap: Option<Overlap>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    windows: Vec<Window>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    transitions: Vec<Transition>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    exceptions: Vec<Exception>,
}

/// What is done about windows of one priority that overlap with different values.
#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Overlap {
    /// The larger value holds, and nobody need be told.
    Max,
}

impl TryFrom<WrittenSchedule> for Schedule {
    type Error = InvalidSchedule;

    fn try_from(written: WrittenSchedule) -> Result<Self, InvalidSchedule> {
        Self {
            zone: written.time_zone,
            default: written.default,
            limits: written.limits.unwrap_or_default(),
            overlap_is_meant: written.overlap.is_some(),
            windows: written.windows,
            transitions: written.transitions,
            exceptions: written.exceptions,
        }
        .check()
    }
}

impl From<Schedule> for WrittenSchedule {
    fn from(schedule: Schedule) -> Self {
        Self {
            time_zone: schedule.zone,
            default: schedule.default,
            limits: (schedule.limits != Limits::default()).then_some(schedule.limits),
            overlap: schedule.overlap_is_meant.then_some(Overlap::Max),
            windows: schedule.windows,
            transitions: schedule.transitions,
            exceptions: schedule.exceptions,
        }
    }
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct WrittenLimits {
    min: u32,
    max: u32,
}

impl TryFrom<WrittenLimits> for Limits {
    type Error = InvalidSchedule;

    fn try_from(WrittenLimits { min, max }: WrittenLimits) -> Result<Self, InvalidSchedule> {
        if min > max {
            return Err(InvalidSchedule(format!(
                "min {min} is above max {max}; write limits = {{ min = {max}, max = {min} }}"
            )));
        }
        Ok(Self { min, max })
    }
}

impl<'de> Deserialize<'de> for Limits {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = WrittenLimits::deserialize(deserializer)?;
        written.try_into().map_err(serde::de::Error::custom)
    }
}

impl Serialize for Limits {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { min, max } = *self;
        WrittenLimits { min, max }.serialize(serializer)
    }
}

/// A level by itself: a table such as `{ min = 0 }`, or `"original"` or `"keep"`.
#[derive(Deserialize, Serialize)]
#[serde(
    untagged,
    expecting = "a level is { min = 0 }, { manual = 1 }, { power = \"on\" }, \"original\" or \"keep\""
)]
enum WrittenLevel {
    Found(level_fields::Found),
    Value(LevelTable),
}

level_fields::with_level! {
    /// A level that stands alone.
    struct LevelTable {}
}

impl<'de> Deserialize<'de> for Level {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let level = match WrittenLevel::deserialize(deserializer)? {
            WrittenLevel::Found(found) => return Ok(found.into()),
            WrittenLevel::Value(table) => table.values().level(),
        };
        level.map_err(serde::de::Error::custom)
    }
}

impl Serialize for Level {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let written = match level_fields::Found::of(*self) {
            Some(found) => WrittenLevel::Found(found),
            None => WrittenLevel::Value(LevelTable::new(Values::of(*self))),
        };
        written.serialize(serializer)
    }
}
