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
                "{name}: {others} triggers that are not cron were left out"
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

fn schedule(
    name: &str,
    floor: u32,
    triggers: &[&Trigger],
    warnings: &mut Vec<String>,
) -> Result<Schedule, CannotConvert> {
    let mut zone: Option<Zone> = None;
    let default = Level::Set {
        min: floor,
        max: None,
    };
    let (mut windows, mut transitions) = (Vec::new(), Vec::new());
    for (index, trigger) in triggers.iter().enumerate() {
        let what = format!("{name}, trigger {}", index + 1);
        let refused = |why: String| CannotConvert::Refused {
            what: what.clone(),
            why,
        };
        let own: Zone = setting(trigger, "timezone")
            .and_then(|z| {
                z.try_into()
                    .map_err(|e: crate::zone::InvalidZone| e.to_string())
            })
            .map_err(refused)?;
        let zone = zone.get_or_insert_with(|| own.clone());
        if *zone != own {
            return Err(refused(format!(
                "its zone is {own} and the one before has {zone}; a schedule has one zone: split it"
            )));
        }
        let cron = |key| -> Result<Cron, String> {
            setting(trigger, key)?
                .parse()
                .map_err(|why| format!("{key}: {why}"))
        };
        let (start, end) = (
            cron("start").map_err(refused)?,
            cron("end").map_err(refused)?,
        );
        if start == end {
            return Err(refused(
                "start and end are the same, so it never ends; give it an end".into(),
            ));
        }
        let count = setting(trigger, "desiredReplicas").map_err(refused)?;
        let count: u32 = count
            .parse()
            .map_err(|_| refused(format!("desiredReplicas is {count:?}, not a number")))?;
        let level = Level::Set {
            min: count,
            max: None,
        };
        match pair(&start, &end) {
            Pair::Window { days, from, to } => windows.push(Window {
                name: format!("cron-{}", index + 1).into(),
                days,
                from,
                to,
                level,
                lead: Duration::ZERO,
                priority: 0,
            }),
            Pair::Other(longest) => {
                if let Some(longest) = longest {
                    warnings.push(format!(
                        "{what}: \"{start}\" to \"{end}\" lasts up to {} h; is that meant?",
                        longest.as_hours()
                    ));
                }
                transitions.push(Transition { at: start, level });
                transitions.push(Transition {
                    at: end,
                    level: default,
                });
            }
        }
    }
    Ok(Schedule {
        zone: zone.unwrap_or_else(Zone::utc),
        default,
        limits: Limits::default(),
        // KEDA takes the largest of all triggers.
        overlap_is_meant: windows.len() > 1,
        windows,
        transitions,
        exceptions: Vec::new(),
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
