//! Windows, transitions and exceptions as they are written.

use super::level_fields::{Values, with_level};
use crate::{
    cron::Cron,
    schedule::{
        ClockTime, DateRange, Effect, Exception, InvalidSchedule, Transition, Weekdays, Window,
        days, weekday,
    },
};
use nightshift_runtime::config::HumanDuration;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::time::Duration;

/// A lead longer than this would be another day's window.
const LONGEST_LEAD: Duration = Duration::from_hours(24);

with_level! {
    struct WrittenWindow {
        name: String,
        days: Weekdays,
        from: ClockTime,
        to: ClockTime,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lead: Option<HumanDuration>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        priority: Option<i8>,
    }
}

with_level! {
    struct WrittenTransition {
        at: Cron,
    }
}

with_level! {
    struct WrittenException {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        calendar: Option<String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        dates: Vec<DateRange>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        closed: Option<bool>,
        #[serde(default, skip_serializing_if = "Option::is_none", rename = "as")]
        like: Option<String>,
    }
}

impl TryFrom<WrittenWindow> for Window {
    type Error = InvalidSchedule;

    fn try_from(written: WrittenWindow) -> Result<Self, InvalidSchedule> {
        let invalid = |why: String| InvalidSchedule(format!("window {:?}: {why}", written.name));
        let (from, to) = (written.from, written.to);
        if written.name.trim().is_empty() {
            return Err(invalid("give it a name; explanations go by it".into()));
        }
        if from == ClockTime::MIDNIGHT_AFTER {
            return Err(invalid(
                "from is 24:00; write 00:00 and the next day".into(),
            ));
        }
        if from == to {
            return Err(invalid(format!(
                "from and to are both {from}; write from = \"00:00\" and to = \"24:00\" for a whole day"
            )));
        }
        let lead = written.lead.map_or(Duration::ZERO, Duration::from);
        if lead >= LONGEST_LEAD {
            return Err(invalid("lead is a day or more; write less than 24h".into()));
        }
        let priority = written.priority.unwrap_or(0);
        if !(-100..=100).contains(&priority) {
            return Err(invalid(format!(
                "priority is {priority}; write -100 to 100"
            )));
        }
        let level = written.values().level().map_err(|why| invalid(why.0))?;
        Ok(Self {
            name: written.name.into(),
            days: written.days,
            from,
            to,
            level,
            lead,
            priority,
        })
    }
}

impl From<Window> for WrittenWindow {
    fn from(window: Window) -> Self {
        let lead = (!window.lead.is_zero()).then(|| window.lead.into());
        let priority = (window.priority != 0).then_some(window.priority);
        let (name, values) = (window.name.to_string(), Values::of(window.level));
        Self::new(
            values,
            name,
            window.days,
            window.from,
            window.to,
            lead,
            priority,
        )
    }
}

impl TryFrom<WrittenTransition> for Transition {
    type Error = InvalidSchedule;

    fn try_from(written: WrittenTransition) -> Result<Self, InvalidSchedule> {
        let level = written.values().level();
        let level =
            level.map_err(|why| InvalidSchedule(format!("transition \"{}\" {why}", written.at)))?;
        Ok(Self {
            at: written.at,
            level,
        })
    }
}

impl From<Transition> for WrittenTransition {
    fn from(transition: Transition) -> Self {
        Self::new(Values::of(transition.level), transition.at)
    }
}

impl TryFrom<WrittenException> for Exception {
    type Error = InvalidSchedule;

    fn try_from(written: WrittenException) -> Result<Self, InvalidSchedule> {
        let invalid = |why: &str| InvalidSchedule(format!("exception: {why}"));
        if written.calendar.is_some() != written.dates.is_empty() {
            return Err(invalid(
                "write either calendar = \"name\" or dates = [\"2026-12-25\"]",
            ));
        }
        let values = written.values();
        let effect = match (written.closed, written.like, values.is_empty()) {
            (Some(true), None, true) => Effect::Closed,
            (None, Some(day), true) => {
                Effect::As(weekday(&day).map_err(|why| invalid(&format!("as: {why}")))?)
            }
            (None, None, false) => Effect::Level(values.level().map_err(|why| invalid(&why.0))?),
            _ => {
                return Err(invalid(
                    "write one of closed = true, as = \"sat\", and a value such as min = 8",
                ));
            }
        };
        Ok(Self {
            calendar: written.calendar,
            dates: written.dates,
            effect,
        })
    }
}

impl From<Exception> for WrittenException {
    fn from(exception: Exception) -> Self {
        let (closed, like, values) = match exception.effect {
            Effect::Closed => (Some(true), None, Values::default()),
            Effect::As(day) => (None, Some(days::name(day).to_owned()), Values::default()),
            Effect::Level(level) => (None, None, Values::of(level)),
        };
        // The dates of a calendar are written with the calendar.
        let dates = match exception.calendar {
            Some(_) => Vec::new(),
            None => exception.dates,
        };
        Self::new(values, exception.calendar, dates, closed, like)
    }
}

/// Reads and writes a rule by way of its written form.
macro_rules! written_as {
    ($($rule:ty as $written:ty;)*) => {$(
        impl<'de> Deserialize<'de> for $rule {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let written = <$written>::deserialize(deserializer)?;
                written.try_into().map_err(de::Error::custom)
            }
        }

        impl Serialize for $rule {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                <$written>::from(self.clone()).serialize(serializer)
            }
        }
    )*};
}

written_as! {
    Window as WrittenWindow;
    Transition as WrittenTransition;
    Exception as WrittenException;
}
