//! CloudEvents 1.0 over HTTP, binary and structured:
//! <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md>.

use super::{
    Attributes, Event, EventError, EventId, Source,
    error::quote,
    headers::{Headers, field, is_json, media_type},
    json, pubsub,
};
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde_json::value::RawValue;
use std::{borrow::Cow, collections::BTreeMap};

pub(super) const SPECVERSION: &str = "ce-specversion";

/// The type of what Eventarc makes of a Pub/Sub message; its data is the wrapped message.
const MESSAGE_PUBLISHED: &str = "google.cloud.pubsub.topic.v1.messagePublished";
/// What precedes `projects/P/topics/T` in the source of such an event.
const PUBSUB: &str = "//pubsub.googleapis.com/";

/// The attributes of a CloudEvent by name: those of the specification as well as extensions.
struct Context(BTreeMap<String, String>);

/// Attributes that are no extensions.
const OF_THE_SPECIFICATION: [&str; 8] = [
    "datacontenttype",
    "dataschema",
    "id",
    "source",
    "specversion",
    "subject",
    "time",
    "type",
];

/// Attributes in headers, data in the body.
pub(super) fn binary(headers: Headers<'_>, body: Bytes) -> Result<Event, EventError> {
    let mut context = BTreeMap::new();
    for name in headers.0.keys() {
        if let Some(attribute) = name.as_str().strip_prefix("ce-")
            && let Some(value) = headers.get(name.as_str())?
        {
            context.insert(attribute.to_owned(), decoded(name.as_str(), &value)?);
        }
    }
    Context(context).event(body)
}

/// Everything in one JSON object.
pub(super) fn structured(body: &Bytes) -> Result<Event, EventError> {
    let text = str::from_utf8(body).map_err(|error| EventError::NotUtf8 {
        at: error.valid_up_to(),
    })?;
    let json::Pairs(pairs) = json::object(text).map_err(|error| EventError::not_json(&error))?;
    let mut members = BTreeMap::new();
    for (name, value) in pairs {
        if members.insert(name.clone(), value).is_some() {
            return Err(EventError::Twice {
                field: format!("`{}`", &name[..name.floor_char_boundary(64)]),
            });
        }
    }
    members.retain(|_, value| value.get() != "null");
    let data = members.remove("data");
    let data_base64 = members.remove("data_base64");
    let context = members
        .into_iter()
        .map(|(name, value)| {
            let value = simple(&name, value)?;
            Ok((name, value))
        })
        .collect::<Result<_, EventError>>()?;
    let context = Context(context);
    let data = match (data, data_base64) {
        (Some(_), Some(_)) => {
            return Err(EventError::Conflict {
                first: "`data`".to_owned(),
                second: "`data_base64`".to_owned(),
            });
        }
        (Some(data), None) => context.data(body, data)?,
        (None, Some(data)) => json::base64("data_base64", &json::any_text("data_base64", data)?)?,
        (None, None) => Bytes::new(),
    };
    context.event(data)
}

impl Context {
    fn require(&self, name: &'static str) -> Result<&str, EventError> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| EventError::missing(&attribute(name)))
    }

    /// The data of a structured event: text where its content type says that it is not JSON, JSON otherwise.
    fn data(&self, body: &Bytes, data: &RawValue) -> Result<Bytes, EventError> {
        let is_json = self
            .0
            .get("datacontenttype")
            .is_none_or(|content_type| is_json(&media_type(content_type)));
        if is_json || !data.get().starts_with('"') {
            return Ok(body.slice_ref(data.get().as_bytes()));
        }
        let text = json::any_text("data", data)?;
        Ok(Bytes::from(text.into_owned()))
    }

    fn event(self, data: Bytes) -> Result<Event, EventError> {
        let version = self.require("specversion")?;
        if version != "1.0" {
            return Err(EventError::Unexpected {
                field: attribute("specversion"),
                found: quote(version),
                expected: "\"1.0\"",
            });
        }
        let id = EventId::new(&attribute("id"), self.require("id")?.to_owned())?;
        let (source, kind) = (self.require("source")?, self.require("type")?);
        if kind == MESSAGE_PUBLISHED {
            return message(&id, source, &data);
        }
        let time = self.0.get("time");
        Ok(Event {
            id: Some(id),
            source: Source::CloudEvent {
                source: source.to_owned(),
                kind: kind.to_owned(),
                subject: self.0.get("subject").cloned(),
            },
            time: time
                .map(|text| json::time(&attribute("time"), text))
                .transpose()?,
            attributes: self.extensions(),
            data,
            delivery_attempt: None,
            ordering_key: None,
        })
    }

    fn extensions(self) -> Attributes {
        self.0
            .into_iter()
            .filter(|(name, _)| !OF_THE_SPECIFICATION.contains(&name.as_str()))
            .collect()
    }
}

/// The Pub/Sub message that Eventarc made a CloudEvent of.
fn message(id: &EventId, source: &str, data: &[u8]) -> Result<Event, EventError> {
    let text = str::from_utf8(data).map_err(|error| EventError::NotUtf8 {
        at: error.valid_up_to(),
    })?;
    if !text.trim_ascii_start().starts_with('{') {
        return Err(EventError::Unexpected {
            field: "the event's data".to_owned(),
            found: "no object".to_owned(),
            expected: "a Pub/Sub message with its wrapper",
        });
    }
    let envelope = json::object(text).map_err(|error| EventError::not_json(&error))?;
    let mut event = pubsub::wrapped(&envelope)?;
    if event.id.as_ref() != Some(id) {
        return Err(EventError::Conflict {
            first: attribute("id"),
            second: "`message.messageId`".to_owned(),
        });
    }
    if let Source::PubSub { topic, .. } = &mut event.source {
        *topic = source.strip_prefix(PUBSUB).map(str::to_owned);
    }
    Ok(event)
}

/// How errors name an attribute, wherever it was.
fn attribute(name: &str) -> String {
    format!("the CloudEvent's `{name}`")
}

/// The value of an attribute in a structured event: a string, a boolean or a whole number.
fn simple(name: &str, value: &RawValue) -> Result<String, EventError> {
    let text = value.get();
    match text.as_bytes().first() {
        Some(b'"') => json::any_text(name, value).map(Cow::into_owned),
        Some(b't' | b'f') => Ok(text.to_owned()),
        Some(b'-' | b'0'..=b'9') if !text.contains(['.', 'e', 'E']) => Ok(text.to_owned()),
        _ => Err(EventError::Unexpected {
            field: attribute(&name[..name.floor_char_boundary(64)]),
            found: json::kind(value).to_owned(),
            expected: "a string, a whole number, true or false",
        }),
    }
}

/// The value of an attribute in a header, without the quotes and percent signs that HTTP made necessary.
fn decoded(name: &str, value: &str) -> Result<String, EventError> {
    let quoted = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let plain = match quoted {
        Some(inner) => Cow::Owned(unescaped(inner)),
        None => Cow::Borrowed(value),
    };
    match percent_decode_str(&plain).decode_utf8() {
        Ok(text) => Ok(text.into_owned()),
        Err(_) => Err(EventError::Unexpected {
            field: field(name),
            found: quote(value),
            expected: "UTF-8 behind its percent signs",
        }),
    }
}

fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        plain.push(match character {
            '\\' => characters.next().unwrap_or('\\'),
            other => other,
        });
    }
    plain
}
