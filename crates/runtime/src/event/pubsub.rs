//! Push subscriptions of Pub/Sub: <https://docs.cloud.google.com/pubsub/docs/push> for the wrapper,
//! <https://docs.cloud.google.com/pubsub/docs/payload-unwrapping> for messages without one.

use super::{
    Attributes, Event, EventError, EventId, Source,
    headers::{Headers, field},
    json::{self, Pairs},
};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::{borrow::Cow, collections::BTreeMap};

pub(super) const MESSAGE_ID: &str = "x-goog-pubsub-message-id";
const PUBLISH_TIME: &str = "x-goog-pubsub-publish-time";
const SUBSCRIPTION: &str = "x-goog-pubsub-subscription-name";
const ORDERING_KEY: &str = "x-goog-pubsub-ordering-key";
/// What Google's emulator writes in place of [`ORDERING_KEY`].
const ORDERING_KEY_OF_EMULATOR: &str = "x-goog-ordering-key";

/// The keys that tell a wrapped message and a command from other JSON objects.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Envelope<'a> {
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    subscription: Option<&'a RawValue>,
    delivery_attempt: Option<&'a RawValue>,
    pub(super) command: Option<&'a RawValue>,
}

impl Envelope<'_> {
    pub(super) fn is_envelope(&self) -> bool {
        self.subscription.is_some() && self.message.is_some()
            || self.message.is_some_and(json::is_object)
    }
}

/// A message within its [`Envelope`]. Push writes its id and time twice, in both spellings.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message<'a> {
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    attributes: Option<&'a RawValue>,
    #[serde(rename = "messageId")]
    id: Option<&'a RawValue>,
    #[serde(rename = "message_id")]
    id_in_snake_case: Option<&'a RawValue>,
    publish_time: Option<&'a RawValue>,
    #[serde(rename = "publish_time")]
    publish_time_in_snake_case: Option<&'a RawValue>,
    ordering_key: Option<&'a RawValue>,
}

/// Takes the message out of its wrapper.
pub(super) fn wrapped(envelope: &Envelope<'_>) -> Result<Event, EventError> {
    let missing = |field| EventError::missing(&format!("`{field}`"));
    let message = envelope.message.ok_or_else(|| missing("message"))?;
    let message: Message<'_> = json::nested("message", message)?;
    let subscription = envelope
        .subscription
        .ok_or_else(|| missing("subscription"))?;
    let id = same(
        ("message.messageId", message.id),
        ("message.message_id", message.id_in_snake_case),
    )?;
    let time = same(
        ("message.publishTime", message.publish_time),
        ("message.publish_time", message.publish_time_in_snake_case),
    )?;
    let ordering_key = optional("message.orderingKey", message.ordering_key)?;
    Ok(Event {
        id: Some(EventId::new("`message.messageId`", id.into_owned())?),
        source: Source::PubSub {
            subscription: Some(json::text("subscription", subscription)?.into_owned()),
            topic: None,
        },
        time: Some(json::time("`message.publishTime`", &time)?),
        attributes: attributes(message.attributes)?,
        data: match optional("message.data", message.data)? {
            Some(text) => json::base64("message.data", &text)?,
            None => Bytes::new(),
        },
        delivery_attempt: delivery_attempt(envelope.delivery_attempt)?,
        ordering_key: ordering_key.map(Cow::into_owned),
    })
}

/// Reads a message whose metadata is in headers.
pub(super) fn unwrapped(headers: Headers<'_>, body: Bytes) -> Result<Event, EventError> {
    let ordering_key = match (
        headers.get(ORDERING_KEY)?,
        headers.get(ORDERING_KEY_OF_EMULATOR)?,
    ) {
        (Some(key), Some(other)) if key != other => {
            return Err(EventError::Conflict {
                first: field(ORDERING_KEY),
                second: field(ORDERING_KEY_OF_EMULATOR),
            });
        }
        (key, other) => key.or(other),
    };
    headers.require(PUBLISH_TIME)?;
    Ok(Event {
        id: Some(EventId::new(
            &field(MESSAGE_ID),
            headers.require(MESSAGE_ID)?,
        )?),
        source: Source::PubSub {
            subscription: Some(headers.require(SUBSCRIPTION)?),
            topic: None,
        },
        time: headers.time(PUBLISH_TIME)?,
        attributes: Attributes::of_headers(headers.attributes()?),
        data: body,
        delivery_attempt: None,
        ordering_key: ordering_key.filter(|key| !key.is_empty()),
    })
}

/// A message of which only its data is known.
pub(super) fn bare(body: Bytes) -> Event {
    Event {
        id: None,
        source: Source::PubSub {
            subscription: None,
            topic: None,
        },
        time: None,
        attributes: Attributes::default(),
        data: body,
        delivery_attempt: None,
        ordering_key: None,
    }
}

type Named<'a> = (&'static str, Option<&'a RawValue>);

/// The one value that two spellings of the same key have.
fn same<'a>(first: Named<'a>, second: Named<'a>) -> Result<Cow<'a, str>, EventError> {
    let read = |(field, value): Named<'a>| value.map(|value| json::text(field, value)).transpose();
    match (read(first)?, read(second)?) {
        (Some(one), Some(other)) if one != other => Err(EventError::Conflict {
            first: format!("`{}`", first.0),
            second: format!("`{}`", second.0),
        }),
        (Some(value), _) | (None, Some(value)) => Ok(value),
        (None, None) => Err(EventError::missing(&format!("`{}`", first.0))),
    }
}

/// A string; empty means the same as absent.
fn optional<'a>(
    field: &str,
    value: Option<&'a RawValue>,
) -> Result<Option<Cow<'a, str>>, EventError> {
    let text = value
        .map(|value| json::any_text(field, value))
        .transpose()?;
    Ok(text.filter(|text| !text.is_empty()))
}

fn attributes(value: Option<&RawValue>) -> Result<Attributes, EventError> {
    let Some(value) = value else {
        return Ok(Attributes::default());
    };
    let Pairs(pairs) = json::nested("message.attributes", value)?;
    let mut attributes = BTreeMap::new();
    for (name, value) in pairs {
        let field = format!("message.attributes.{}", shortened(&name));
        let value = json::any_text(&field, value)?.into_owned();
        if attributes.insert(name, value).is_some() {
            return Err(EventError::Twice {
                field: format!("`{field}`"),
            });
        }
    }
    Ok(attributes.into_iter().collect())
}

/// The beginning of a key that somebody chose, for an error.
fn shortened(name: &str) -> &str {
    &name[..name.floor_char_boundary(64)]
}

/// Push counts from 1; 0 is what other ways of receiving say when nobody counts.
fn delivery_attempt(value: Option<&RawValue>) -> Result<Option<u32>, EventError> {
    let Some(value) = value else { return Ok(None) };
    match serde_json::from_str::<u32>(value.get()) {
        Ok(attempt) => Ok((attempt > 0).then_some(attempt)),
        Err(_) => Err(json::unexpected(
            "deliveryAttempt",
            json::kind(value),
            "a whole number",
        )),
    }
}
