//! What a schedule does on a date, and when in time that is.

use crate::schedule::{Effect, Exception, Level, Schedule, Window};
use jiff::{
    Span, Timestamp,
    civil::{Date, Weekday},
};

/// A window that started on a date, or an exception's value for it, as a stretch of time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Occurrence {
    /// The first instant.
    pub(crate) from: Timestamp,
    /// The first instant after it.
    pub(crate) until: Timestamp,
}

impl Occurrence {
    pub(crate) fn contains(self, at: Timestamp) -> bool {
        self.from <= at && at < self.until
    }
}

impl Schedule {
    /// The exception for a date.
    pub fn exception_on(&self, date: Date) -> Option<&Exception> {
        self.exceptions
            .iter()
            .find(|exception| exception.covers(date))
    }

    /// The day of the week as which windows start on `date`; none on a closed day.
    pub fn weekday_of(&self, date: Date) -> Option<Weekday> {
        match self.exception_on(date).map(|exception| exception.effect) {
            Some(Effect::Closed) => None,
            Some(Effect::As(day)) => Some(day),
            Some(Effect::Level(_)) | None => Some(date.weekday()),
        }
    }

    /// The value that an exception gives the whole day.
    pub(crate) fn level_of_day(&self, date: Date) -> Option<Level> {
        match self.exception_on(date)?.effect {
            Effect::Level(level) => Some(level),
            Effect::Closed | Effect::As(_) => None,
        }
    }

    /// When the window that starts on `date` begins and ends; none when it does not start then.
    pub(crate) fn occurrence(&self, window: &Window, date: Date) -> Option<Occurrence> {
        let day = self.weekday_of(date)?;
        if !window.days.contains(day) {
            return None;
        }
        let (from, until) = window.occurrence(&self.zone, date)?;
        Some(Occurrence { from, until })
    }

    /// From the midnight that begins `date` to the one that ends it.
    pub(crate) fn day(&self, date: Date) -> Occurrence {
        let midnight = |date: Date| self.zone.resolve(date.at(0, 0, 0, 0));
        Occurrence {
            from: midnight(date),
            until: midnight(days_after(date, 1)),
        }
    }

    /// Everything that begins on `date`.
    pub(crate) fn occurrences(&self, date: Date) -> impl Iterator<Item = Occurrence> {
        let day = self.level_of_day(date).map(|_| self.day(date));
        let windows = self
            .windows
            .iter()
            .filter_map(move |window| self.occurrence(window, date));
        day.into_iter().chain(windows)
    }

    /// The date that `at` belongs to: the one whose midnight came last.
    pub(crate) fn date(&self, at: Timestamp) -> Date {
        self.zone.reached(at).date()
    }
}

/// The date that many days later, or earlier; the calendar ends at the last one it knows.
pub(crate) fn days_after(date: Date, days: i64) -> Date {
    date.saturating_add(Span::new().days(days))
}
