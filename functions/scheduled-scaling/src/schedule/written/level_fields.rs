//! The keys that say a level: `min` with an optional `max`, `manual`, `power`, or `level`.

use super::super::{InvalidSchedule, Level, Power};
use serde::{Deserialize, Serialize};

/// A level that depends on what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Found {
    /// Leave it.
    Keep,
    /// Put it back.
    Original,
}

impl From<Found> for Level {
    fn from(found: Found) -> Self {
        match found {
            Found::Keep => Self::Keep,
            Found::Original => Self::Original,
        }
    }
}

impl Found {
    pub(crate) fn of(level: Level) -> Option<Self> {
        match level {
            Level::Keep => Some(Self::Keep),
            Level::Original => Some(Self::Original),
            _ => None,
        }
    }
}

/// The keys of one rule.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Values {
    pub(crate) min: Option<u32>,
    pub(crate) max: Option<u32>,
    pub(crate) manual: Option<u32>,
    pub(crate) power: Option<Power>,
    pub(crate) level: Option<Found>,
}

impl Values {
    /// The keys that say `level`.
    pub(crate) fn of(level: Level) -> Self {
        let nothing = Self::default();
        match level {
            Level::Keep | Level::Original => Self {
                level: Found::of(level),
                ..nothing
            },
            Level::Set { min, max } => Self {
                min: Some(min),
                max,
                ..nothing
            },
            // Only a boost over what was found comes to this; as a rule of its own it is written as its minimum.
            Level::AtLeast(count) => Self {
                min: Some(count),
                ..nothing
            },
            Level::Manual(count) => Self {
                manual: Some(count),
                ..nothing
            },
            Level::Power(power) => Self {
                power: Some(power),
                ..nothing
            },
        }
    }

    /// Whether no key is there at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.count() == 0 && self.max.is_none()
    }

    fn count(&self) -> u8 {
        [
            self.min.is_some(),
            self.manual.is_some(),
            self.power.is_some(),
            self.level.is_some(),
        ]
        .map(u8::from)
        .iter()
        .sum()
    }

    /// The level they say.
    pub(crate) fn level(&self) -> Result<Level, InvalidSchedule> {
        let invalid = |why: &str| Err(InvalidSchedule(why.to_owned()));
        match (self.count(), self.max) {
            (0, None) => {
                return invalid(
                    "says no value; write min = 4 (with max = 10 if wanted), manual = 2, power = \"on\", or level = \
                     \"original\" or \"keep\"",
                );
            }
            (0, Some(max)) => {
                return Err(InvalidSchedule(format!(
                    "says max {max} and no min; write min too: one without the other can end with min above max"
                )));
            }
            (1, _) => {}
            _ => {
                return invalid(
                    "says more than one value; write one of min, manual, power and level",
                );
            }
        }
        match *self {
            Self {
                min: Some(min),
                max,
                ..
            } => match max.filter(|max| *max < min) {
                Some(max) => Err(InvalidSchedule(format!(
                    "min {min} is above max {max}; raise max or lower min"
                ))),
                None => Ok(Level::Set { min, max }),
            },
            Self { max: Some(_), .. } => invalid("says max without min; max goes with min only"),
            Self {
                manual: Some(count),
                ..
            } => Ok(Level::Manual(count)),
            Self {
                power: Some(power), ..
            } => Ok(Level::Power(power)),
            Self { level, .. } => Ok(level.map_or(Level::Keep, Level::from)),
        }
    }
}

/// Declares a struct that is written with the keys of a level beside its own.
///
/// `#[serde(flatten)]` would say the same in a word, but with it errors no longer know their line, and unknown keys are not
/// told reliably.
macro_rules! with_level {
    ($(#[$doc:meta])* struct $name:ident { $($(#[$attribute:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, serde::Deserialize, serde::Serialize)]
        #[serde(deny_unknown_fields)]
        struct $name {
            $($(#[$attribute])* $field: $type,)*
            #[serde(default, skip_serializing_if = "Option::is_none")]
            min: Option<u32>,
            #[serde(default, skip_serializing_if = "Option::is_none")]
            max: Option<u32>,
            #[serde(default, skip_serializing_if = "Option::is_none")]
            manual: Option<u32>,
            #[serde(default, skip_serializing_if = "Option::is_none")]
            power: Option<$crate::schedule::Power>,
            #[serde(default, skip_serializing_if = "Option::is_none")]
            level: Option<$crate::schedule::level_fields::Found>,
        }

        impl $name {
            fn new(values: $crate::schedule::level_fields::Values, $($field: $type),*) -> Self {
                let $crate::schedule::level_fields::Values { min, max, manual, power, level } = values;
                Self { $($field,)* min, max, manual, power, level }
            }

            fn values(&self) -> $crate::schedule::level_fields::Values {
                $crate::schedule::level_fields::Values {
                    min: self.min,
                    max: self.max,
                    manual: self.manual,
                    power: self.power,
                    level: self.level,
                }
            }
        }
    };
}

pub(crate) use with_level;
