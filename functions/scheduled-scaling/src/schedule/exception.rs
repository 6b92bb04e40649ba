//! Days that differ from their weekday.

use super::{DateRange, Level};
use jiff::civil::{Date, Weekday};

/// Dates, and what is different on them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// The calendar the dates are from, when they are not written here.
    pub calendar: Option<String>,
    /// The dates.
    pub dates: Vec<DateRange>,
    /// What is different.
    pub effect: Effect,
}

/// What is different on the date of an exception.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// No window starts. One that started the evening before runs to its end.
    Closed,
    /// Windows start as on this day of the week.
    As(Weekday),
    /// This holds from 00:00 to 24:00, whatever the windows say.
    Level(Level),
}

impl Exception {
    /// Whether it speaks of `date`.
    pub fn covers(&self, date: Date) -> bool {
        self.dates.iter().any(|range| range.contains(date))
    }

    /// Its calendar or its dates, for people.
    pub fn what(&self) -> String {
        match &self.calendar {
            Some(name) => format!("calendar {name:?}"),
            None => self
                .dates
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", "),
        }
    }
}
