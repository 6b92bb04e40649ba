//! The parts of a configuration held against each other.

use super::{Calendar, Config, Discover, Kind, Target, TargetOverride, WrittenConfig};
use crate::schedule::{InvalidSchedule, Level, Schedule};
use jiff::SignedDuration;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// The only version there is.
const VERSION: u32 = 1;

/// Labels of Google Cloud hold these, and a label's value names a schedule.
const NAME_FORM: &str = "at most 63 lower-case letters, digits, _ and -";

impl TryFrom<WrittenConfig> for Config {
    type Error = InvalidSchedule;

    fn try_from(mut written: WrittenConfig) -> Result<Self, InvalidSchedule> {
        if written.version != VERSION {
            return Err(invalid(format!(
                "version is {}; this program reads version = {VERSION}",
                written.version
            )));
        }
        for (name, schedule) in &mut written.schedules {
            check_name(name).map_err(|why| invalid(format!("schedules.{name:?}: {why}")))?;
            fill_calendars(schedule, &written.calendars)
                .map_err(|why| invalid(format!("schedules.{name}.{why}")))?;
        }
        check_targets(&written.targets, &written.schedules)?;
        check_overrides(&written)?;
        if let Some(discover) = &written.discover {
            check_discover(discover)?;
        }
        written.publish.check().map_err(invalid)?;
        Ok(Self {
            version: written.version,
            calendars: written.calendars,
            schedules: written.schedules,
            targets: written.targets,
            discover: written.discover,
            overrides: written.overrides,
            max_override: written.max_override,
            writes_per_minute: written.writes_per_minute,
            publish: written.publish,
        })
    }
}

fn invalid(why: String) -> InvalidSchedule {
    InvalidSchedule(why)
}

fn check_name(name: &str) -> Result<(), String> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    if name.is_empty() || name.len() > 63 || !name.chars().all(fits) {
        return Err(format!(
            "the name of a schedule is {NAME_FORM}, because labels name it"
        ));
    }
    Ok(())
}

/// Gives each exception the dates of the calendar it names.
fn fill_calendars(
    schedule: &mut Schedule,
    calendars: &BTreeMap<String, Calendar>,
) -> Result<(), String> {
    for (index, exception) in schedule.exceptions.iter_mut().enumerate() {
        let Some(name) = &exception.calendar else {
            continue;
        };
        let Some(calendar) = calendars.get(name) else {
            let known: Vec<&str> = calendars.keys().map(String::as_str).collect();
            return Err(format!(
                "exceptions[{index}].calendar: there is no [calendars.{name}]; {}",
                alternatives(&known)
            ));
        };
        exception.dates.clone_from(&calendar.dates);
    }
    Ok(())
}

fn alternatives(known: &[&str]) -> String {
    if known.is_empty() {
        "there are none: add it".to_owned()
    } else {
        format!("there are {}", known.join(", "))
    }
}

fn check_targets(
    targets: &[Target],
    schedules: &BTreeMap<String, Schedule>,
) -> Result<(), InvalidSchedule> {
    let mut bound: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
    for (index, target) in targets.iter().enumerate() {
        let wrong = |key: &str, why: String| invalid(format!("targets[{index}].{key}: {why}"));
        target.check_name().map_err(|why| wrong("name", why))?;
        let Some(schedule) = schedules.get(&target.schedule) else {
            let known: Vec<&str> = schedules.keys().map(String::as_str).collect();
            let why = format!(
                "there is no [schedules.{}]; {}",
                target.schedule,
                alternatives(&known)
            );
            return Err(wrong("schedule", why));
        };
        if let Some((first, other)) = bound.insert(&target.name, (index, &target.schedule)) {
            return Err(wrong(
                "name",
                format!(
                    "{} is targets[{first}] already, with schedule {other}; a target has one schedule: remove one of them",
                    target.name
                ),
            ));
        }
        check_levels(target, schedule).map_err(|why| wrong("schedule", why))?;
        check_interrupt(target, schedule).map_err(|why| wrong("interrupt", why))?;
    }
    check_order(targets)
}

/// Refuses a schedule whose levels a target of this kind cannot have.
fn check_levels(target: &Target, schedule: &Schedule) -> Result<(), String> {
    for (rule, level) in schedule.levels() {
        let fits = target.kind.admit(&level);
        fits.map_err(|why| format!("{rule} of schedule {} {why}", target.schedule))?;
    }
    Ok(())
}

/// Refuses to stop workers that nobody said may be stopped.
fn check_interrupt(target: &Target, schedule: &Schedule) -> Result<(), String> {
    if target.kind != Kind::WorkerPool || target.interrupt.is_some() || !lowers(schedule) {
        return Ok(());
    }
    Err(format!(
        "schedule {} lowers the count, which stops workers in the middle of their work; write interrupt = \"ok\" if they \
         may be (the label nightshift-interrupt=ok on a pool that is discovered)",
        target.schedule
    ))
}

impl Target {
    /// Refuses a schedule that does not fit, for a target that was found and not written.
    pub(crate) fn check_schedule(&self, schedule: &Schedule) -> Result<(), String> {
        check_levels(self, schedule)?;
        check_interrupt(self, schedule)
    }
}

/// Whether a schedule ever comes down from what it, or whoever was before it, has set.
fn lowers(schedule: &Schedule) -> bool {
    let mut levels = schedule.levels().map(|(_, level)| level);
    levels.any(|level| level != Level::Keep)
}

/// Refuses `after` that names no target, or leads in a circle.
fn check_order(targets: &[Target]) -> Result<(), InvalidSchedule> {
    let by_name: BTreeMap<&str, &Target> = targets
        .iter()
        .map(|target| (target.name.as_str(), target))
        .collect();
    for (index, target) in targets.iter().enumerate() {
        for (position, name) in target.after.iter().enumerate() {
            if !by_name.contains_key(name.as_str()) {
                return Err(invalid(format!(
                    "targets[{index}].after[{position}]: {name:?} is no target; add it as [[targets]], or leave it out"
                )));
            }
        }
        let mut reached = BTreeSet::new();
        let mut ahead: Vec<&str> = target.after.iter().map(String::as_str).collect();
        while let Some(name) = ahead.pop() {
            if name == target.name {
                return Err(invalid(format!(
                    "targets[{index}].after: {} would wait for itself; break the circle",
                    target.name
                )));
            }
            if reached.insert(name) {
                let next = by_name
                    .get(name)
                    .into_iter()
                    .flat_map(|target| &target.after);
                ahead.extend(next.map(String::as_str));
            }
        }
    }
    Ok(())
}

/// Refuses to look nowhere, and for a label that cannot be.
fn check_discover(discover: &Discover) -> Result<(), InvalidSchedule> {
    let wrong = |key: &str, why: &str| Err(invalid(format!("discover.{key}: {why}")));
    if discover.projects.is_empty() {
        return wrong("projects", "it is empty; name the projects to look through");
    }
    let regional = discover.kinds.iter().any(|kind| *kind != Kind::Sql);
    if regional && discover.regions.is_empty() {
        return wrong("regions", "it is empty; name the regions to look through");
    }
    if discover.kinds.is_empty() {
        return wrong("kinds", "it is empty; leave it out to look for all");
    }
    if check_name(&discover.label).is_err() {
        return wrong(
            "label",
            &format!("it is {:?}; a label is {NAME_FORM}", discover.label),
        );
    }
    Ok(())
}

fn check_overrides(written: &WrittenConfig) -> Result<(), InvalidSchedule> {
    let longest = Duration::from(written.max_override);
    let longest = SignedDuration::try_from(longest).unwrap_or(SignedDuration::MAX);
    for (index, TargetOverride { target, word }) in written.overrides.iter().enumerate() {
        let wrong = |key: &str, why: String| invalid(format!("overrides[{index}].{key}: {why}"));
        let Some(bound) = written.targets.iter().find(|known| known.name == *target) else {
            return Err(wrong(
                "target",
                format!("{target:?} is no target; write the full name of one of [[targets]]"),
            ));
        };
        word.check(longest)
            .map_err(|why| wrong("until", why.to_string()))?;
        let (crate::overrides::Kind::Pin(level) | crate::overrides::Kind::Boost(level)) = word.kind
        else {
            continue;
        };
        bound.kind.admit(&level).map_err(|why| wrong("kind", why))?;
        if let Some(schedule) = written.schedules.get(&bound.schedule) {
            let within = schedule.limits.admit(&level);
            within.map_err(|why| wrong("kind", format!("{why} of schedule {}", bound.schedule)))?;
        }
    }
    Ok(())
}
