//! What woke us, whoever sent it.
//!
//! ```text
//! Pub/Sub push, wrapped ────────────┐
//! Pub/Sub push, unwrapped ──────────┤
//! Eventarc and other CloudEvents ───┼──► Event { id, source, time, attributes, data, … }
//! Cloud Scheduler over HTTP ────────┤
//! {"command": "run"} from a person ─┘
//! ```
//!
//! The parser takes what Google varies (absent `data`, both spellings of a message's id, base64 with and without padding
//! in either alphabet, keys not known yet) and refuses everything else that is not as documented, naming the field. Where
//! two of the forms could be meant, the first that applies is: CloudEvent, Pub/Sub metadata in headers, Cloud Scheduler,
//! a wrapped Pub/Sub message, a command, and last an unwrapped message without metadata, which may be anything. That one
//! therefore must not be a JSON object with an object called `message` or a key called `command`: let Pub/Sub write its
//! metadata, or keep its wrapper.

mod attributes;
mod cloud_event;
mod error;
mod headers;
mod id;
mod json;
mod pubsub;
#[cfg(feature = "pubsub")]
mod pulled;
mod scheduler;

pub use attributes::Attributes;
pub use error::EventError;
pub use id::EventId;

use bytes::Bytes;
use headers::Headers;
use http::HeaderMap;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use std::fmt;

/// The largest body that is read: 16 MiB. Pub/Sub's messages have at most 10 MB, which base64 and its wrapper make into
/// less than 14 MB.
pub const MAX_BODY: usize = 16 * 1024 * 1024;

/// A reason to look at the world, from whoever sent it.
///
/// It may come twice, late, out of order, or to two instances at once: Pub/Sub promises "at least once", and Cloud
/// Scheduler repeats what was not answered in time.
#[derive(Clone, PartialEq, Eq)]
pub struct Event {
    /// The same for every delivery of the same event. `None` where the sender gives nothing to tell by: commands, and
    /// unwrapped Pub/Sub messages without metadata.
    pub id: Option<EventId>,
    /// Who sent it.
    pub source: Source,
    /// When it was published, or for Cloud Scheduler when it was due.
    pub time: Option<Timestamp>,
    /// Pub/Sub's attributes, or the extension attributes of a CloudEvent.
    pub attributes: Attributes,
    /// What it says, decoded. Empty when it says nothing.
    pub data: Bytes,
    /// Which delivery this is, from 1. Pub/Sub counts only for subscriptions with a dead-letter topic, and tells only in
    /// wrapped messages.
    pub delivery_attempt: Option<u32>,
    /// Pub/Sub's ordering key.
    pub ordering_key: Option<String>,
}

/// Who sent an event. It tells how to read the event, and never what its sender may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A push subscription of Pub/Sub, directly or through Eventarc.
    PubSub {
        /// `projects/P/subscriptions/S`. `None` for an unwrapped message without metadata, which nothing tells from any
        /// other request.
        subscription: Option<String>,
        /// `projects/P/topics/T`. Only Eventarc tells it.
        topic: Option<String>,
    },
    /// Eventarc, or whoever else speaks CloudEvents.
    CloudEvent {
        /// The CloudEvent's `source`.
        source: String,
        /// The CloudEvent's `type`.
        kind: String,
        /// The CloudEvent's `subject`.
        subject: Option<String>,
    },
    /// A Cloud Scheduler job with an HTTP target.
    Scheduler {
        /// The job's name.
        job: String,
    },
    /// A person or a program that sent `{"command": …}`; the whole object is the event's data.
    Command,
}

impl Source {
    /// A constant word for metrics and logs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::PubSub { .. } => "pubsub",
            Self::CloudEvent { .. } => "cloudevent",
            Self::Scheduler { .. } => "scheduler",
            Self::Command => "command",
        }
    }
}

impl Event {
    /// Reads the event that `POST /` with these headers and this body is.
    ///
    /// Takes time and memory in proportion to the body, on a stack of constant depth.
    pub fn parse(headers: &HeaderMap, body: Bytes) -> Result<Self, EventError> {
        if body.len() > MAX_BODY {
            return Err(EventError::TooLarge { found: body.len() });
        }
        let headers = Headers(headers);
        match headers.media_type()?.as_deref() {
            _ if headers.has(cloud_event::SPECVERSION) => cloud_event::binary(headers, body),
            Some("application/cloudevents+json") => cloud_event::structured(&body),
            Some("application/cloudevents-batch+json") => Err(EventError::Unexpected {
                field: "header `content-type`".to_owned(),
                found: "a batch of CloudEvents".to_owned(),
                expected: "one event a request",
            }),
            _ if headers.has(pubsub::MESSAGE_ID) => pubsub::unwrapped(headers, body),
            _ if headers.has(scheduler::MARK) || headers.has(scheduler::JOB_NAME) => {
                scheduler::tick(headers, body)
            }
            media_type => from_body(media_type, body),
        }
    }

    /// What the event says, as JSON. Nested deeper than 128 levels is refused.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, EventError> {
        let mut data = serde_json::Deserializer::from_slice(&self.data);
        let read = serde_path_to_error::deserialize(&mut data).map_err(|error| {
            let path = error.path().to_string();
            EventError::data((path != ".").then_some(path), error.inner())
        })?;
        data.end().map_err(|error| EventError::data(None, &error))?;
        Ok(read)
    }
}

/// Reads an event that its headers say nothing about.
fn from_body(media_type: Option<&str>, body: Bytes) -> Result<Event, EventError> {
    let declared = media_type.is_some_and(headers::is_json);
    let looks_like_object = body.trim_ascii_start().first() == Some(&b'{');
    if !declared && !looks_like_object {
        return Ok(pubsub::bare(body));
    }
    let text = match str::from_utf8(&body) {
        Ok(text) => text,
        Err(error) if declared => {
            return Err(EventError::NotUtf8 {
                at: error.valid_up_to(),
            });
        }
        Err(_) => return Ok(pubsub::bare(body)),
    };
    if !looks_like_object {
        json::check(text)?;
        return Ok(pubsub::bare(body));
    }
    let keys = match json::object::<pubsub::Envelope<'_>>(text) {
        Ok(keys) => keys,
        // Looks like the beginning of an object and is none: somebody's data.
        Err(error) if !declared && !error.is_data() => return Ok(pubsub::bare(body)),
        Err(error) => return Err(EventError::not_json(&error)),
    };
    if keys.is_envelope() {
        pubsub::wrapped(&keys)
    } else if let Some(command) = keys.command {
        json::text("command", command)?;
        Ok(Event {
            source: Source::Command,
            ..pubsub::bare(body)
        })
    } else {
        Ok(pubsub::bare(body))
    }
}

/// Shows how much data there is, not what: it may be somebody's.
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("id", &self.id)
            .field("source", &self.source)
            .field("time", &self.time)
            .field("attributes", &self.attributes)
            .field("data", &format_args!("{} bytes", self.data.len()))
            .field("delivery_attempt", &self.delivery_attempt)
            .field("ordering_key", &self.ordering_key)
            .finish()
    }
}
