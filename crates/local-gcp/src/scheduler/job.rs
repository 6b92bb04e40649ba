//! A job: what its user wants, checked, and what became of it.

use super::{NAME, cron::Schedule, retry::Policy, run, target};
use crate::{
    engine::timers,
    google::{json, schema::Object},
    http::{ApiError, Code},
    store::{Record, View},
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A job as it is stored. Its key is its name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(super) name: String,
    /// What its user writes, in the form of the API, with the defaults filled in.
    pub(super) spec: Object,
    pub(super) paused: bool,
    pub(super) user_updated: Timestamp,
    pub(super) last_attempt: Option<Timestamp>,
    /// What the last attempt came to; absent while there was none.
    pub(super) outcome: Option<Outcome>,
    /// The run that waits for the one before to end.
    pub(super) waiting: Option<Timestamp>,
    /// Counts the runs.
    pub(super) runs: u64,
}

impl Record for Job {
    const TABLE: &'static str = "cloudscheduler.jobs";
}

/// What an attempt came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Outcome {
    Done,
    Failed { code: Code, message: String },
}

const SHORTEST_DEADLINE: i64 = 15;
const LONGEST_DEADLINE: i64 = 30 * 60;
const MOST_RETRIES: i64 = 5;

impl Job {
    /// A job that was never due, or a refusal that names the field.
    pub(super) fn new(name: String, mut spec: Object, now: Timestamp) -> Result<Self, ApiError> {
        settle(&mut spec)?;
        Ok(Self {
            name,
            spec,
            paused: false,
            user_updated: now,
            last_attempt: None,
            outcome: None,
            waiting: None,
            runs: 0,
        })
    }

    /// The same job with another specification.
    pub(super) fn changed(&self, mut spec: Object, now: Timestamp) -> Result<Self, ApiError> {
        settle(&mut spec)?;
        Ok(Self {
            spec,
            user_updated: now,
            ..self.clone()
        })
    }

    pub(super) fn schedule(&self) -> Result<Schedule, ApiError> {
        schedule(&self.spec)
    }

    /// How long an attempt may take.
    pub(super) fn deadline(&self) -> SignedDuration {
        duration(&self.spec, "attemptDeadline").unwrap_or(SignedDuration::from_mins(3))
    }

    pub(super) fn retry(&self) -> Policy {
        let empty = Object::new();
        let config = self.spec.get("retryConfig").and_then(Value::as_object);
        policy(config.unwrap_or(&empty))
    }

    /// In the form of the API.
    pub(super) fn json(&self, view: &View) -> Value {
        let mut of = self.spec.clone();
        let mut set = |key: &str, value: Value| drop(of.insert(key.to_owned(), value));
        set("name", self.name.as_str().into());
        set(
            "state",
            if self.paused { "PAUSED" } else { "ENABLED" }.into(),
        );
        set("userUpdateTime", json::rfc3339(self.user_updated).into());
        let due = timers::at(view, NAME, &run::due_key(&self.name));
        if let Some(next) = run::retries(view, &self.name).chain(due).min() {
            set("scheduleTime", json::rfc3339(next).into());
        }
        if let Some(last) = self.last_attempt {
            set("lastAttemptTime", json::rfc3339(last).into());
        }
        match &self.outcome {
            None => {}
            Some(Outcome::Done) => set("status", json!({})),
            Some(Outcome::Failed { code, message }) => {
                set(
                    "status",
                    json!({ "code": code.number(), "message": message }),
                );
            }
        }
        of.into()
    }
}

fn schedule(spec: &Object) -> Result<Schedule, ApiError> {
    let text = |field| spec.get(field).and_then(Value::as_str).unwrap_or_default();
    Schedule::parse(text("schedule"), text("timeZone"))
}

fn duration(of: &Object, field: &str) -> Option<SignedDuration> {
    of.get(field)
        .and_then(Value::as_str)
        .and_then(json::parse_duration)
}

fn policy(config: &Object) -> Policy {
    let count = |field| config.get(field).and_then(Value::as_i64);
    Policy {
        count: count("retryCount").unwrap_or(0),
        within: duration(config, "maxRetryDuration").unwrap_or_default(),
        least: duration(config, "minBackoffDuration").unwrap_or(SignedDuration::from_secs(5)),
        most: duration(config, "maxBackoffDuration").unwrap_or(SignedDuration::from_hours(1)),
        doublings: count("maxDoublings")
            .and_then(|n| u32::try_from(n).ok())
            .unwrap_or(5),
    }
}

/// Fills in Google's defaults and refuses what Google refuses.
fn settle(spec: &mut Object) -> Result<(), ApiError> {
    spec.remove("name");
    if !spec.contains_key("timeZone") {
        spec.insert("timeZone".to_owned(), "Etc/UTC".into());
    }
    if spec
        .get("schedule")
        .and_then(Value::as_str)
        .is_none_or(str::is_empty)
    {
        return Err(ApiError::invalid(
            "schedule: a job needs one, such as \"*/5 * * * *\"",
        ));
    }
    schedule(spec)?;
    settle_retries(spec)?;
    target::settle(spec)?;
    if spec.contains_key("httpTarget") {
        let deadline = duration(spec, "attemptDeadline").unwrap_or(SignedDuration::from_mins(3));
        if !(SHORTEST_DEADLINE..=LONGEST_DEADLINE).contains(&deadline.as_secs()) {
            return Err(ApiError::invalid(format!(
                "attempt_deadline: {} is not between 15 seconds and 30 minutes",
                json::duration(deadline)
            )));
        }
        spec.insert(
            "attemptDeadline".to_owned(),
            json::duration(deadline).into(),
        );
    }
    Ok(())
}

fn settle_retries(spec: &mut Object) -> Result<(), ApiError> {
    let mut config = match spec.remove("retryConfig") {
        Some(Value::Object(config)) => config,
        _ => Object::new(),
    };
    let policy = policy(&config);
    let doublings = config.get("maxDoublings").and_then(Value::as_i64);
    let bad = if !(0..=MOST_RETRIES).contains(&policy.count) {
        Some("retry_count is not between 0 and 5")
    } else if doublings.is_some_and(|n| n < 0) {
        Some("max_doublings is negative")
    } else if [policy.within, policy.least, policy.most]
        .iter()
        .any(SignedDuration::is_negative)
    {
        Some("a duration is negative")
    } else if policy.least > policy.most {
        Some("min_backoff_duration is longer than max_backoff_duration")
    } else {
        None
    };
    if let Some(bad) = bad {
        return Err(ApiError::invalid(format!("retry_config: {bad}")));
    }
    for (field, value) in [
        ("maxRetryDuration", policy.within),
        ("minBackoffDuration", policy.least),
        ("maxBackoffDuration", policy.most),
    ] {
        config.insert(field.to_owned(), json::duration(value).into());
    }
    config.insert("maxDoublings".to_owned(), policy.doublings.into());
    spec.insert("retryConfig".to_owned(), config.into());
    Ok(())
}

/// `projects/P/locations/L/jobs/J`, J being letters, digits, dashes and underscores, 500 at most.
pub(super) fn check_name(name: &str) -> Result<(), ApiError> {
    let parts: Vec<&str> = name.split('/').collect();
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    match parts[..] {
        ["projects", project, "locations", location, "jobs", id]
            if !project.is_empty()
                && !location.is_empty()
                && (1..=500).contains(&id.len())
                && id.chars().all(legal) =>
        {
            Ok(())
        }
        _ => Err(ApiError::invalid(format!(
            "Job name must be formatted: \"projects/<PROJECT_ID>/locations/<LOCATION_ID>/jobs/<JOB_ID>\", but is {name:?}"
        ))),
    }
}
