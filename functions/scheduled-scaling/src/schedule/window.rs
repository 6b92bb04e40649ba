//! Rules that speak at times: windows with an end, and transitions until the next one.

use super::{ClockTime, Level, Weekdays};
use crate::{cron::Cron, zone::Zone};
use jiff::{Timestamp, civil::Date};
use std::{sync::Arc, time::Duration};

/// From one time of day to another, on some days. It belongs to the day it starts on, and may end on the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Unique within the schedule.
    pub name: Arc<str>,
    /// The days it starts on.
    pub days: Weekdays,
    /// When it starts.
    pub from: ClockTime,
    /// When it ends: on the next day when it is not after `from`.
    pub to: ClockTime,
    /// What it wants.
    pub level: Level,
    /// How much earlier it takes effect, in elapsed time.
    pub lead: Duration,
    /// Who wins where windows overlap: the highest.
    pub priority: i8,
}

/// From the fire of a cron expression until the next fire of any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// When.
    pub at: Cron,
    /// What it wants from then on.
    pub level: Level,
}

impl Window {
    /// Its days and times: `mon-fri 08:00-18:00`.
    pub fn label(&self) -> Arc<str> {
        format!("{} {}-{}", self.days, self.from, self.to).into()
    }

    /// When it begins (early by its lead) and ends if it starts on `date`, whatever day of the week that is.
    ///
    /// Nothing when no time passes in between, because clocks skip all of it.
    pub fn occurrence(&self, zone: &Zone, date: Date) -> Option<(Timestamp, Timestamp)> {
        let end_date = if self.to <= self.from {
            date.saturating_add(jiff::Span::new().days(1))
        } else {
            date
        };
        let from = zone.resolve(self.from.on(date));
        let to = zone.resolve(self.to.on(end_date));
        let early = || from.checked_sub(self.lead).unwrap_or(Timestamp::MIN);
        (from < to).then(|| (early(), to))
    }
}
