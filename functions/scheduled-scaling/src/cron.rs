//! Cron expressions as Unix means them, on local times without a zone.
//!
//! The `cron` crate does the counting. It speaks a dialect of its own: six fields, Sunday is 1, and a day must match both
//! of its fields. [`Cron`] reads the five fields of crontab(5) and hands that crate an expression that means the same: days
//! of the week go by name, and two restricted day fields become two expressions of which either fires. Local times become
//! instants by [`Zone::resolve`](crate::zone::Zone::resolve) alone, so the crate never sees a zone.

mod fields;

use chrono::{Datelike, NaiveDate, NaiveDateTime, Timelike, Utc};
use fields::{Field, MINUTES};
use jiff::civil::{Date, DateTime};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// An expression of five fields: minute, hour, day of month, month, day of week.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cron {
    text: String,
    /// One, or two of which either fires.
    alternatives: Vec<cron::Schedule>,
}

/// Why an expression is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cron expression {text:?}: {problem}")]
pub struct InvalidCron {
    text: String,
    problem: String,
}

impl Cron {
    /// Whether both day fields are restricted, so that a day need match only one of them. Few people expect that.
    pub fn either_day(&self) -> bool {
        self.alternatives.len() > 1
    }

    /// The latest fire at or before the local time `at`.
    pub fn last_fire(&self, at: DateTime) -> Option<DateTime> {
        let next_second = foreign(at)? + chrono::TimeDelta::seconds(1);
        self.alternatives
            .iter()
            .filter_map(|schedule| schedule.after(&next_second).next_back())
            .max()
            .and_then(ours)
    }

    /// The first fire after the local time `at`.
    pub fn next_fire(&self, at: DateTime) -> Option<DateTime> {
        let at = foreign(at)?;
        self.alternatives
            .iter()
            .filter_map(|schedule| schedule.after(&at).next())
            .min()
            .and_then(ours)
    }
}

/// The local time as the `cron` crate takes it, without fractions of a second. UTC stands for "no zone": it has no gaps and
/// no folds.
fn foreign(at: DateTime) -> Option<chrono::DateTime<Utc>> {
    let number = |n: i8| u32::try_from(n).ok();
    let date = NaiveDate::from_ymd_opt(at.year().into(), number(at.month())?, number(at.day())?)?;
    let local: NaiveDateTime = date.and_hms_opt(
        number(at.hour())?,
        number(at.minute())?,
        number(at.second())?,
    )?;
    Some(local.and_utc())
}

fn ours(fire: chrono::DateTime<Utc>) -> Option<DateTime> {
    let number = |n: u32| i8::try_from(n).ok();
    let year = i16::try_from(fire.year()).ok()?;
    let date = Date::new(year, number(fire.month())?, number(fire.day())?).ok()?;
    Some(date.at(number(fire.hour())?, number(fire.minute())?, 0, 0))
}

impl FromStr for Cron {
    type Err = InvalidCron;

    fn from_str(text: &str) -> Result<Self, InvalidCron> {
        let invalid = |problem: String| InvalidCron {
            text: text.to_owned(),
            problem,
        };
        if let Some(meaning) = shorthand(text) {
            return Err(invalid(meaning));
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = words[..] else {
            return Err(invalid(count_hint(words.len())));
        };
        let read = |word, field: &Field| field.read(word).map_err(&invalid);
        let time = format!(
            "0 {} {}",
            read(minute, &MINUTES)?,
            read(hour, &fields::HOURS)?
        );
        let (days, months) = (read(day, &fields::DAYS)?, read(month, &fields::MONTHS)?);
        let weekdays = read(weekday, &fields::WEEKDAYS)?;
        // crontab(5): a field that begins with a star does not count as restricted, even with a step.
        let either = !day.starts_with('*') && !weekday.starts_with('*');
        let expressions = if either {
            vec![
                format!("{time} {days} {months} *"),
                format!("{time} * {months} {weekdays}"),
            ]
        } else {
            vec![format!("{time} {days} {months} {weekdays}")]
        };
        let alternatives = expressions
            .iter()
            .map(|expression| expression.parse().map_err(|e| invalid(format!("{e}"))))
            .collect::<Result<_, _>>()?;
        let cron = Self {
            text: words.join(" "),
            alternatives,
        };
        // A leap day may be eight years away; the first of 2000 has one two months ahead.
        if cron
            .next_fire(Date::constant(2000, 1, 1).at(0, 0, 0, 0))
            .is_none()
        {
            return Err(invalid(format!(
                "it never fires: no month in {month} has a day {day}"
            )));
        }
        Ok(cron)
    }
}

fn count_hint(count: usize) -> String {
    let hint = match count {
        6 | 7 => "; leave out seconds and years",
        _ => "; every six o'clock on weekdays is \"0 6 * * 1-5\"",
    };
    format!(
        "it has {count} fields; there are five: minute, hour, day of month, month, day of week{hint}"
    )
}

fn shorthand(text: &str) -> Option<String> {
    let written_out = match text.trim() {
        "@hourly" => "0 * * * *",
        "@daily" | "@midnight" => "0 0 * * *",
        "@weekly" => "0 0 * * 0",
        "@monthly" => "0 0 1 * *",
        "@yearly" | "@annually" => "0 0 1 1 *",
        _ => return None,
    };
    Some(format!("write it out as \"{written_out}\""))
}

impl PartialEq for Cron {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Cron {}

impl TryFrom<String> for Cron {
    type Error = InvalidCron;

    fn try_from(text: String) -> Result<Self, InvalidCron> {
        text.parse()
    }
}

impl From<Cron> for String {
    fn from(cron: Cron) -> Self {
        cron.text
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
