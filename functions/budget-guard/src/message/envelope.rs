//! A message as it lies in a file: the body of a Pub/Sub push, or one of a pull.

use super::{Malformed, Message, Received};
use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use jiff::Timestamp;
use serde::Deserialize;
use std::collections::BTreeMap;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A message with what Pub/Sub wrote on it.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// Unique in its topic.
    pub message_id: String,
    /// When the topic got it.
    pub publish_time: Timestamp,
    /// Its attributes.
    pub attributes: BTreeMap<String, String>,
    /// Its data, decoded.
    pub data: Vec<u8>,
}

/// Why a text is no envelope.
#[derive(Debug, thiserror::Error)]
pub enum InvalidEnvelope {
    /// Not JSON of the form.
    #[error("is not the JSON of a Pub/Sub message, {{\"message\":{{…}}}}")]
    Form(#[from] serde_json::Error),
    /// Pub/Sub always gives one.
    #[error("`message.messageId` is missing")]
    NoMessageId,
    /// Pub/Sub always gives one.
    #[error("`message.publishTime` is missing")]
    NoPublishTime,
    /// Not an instant.
    #[error("`message.publishTime`: `{found}` is not a time such as 2026-10-05T10:02:11Z")]
    PublishTime {
        /// What was found.
        found: String,
        /// What is wrong with it.
        source: jiff::Error,
    },
    /// Not base64.
    #[error("`message.data` is not base64")]
    Data(#[from] base64::DecodeError),
}

#[derive(Deserialize)]
struct Body {
    message: Pubsub,
}

/// Pub/Sub writes some fields twice, in both cases.
#[derive(Deserialize)]
struct Pubsub {
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    #[serde(default)]
    data: String,
    #[serde(rename = "messageId")]
    message_id: Option<String>,
    #[serde(rename = "message_id")]
    message_id_too: Option<String>,
    #[serde(rename = "publishTime")]
    publish_time: Option<String>,
    #[serde(rename = "publish_time")]
    publish_time_too: Option<String>,
}

impl Envelope {
    /// Reads one envelope.
    pub fn read(text: &str) -> Result<Self, InvalidEnvelope> {
        let Body { message } = serde_json::from_str(text)?;
        let published = message.publish_time.or(message.publish_time_too);
        let published = published.ok_or(InvalidEnvelope::NoPublishTime)?;
        Ok(Self {
            message_id: message
                .message_id
                .or(message.message_id_too)
                .ok_or(InvalidEnvelope::NoMessageId)?,
            publish_time: published
                .parse()
                .map_err(|source| InvalidEnvelope::PublishTime {
                    found: published.clone(),
                    source,
                })?,
            attributes: message.attributes,
            data: BASE64.decode(message.data)?,
        })
    }

    /// The message in it, understood.
    pub fn message(&self) -> Result<Message, Malformed> {
        Message::read(&Received {
            message_id: &self.message_id,
            publish_time: self.publish_time,
            attributes: &self.attributes,
            data: &self.data,
        })
    }
}
