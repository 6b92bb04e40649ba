//! A cron expression that begins and one that ends, as one window.

use crate::{
    cron::Cron,
    schedule::{ClockTime, Weekdays},
};
use jiff::{
    SignedDuration,
    civil::{Date, DateTime},
};
use std::collections::BTreeSet;

/// A Monday in a month without holidays of cron.
const MONDAY: Date = Date::constant(2026, 6, 1);

/// What a pair of expressions comes to.
pub(super) enum Pair {
    /// The same every week: on these days, from one time to another within a day.
    Window {
        days: Weekdays,
        from: ClockTime,
        to: ClockTime,
    },
    /// Something else. The longest time from a beginning to its end is this, when it is more than a day.
    Other(Option<SignedDuration>),
}

/// Looks at what the pair does in a fortnight.
pub(super) fn pair(start: &Cron, end: &Cron) -> Pair {
    let mut times = BTreeSet::new();
    let mut days = BTreeSet::new();
    let mut longest = SignedDuration::ZERO;
    let fortnight = MONDAY.at(0, 0, 0, 0) + SignedDuration::from_hours(14 * 24);
    let mut at = MONDAY.at(0, 0, 0, 0) - SignedDuration::from_secs(1);
    while let Some(begins) = start.next_fire(at).filter(|begins| *begins < fortnight) {
        let Some(ends) = end.next_fire(begins) else {
            return Pair::Other(None);
        };
        longest = longest.max(ends.duration_since(begins));
        times.insert((clock(begins), clock(ends)));
        days.insert(weekday(begins));
        at = begins;
    }
    let day = SignedDuration::from_hours(24);
    let weekly = [start, end].iter().all(|cron| is_weekly(cron));
    let list = days.into_iter().collect::<Vec<_>>().join(",");
    let mut times = times.into_iter();
    if let (Some((from, to)), None, true) = (times.next(), times.next(), weekly && longest < day)
        && let (Ok(days), Ok(from), Ok(to)) = (list.parse(), from.parse(), to.parse())
    {
        return Pair::Window { days, from, to };
    }
    Pair::Other(Some(longest).filter(|longest| *longest > day))
}

fn is_weekly(cron: &Cron) -> bool {
    let text = cron.to_string();
    let fields: Vec<&str> = text.split(' ').collect();
    matches!(fields[..], [_, _, "*", "*", _])
}

fn clock(at: DateTime) -> String {
    at.strftime("%H:%M").to_string()
}

fn weekday(at: DateTime) -> String {
    at.strftime("%a").to_string().to_lowercase()
}
