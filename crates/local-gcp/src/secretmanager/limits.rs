//! What Secret Manager accepts in a secret.
//!
//! The numbers are those of <https://cloud.google.com/secret-manager/quotas> and of the API's reference.

use super::{
    names,
    secret::{Replication, Secret},
};
use crate::http::ApiError;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

const LABELS: usize = 64;
const ALIASES: usize = 50;
const TOPICS: usize = 10;
const ANNOTATION_BYTES: usize = 16 * 1024;
const CENTURY: SignedDuration = SignedDuration::from_secs(3_153_600_000);
const SHORTEST_PERIOD: SignedDuration = SignedDuration::from_hours(1);
const SHORTEST_NOTICE: SignedDuration = SignedDuration::from_mins(5);
const SHORTEST_TTL: SignedDuration = SignedDuration::from_mins(1);
const DESTROY_TTL: (SignedDuration, SignedDuration) = (
    SignedDuration::from_hours(24),
    SignedDuration::from_hours(24 * 1000),
);

/// Checks a secret that is to be kept, of which `old` was kept so far. What did not change may lie in the past.
pub(super) fn check(secret: &Secret, old: Option<&Secret>, now: Timestamp) -> Result<(), ApiError> {
    replication(&secret.name, secret.replication.as_ref())?;
    labels(&secret.labels)?;
    annotations(&secret.annotations)?;
    aliases(secret)?;
    topics(secret)?;
    if secret.expire_time != old.and_then(|old| old.expire_time) {
        within("expire_time", secret.expire_time, now, SHORTEST_TTL)?;
    }
    if let Some(ttl) = secret.version_destroy_ttl
        && !(DESTROY_TTL.0..=DESTROY_TTL.1).contains(&ttl)
    {
        return Err(ApiError::invalid(format!(
            "The secret's version_destroy_ttl is {}s, but must be between 86400s and 86400000s.",
            ttl.as_secs()
        )));
    }
    rotation(secret, old, now)
}

fn replication(name: &str, replication: Option<&Replication>) -> Result<(), ApiError> {
    let problem = match replication {
        Some(_) if names::is_regional(name) => {
            "must not be set: a regional secret stays in its region"
        }
        None if !names::is_regional(name) => "is required: automatic or user_managed",
        None => return Ok(()),
        Some(chosen) => match (&chosen.automatic, &chosen.user_managed) {
            (None, Some(places)) if places.replicas.is_empty() => {
                "has no replicas: user_managed needs at least one location"
            }
            (None, Some(places)) if places.replicas.iter().any(|r| r.location.is_empty()) => {
                "has a replica without a location"
            }
            (Some(_), None) | (None, Some(_)) => return Ok(()),
            _ => "must be either automatic or user_managed",
        },
    };
    Err(ApiError::invalid(format!(
        "The secret's replication {problem}."
    )))
}

fn labels(labels: &BTreeMap<String, String>) -> Result<(), ApiError> {
    let letter = |c: char| c.is_alphabetic() && !c.is_uppercase();
    let legal = |c: char| letter(c) || c.is_numeric() || c == '_' || c == '-';
    let short = |text: &str| text.chars().count() <= 63 && text.len() <= 128;
    for (key, value) in labels {
        if !(key.starts_with(letter) && key.chars().all(legal) && short(key)) {
            return Err(ApiError::invalid(format!(
                "The label key {key:?} must be 1 to 63 lowercase letters, digits, dashes or underscores and begin with \
                 a letter."
            )));
        }
        if !(value.chars().all(legal) && short(value)) {
            return Err(ApiError::invalid(format!(
                "The value {value:?} of label {key:?} must be at most 63 lowercase letters, digits, dashes or \
                 underscores."
            )));
        }
    }
    at_most("labels", labels.len(), LABELS)
}

fn annotations(annotations: &BTreeMap<String, String>) -> Result<(), ApiError> {
    for key in annotations.keys() {
        let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        let legal = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        // The reference says 63, the service was seen to take 64.
        let good = edge(key.chars().next())
            && edge(key.chars().last())
            && key.chars().all(legal)
            && key.len() <= 64;
        if !good {
            return Err(ApiError::invalid(format!(
                "The annotation key {key:?} must be 1 to 63 letters, digits, dashes, underscores or dots, and begin and \
                 end with a letter or digit."
            )));
        }
    }
    let size: usize = annotations.iter().map(|(k, v)| k.len() + v.len()).sum();
    at_most("bytes in annotations", size, ANNOTATION_BYTES)
}

fn aliases(secret: &Secret) -> Result<(), ApiError> {
    for alias in secret.version_aliases.keys() {
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let good = alias.starts_with(|c: char| c.is_ascii_alphabetic())
            && alias.chars().all(legal)
            && alias.len() <= 63
            && alias != "latest"
            && alias != "NEW";
        if !good {
            return Err(ApiError::invalid(format!(
                "The version alias {alias:?} must be 1 to 63 letters, digits, dashes or underscores, begin with a \
                 letter, and be neither latest nor NEW."
            )));
        }
    }
    at_most("version aliases", secret.version_aliases.len(), ALIASES)
}

fn topics(secret: &Secret) -> Result<(), ApiError> {
    for topic in &secret.topics {
        let parts: Vec<&str> = topic.name.split('/').collect();
        let good = matches!(parts[..], ["projects", project, "topics", id] if !project.is_empty() && !id.is_empty());
        if !good {
            return Err(ApiError::invalid(format!(
                "The topic {:?} must be of the form projects/PROJECT/topics/TOPIC.",
                topic.name
            )));
        }
    }
    at_most("topics", secret.topics.len(), TOPICS)
}

fn rotation(secret: &Secret, old: Option<&Secret>, now: Timestamp) -> Result<(), ApiError> {
    let Some(rotation) = &secret.rotation else {
        return Ok(());
    };
    if let Some(period) = rotation.rotation_period {
        if rotation.next_rotation_time.is_none() {
            return Err(ApiError::precondition(
                "The secret's next_rotation_time must be set when rotation_period is set.",
            ));
        }
        if !(SHORTEST_PERIOD..=CENTURY).contains(&period) {
            return Err(ApiError::invalid(format!(
                "The secret's rotation_period is {}s, but must be between 3600s and 3153600000s.",
                period.as_secs()
            )));
        }
    }
    if rotation.next_rotation_time.is_some() && secret.topics.is_empty() {
        return Err(ApiError::invalid(
            "The secret has a rotation schedule and no topics; set at least one topic that it can publish to.",
        ));
    }
    let before = old.and_then(|old| old.rotation.as_ref()?.next_rotation_time);
    if rotation.next_rotation_time == before {
        return Ok(());
    }
    within(
        "next_rotation_time",
        rotation.next_rotation_time,
        now,
        SHORTEST_NOTICE,
    )
}

/// From `least` ahead of now up to a hundred years.
fn within(
    field: &str,
    at: Option<Timestamp>,
    now: Timestamp,
    least: SignedDuration,
) -> Result<(), ApiError> {
    let Some(at) = at else { return Ok(()) };
    if (least..=CENTURY).contains(&at.duration_since(now)) {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "The secret's {field} is {at}, but must be at least {}s and at most 100 years after now, {now}.",
        least.as_secs()
    )))
}

fn at_most(what: &str, count: usize, most: usize) -> Result<(), ApiError> {
    if count <= most {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "The secret has {count} {what}; at most {most} are allowed."
    )))
}
