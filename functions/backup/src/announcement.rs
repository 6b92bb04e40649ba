//! How a run ended, in one JSON document: what `serve` answers, and what the configured topic is told.

use crate::{
    config::Config,
    error::Error,
    event,
    store::{StoreError, Target},
};
use jiff::Timestamp;
use nightshift_runtime::{Report, pubsub::Outcomes};
use serde::Serialize;
use serde_json::Value;
use std::time::Duration;

/// How long a run waits for the topic before it ends without knowing: Cloud Run leaves ten seconds after SIGTERM.
const PATIENCE: Duration = Duration::from_secs(3);

/// What a run was about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// A backup was to be made.
    Backup,
    /// A backup was to be proven.
    Proof,
    /// Old backups were to be deleted.
    Prune,
    /// The backups were to be judged.
    Status,
}

impl Subject {
    /// The name of the event when the run did its work.
    pub fn done(self) -> &'static str {
        match self {
            Self::Backup => event::COMPLETED,
            Self::Proof => event::VERIFIED,
            Self::Prune => event::PRUNED,
            Self::Status => event::STATUS,
        }
    }

    /// The name of the event when it did not, or somebody has to look at what it found.
    pub fn failed(self) -> &'static str {
        match self {
            Self::Backup => event::FAILED,
            other => other.done(),
        }
    }
}

/// How a run ended. Fields are added to, never changed.
#[derive(Debug, Serialize)]
pub struct Announcement {
    /// The same name as in the log.
    pub event: &'static str,
    /// `success`, `suspicious` or `failure`.
    pub outcome: &'static str,
    /// Where the backups are.
    pub target: String,
    /// When it ended.
    pub at: Timestamp,
    /// What is wrong and what to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What the command prints with `--output json`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<Value>,
}

impl Announcement {
    /// Describes a run that found `report`, or failed, or both: found something that somebody has to look at.
    pub fn new(
        subject: Subject,
        target: &Target,
        at: Timestamp,
        report: Option<&impl Report>,
        error: Option<&Error>,
    ) -> Self {
        let outcome = match error {
            None => event::SUCCESS,
            Some(Error::Suspicious { .. }) => event::SUSPICIOUS,
            Some(_) => event::FAILURE,
        };
        Self {
            event: match report {
                Some(_) => subject.done(),
                None => subject.failed(),
            },
            outcome,
            target: target.to_string(),
            at,
            error: error.map(Error::one_line),
            report: report.and_then(|report| serde_json::to_value(report).ok()),
        }
    }
}

/// Tells a topic, where one is configured.
#[derive(Debug)]
pub struct Announcer(Option<Outcomes>);

impl Announcer {
    /// For the topic that `config` names. One that cannot be told is no reason not to make a backup: that is logged.
    pub async fn new(config: &Config) -> Self {
        let Some(topic) = &config.publish.topic else {
            return Self(None);
        };
        let outcomes = match config.google.clients() {
            Ok(gcp) => Outcomes::to(gcp, topic)
                .await
                .map_err(|error| error.to_string()),
            Err(error) => Err(Error::from(StoreError::from(error)).chain()),
        };
        Self(
            outcomes
                .inspect_err(|error| {
                    tracing::warn!(
                        event = "publish.failed",
                        topic,
                        error,
                        "nobody will be told"
                    );
                })
                .ok(),
        )
    }

    /// Tells how a run ended and waits a moment until that has arrived: afterwards the process may end or get no more time.
    pub async fn tell(&self, announcement: &Announcement) {
        if let Some(outcomes) = &self.0 {
            outcomes.publish(announcement.event, &announcement.target, announcement);
            outcomes.flush(PATIENCE).await;
        }
    }
}
