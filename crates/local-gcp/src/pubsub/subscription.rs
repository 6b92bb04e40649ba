//! Subscriptions: what they say, and which of it is allowed.

use super::{filter::Filter, names, topic::Topic};
use crate::{
    google::json::option_duration,
    http::{ApiError, Code},
    store::{Record, View},
};
use axum::http::Uri;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// A subscription, in the form of the API. What has no effect here is kept as it came.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Subscription {
    pub(crate) name: String,
    pub(crate) topic: String,
    pub(crate) push_config: PushConfig,
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) ack_deadline_seconds: i64,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) retain_acked_messages: bool,
    #[serde(with = "option_duration", skip_serializing_if = "Option::is_none")]
    pub(crate) message_retention_duration: Option<SignedDuration>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) labels: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) enable_message_ordering: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expiration_policy: Option<Value>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) filter: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dead_letter_policy: Option<DeadLetterPolicy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retry_policy: Option<RetryPolicy>,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) detached: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) enable_exactly_once_delivery: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message_transforms: Option<Value>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) tags: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<Value>,
}

/// Where messages are pushed to, if they are.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct PushConfig {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) push_endpoint: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) attributes: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) oidc_token: Option<OidcToken>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pubsub_wrapper: Option<PubsubWrapper>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) no_wrapper: Option<NoWrapper>,
}

/// Who signs the token of a push.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct OidcToken {
    pub(crate) service_account_email: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) audience: String,
}

/// The default form of a push, when it is asked for by name.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PubsubWrapper {}

/// The data alone as the body of a push.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct NoWrapper {
    /// Attributes and the rest as headers.
    pub(crate) write_metadata: bool,
}

/// What becomes of messages that nobody can handle.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct DeadLetterPolicy {
    pub(crate) dead_letter_topic: String,
    pub(crate) max_delivery_attempts: u32,
}

/// How long to wait before a message comes again.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct RetryPolicy {
    #[serde(with = "option_duration")]
    pub(crate) minimum_backoff: Option<SignedDuration>,
    #[serde(with = "option_duration")]
    pub(crate) maximum_backoff: Option<SignedDuration>,
}

impl Record for Subscription {
    const TABLE: &'static str = "pubsub.subscriptions";
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes by reference"
)]
fn is_false(flag: &bool) -> bool {
    !flag
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes by reference"
)]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

/// The subscriptions of a topic.
pub(super) fn of_topic(view: &View, topic: &str) -> impl Iterator<Item = Subscription> {
    let all = view.from::<Subscription>("");
    all.filter(move |(_, s)| s.topic == topic)
        .map(|(_, s)| (**s).clone())
        .collect::<Vec<_>>()
        .into_iter()
}

impl Subscription {
    /// Fills in Google's defaults and refuses what Google refuses.
    pub(super) fn completed(mut self, view: &View) -> Result<Self, ApiError> {
        names::check(&self.name, "subscriptions")?;
        if self.ack_deadline_seconds == 0 {
            self.ack_deadline_seconds = 10;
        }
        if !(10..=600).contains(&self.ack_deadline_seconds) {
            return Err(ApiError::invalid(format!(
                "Invalid ack deadline given: {} (seconds); it must be between 10 and 600",
                self.ack_deadline_seconds
            )));
        }
        let retention = *self
            .message_retention_duration
            .get_or_insert(SignedDuration::from_hours(7 * 24));
        if retention < SignedDuration::from_mins(10)
            || retention > SignedDuration::from_hours(31 * 24)
        {
            return Err(ApiError::invalid(
                "message_retention_duration must be between 10 minutes and 31 days",
            ));
        }
        if !self.filter.is_empty() {
            Filter::parse(&self.filter).map_err(|problem| {
                ApiError::invalid(format!("Invalid filter {:?}: {problem}", self.filter))
            })?;
        }
        self.expiration_policy
            .get_or_insert_with(|| serde_json::json!({ "ttl": "2678400s" }));
        self.state = Some("ACTIVE".into());
        self.push_config.check()?;
        self.retry_policy
            .as_mut()
            .map_or(Ok(()), RetryPolicy::complete)?;
        self.dead_letter_policy
            .as_mut()
            .map_or(Ok(()), |policy| policy.complete(view))?;
        Ok(self)
    }

    pub(super) fn wants(&self, attributes: &BTreeMap<String, String>) -> bool {
        let filter = (!self.filter.is_empty()).then(|| Filter::parse(&self.filter));
        // A filter is checked when it is stored.
        !self.detached && filter.is_none_or(|filter| filter.is_ok_and(|f| f.matches(attributes)))
    }

    pub(super) fn is_push(&self) -> bool {
        !self.push_config.push_endpoint.is_empty() && !self.detached
    }

    pub(super) fn ack_deadline(&self) -> SignedDuration {
        SignedDuration::from_secs(self.ack_deadline_seconds)
    }

    pub(super) fn retention(&self) -> SignedDuration {
        self.message_retention_duration
            .unwrap_or(SignedDuration::from_hours(7 * 24))
    }
}

impl PushConfig {
    pub(super) fn check(&self) -> Result<(), ApiError> {
        if self.push_endpoint.is_empty() {
            return Ok(());
        }
        let url: Option<Uri> = self.push_endpoint.parse().ok();
        let scheme = url.as_ref().and_then(Uri::scheme_str);
        if !matches!(scheme, Some("http" | "https")) {
            return Err(ApiError::invalid(format!(
                "Invalid push endpoint given (endpoint={})",
                self.push_endpoint
            )));
        }
        match &self.oidc_token {
            Some(token) if !token.service_account_email.contains('@') => Err(ApiError::invalid(
                "push_config.oidc_token.service_account_email must be an e-mail address",
            )),
            _ => Ok(()),
        }
    }
}

impl RetryPolicy {
    fn complete(&mut self) -> Result<(), ApiError> {
        let least = *self
            .minimum_backoff
            .get_or_insert(SignedDuration::from_secs(10));
        let most = *self
            .maximum_backoff
            .get_or_insert(SignedDuration::from_secs(600));
        let allowed = SignedDuration::ZERO..=SignedDuration::from_secs(600);
        if allowed.contains(&least) && allowed.contains(&most) && least <= most {
            return Ok(());
        }
        Err(ApiError::invalid(
            "retry_policy: minimum_backoff and maximum_backoff must be between 0 and 600 seconds, the minimum not above the maximum",
        ))
    }
}

impl DeadLetterPolicy {
    fn complete(&mut self, view: &View) -> Result<(), ApiError> {
        if self.max_delivery_attempts == 0 {
            self.max_delivery_attempts = 5;
        }
        let range = |size, bound| {
            let message = format!(
                "The value for max_delivery_attempts is too {size}. You passed {} in the request, but the {bound}",
                self.max_delivery_attempts
            );
            Err(ApiError::new(Code::OutOfRange, message))
        };
        match self.max_delivery_attempts {
            0..5 => return range("small", "minimum value is 5."),
            101.. => return range("large", "maximum value is 100."),
            _ => {}
        }
        names::check(&self.dead_letter_topic, "topics")?;
        view.get::<Topic>(&self.dead_letter_topic)
            .map(drop)
            .ok_or_else(|| names::missing(&self.dead_letter_topic))
    }
}
