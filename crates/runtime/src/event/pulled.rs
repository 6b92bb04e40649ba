//! Messages that were pulled: the same events as pushed ones.

use super::{Event, EventError, EventId, Source};
use google_cloud_pubsub::model::Message;
use jiff::Timestamp;

impl Event {
    /// The event that a message of `subscription` is.
    pub(crate) fn pulled(
        subscription: &str,
        message: Message,
        delivery_attempt: Option<i32>,
    ) -> Result<Self, EventError> {
        let time = message.publish_time.map(|time| {
            Timestamp::new(time.seconds(), time.nanos()).map_err(|_| EventError::Unexpected {
                field: "`publishTime`".to_owned(),
                found: format!("{} seconds", time.seconds()),
                expected: "a time between the years -9999 and 9999",
            })
        });
        Ok(Self {
            id: Some(EventId::new("`messageId`", message.message_id)?),
            source: Source::PubSub {
                subscription: Some(subscription.to_owned()),
                topic: None,
            },
            time: time.transpose()?,
            attributes: message.attributes.into_iter().collect(),
            data: message.data,
            delivery_attempt: delivery_attempt.and_then(|attempt| u32::try_from(attempt).ok()),
            ordering_key: Some(message.ordering_key).filter(|key| !key.is_empty()),
        })
    }
}
