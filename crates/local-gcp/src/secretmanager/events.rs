//! What topics are told: every change of a secret or its versions, and when it is time to rotate.
//!
//! The form of the messages: <https://cloud.google.com/secret-manager/docs/event-notifications>.

use super::{secret::Secret, version::Version};
use crate::{
    app::App,
    engine::timers,
    http::{ApiError, Code},
    pubsub::{self, NewMessage},
    store::{Record, Tx},
};
use jiff::{RoundMode, SignedDuration, Timestamp, TimestampRound, Unit, tz::TimeZone};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Google's service dates its events so, wherever the secret is.
const TIME_ZONE: &str = "America/Los_Angeles";
/// How long an event that cannot be published is tried again, and how often.
const GIVE_UP_AFTER: SignedDuration = SignedDuration::from_hours(24 * 7);
const TRY_AGAIN_AFTER: SignedDuration = SignedDuration::from_mins(1);

/// An event whose topic could not be published to.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Unsent {
    topic: String,
    attributes: BTreeMap<String, String>,
    data: String,
    until: Timestamp,
}

impl Record for Unsent {
    const TABLE: &'static str = "secretmanager.unsent";
}

/// Tells the secret's topics of a change of the secret itself.
pub(super) fn secret(app: &App, tx: &mut Tx, kind: &str, secret: &Secret) -> Result<(), ApiError> {
    tell(app, tx, kind, secret, &[], &secret.shown())
}

/// The secret is gone: because somebody asked (`REQUESTED`) or because its time was up (`EXPIRATION`).
pub(super) fn deleted(app: &App, tx: &mut Tx, secret: &Secret, why: &str) -> Result<(), ApiError> {
    let more = [("deleteType", why)];
    tell(app, tx, "SECRET_DELETE", secret, &more, &secret.shown())
}

/// Tells the secret's topics of a change of one of its versions.
pub(super) fn version(
    app: &App,
    tx: &mut Tx,
    kind: &str,
    secret: &Secret,
    version: &Version,
) -> Result<(), ApiError> {
    let more = [("versionId", version.name.as_str())];
    tell(app, tx, kind, secret, &more, &json!(version))
}

/// Publishes the test message that every topic of a new list gets. It is sent even if the change is refused afterwards.
pub(super) fn configure(app: &App, tx: &mut Tx, secret: &Secret) -> Result<(), ApiError> {
    for topic in &secret.topics {
        let attributes = BTreeMap::from([("eventType".into(), "TOPIC_CONFIGURED".into())]);
        let message = NewMessage::new("", attributes);
        pubsub::publish(app, tx, &topic.name, vec![message]).map_err(|error| {
            ApiError::precondition(format!(
                "Cannot publish to the topic {}: {error} Create it, and let the service agent of Secret Manager publish \
                 to it.",
                topic.name
            ))
        })?;
    }
    Ok(())
}

fn tell(
    app: &App,
    tx: &mut Tx,
    kind: &str,
    secret: &Secret,
    more: &[(&str, &str)],
    body: &Value,
) -> Result<(), ApiError> {
    let now = app.clock.now();
    let timestamp = timestamp(now)?;
    let common = [
        ("eventType", kind),
        ("dataFormat", "JSON_API_V1"),
        ("secretId", secret.name.as_str()),
        ("timestamp", timestamp.as_str()),
    ];
    let attributes: BTreeMap<String, String> = common
        .iter()
        .chain(more)
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    for topic in &secret.topics {
        let event = Unsent {
            topic: topic.name.clone(),
            attributes: attributes.clone(),
            data: body.to_string(),
            until: now.saturating_add(GIVE_UP_AFTER).unwrap_or(now),
        };
        if !sent(app, tx, &event)? {
            let key = crate::google::operations::new_id();
            try_again(app, tx, &key);
            tx.put(&key, event);
        }
    }
    Ok(())
}

/// `false` when there is no such topic now.
fn sent(app: &App, tx: &mut Tx, event: &Unsent) -> Result<bool, ApiError> {
    let message = NewMessage::new(event.data.clone(), event.attributes.clone());
    match pubsub::publish(app, tx, &event.topic, vec![message]) {
        Ok(_) => Ok(true),
        Err(error) if error.code == Code::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn try_again(app: &App, tx: &mut Tx, key: &str) {
    let now = app.clock.now();
    let at = now.saturating_add(TRY_AGAIN_AFTER).unwrap_or(now);
    timers::set(tx, super::API, &format!("event {key}"), at);
}

/// Tries an unsent event once more.
pub(super) fn retry(app: &App, tx: &mut Tx, key: &str, now: Timestamp) -> Result<(), ApiError> {
    let Some(event) = tx.get::<Unsent>(key) else {
        return Ok(());
    };
    if sent(app, tx, &event)? || now >= event.until {
        tx.delete::<Unsent>(key);
    } else {
        try_again(app, tx, key);
    }
    Ok(())
}

/// RFC 3339 in Pacific time, to the microsecond, zeros at the end left out.
fn timestamp(at: Timestamp) -> Result<String, ApiError> {
    let zone = TimeZone::get(TIME_ZONE)
        .map_err(|e| ApiError::internal(format!("no time zone {TIME_ZONE}: {e}")))?;
    let rounding = TimestampRound::new()
        .smallest(Unit::Microsecond)
        .mode(RoundMode::Trunc);
    let at = at.round(rounding).unwrap_or(at);
    Ok(at
        .to_zoned(zone)
        .strftime("%Y-%m-%dT%H:%M:%S%.f%:z")
        .to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_dated_in_pacific_time_without_zeros_at_the_end() {
        for (at, wanted) in [
            (
                "2026-10-02T13:03:33.658250Z",
                "2026-10-02T06:03:33.65825-07:00",
            ),
            ("2026-12-02T13:03:33Z", "2026-12-02T05:03:33-08:00"),
            (
                "2026-12-02T13:03:33.123456789Z",
                "2026-12-02T05:03:33.123456-08:00",
            ),
        ] {
            assert_eq!(timestamp(at.parse().unwrap()).unwrap(), wanted);
        }
    }
}
