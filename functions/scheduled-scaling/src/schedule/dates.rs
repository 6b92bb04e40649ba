//! Dates and ranges of dates.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A date, or all dates from one to another, both included: `2026-12-25..2026-12-26`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct DateRange {
    /// The first date.
    pub first: Date,
    /// The last date.
    pub last: Date,
}

/// Why a text is not a range of dates.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidDates {
    /// Not a date at all.
    #[error(
        "{0:?} is not a date such as \"2026-12-25\" or a range such as \"2026-12-25..2026-12-26\""
    )]
    NotADate(String),
    /// The range ends before it begins.
    #[error("the range {0:?} ends before it begins; write the earlier date first")]
    Backwards(String),
    /// Longer than a year: more likely a slip of the pen than a holiday.
    #[error("the range {0:?} is longer than a year; check its years, or write several ranges")]
    TooLong(String),
}

impl DateRange {
    /// Whether `date` is one of them.
    pub fn contains(self, date: Date) -> bool {
        (self.first..=self.last).contains(&date)
    }
}

impl FromStr for DateRange {
    type Err = InvalidDates;

    fn from_str(text: &str) -> Result<Self, InvalidDates> {
        let date = |text_of_date: &str| {
            // jiff reads other forms too (`20261225`); one form is enough for a file that people read.
            let written = text_of_date.trim();
            let date = written.parse::<Date>().ok();
            date.filter(|date| date.to_string() == written)
                .ok_or_else(|| InvalidDates::NotADate(text.to_owned()))
        };
        let (first, last) = match text.split_once("..") {
            Some((first, last)) => (date(first)?, date(last)?),
            None => (date(text)?, date(text)?),
        };
        if last < first {
            return Err(InvalidDates::Backwards(text.to_owned()));
        }
        if last > first.saturating_add(jiff::Span::new().years(1)) {
            return Err(InvalidDates::TooLong(text.to_owned()));
        }
        Ok(Self { first, last })
    }
}

impl TryFrom<String> for DateRange {
    type Error = InvalidDates;

    fn try_from(text: String) -> Result<Self, InvalidDates> {
        text.parse()
    }
}

impl From<DateRange> for String {
    fn from(range: DateRange) -> Self {
        range.to_string()
    }
}

impl fmt::Display for DateRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(f, "{}", self.first)
        } else {
            write!(f, "{}..{}", self.first, self.last)
        }
    }
}
