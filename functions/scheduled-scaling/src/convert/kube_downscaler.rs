//! From the annotations of kube-downscaler.

use super::{CannotConvert, Converted};
use crate::{
    schedule::{ClockTime, Level, Limits, Schedule, Weekdays, Window},
    zone::Zone,
};
use std::time::Duration;

/// Writes the schedule `uptime` out of the value of a `downscaler/uptime` annotation: `replicas` within its times and
/// `otherwise` at other times.
pub fn from_uptime(
    uptime: &str,
    replicas: u32,
    otherwise: u32,
) -> Result<Converted, CannotConvert> {
    let mut converted = Converted::default();
    let mut zone: Option<Zone> = None;
    let mut windows = Vec::new();
    for (index, span) in uptime.split(',').map(str::trim).enumerate() {
        let refused = |why: String| CannotConvert::Refused {
            what: format!("{span:?}"),
            why,
        };
        let words: Vec<&str> = span.split_whitespace().collect();
        let [days, times, name] = words[..] else {
            return Err(refused(form(span)));
        };
        let own = Zone::named(name).map_err(|why| refused(why.to_string()))?;
        let zone = zone.get_or_insert_with(|| own.clone());
        if *zone != own {
            return Err(refused(format!(
                "its zone is not {zone}, that of the first; a schedule has one zone: split it"
            )));
        }
        let (from, to) = times.split_once('-').ok_or_else(|| refused(form(span)))?;
        let time = |text: &str| {
            text.parse::<ClockTime>()
                .map_err(|why| refused(why.to_string()))
        };
        let (from, to) = (time(from)?, time(to)?);
        let days: Weekdays = days
            .parse()
            .map_err(|why: crate::schedule::InvalidDays| refused(why.to_string()))?;
        if from == to {
            return Err(refused(
                "it begins when it ends; a whole day is 00:00-24:00".into(),
            ));
        }
        if to < from {
            converted.warnings.push(format!(
                "{span:?} goes past midnight: here it ends on the day after; GoKubeDownscaler reads it as two parts of the \
                 same day"
            ));
        }
        windows.push(Window {
            name: format!("uptime-{}", index + 1).into(),
            days,
            from,
            to,
            level: Level::Set {
                min: replicas,
                max: None,
            },
            lead: Duration::ZERO,
            priority: 0,
        });
    }
    converted.schedules.insert(
        "uptime".to_owned(),
        Schedule {
            zone: zone.unwrap_or_else(Zone::utc),
            default: Level::Set {
                min: otherwise,
                max: None,
            },
            limits: Limits::default(),
            overlap_is_meant: false,
            windows,
            transitions: Vec::new(),
            exceptions: Vec::new(),
        },
    );
    converted
        .warnings
        .push("bind the schedule to its services as [[targets]]".into());
    Ok(converted)
}

fn form(span: &str) -> String {
    if span.contains('T') && span.contains('/') {
        return "an absolute time span; write it as an exception with dates, or as an override"
            .to_owned();
    }
    "it is not of the form \"Mon-Fri 07:30-20:30 Europe/Berlin\"".to_owned()
}
