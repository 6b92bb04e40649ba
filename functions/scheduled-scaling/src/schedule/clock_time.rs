//! A time of day, to the minute.

use jiff::civil::{Date, DateTime, time};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// What a clock shows, from `00:00` to `24:00`, which is midnight at the end of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClockTime {
    hour: i8,
    minute: i8,
}

/// Why a text is not a time of day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a time of day from \"00:00\" to \"24:00\", with two digits each")]
pub struct InvalidClockTime(String);

impl ClockTime {
    /// The end of the day.
    pub const MIDNIGHT_AFTER: Self = Self {
        hour: 24,
        minute: 0,
    };

    /// This time on the day `date`; `24:00` is `00:00` on the next.
    pub fn on(self, date: Date) -> DateTime {
        if self == Self::MIDNIGHT_AFTER {
            date.saturating_add(jiff::Span::new().days(1))
                .to_datetime(time(0, 0, 0, 0))
        } else {
            date.at(self.hour, self.minute, 0, 0)
        }
    }
}

impl FromStr for ClockTime {
    type Err = InvalidClockTime;

    fn from_str(text: &str) -> Result<Self, InvalidClockTime> {
        let read = || {
            let (hour, minute) = text.split_once(':')?;
            let number = |word: &str| {
                let digits = word.len() == 2 && word.bytes().all(|b| b.is_ascii_digit());
                digits.then(|| word.parse::<i8>().ok()).flatten()
            };
            let time = Self {
                hour: number(hour)?,
                minute: number(minute)?,
            };
            (time.minute < 60 && time <= Self::MIDNIGHT_AFTER).then_some(time)
        };
        read().ok_or_else(|| InvalidClockTime(text.to_owned()))
    }
}

impl TryFrom<String> for ClockTime {
    type Error = InvalidClockTime;

    fn try_from(text: String) -> Result<Self, InvalidClockTime> {
        text.parse()
    }
}

impl From<ClockTime> for String {
    fn from(time: ClockTime) -> Self {
        time.to_string()
    }
}

impl fmt::Display for ClockTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.hour, self.minute)
    }
}
