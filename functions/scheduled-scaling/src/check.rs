//! Whether it would work: asked of Google without changing anything.

use crate::{
    config::Kind,
    fleet::{Bound, Fleet, Purpose},
    google::{Google, Write},
};
use futures::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp, fmt::rfc2822};
use std::time::{Duration, Instant};

/// Where the time is asked for.
const GOOGLE: &str = "https://run.googleapis.com";
/// How far clocks may be apart. A schedule counts in minutes.
const SKEW: SignedDuration = SignedDuration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(10);
const AT_ONCE: usize = 8;

/// What came of asking for one target.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Probed {
    /// The target.
    pub target: String,
    /// Whether it would work; null where that cannot be asked without doing it.
    pub works: Option<bool>,
    /// What is wrong, or why it cannot be asked.
    pub why: Option<String>,
}

/// Asks for each target whether a change would be accepted, with the setting that it has.
pub async fn probe_targets(google: &Google, fleet: &Fleet) -> Vec<Probed> {
    let probes = fleet
        .bound
        .values()
        .filter(|bound| bound.purpose != Purpose::Left);
    let probes = stream::iter(probes).map(|bound| probe(google, bound));
    let mut probed: Vec<_> = probes.buffer_unordered(AT_ONCE).collect().await;
    probed.sort_by(|a, b| a.target.cmp(&b.target));
    probed
}

async fn probe(google: &Google, bound: &Bound) -> Probed {
    let said = |works, why| Probed {
        target: bound.target.name.clone(),
        works,
        why,
    };
    if let Purpose::Misfit(why) = &bound.purpose {
        return said(Some(false), Some(why.clone()));
    }
    let Some(listed) = &bound.listed else {
        return said(Some(false), bound.unread.clone());
    };
    if let Err(why) = &listed.setting {
        return said(Some(false), Some(why.clone()));
    }
    if let Err(why) = &listed.memory {
        return said(Some(false), Some(why.clone()));
    }
    if listed.kind == Kind::Sql {
        let why = "Cloud SQL has no dry run; it takes cloudsql.instances.update";
        return said(None, Some(why.to_owned()));
    }
    let write = Write {
        read: listed,
        set: None,
        notes: Some(listed.notes.clone()),
        validate_only: true,
    };
    match google.write(&write).await {
        Ok(_) => said(Some(true), None),
        Err(refused) => said(Some(false), Some(refused.to_string())),
    }
}

/// How far this machine's clock is from Google's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clocks {
    /// By how much ours is ahead; Google's is told in whole seconds.
    pub ahead: SignedDuration,
}

impl Clocks {
    /// Whether a schedule would be kept at the wrong time.
    pub fn are_apart(self) -> bool {
        self.ahead.abs() > SKEW
    }

    /// What is said when Google's clock cannot be asked.
    pub fn unknown(why: &str) -> String {
        format!("whether this machine's clock is right cannot be told: {why}")
    }
}

/// Compares this machine's clock with the `Date` of Google's answers, or of the stand-in's at `endpoint`.
pub async fn probe_clock(endpoint: Option<&str>) -> Result<Clocks, String> {
    let client = reqwest::Client::builder().timeout(PATIENCE).build();
    let client = client.map_err(|error| error.to_string())?;
    let url = endpoint.unwrap_or(GOOGLE);
    let begun = Instant::now();
    let answer = client.head(url).send().await;
    let answer = answer.map_err(|error| format!("ask {url}: {error}"))?;
    let ours = Timestamp::now() - SignedDuration::try_from(begun.elapsed() / 2).unwrap_or_default();
    let date = answer
        .headers()
        .get("date")
        .and_then(|date| date.to_str().ok());
    let date = date.ok_or_else(|| format!("{url} does not say what time it is"))?;
    let theirs = rfc2822::parse(date).map_err(|error| format!("{url} says {date:?}: {error}"))?;
    Ok(Clocks {
        ahead: ours.duration_since(theirs.timestamp()),
    })
}
