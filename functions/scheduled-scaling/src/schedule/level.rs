//! How many instances, or on and off: what is wanted ([`Level`]) and what is ([`Setting`]).

use serde::{Deserialize, Serialize};
use std::{cmp::Ordering, fmt};

/// What a rule wants.
///
/// "No instances kept warm" (`Set` with `min` 0: the next request wakes one), "no instances at all" (`Manual(0)`: requests
/// fail) and "switched off" (`Power`) are three things, and nothing here turns one into another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Level {
    /// Do not touch.
    Keep,
    /// What was there before us.
    Original,
    /// What was there before us, or this many where it was less.
    AtLeast(u32),
    /// Automatic scaling between these.
    Set {
        /// Instances that are always there.
        min: u32,
        /// Instances that are never exceeded; none leaves the maximum alone.
        max: Option<u32>,
    },
    /// Exactly this many instances.
    Manual(u32),
    /// On or off.
    Power(Power),
}

/// Whether a database runs.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Deserialize,
    Serialize,
    clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Power {
    /// Stopped.
    Off,
    /// Running.
    On,
}

/// What a level counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Bounds of automatic scaling.
    Instances,
    /// A fixed number of instances.
    ManualCount,
    /// On and off.
    Power,
}

/// What a target is set to: read from it, or written to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Setting {
    /// Automatic scaling.
    Automatic {
        /// Instances that are always there.
        min: u32,
        /// Instances that are never exceeded; none when nobody set one.
        max: Option<u32>,
    },
    /// Exactly this many instances.
    Manual(u32),
    /// On or off.
    Power(Power),
}

/// What nothing that is written may leave: instances, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The fewest.
    pub min: u32,
    /// The most.
    pub max: u32,
}

impl Default for Limits {
    /// As many as Cloud Run gives a service by default, 100.
    fn default() -> Self {
        Self { min: 0, max: 100 }
    }
}

impl Limits {
    /// Refuses a level that is outside.
    pub fn admit(&self, level: &Level) -> Result<(), String> {
        let (least, most) = match *level {
            Level::Set { min, max } => (min, max.unwrap_or(min)),
            Level::Manual(count) | Level::AtLeast(count) => (count, count),
            Level::Keep | Level::Original | Level::Power(_) => return Ok(()),
        };
        let Self { min, max } = self;
        if least < *min || most > *max {
            return Err(format!("{level} is outside of limits {min} to {max}"));
        }
        Ok(())
    }
}

impl Level {
    /// What it counts in.
    pub fn unit(self) -> Option<Unit> {
        match self {
            Self::Keep | Self::Original | Self::AtLeast(_) => None,
            Self::Set { .. } => Some(Unit::Instances),
            Self::Manual(_) => Some(Unit::ManualCount),
            Self::Power(_) => Some(Unit::Power),
        }
    }

    /// The instances it keeps whatever the traffic; none where that depends on what was found, or is not counted.
    pub fn floor(self) -> Option<u32> {
        match self {
            Self::Set { min, .. } => Some(min),
            Self::Manual(count) => Some(count),
            Self::Keep | Self::Original | Self::AtLeast(_) | Self::Power(_) => None,
        }
    }

    /// Of two windows that speak at once: the larger minimum, and the larger maximum.
    #[must_use]
    pub fn or_larger(self, other: Self) -> Self {
        match (self, other) {
            (Self::Set { min: a, max: most }, Self::Set { min: b, max: other }) => {
                let min = a.max(b);
                Self::Set {
                    min,
                    // `None` is less than any number.
                    max: most.max(other).map(|max| max.max(min)),
                }
            }
            _ if other.is_larger_than(self) => other,
            _ => self,
        }
    }

    /// Whether it wins against `other` among windows of one priority.
    pub fn is_larger_than(self, other: Self) -> bool {
        let rank = |level| match level {
            Self::Keep => (0, 0),
            Self::Original => (1, 0),
            Self::AtLeast(count) => (2, count),
            Self::Power(Power::Off) => (3, 0),
            Self::Power(Power::On) => (3, 1),
            Self::Set { min, .. } => (3, min),
            Self::Manual(count) => (3, count),
        };
        rank(self) > rank(other)
    }

    /// This level raised to at least `boost`. A boost in another unit raises nothing.
    #[must_use]
    pub fn boosted(self, boost: Self) -> Self {
        let count = boost.floor();
        match (self, boost) {
            (Self::Set { .. }, Self::Set { .. }) => self.or_larger(boost),
            (Self::Set { min, max }, Self::Manual(count)) => Self::Set {
                min: min.max(count),
                max: max.map(|max| max.max(count)),
            },
            (Self::Manual(own), _) => Self::Manual(own.max(count.unwrap_or(0))),
            (Self::Keep | Self::Original, Self::Power(Power::On)) => boost,
            (Self::Keep | Self::Original, _) => count.map_or(self, Self::AtLeast),
            (Self::AtLeast(own), _) => Self::AtLeast(own.max(count.unwrap_or(0))),
            (Self::Power(own), Self::Power(boost)) => Self::Power(own.max(boost)),
            (Self::Set { .. } | Self::Power(_), _) => self,
        }
    }
}

impl Setting {
    /// Whether it is what `level` wants, where the level says so itself.
    pub fn satisfies(self, level: Level) -> bool {
        match (self, level) {
            (
                Self::Automatic { min, max },
                Level::Set {
                    min: least,
                    max: most,
                },
            ) => min == least && most.is_none_or(|most| max == Some(most)),
            (Self::Manual(count), Level::Manual(wanted)) => count == wanted,
            (Self::Power(power), Level::Power(wanted)) => power == wanted,
            _ => false,
        }
    }

    /// The instances it keeps whatever the traffic; on and off are 1 and 0.
    pub fn floor(self) -> u32 {
        match self {
            Self::Automatic { min: count, .. } | Self::Manual(count) => count,
            Self::Power(power) => u32::from(power == Power::On),
        }
    }

    /// Which of two keeps more; by the maximum when they keep the same. No maximum is the most.
    pub fn compare(self, other: Self) -> Ordering {
        let most = |setting| match setting {
            Self::Automatic { max, .. } => max.unwrap_or(u32::MAX),
            Self::Manual(count) => count,
            Self::Power(_) => 0,
        };
        self.floor()
            .cmp(&other.floor())
            .then(most(self).cmp(&most(other)))
    }

    /// The level that wants this.
    pub fn as_level(self) -> Level {
        match self {
            Self::Automatic { min, max } => Level::Set { min, max },
            Self::Manual(count) => Level::Manual(count),
            Self::Power(power) => Level::Power(power),
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keep => f.write_str("keep"),
            Self::Original => f.write_str("original"),
            Self::AtLeast(count) => write!(f, "original, at least {count}"),
            Self::Set { min, max: None } => write!(f, "min {min}"),
            Self::Set {
                min,
                max: Some(max),
            } => write!(f, "min {min} max {max}"),
            Self::Manual(count) => write!(f, "manual {count}"),
            Self::Power(power) => write!(f, "{power}"),
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_level().fmt(f)
    }
}

impl fmt::Display for Power {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "off",
            Self::On => "on",
        })
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Instances => "min",
            Self::ManualCount => "manual",
            Self::Power => "power",
        })
    }
}
