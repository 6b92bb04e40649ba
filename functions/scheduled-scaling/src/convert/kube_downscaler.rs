//! From the annotations of kube-downscaler.

use super::{CannotConvert, Converted};
use crate::{
    schedule::{ClockTime, InvalidDays, Level, Limits, Schedule, Window},
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
    let level = |min| Level::Set { min, max: None };
    let mut converted = Converted::default();
    let mut schedule = Schedule {
        zone: Zone::utc(),
        default: level(otherwise),
        limits: Limits::default(),
        overlap_is_meant: false,
        windows: Vec::new(),
        transitions: Vec::new(),
        exceptions: Vec::new(),
    };
    for (index, span) in uptime.split(',').map(str::trim).enumerate() {
        let refused = |why: String| CannotConvert::Refused {
            what: format!("{span:?}"),
            why,
        };
        let name = format!("uptime-{}", index + 1);
        let (zone, window) = read(span, &name, level(replicas)).map_err(refused)?;
        if index > 0 && schedule.zone != zone {
            return Err(refused(format!(
                "its zone is not {}, that of the first; a schedule has one zone: split it",
                schedule.zone
            )));
        }
        schedule.zone = zone;
        if window.to < window.from {
            converted.warnings.push(format!(
                "{span:?} goes past midnight: here it ends on the day after; GoKubeDownscaler reads it as two parts of the \
                 same day"
            ));
        }
        schedule.windows.push(window);
    }
    converted.schedules.insert("uptime".to_owned(), schedule);
    let bind = "bind the schedule to its services as [[targets]]";
    converted.warnings.push(bind.to_owned());
    Ok(converted)
}

/// Reads `Mon-Fri 07:30-20:30 Europe/Berlin`.
fn read(span: &str, name: &str, level: Level) -> Result<(Zone, Window), String> {
    let words: Vec<&str> = span.split_whitespace().collect();
    let [days, times, zone] = words[..] else {
        return Err(form(span));
    };
    let zone = Zone::named(zone).map_err(|why| why.to_string())?;
    let (from, to) = times.split_once('-').ok_or_else(|| form(span))?;
    let time = |text: &str| text.parse::<ClockTime>().map_err(|why| why.to_string());
    let (from, to) = (time(from)?, time(to)?);
    if from == to {
        return Err("it begins when it ends; a whole day is 00:00-24:00".to_owned());
    }
    let days = days.parse().map_err(|why: InvalidDays| why.to_string())?;
    let window = Window {
        name: name.into(),
        days,
        from,
        to,
        level,
        lead: Duration::ZERO,
        priority: 0,
    };
    Ok((zone, window))
}

fn form(span: &str) -> String {
    if span.contains('T') && span.contains('/') {
        return "an absolute time span; write it as an exception with dates, or as an override"
            .to_owned();
    }
    "it is not of the form \"Mon-Fri 07:30-20:30 Europe/Berlin\"".to_owned()
}
