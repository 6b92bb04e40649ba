//! What is odd about a schedule, found before it happens: windows that contradict each other, windows and fires that a change
//! of the clocks swallows or moves, rules that never speak.

use crate::{
    cron::Cron,
    desired::days_after,
    schedule::{Level, Schedule, Window},
};
use jiff::{Timestamp, civil::Date};
use serde::Serialize;
use std::fmt;

/// How far ahead is looked: more than a year, so that every holiday and every change of the clocks is seen.
const DAYS: i64 = 400;

/// Something a person should know about a schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The date it happens first; none where it always does.
    pub date: Option<Date>,
    /// What it is.
    pub text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Looks through the 400 days from `first`.
pub fn findings(schedule: &Schedule, first: Date) -> Vec<Finding> {
    let dates = || (0..DAYS).map(move |days| days_after(first, days));
    let mut found = overlaps(schedule, dates().collect());
    for window in &schedule.windows {
        found.extend(swallowed(schedule, window, dates()));
        found.extend(silent(schedule, window, dates()));
    }
    for transition in &schedule.transitions {
        found.extend(either_day(&transition.at));
        found.extend(moved(schedule, &transition.at, first));
    }
    found.extend(doubled_dates(schedule, dates()));
    found
}

/// An occurrence of a window: the window, its beginning and its end.
type Shown<'a> = (&'a Window, Timestamp, Timestamp);

/// Each pair of windows of one priority that speak at once and differ, with the first time.
fn overlaps(schedule: &Schedule, dates: Vec<Date>) -> Vec<Finding> {
    if schedule.overlap_is_meant {
        return Vec::new();
    }
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    let mut found = Vec::new();
    let mut before: Vec<Shown> = Vec::new();
    for date in dates {
        let today: Vec<Shown> = schedule
            .windows
            .iter()
            .filter_map(|window| {
                let occurrence = schedule.occurrence(window, date)?;
                Some((window, occurrence.from, occurrence.until))
            })
            .collect();
        for (index, one) in today.iter().enumerate() {
            for other in before.iter().chain(&today[..index]) {
                let names = (&*other.0.name, &*one.0.name);
                if contradict(one, other) && !pairs.contains(&names) {
                    pairs.push(names);
                    found.push(overlap(schedule, other, one));
                }
            }
        }
        before = today;
    }
    found
}

fn contradict((one, from, until): &Shown, (other, other_from, other_until): &Shown) -> bool {
    let differ = one.priority == other.priority && one.level != other.level;
    differ && one.name != other.name && from < other_until && other_from < until
}

fn overlap(schedule: &Schedule, one: &Shown, other: &Shown) -> Finding {
    let zone = &schedule.zone;
    let (from, until) = (one.1.max(other.1), one.2.min(other.2));
    let holds: Level = one.0.level.or_larger(other.0.level);
    Finding {
        date: Some(zone.local(from).date()),
        text: format!(
            "windows {:?} ({}) and {:?} ({}) overlap, first on {} {}–{}; the larger holds ({holds}); give one a priority, or \
             say overlap = \"max\" if it is meant",
            one.0.name,
            one.0.level,
            other.0.name,
            other.0.level,
            zone.local(from).strftime("%a %F"),
            zone.local(from).strftime("%H:%M"),
            zone.local(until).strftime("%H:%M"),
        ),
    }
}

/// The first day on which clocks skip all of a window.
fn swallowed(
    schedule: &Schedule,
    window: &Window,
    mut dates: impl Iterator<Item = Date>,
) -> Option<Finding> {
    let starts = |date: &Date| {
        let day = schedule.weekday_of(*date);
        day.is_some_and(|day| window.days.contains(day))
    };
    let date =
        dates.find(|date| starts(date) && window.occurrence(&schedule.zone, *date).is_none())?;
    let at = schedule.zone.resolve(window.from.on(date));
    let before = at - jiff::SignedDuration::from_nanos(1);
    let jump = schedule.zone.clock_changes(before, at).first().map_or_else(
        || "clocks skip that time".to_owned(),
        |change| {
            let (last, next) = (change.last.strftime("%H:%M"), change.next.strftime("%H:%M"));
            format!("clocks jump {last} → {next}")
        },
    );
    Some(Finding {
        date: Some(date),
        text: format!(
            "window {:?} {} {} does not occur on {}: {jump}",
            window.name,
            window.label(),
            schedule.zone,
            date.strftime("%a %F")
        ),
    })
}

/// A window that does not start once.
fn silent(
    schedule: &Schedule,
    window: &Window,
    mut dates: impl Iterator<Item = Date>,
) -> Option<Finding> {
    let never = !dates.any(|date| schedule.occurrence(window, date).is_some());
    never.then(|| Finding {
        date: None,
        text: format!(
            "window {:?} {} never occurs in the next {DAYS} days: exceptions take all its days",
            window.name,
            window.label()
        ),
    })
}

fn either_day(cron: &Cron) -> Option<Finding> {
    cron.either_day().then(|| Finding {
        date: None,
        text: format!(
            "transition \"{cron}\" fires on days that match its day of month or its day of week, as Unix cron does; write * \
             in one of them if both should match"
        ),
    })
}

/// The first fire that clocks skip, which then takes place when they jump.
fn moved(schedule: &Schedule, cron: &Cron, first: Date) -> Option<Finding> {
    let zone = &schedule.zone;
    let end = zone.resolve(days_after(first, DAYS).at(0, 0, 0, 0));
    let changes = zone.clock_changes(zone.resolve(first.at(0, 0, 0, 0)), end);
    changes
        .iter()
        .filter(|change| change.is_forward())
        .find_map(|change| {
            let just_before = change.last - jiff::SignedDuration::from_nanos(1);
            let fire = cron
                .next_fire(just_before)
                .filter(|fire| *fire < change.next)?;
            // A fire at the very jump is on time.
            (fire > change.last).then(|| Finding {
                date: Some(fire.date()),
                text: format!(
                    "transition \"{cron}\" fires at {} on {}: clocks skip {}",
                    change.next.strftime("%H:%M"),
                    fire.strftime("%a %F"),
                    fire.strftime("%H:%M")
                ),
            })
        })
}

/// The first date that two exceptions speak of.
fn doubled_dates(schedule: &Schedule, mut dates: impl Iterator<Item = Date>) -> Option<Finding> {
    let covering = |date: Date| {
        let exceptions = schedule.exceptions.iter();
        exceptions.filter(move |exception| exception.covers(date))
    };
    let date = dates.find(|date| {
        covering(*date).any(|e| Some(e.effect) != covering(*date).next().map(|e| e.effect))
    })?;
    let names: Vec<String> = covering(date)
        .map(crate::schedule::Exception::what)
        .collect();
    Some(Finding {
        date: Some(date),
        text: format!(
            "more than one exception covers {date} ({}); the first counts",
            names.join("; ")
        ),
    })
}
