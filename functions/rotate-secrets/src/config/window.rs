//! Maintenance windows as they are written.

use super::InvalidConfig;
use crate::rotation::window::{Closure, Window, Windows};
use jiff::{
    civil::{Date, Time, Weekday},
    tz::TimeZone,
};
use serde::Deserialize;

/// When rotations may start; without any window and any closed day, always.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WindowsConfig {
    /// The time zone of everything below, such as `Europe/Berlin`; UTC without.
    pub zone: Option<String>,
    /// Weekly windows.
    pub weekly: Vec<WindowConfig>,
    /// Days without rotations.
    pub closed: Vec<ClosureConfig>,
}

/// A time of day on some days of the week.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowConfig {
    /// The days on which it begins: `mon` to `sun`; every day without.
    #[serde(default)]
    pub days: Vec<String>,
    /// Its first minute, such as `22:00`.
    pub from: String,
    /// The minute after its last; not after `from`, it is on the next morning.
    pub to: String,
}

/// A span of whole days.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClosureConfig {
    /// The first day, such as `2026-12-20`.
    pub from: String,
    /// The last day.
    pub to: String,
}

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

impl WindowsConfig {
    /// What decisions work with; `at` is the path of this key.
    pub(crate) fn windows(&self, at: &str) -> Result<Windows, InvalidConfig> {
        let zone = match &self.zone {
            None => TimeZone::UTC,
            Some(name) => TimeZone::get(name).map_err(|_| {
                let expected = "the name of a time zone, such as Europe/Berlin";
                InvalidConfig::value(format!("{at}.zone"), format!("{name:?}"), expected)
            })?,
        };
        let weekly = self.weekly.iter().enumerate();
        let weekly = weekly
            .map(|(index, window)| window.window(&format!("{at}.weekly[{index}]")))
            .collect::<Result<_, _>>()?;
        let closed = self.closed.iter().enumerate();
        let closed = closed
            .map(|(index, closure)| closure.closure(&format!("{at}.closed[{index}]")))
            .collect::<Result<_, _>>()?;
        Ok(Windows::new(zone, weekly, closed))
    }
}

impl WindowConfig {
    fn window(&self, at: &str) -> Result<Window, InvalidConfig> {
        let mut days = Vec::new();
        for day in &self.days {
            let known = DAYS.iter().find(|(name, _)| name == day);
            let Some((_, weekday)) = known else {
                return Err(InvalidConfig::value(
                    format!("{at}.days"),
                    format!("{day:?}"),
                    "mon, tue, wed, thu, fri, sat or sun",
                ));
            };
            days.push(*weekday);
        }
        if days.is_empty() {
            days.extend(DAYS.map(|(_, weekday)| weekday));
        }
        Ok(Window {
            days,
            from: time(&format!("{at}.from"), &self.from)?,
            to: time(&format!("{at}.to"), &self.to)?,
        })
    }
}

impl ClosureConfig {
    fn closure(&self, at: &str) -> Result<Closure, InvalidConfig> {
        let from = date(&format!("{at}.from"), &self.from)?;
        let to = date(&format!("{at}.to"), &self.to)?;
        if to < from {
            let expected = format!("a day from {from} on");
            return Err(InvalidConfig::value(
                format!("{at}.to"),
                to.to_string(),
                expected,
            ));
        }
        Ok(Closure { from, to })
    }
}

fn time(at: &str, text: &str) -> Result<Time, InvalidConfig> {
    let time = Time::strptime("%H:%M", text);
    time.map_err(|_| InvalidConfig::value(at, format!("{text:?}"), "a time of day, such as 22:00"))
}

fn date(at: &str, text: &str) -> Result<Date, InvalidConfig> {
    let date = text.parse();
    date.map_err(|_| InvalidConfig::value(at, format!("{text:?}"), "a day, such as 2026-12-20"))
}
