//! How a call ended, in one JSON document on the configured topic: for dashboards, chat rooms, the next function.

use crate::{
    apply::Ended, config::Config, event, managed::Managed, report::ended::Ending, rotation::Stop,
};
use jiff::Timestamp;
use nightshift_runtime::{gcp::Gcp, pubsub::Outcomes};
use serde::Serialize;
use std::time::Duration;

/// How long a call waits for the topic before it goes on without knowing: Cloud Run leaves ten seconds after SIGTERM.
const PATIENCE: Duration = Duration::from_secs(3);

/// What somebody else may want to know of a call. Fields are added to, never changed.
#[derive(Debug, Serialize)]
pub struct Announcement {
    /// The same name as in the log, and the message's attribute.
    pub event: &'static str,
    /// `success` or `failure`.
    pub outcome: &'static str,
    /// The full name of the secret, and the message's ordering key.
    pub secret: String,
    /// When the call ended.
    pub at: Timestamp,
    /// What the command prints with `--output json`.
    pub report: Ending,
}

impl Announcement {
    /// Describes a call that began in phase `before`; none where nothing has happened that anybody but the caller wants
    /// to know, such as a tick that found all well.
    pub fn new(managed: &Managed, before: &str, ended: &Ended, at: Timestamp) -> Option<Self> {
        let (event, outcome) = match &ended.stop {
            Stop::Rotated => (event::COMPLETED, "success"),
            // The ticks during the grace say the same again.
            Stop::WaitingForGrace { .. } if before != ended.phase_name() => {
                (event::PUBLISHED, "success")
            }
            Stop::Failed(code) if code.is_by_operator() => (event::FAILED, "success"),
            Stop::Failed(_) | Stop::Blocked(_) => (event::FAILED, "failure"),
            Stop::Noticed(_) => (event::NOTICED, "failure"),
            _ => return None,
        };
        Some(Self {
            event,
            outcome,
            secret: ended.secret.to_string(),
            at,
            report: Ending::of(managed, ended),
        })
    }
}

/// Tells a topic, where one is configured.
#[derive(Debug)]
pub struct Announcer(Option<Outcomes>);

impl Announcer {
    /// For the topic that `config` names. One that cannot be told is no reason not to rotate: that is logged.
    pub async fn new(config: &Config, gcp: &Gcp) -> Self {
        let Some(topic) = &config.publish.topic else {
            return Self(None);
        };
        let outcomes = Outcomes::to(gcp, topic).await;
        let outcomes = outcomes.inspect_err(|error| {
            tracing::warn!(event = "publish.failed", topic, %error, "nobody will be told");
        });
        Self(outcomes.ok())
    }

    /// Tells how a call ended and waits a moment until that has arrived: afterwards the process may end or get no more time.
    pub async fn tell(&self, announcement: &Announcement) {
        if let Some(outcomes) = &self.0 {
            outcomes.publish(announcement.event, &announcement.secret, announcement);
            outcomes.flush(PATIENCE).await;
        }
    }
}
