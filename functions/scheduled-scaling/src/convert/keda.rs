//! From the cron triggers of KEDA.

use super::{
    CannotConvert, Converted,
    pair::{Pair, pair},
    schedule_name,
};
use crate::{
    cron::Cron,
    schedule::{Level, Limits, Schedule, Transition, Window},
    zone::Zone,
};
use serde::Deserialize;
use std::time::Duration;

#[derive(Deserialize)]
struct ScaledObject {
    metadata: Metadata,
    spec: Spec,
}

#[derive(Deserialize)]
struct List {
    items: Vec<ScaledObject>,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    min_replica_count: Option<u32>,
    #[serde(default)]
    triggers: Vec<Trigger>,
}

#[derive(Deserialize)]
struct Trigger {
    r#type: String,
    #[serde(default)]
    metadata: serde_json::Map<String, serde_json::Value>,
}

/// Writes a schedule for each `ScaledObject` of `json` that has cron triggers.
pub fn from_keda(json: &str) -> Result<Converted, CannotConvert> {
    let list = serde_json::from_str::<List>(json).map(|list| list.items);
    let objects = list.or_else(|_| serde_json::from_str(json).map(|object| vec![object]));
    let objects = objects.map_err(|why| CannotConvert::NotThat {
        expected: "a ScaledObject, or a List of them, as kubectl get -o json prints it",
        why: why.to_string(),
    })?;
    let mut converted = Converted::default();
    for object in objects {
        let name = schedule_name(&object.metadata.name);
        let is_cron = |trigger: &&Trigger| trigger.r#type == "cron";
        let crons: Vec<&Trigger> = object.spec.triggers.iter().filter(is_cron).collect();
        let others = object.spec.triggers.len() - crons.len();
        if others > 0 {
            converted.warnings.push(format!(
                "{name}: triggers that are not cron were left out: {others}"
            ));
        }
        if !crons.is_empty() {
            let floor = object.spec.min_replica_count.unwrap_or(0);
            let schedule = schedule(&name, floor, &crons, &mut converted.warnings)?;
            converted.schedules.insert(name, schedule);
        }
    }
    if converted.schedules.is_empty() {
        return Err(CannotConvert::Nothing(
            "no ScaledObject has a cron trigger".into(),
        ));
    }
    converted
        .warnings
        .push("bind the schedules to their services as [[targets]]".into());
    Ok(converted)
}

/// What a trigger says.
struct Said {
    zone: Zone,
    start: Cron,
    end: Cron,
    level: Level,
}

fn schedule(
    name: &str,
    floor: u32,
    triggers: &[&Trigger],
    warnings: &mut Vec<String>,
) -> Result<Schedule, CannotConvert> {
    let default = Level::Set {
        min: floor,
        max: None,
    };
    let mut schedule = Schedule {
        zone: Zone::utc(),
        default,
        limits: Limits::default(),
        // KEDA takes the largest of all triggers.
        overlap_is_meant: triggers.len() > 1,
        windows: Vec::new(),
        transitions: Vec::new(),
        exceptions: Vec::new(),
    };
    for (index, trigger) in triggers.iter().enumerate() {
        let what = format!("{name}, trigger {}", index + 1);
        let refused = |why: String| CannotConvert::Refused {
            what: what.clone(),
            why,
        };
        let said = read(trigger).map_err(refused)?;
        if index > 0 && schedule.zone != said.zone {
            return Err(refused(format!(
                "its zone is {} and the one before has {}; a schedule has one zone: split it",
                said.zone, schedule.zone
            )));
        }
        schedule.zone = said.zone.clone();
        if let Some(warning) = add(&mut schedule, said, index + 1) {
            warnings.push(format!("{what}: {warning}"));
        }
    }
    Ok(schedule)
}

/// Adds a trigger as a window where it is one, else as two transitions.
fn add(schedule: &mut Schedule, said: Said, number: usize) -> Option<String> {
    let Said {
        start, end, level, ..
    } = said;
    match pair(&start, &end) {
        Pair::Window { days, from, to } => {
            schedule.windows.push(Window {
                name: format!("cron-{number}").into(),
                days,
                from,
                to,
                level,
                lead: Duration::ZERO,
                priority: 0,
            });
            None
        }
        Pair::Other(longest) => {
            let warning = longest.map(|longest| {
                let hours = longest.as_hours();
                format!("\"{start}\" to \"{end}\" lasts up to {hours} h; is that meant?")
            });
            let default = schedule.default;
            schedule.transitions.extend([
                Transition { at: start, level },
                Transition {
                    at: end,
                    level: default,
                },
            ]);
            warning
        }
    }
}

fn read(trigger: &Trigger) -> Result<Said, String> {
    let zone = Zone::named(&setting(trigger, "timezone")?).map_err(|why| why.to_string())?;
    let cron = |key| -> Result<Cron, String> {
        let cron = setting(trigger, key)?.parse();
        cron.map_err(|why| format!("{key}: {why}"))
    };
    let (start, end) = (cron("start")?, cron("end")?);
    if start == end {
        return Err("start and end are the same, so it never ends; give it an end".to_owned());
    }
    let count = setting(trigger, "desiredReplicas")?;
    let min = count
        .parse()
        .map_err(|_| format!("desiredReplicas is {count:?}, not a number"))?;
    let level = Level::Set { min, max: None };
    Ok(Said {
        zone,
        start,
        end,
        level,
    })
}

/// A value of a trigger's metadata, which KEDA writes as text and people as numbers too.
fn setting(trigger: &Trigger, key: &str) -> Result<String, String> {
    match trigger.metadata.get(key) {
        Some(serde_json::Value::String(text)) => Ok(text.clone()),
        Some(serde_json::Value::Number(number)) => Ok(number.to_string()),
        _ => Err(format!("it has no {key}")),
    }
}
