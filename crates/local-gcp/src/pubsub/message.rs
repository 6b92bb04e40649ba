//! Messages, and how they get from a topic to its subscriptions.

use super::{names, push, queue, subscription, topic::Topic};
use crate::{
    app::App,
    google::json,
    http::ApiError,
    store::{Record, Tx},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use jiff::{Timestamp, Unit};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::collections::BTreeMap;

const MOST_MESSAGES: usize = 1000;
const LARGEST_REQUEST: usize = 10_000_000;
const MOST_ATTRIBUTES: usize = 100;

/// A message as publishers send it. The output-only fields are accepted and not looked at, as Google does.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewMessage {
    /// Base64 in JSON.
    #[serde(default, deserialize_with = "data_from_base64")]
    pub(crate) data: Bytes,
    #[serde(default)]
    pub(crate) attributes: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) ordering_key: String,
    #[serde(default, rename = "messageId")]
    _message_id: Option<String>,
    #[serde(default, rename = "publishTime")]
    _publish_time: Option<String>,
}

impl NewMessage {
    /// A message with these attributes and this JSON for data.
    pub(crate) fn new(data: impl Into<Bytes>, attributes: BTreeMap<String, String>) -> Self {
        Self {
            data: data.into(),
            attributes,
            ..Self::default()
        }
    }
}

/// A message as one subscription holds it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_field_names,
    reason = "the fields have the names of the API"
)]
pub(crate) struct Message {
    #[serde(
        serialize_with = "data_to_base64",
        deserialize_with = "data_from_base64"
    )]
    pub(crate) data: Bytes,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) message_id: String,
    #[serde(with = "json::time")]
    pub(crate) publish_time: Timestamp,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) ordering_key: String,
}

impl Record for Message {
    const TABLE: &'static str = "pubsub.messages";
}

/// The last message id that was given away.
#[derive(Serialize, Deserialize)]
struct LastId(u64);

impl Record for LastId {
    const TABLE: &'static str = "pubsub.last_id";
}

pub(super) fn tables(api: crate::http::Api) -> crate::http::Api {
    api.table::<Message>().table::<LastId>()
}

/// Standard base64; without padding and URL-safe are accepted, as Google's JSON parser does.
fn data_from_base64<'de, D: Deserializer<'de>>(from: D) -> Result<Bytes, D::Error> {
    let text = String::deserialize(from)?;
    let standard = text
        .trim_end_matches('=')
        .replace('-', "+")
        .replace('_', "/");
    let decoded = base64::engine::general_purpose::STANDARD_NO_PAD.decode(standard);
    decoded
        .map(Bytes::from)
        .map_err(|error| D::Error::custom(format!("base64 decoding failed: {error}")))
}

fn data_to_base64<S: Serializer>(data: &Bytes, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(&STANDARD.encode(data))
}

/// Takes messages in and hands them to all subscriptions of the topic. Returns their ids.
pub(crate) fn publish(
    app: &App,
    tx: &mut Tx,
    topic: &str,
    messages: Vec<NewMessage>,
) -> Result<Vec<String>, ApiError> {
    tx.get::<Topic>(topic)
        .ok_or_else(|| names::missing(topic))?;
    check(&messages)?;
    let now = app.clock.now();
    let published = now.round(Unit::Millisecond).unwrap_or(now);
    let mut last = tx.get::<LastId>("last").map_or(0, |last| last.0);
    let subscriptions: Vec<_> = subscription::of_topic(tx, topic).collect();
    let mut ids = vec![];
    for message in messages {
        last = (last + 1).max(u64::try_from(now.as_microsecond()).unwrap_or(0));
        ids.push(last.to_string());
        let message = Message {
            data: message.data,
            attributes: message.attributes,
            message_id: last.to_string(),
            publish_time: published,
            ordering_key: message.ordering_key,
        };
        for subscription in subscriptions
            .iter()
            .filter(|s| s.wants(&message.attributes))
        {
            queue::enqueue(tx, subscription, last, message.clone());
        }
    }
    tx.put("last", LastId(last));
    for subscription in &subscriptions {
        push::pump(app, tx, subscription);
    }
    Ok(ids)
}

fn check(messages: &[NewMessage]) -> Result<(), ApiError> {
    if messages.is_empty() || messages.len() > MOST_MESSAGES {
        return Err(ApiError::invalid(format!(
            "The value for message_count is invalid: {} messages; 1 to {MOST_MESSAGES} can be published at once",
            messages.len()
        )));
    }
    let mut size = 0;
    for (n, message) in messages.iter().enumerate() {
        let invalid = |problem: &str| Err(ApiError::invalid(format!("messages[{n}]: {problem}")));
        if message.data.is_empty() && message.attributes.is_empty() {
            return invalid(
                "One or more messages in the publish request is empty. Each message must contain either non-empty data, or at least one attribute",
            );
        }
        if message.attributes.len() > MOST_ATTRIBUTES {
            return invalid("a message has 100 attributes at most");
        }
        if let Some((key, value)) = message
            .attributes
            .iter()
            .find(|(k, v)| k.is_empty() || k.len() > 256 || v.len() > 1024)
        {
            return invalid(&format!(
                "the attribute {:?} has a key of {} and a value of {} bytes; 1 to 256 and at most 1024 are possible",
                key.chars().take(40).collect::<String>(),
                key.len(),
                value.len()
            ));
        }
        if message.attributes.keys().any(|key| key.starts_with("goog")) {
            return invalid("attribute keys must not begin with goog");
        }
        if message.ordering_key.len() > 1024 {
            return invalid("an ordering key has 1024 bytes at most");
        }
        size += message.data.len()
            + message
                .attributes
                .iter()
                .map(|(k, v)| k.len() + v.len())
                .sum::<usize>();
    }
    if size > LARGEST_REQUEST {
        return Err(ApiError::invalid(format!(
            "The request has {size} bytes; {LARGEST_REQUEST} are possible"
        )));
    }
    Ok(())
}
