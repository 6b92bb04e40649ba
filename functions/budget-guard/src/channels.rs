//! Who is told, and how: one file per kind of channel.
//!
//! A channel gets each notice at least once and knows it again by its key: a pager and the signed webhook drop the
//! second one themselves; a chat shows it twice when an answer was lost.

mod google_chat;
mod outbound;
mod pagerduty;
mod pubsub;
mod slack;
mod text;
mod webhook;

pub use outbound::{Outbound, is_public};
pub use webhook::WebhookHeaders;

use crate::{config::ChannelConfig, google::Google, state::document::Posting};
use jiff::Timestamp;
use nightshift_runtime::{RetryPolicy, Verdict, config::SecretError};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// Why a channel was not told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PostError {
    /// The policy names a channel that nobody has configured.
    #[error("there is no channel `{0}` in the configuration")]
    Unknown(String),
    /// Its secret cannot be read.
    #[error("read the secret of the channel")]
    Secret(#[from] SecretError),
    /// Its address is none, or one that must not be spoken to.
    #[error("the channel's address {0}")]
    Address(&'static str),
    /// Its secret is not of the right form.
    #[error("the channel's secret is not of the form {0}")]
    SecretForm(&'static str),
    /// Nobody answered.
    #[error("the channel does not answer: {0}")]
    NoAnswer(String),
    /// It cannot take it now.
    #[error("the channel answers {status}")]
    Busy {
        /// The HTTP status.
        status: u16,
        /// When to come again, if it says so.
        after: Option<Duration>,
    },
    /// It will never take it.
    #[error("the channel refuses with {status}{word}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The error word it gives, such as ` (no_service)`; nothing else of its answer.
        word: String,
    },
    /// Google's API says no.
    #[error("{0}")]
    Google(#[from] crate::google::CallError),
    /// It cannot be written as JSON.
    #[error("write the notice as JSON")]
    Json(#[from] serde_json::Error),
}

impl PostError {
    /// Whether trying again can help without anybody doing anything about it.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::NoAnswer(_) | Self::Busy { .. } => true,
            Self::Google(error) => error.may_pass(),
            _ => false,
        }
    }
}

/// The channels of one deployment, by name.
#[derive(Debug)]
pub struct Channels {
    configured: BTreeMap<String, ChannelConfig>,
    outbound: Outbound,
    google: Google,
    retry: RetryPolicy,
}

impl Channels {
    /// These channels.
    pub fn new(
        configured: BTreeMap<String, ChannelConfig>,
        google: Google,
    ) -> Result<Self, PostError> {
        Ok(Self {
            configured,
            outbound: Outbound::new()?,
            google,
            retry: RetryPolicy {
                max_attempts: 3,
                initial_delay: Duration::from_secs(1),
                max_delay: Duration::from_secs(10),
                deadline: Duration::from_secs(40),
                ..RetryPolicy::default()
            },
        })
    }

    /// The same with another policy of retries.
    #[must_use]
    pub fn with_retry(self, retry: RetryPolicy) -> Self {
        Self { retry, ..self }
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.configured.keys().map(String::as_str)
    }

    /// The kind of a channel, for people.
    pub fn kind(&self, name: &str) -> Option<&'static str> {
        self.configured.get(name).map(ChannelConfig::kind)
    }

    /// The channels that hold an alert open until it is resolved.
    pub fn pagers(&self) -> BTreeSet<String> {
        let pagers = self.configured.iter();
        let pagers = pagers.filter(|(_, channel)| channel.holds_alerts_open());
        pagers.map(|(name, _)| name.clone()).collect()
    }

    /// Tells a channel something; what fails in passing is tried a few times.
    pub async fn post(
        &self,
        name: &str,
        key: &str,
        what: &Posting,
        now: Timestamp,
    ) -> Result<(), PostError> {
        let unknown = || PostError::Unknown(name.to_owned());
        let channel = self.configured.get(name).ok_or_else(unknown)?;
        let judge = |error: &PostError| match error {
            PostError::Busy {
                after: Some(after), ..
            } => Verdict::RetryAfter(*after),
            error if error.may_pass() => Verdict::Retry,
            _ => Verdict::Stop,
        };
        let label = format!("tell {name}");
        let attempt = |_| self.attempt(channel, key, what, now);
        self.retry.run(&label, attempt, judge).await
    }

    /// Whether a channel could be told: its secret is there and its address may be spoken to. Nothing is sent.
    pub async fn check(&self, name: &str) -> Result<(), PostError> {
        let unknown = || PostError::Unknown(name.to_owned());
        let outbound = &self.outbound;
        match self.configured.get(name).ok_or_else(unknown)? {
            ChannelConfig::Slack(config) => outbound.check(&config.url.read()?, config.private),
            ChannelConfig::GoogleChat(config) => {
                outbound.check(&config.url.read()?, config.private)
            }
            ChannelConfig::Pagerduty(config) => pagerduty::check(config, outbound),
            ChannelConfig::Webhook(config) => webhook::check(config, outbound),
            ChannelConfig::Pubsub(config) => pubsub::check(config, &self.google).await,
        }
    }

    async fn attempt(
        &self,
        channel: &ChannelConfig,
        key: &str,
        what: &Posting,
        now: Timestamp,
    ) -> Result<(), PostError> {
        let outbound = &self.outbound;
        match channel {
            ChannelConfig::Slack(config) => slack::post(config, outbound, what).await,
            ChannelConfig::GoogleChat(config) => google_chat::post(config, outbound, what).await,
            ChannelConfig::Pagerduty(config) => pagerduty::post(config, outbound, key, what).await,
            ChannelConfig::Webhook(config) => {
                webhook::post(config, outbound, (key, what), now).await
            }
            ChannelConfig::Pubsub(config) => pubsub::post(config, &self.google, (key, what)).await,
        }
    }
}
