//! Schedules: five Unix fields in a time zone.
//!
//! The `cron` crate counts on local times without a zone. Its dialect differs (six fields, Sunday is 1, a day has to match
//! both day fields), so each field is read here and handed on as a list that both read alike. Local times become instants
//! within one stretch of constant offset at a time: the wall clock decides, so what falls into the hour that a zone skips
//! does not run, and what falls into the one that it repeats runs twice. Google promises nothing better and advises UTC.

use crate::http::ApiError;
use chrono::{DateTime, Utc};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use std::collections::BTreeSet;

/// When a job is due.
#[derive(Clone, Debug)]
pub(super) struct Schedule {
    /// One, or two of which either fires.
    alternatives: Vec<cron::Schedule>,
    zone: TimeZone,
}

/// Offsets change about twice a year at most, and a leap day comes within eight years.
const MOST_OFFSETS: usize = 64;

impl Schedule {
    /// `text` is unix-cron, `zone` a name of the tz database.
    pub(super) fn parse(text: &str, zone: &str) -> Result<Self, ApiError> {
        let zone = TimeZone::get(zone).map_err(|_| {
            ApiError::invalid(format!(
                "time_zone: {zone:?} is not in the tz database; write a name such as \"Europe/Berlin\""
            ))
        })?;
        let invalid = |problem: &str| {
            ApiError::invalid(format!("schedule: {text:?} is not unix-cron: {problem}"))
        };
        let alternatives = expressions(text)
            .and_then(|expressions| {
                let parse = |text: &String| text.parse().map_err(|e| format!("{e}"));
                expressions.iter().map(parse).collect::<Result<_, _>>()
            })
            .map_err(|problem| invalid(&problem))?;
        let schedule = Self { alternatives, zone };
        match schedule.after(Timestamp::UNIX_EPOCH) {
            Some(_) => Ok(schedule),
            None => Err(invalid("there is no such day")),
        }
    }

    /// The first time that is later than `at`.
    pub(super) fn after(&self, at: Timestamp) -> Option<Timestamp> {
        let mut from = at;
        let ends = self.zone.following(at).map(|change| change.timestamp());
        let ends = ends.map(Some).chain([None]).take(MOST_OFFSETS);
        for end in ends {
            let offset = i64::from(self.zone.to_offset(end.map_or(from, before)).seconds());
            let local = DateTime::<Utc>::from_timestamp(from.as_second() + offset, 0)?;
            let fires = self
                .alternatives
                .iter()
                .filter_map(|a| a.after(&local).next());
            let fire = fires.min()?.timestamp() - offset;
            let fire = Timestamp::from_second(fire).ok()?;
            match end {
                Some(end) if fire >= end => from = before(end),
                _ => return Some(fire),
            }
        }
        None
    }
}

/// The last whole second before `at`.
fn before(at: Timestamp) -> Timestamp {
    at.saturating_sub(SignedDuration::from_secs(1))
        .unwrap_or(at)
}

struct Field {
    name: &'static str,
    least: u32,
    most: u32,
    /// Names of the values from `least` on.
    names: &'static [&'static str],
}

const MONTHS: [&str; 12] = [
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

const FIELDS: [Field; 5] = [
    Field::new("minute", 0, 59, &[]),
    Field::new("hour", 0, 23, &[]),
    Field::new("day of month", 1, 31, &[]),
    Field::new("month", 1, 12, &MONTHS),
    // 7 is Sunday as well.
    Field::new("day of week", 0, 7, &WEEKDAYS),
];

/// The same in the dialect of the `cron` crate: one expression, or two of which either fires.
fn expressions(text: &str) -> Result<Vec<String>, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [.., day, _, weekday] = words[..] else {
        return Err(count(words.len()));
    };
    if words.len() != FIELDS.len() {
        return Err(count(words.len()));
    }
    let mut lists = vec![];
    for (field, word) in FIELDS.iter().zip(&words) {
        lists.push(field.read(word)?);
    }
    let list = |n: usize| {
        let texts = lists[n].iter().map(ToString::to_string);
        texts.collect::<Vec<_>>().join(",")
    };
    let names = lists[4]
        .iter()
        .filter_map(|n| WEEKDAYS.get(*n as usize % 7));
    let names: BTreeSet<&str> = names.copied().collect();
    let names = names.into_iter().collect::<Vec<_>>().join(",");
    let (time, months) = (format!("0 {} {}", list(0), list(1)), list(3));
    // A field that begins with a star restricts nothing, even with a step: crontab(5).
    if day.starts_with('*') || weekday.starts_with('*') {
        return Ok(vec![format!("{time} {} {months} {names}", list(2))]);
    }
    Ok(vec![
        format!("{time} {} {months} *", list(2)),
        format!("{time} * {months} {names}"),
    ])
}

fn count(words: usize) -> String {
    format!(
        "it has {words} fields and not five: minute, hour, day of month, month, day of week (App Engine's \"every …\" is not \
         served here)"
    )
}

impl Field {
    const fn new(
        name: &'static str,
        least: u32,
        most: u32,
        names: &'static [&'static str],
    ) -> Self {
        Self {
            name,
            least,
            most,
            names,
        }
    }

    /// The values that a list such as `1,5-9/2` stands for.
    fn read(&self, word: &str) -> Result<BTreeSet<u32>, String> {
        let mut values = BTreeSet::new();
        for item in word.split(',') {
            let (range, step) = match item.split_once('/') {
                Some((range, step)) => (range, Some(self.step(step, item)?)),
                None => (item, None),
            };
            let (first, last) = if range == "*" {
                (self.least, self.most)
            } else if let Some((first, last)) = range.split_once('-') {
                (self.value(first)?, self.value(last)?)
            } else if step.is_some() {
                return Err(format!(
                    "{item:?}: a step needs a range or a star before it"
                ));
            } else {
                (self.value(range)?, self.value(range)?)
            };
            if first > last {
                return Err(format!("{item:?}: the range ends before it begins"));
            }
            values.extend((first..=last).step_by(step.unwrap_or(1)));
        }
        Ok(values)
    }

    fn step(&self, step: &str, item: &str) -> Result<usize, String> {
        let parsed = step.parse::<u32>().ok();
        parsed
            .filter(|step| (1..=self.most).contains(step))
            .and_then(|step| usize::try_from(step).ok())
            .ok_or_else(|| format!("{item:?}: a step is between 1 and {}", self.most))
    }

    fn value(&self, text: &str) -> Result<u32, String> {
        let named = self
            .names
            .iter()
            .position(|name| name.eq_ignore_ascii_case(text));
        let named = named
            .and_then(|n| u32::try_from(n).ok())
            .map(|n| n + self.least);
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        let number = || text.parse().ok().filter(|_| digits);
        let value = named.or_else(number);
        value
            .filter(|value| (self.least..=self.most).contains(value))
            .ok_or_else(|| {
                format!(
                    "{text:?} is not a {} ({} to {})",
                    self.name, self.least, self.most
                )
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The next fires of `text` in `zone` after `at`, in UTC.
    fn fires(text: &str, zone: &str, at: &str, count: usize) -> Vec<String> {
        let schedule = Schedule::parse(text, zone).unwrap();
        let mut at: Timestamp = at.parse().unwrap();
        let mut seen = vec![];
        for _ in 0..count {
            at = schedule.after(at).unwrap();
            seen.push(at.to_string());
        }
        seen
    }

    #[test]
    fn days_of_the_week_count_from_sunday_and_seven_is_sunday_too() {
        for text in ["0 9 * * 0", "0 9 * * 7", "0 9 * * sun"] {
            let sunday = fires(text, "UTC", "2026-11-02T00:00:00Z", 1);
            assert_eq!(sunday, ["2026-11-08T09:00:00Z"], "{text}");
        }
        let workdays = fires("0 9 * * 1-5", "UTC", "2026-11-06T10:00:00Z", 1);
        assert_eq!(workdays, ["2026-11-09T09:00:00Z"]);
    }

    #[test]
    fn a_day_matches_either_day_field_when_both_are_restricted() {
        let either = fires("0 0 13 * fri", "UTC", "2026-11-01T00:00:00Z", 3);
        let wanted = [
            "2026-11-06T00:00:00Z",
            "2026-11-13T00:00:00Z",
            "2026-11-20T00:00:00Z",
        ];
        assert_eq!(either, wanted);
        let starred = fires("0 0 */2 * fri", "UTC", "2026-11-01T00:00:00Z", 1);
        assert_eq!(starred, ["2026-11-13T00:00:00Z"]);
    }

    #[test]
    fn the_wall_clock_of_the_zone_decides() {
        let berlin = fires("0 3 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z", 3);
        let wanted = [
            "2026-03-28T02:00:00Z",
            "2026-03-29T01:00:00Z",
            "2026-03-30T01:00:00Z",
        ];
        assert_eq!(berlin, wanted);
    }

    #[test]
    fn a_skipped_hour_has_no_run_and_a_repeated_one_has_two() {
        let gap = fires("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", 1);
        assert_eq!(gap, ["2026-03-30T00:30:00Z"]);
        let fold = fires("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 3);
        let wanted = [
            "2026-10-25T00:30:00Z",
            "2026-10-25T01:30:00Z",
            "2026-10-26T01:30:00Z",
        ];
        assert_eq!(fold, wanted);
        let quarters = fires("*/30 * * * *", "Europe/Berlin", "2026-10-25T00:00:00Z", 4);
        let wanted = [
            "2026-10-25T00:30:00Z",
            "2026-10-25T01:00:00Z",
            "2026-10-25T01:30:00Z",
            "2026-10-25T02:00:00Z",
        ];
        assert_eq!(quarters, wanted);
    }

    #[test]
    fn a_leap_day_is_found_and_fractions_of_a_second_are_not_in_the_way() {
        let leap = fires(
            "0 0 29 2 *",
            "America/New_York",
            "2026-11-01T00:00:00.5Z",
            1,
        );
        assert_eq!(leap, ["2028-02-29T05:00:00Z"]);
        let next = fires("* * * * *", "UTC", "2026-11-01T00:00:59.999Z", 1);
        assert_eq!(next, ["2026-11-01T00:01:00Z"]);
    }

    #[test]
    fn what_unix_cron_does_not_know_is_refused_with_the_reason() {
        for (text, problem) in [
            ("* * * *", "4 fields"),
            ("0 0 * * * *", "6 fields"),
            ("every 5 minutes", "3 fields"),
            ("60 * * * *", "not a minute"),
            ("* * 0 * *", "not a day of month"),
            ("* * * * fri-mon", "ends before"),
            ("5/15 * * * *", "step needs"),
            ("*/0 * * * *", "step is between"),
            ("1,,2 * * * *", "not a minute"),
            ("0 0 L * *", "not a day of month"),
            ("0 0 31 2 *", "no such day"),
        ] {
            let error = Schedule::parse(text, "UTC").unwrap_err();
            assert!(error.message.contains(problem), "{text}: {}", error.message);
        }
        let zone = Schedule::parse("* * * * *", "Europe/Atlantis").unwrap_err();
        assert!(zone.message.contains("time_zone"), "{}", zone.message);
    }
}
