//! Who is told, and where: a table per channel, `[channel.NAME]`.

use nightshift_runtime::config::SecretSource;
use serde::Deserialize;

/// One channel.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum ChannelConfig {
    /// An incoming webhook of Slack.
    Slack(HookConfig),
    /// A webhook of a Google Chat space.
    GoogleChat(HookConfig),
    /// An Events API v2 integration of `PagerDuty`.
    Pagerduty(PagerdutyConfig),
    /// A receiver of your own, signed per Standard Webhooks.
    Webhook(WebhookConfig),
    /// A topic of your own.
    Pubsub(PubsubConfig),
}

impl ChannelConfig {
    /// The word for its kind.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Slack(_) => "slack",
            Self::GoogleChat(_) => "google_chat",
            Self::Pagerduty(_) => "pagerduty",
            Self::Webhook(_) => "webhook",
            Self::Pubsub(_) => "pubsub",
        }
    }

    /// Whether what it is told stays open until it hears that it is over. Chats only show what is new.
    pub const fn holds_alerts_open(&self) -> bool {
        !matches!(self, Self::Slack(_) | Self::GoogleChat(_))
    }
}

/// A chat's webhook, whose address is a secret: whoever knows it may post.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HookConfig {
    /// The address.
    pub url: SecretSource,
    /// Whether it may lead to an address that is not on the public internet, and be plain http.
    #[serde(default, rename = "allow_private")]
    pub private: bool,
}

/// A `PagerDuty` integration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PagerdutyConfig {
    /// The integration's key.
    pub routing_key: SecretSource,
    /// Where events go; accounts in the EU have another address.
    #[serde(default = "pagerduty")]
    pub url: String,
    /// Whether that may be an address that is not on the public internet.
    #[serde(default, rename = "allow_private")]
    pub private: bool,
}

fn pagerduty() -> String {
    "https://events.pagerduty.com/v2/enqueue".to_owned()
}

/// A signed webhook.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookConfig {
    /// The address, which may hold a token.
    pub url: SecretSource,
    /// What requests are signed with: `whsec_…`.
    pub secret: SecretSource,
    /// What they were signed with before; both sign while receivers go over.
    #[serde(default)]
    pub old_secret: Option<SecretSource>,
    /// Whether it may lead to an address that is not on the public internet, and be plain http.
    #[serde(default, rename = "allow_private")]
    pub private: bool,
}

/// A topic.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PubsubConfig {
    /// `projects/PROJECT/topics/TOPIC`; never the topic that the budgets publish to.
    pub topic: String,
}

/// The way messages come.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FeedConfig {
    /// The topic that the budgets publish to: `projects/PROJECT/topics/TOPIC`.
    pub topic: Option<String>,
    /// The subscription that brings them here: `projects/PROJECT/subscriptions/NAME`.
    pub subscription: Option<String>,
}
