//! Whether everything is there that an emergency would need. Nothing is changed but one small object in the guard's own
//! bucket, which shows that it can be written.

mod feed;
mod rungs;

use crate::{
    config::{Config, Text},
    google::Google,
    guard::GuardError,
    policy::Policy,
    store::{Store, StoreError, Version},
};
use jiff::Timestamp;
use nightshift_runtime::{Clock, SystemClock};
use serde::Serialize;
use std::time::Duration;

/// The object that shows that the bucket can be written, and that messages arrive.
const PROBE: &str = "budget-guard/v1/check.json";
/// How often it is looked whether the message has arrived.
const POLL: Duration = Duration::from_millis(500);
/// The attribute by which a guard knows a message that only asks whether it arrives.
pub const NONCE: &str = "nightshiftCheck";

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What.
    pub what: String,
    /// How it is.
    pub found: Found,
    /// What was seen, and what to do about it.
    pub note: String,
}

/// How a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// As it must be.
    Ready,
    /// It works, and somebody should know something about it.
    Warning,
    /// In an emergency it would fail.
    Missing,
    /// Not looked at.
    Skipped,
}

impl Finding {
    fn ready(what: impl Into<String>, note: impl Into<String>) -> Self {
        Self::new(what, Found::Ready, note)
    }

    fn warning(what: impl Into<String>, note: impl Into<String>) -> Self {
        Self::new(what, Found::Warning, note)
    }

    fn missing(what: impl Into<String>, note: impl Into<String>) -> Self {
        Self::new(what, Found::Missing, note)
    }

    fn new(what: impl Into<String>, found: Found, note: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            found,
            note: note.into(),
        }
    }
}

/// Looks at the configuration alone, and says what was not looked at.
pub fn look_offline(config: &Config, policies: &[Policy]) -> Vec<Finding> {
    let mut findings = vec![configuration(config, policies)];
    let rest = ["memory", "channels", "topic", "subscription", "actions"];
    findings.extend(rest.map(|what| Finding::new(what, Found::Skipped, "--offline")));
    findings
}

fn configuration(config: &Config, policies: &[Policy]) -> Finding {
    match config.check_for_work() {
        Ok(()) => Finding::ready(
            "configuration",
            match policies.len() {
                1 => "1 budget".to_owned(),
                many => format!("{many} budgets"),
            },
        ),
        Err(error) => Finding::missing("configuration", error.to_string()),
    }
}

/// Looks at everything that `config` names.
pub async fn look(config: &Config, policies: &[Policy], google: &Google) -> Vec<Finding> {
    let mut findings = vec![configuration(config, policies)];
    findings.push(state(config, google).await);
    findings.extend(channels(config, google).await);
    findings.extend(feed::look(config, google).await);
    findings.extend(rungs::look(policies, google).await);
    findings
}

async fn state(config: &Config, google: &Google) -> Finding {
    let Some(Text(place)) = &config.state else {
        return Finding::missing("memory", "the configuration names no `state`");
    };
    let what = format!("memory {place}");
    let written = async {
        let store = Store::open(place.clone(), google.gcp())?;
        note_probe(&store, "check").await
    };
    match written.await {
        Ok(()) => Finding::ready(what, "can be read and written"),
        Err(error) => {
            let advice = error.advice().map(|advice| format!("; {advice}"));
            let line = crate::error::chain(&error);
            Finding::missing(what, format!("{line}{}", advice.unwrap_or_default()))
        }
    }
}

async fn channels(config: &Config, google: &Google) -> Vec<Finding> {
    let channels = match crate::channels::Channels::new(config.channels.clone(), google.clone()) {
        Ok(channels) => channels,
        Err(error) => return vec![Finding::missing("channels", error.to_string())],
    };
    let mut findings = Vec::new();
    for name in channels.names() {
        let what = format!("channel {name}");
        let kind = channels.kind(name).unwrap_or_default();
        findings.push(match channels.check(name).await {
            Ok(()) => Finding::ready(
                what,
                format!("{kind}: its secret is there and of the right form"),
            ),
            Err(error) => {
                Finding::missing(what, format!("{kind}: {}", crate::error::chain(&error)))
            }
        });
    }
    findings
}

/// Remembers the newest nonce that arrived.
pub async fn note_probe(store: &Store, nonce: &str) -> Result<(), StoreError> {
    let stored = serde_json::json!({"nonce": nonce}).to_string();
    for _ in 0..5 {
        let (_, version): (_, Version) = store.read(PROBE).await?;
        match store.write(PROBE, stored.clone().into(), &version).await {
            Err(StoreError::Conflict(_)) => {}
            written => return written.map(drop),
        }
    }
    Err(StoreError::Conflict(store.name(PROBE)))
}

/// Publishes a message below every threshold, about no budget of ours, and waits until a guard has got it.
pub async fn round_trip(config: &Config, google: &Google, patience: Duration) -> Finding {
    const WHAT: &str = "round trip";
    let (Some(topic), Some(Text(place))) = (&config.feed.topic, &config.state) else {
        return Finding::missing(WHAT, "needs `feed.topic` and `state` in the configuration");
    };
    let nonce = format!("{:016x}", rand::random::<u64>());
    let now = SystemClock.now();
    if let Err(error) = feed::publish_probe(google, topic, &nonce, now).await {
        return Finding::missing(WHAT, format!("publish to {topic}: {}", error.line()));
    }
    match arrived(google, place.clone(), &nonce, now, patience).await {
        Ok(Some(seconds)) => Finding::ready(WHAT, format!("a message was here after {seconds} s")),
        Ok(None) => Finding::missing(
            WHAT,
            format!(
                "no guard has noted the message after {} s; does one run, and may the subscription call it?",
                patience.as_secs()
            ),
        ),
        Err(error) => Finding::missing(WHAT, crate::error::chain(&error)),
    }
}

async fn arrived(
    google: &Google,
    place: crate::store::Place,
    nonce: &str,
    since: Timestamp,
    patience: Duration,
) -> Result<Option<i64>, GuardError> {
    let open = |error: StoreError| crate::repository::RepositoryError::from(error);
    let store = Store::open(place, google.gcp()).map_err(open)?;
    let started = tokio::time::Instant::now();
    while started.elapsed() <= patience {
        let (stored, _) = store.read(PROBE).await.map_err(open)?;
        let text = stored.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        if text.is_some_and(|text| text.contains(nonce)) {
            return Ok(Some(SystemClock.now().duration_since(since).as_secs()));
        }
        tokio::time::sleep(POLL).await;
    }
    Ok(None)
}
