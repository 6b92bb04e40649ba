//! From jobs of Cloud Scheduler that PATCH the minimum instances of a service, usually one up and one down.

use super::{CannotConvert, Converted, schedule_name};
use crate::{
    config::{Kind, Target},
    cron::Cron,
    decide::{OnDrift, Release},
    schedule::{Level, Limits, Schedule, Transition},
    zone::Zone,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Job {
    name: String,
    schedule: String,
    #[serde(default = "utc")]
    time_zone: String,
    http_target: Option<HttpTarget>,
}

#[derive(Deserialize)]
struct HttpTarget {
    uri: String,
    #[serde(default)]
    body: String,
}

fn utc() -> String {
    "Etc/UTC".to_owned()
}

/// Writes a schedule and a target for each service that jobs of `json` set.
pub fn from_cloud_scheduler(json: &str) -> Result<Converted, CannotConvert> {
    let jobs: Vec<Job> = serde_json::from_str(json).map_err(|why| CannotConvert::NotThat {
        expected: "a list of jobs, as gcloud scheduler jobs list --format json prints it",
        why: why.to_string(),
    })?;
    let mut converted = Converted::default();
    let mut services: BTreeMap<String, Vec<(Zone, Transition)>> = BTreeMap::new();
    for job in &jobs {
        let job_name = job.name.rsplit('/').next().unwrap_or(&job.name);
        match read(job, job_name, &mut converted.warnings) {
            Ok((service, zone, transition)) => {
                services
                    .entry(service)
                    .or_default()
                    .push((zone, transition));
            }
            Err(why) => converted
                .warnings
                .push(format!("job {job_name} was left out: {why}")),
        }
    }
    for (service, jobs) in services {
        bind(&mut converted, service, jobs)?;
    }
    if converted.schedules.is_empty() {
        let why = converted.warnings.join("; ");
        return Err(CannotConvert::Nothing(format!(
            "no job sets minimum instances ({why})"
        )));
    }
    Ok(converted)
}

fn bind(
    converted: &mut Converted,
    service: String,
    jobs: Vec<(Zone, Transition)>,
) -> Result<(), CannotConvert> {
    let Some((zone, _)) = jobs.first().cloned() else {
        return Ok(());
    };
    if let Some((other, _)) = jobs.iter().find(|(other, _)| *other != zone) {
        return Err(CannotConvert::Refused {
            what: service,
            why: format!(
                "its jobs are in {zone} and {other}; a schedule has one zone: write the times of one in the other"
            ),
        });
    }
    let name = schedule_name(service.rsplit('/').next().unwrap_or(&service));
    converted.schedules.insert(
        name.clone(),
        Schedule {
            zone,
            default: Level::Original,
            limits: Limits::default(),
            overlap_is_meant: false,
            windows: Vec::new(),
            transitions: jobs.into_iter().map(|(_, transition)| transition).collect(),
            exceptions: Vec::new(),
        },
    );
    converted.targets.push(Target {
        kind: Kind::Service,
        name: service,
        schedule: name,
        after: Vec::new(),
        interrupt: None,
        on_drift: OnDrift::default(),
        release: Release::default(),
        estimate: None,
    });
    Ok(())
}

/// The service a job sets, and when to what.
fn read(
    job: &Job,
    name: &str,
    warnings: &mut Vec<String>,
) -> Result<(String, Zone, Transition), String> {
    let target = job.http_target.as_ref().ok_or("it calls no HTTP address")?;
    let path = target
        .uri
        .strip_prefix("https://run.googleapis.com/v2/")
        .ok_or_else(|| format!("it calls {}, not Cloud Run", target.uri))?;
    let path = path.split('?').next().unwrap_or(path);
    let (service, verb) = path
        .split_once(':')
        .map_or((path, None), |(path, verb)| (path, Some(verb)));
    if let Some(verb) = verb {
        warnings.push(format!(
            "job {name} calls :{verb} and has never scaled anything"
        ));
    }
    let body = STANDARD
        .decode(&target.body)
        .map_err(|why| format!("its body is not base64: {why}"))?;
    let body: Value =
        serde_json::from_slice(&body).map_err(|why| format!("its body is not JSON: {why}"))?;
    let count = |pointer: &str| body.pointer(pointer).and_then(Value::as_u64);
    let of_template = count("/template/scaling/minInstanceCount");
    if of_template.is_some() {
        warnings.push(format!(
            "job {name} makes a new revision at every run; the schedule does not"
        ));
    }
    let count = count("/scaling/minInstanceCount").or(of_template);
    let count = count.ok_or("its body has no scaling.minInstanceCount")?;
    let min = u32::try_from(count).map_err(|_| format!("it sets {count} instances"))?;
    // Cloud Scheduler's name for the zone that is called UTC here.
    let zone = match job.time_zone.as_str() {
        "Etc/UTC" => Zone::utc(),
        zone => Zone::named(zone).map_err(|why| why.to_string())?,
    };
    let at: Cron = job
        .schedule
        .parse()
        .map_err(|why: crate::cron::InvalidCron| why.to_string())?;
    let level = Level::Set { min, max: None };
    Ok((service.to_owned(), zone, Transition { at, level }))
}
