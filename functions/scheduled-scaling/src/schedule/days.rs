//! Days of the week.

use jiff::civil::Weekday;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Some days of the week: `mon-fri`, `sat,sun`, `sat-mon`, `daily`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Weekdays {
    /// One bit each, Monday lowest.
    bits: u8,
}

const NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const ALL: u8 = 0b111_1111;

/// Why a text does not name days of the week.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{found:?} in days {text:?} is not mon, tue, wed, thu, fri, sat, sun, a range such as mon-fri, or daily"
)]
pub struct InvalidDays {
    text: String,
    found: String,
}

/// The day of the week that `name`, such as `sat`, stands for.
pub fn weekday(name: &str) -> Result<Weekday, InvalidDays> {
    position(name)
        .and_then(|position| Weekday::from_monday_zero_offset(position).ok())
        .ok_or_else(|| InvalidDays {
            text: name.to_owned(),
            found: name.to_owned(),
        })
}

fn position(name: &str) -> Option<i8> {
    let found = NAMES.iter().position(|known| *known == name.trim())?;
    i8::try_from(found).ok()
}

/// The name of a day as it is written in a configuration.
pub(super) fn name(day: Weekday) -> &'static str {
    NAMES[usize::from(day.to_monday_zero_offset().unsigned_abs())]
}

impl Weekdays {
    /// Whether `day` is one of them.
    pub fn contains(self, day: Weekday) -> bool {
        self.bits & 1 << day.to_monday_zero_offset() != 0
    }

    fn has(self, position: usize) -> bool {
        self.bits & 1 << (position % 7) != 0
    }
}

impl FromStr for Weekdays {
    type Err = InvalidDays;

    fn from_str(text: &str) -> Result<Self, InvalidDays> {
        let lower = text.trim().to_lowercase();
        if lower == "daily" {
            return Ok(Self { bits: ALL });
        }
        let mut bits = 0;
        for part in lower.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (Some(first), Some(last)) = (position(first), position(last)) else {
                return Err(InvalidDays {
                    text: text.to_owned(),
                    found: part.trim().to_owned(),
                });
            };
            for step in 0..=(last - first).rem_euclid(7) {
                bits |= 1 << ((first + step) % 7);
            }
        }
        Ok(Self { bits })
    }
}

impl fmt::Display for Weekdays {
    /// One form for one set: runs of three or more days as ranges, which may go on from Sunday to Monday.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.bits == ALL {
            return f.write_str("daily");
        }
        let begins = |day: usize| self.has(day) && !self.has(day + 6);
        let mut separator = "";
        for first in (0..7).filter(|day| begins(*day)) {
            let length = (0..7).take_while(|step| self.has(first + step)).count();
            let last = NAMES[(first + length - 1) % 7];
            match length {
                1 => write!(f, "{separator}{last}")?,
                2 => write!(f, "{separator}{},{last}", NAMES[first])?,
                _ => write!(f, "{separator}{}-{last}", NAMES[first])?,
            }
            separator = ",";
        }
        Ok(())
    }
}

impl TryFrom<String> for Weekdays {
    type Error = InvalidDays;

    fn try_from(text: String) -> Result<Self, InvalidDays> {
        text.parse()
    }
}

impl From<Weekdays> for String {
    fn from(days: Weekdays) -> Self {
        days.to_string()
    }
}
