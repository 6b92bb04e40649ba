//! The instants at which the answer may change.
//!
//! They are looked for day by day from the date of the instant. Beyond the dates of all exceptions each week is like the
//! one before, but for windows that a change of the clocks swallows once: when a fortnight holds nothing, nothing comes.

use super::{
    authority::{Authority, TRANSITION_MEMORY, Tier},
    calendar::days_after,
};
use crate::schedule::Schedule;
use jiff::{Timestamp, civil::Date};

/// How far behind the exceptions a weekly rule must have shown up.
const FORTNIGHT: i64 = 15;

impl Authority<'_> {
    /// The first instant after `at` at which the verdict may differ.
    pub(super) fn next_boundary(self, at: Timestamp) -> Option<Timestamp> {
        let words = self.edges().filter(|edge| *edge > at).min();
        if self.commanding(at).is_some() {
            return words;
        }
        let (.., tier) = self.base(at);
        let fire = (tier != Tier::Day).then(|| self.next_fire(at)).flatten();
        let forgotten = (tier == Tier::Transition)
            .then(|| self.forgotten(at))
            .flatten()
            .filter(|end| *end > at);
        let day = next_edge(self.schedule, at);
        [words, fire, forgotten, day].into_iter().flatten().min()
    }

    /// The last instant at or before `at` at which the verdict may have changed.
    pub(super) fn last_boundary(self, at: Timestamp) -> Option<Timestamp> {
        let words = self.edges().filter(|edge| *edge <= at).max();
        if self.commanding(at).is_some() {
            return words;
        }
        let (.., tier) = self.base(at);
        let fired = (tier != Tier::Day)
            .then(|| self.last_fire(at))
            .flatten()
            .map(|(fired, _)| fired);
        let forgotten = (tier == Tier::Default)
            .then(|| self.forgotten(at))
            .flatten()
            .filter(|end| *end <= at);
        let day = last_edge(self.schedule, at);
        [words, fired, forgotten, day].into_iter().flatten().max()
    }

    fn edges(self) -> impl Iterator<Item = Timestamp> {
        self.overrides
            .iter()
            .flat_map(|word| [word.from, word.until])
    }

    /// When the last fire at `at` is no longer remembered.
    fn forgotten(self, at: Timestamp) -> Option<Timestamp> {
        let (fired, _) = self.last_fire(at)?;
        fired.checked_add(TRANSITION_MEMORY).ok()
    }
}

/// The first beginning or end of a window or an exceptional day after `at`.
fn next_edge(schedule: &Schedule, at: Timestamp) -> Option<Timestamp> {
    let today = schedule.date(at);
    let last_exception = exception_dates(schedule).map(|(_, last)| last).max();
    let horizon = days_after(
        last_exception.map_or(today, |last| last.max(today)),
        FORTNIGHT,
    );
    let mut next: Option<Timestamp> = None;
    let mut date = days_after(today, -2);
    while has_rules(schedule) && date <= horizon {
        // What begins on a date begins at most a day early.
        if next.is_some_and(|next| schedule.day(days_after(date, -2)).from > next) {
            break;
        }
        let edges = schedule.occurrences(date).flat_map(|o| [o.from, o.until]);
        next = edges.filter(|edge| *edge > at).chain(next).min();
        date = days_after(date, 1);
    }
    next
}

/// The last beginning or end of a window or an exceptional day at or before `at`.
fn last_edge(schedule: &Schedule, at: Timestamp) -> Option<Timestamp> {
    let today = schedule.date(at);
    let first_exception = exception_dates(schedule).map(|(first, _)| first).min();
    let horizon = days_after(
        first_exception.map_or(today, |first| first.min(today)),
        -FORTNIGHT,
    );
    let mut last: Option<Timestamp> = None;
    let mut date = days_after(today, 2);
    while has_rules(schedule) && date >= horizon {
        // What begins on a date ends on the next at the latest.
        if last.is_some_and(|last| schedule.day(days_after(date, 2)).from < last) {
            break;
        }
        let edges = schedule.occurrences(date).flat_map(|o| [o.from, o.until]);
        last = edges.filter(|edge| *edge <= at).chain(last).max();
        date = days_after(date, -1);
    }
    last
}

fn has_rules(schedule: &Schedule) -> bool {
    !schedule.windows.is_empty() || !schedule.exceptions.is_empty()
}

fn exception_dates(schedule: &Schedule) -> impl Iterator<Item = (Date, Date)> {
    let ranges = schedule
        .exceptions
        .iter()
        .flat_map(|exception| &exception.dates);
    ranges.map(|range| (range.first, range.last))
}
