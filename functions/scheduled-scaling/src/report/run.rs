//! What a run says: one line for each target, and counts.

use super::{minute, or_dash, short_name};
use crate::{
    apply::{Ended, Outcome, Run},
    config::Kind,
    decide::{Decision, Drift},
    schedule::Setting,
};
use jiff::Timestamp;
use nightshift_runtime::{
    Report,
    report::{Column, Table},
};
use serde::Serialize;
use std::collections::BTreeMap;

/// What a run did.
#[derive(Debug, Clone, Serialize)]
pub struct RunReport {
    /// The instant it was for.
    pub at: Timestamp,
    /// How many targets ended how.
    pub counts: BTreeMap<&'static str, usize>,
    /// How many changes were sent.
    pub writes: u32,
    /// Each target, by name.
    pub targets: Vec<TargetReport>,
    /// What could not be read, where there may be more targets.
    pub unread: Vec<Unread>,
}

/// A place that could not be read.
#[derive(Debug, Clone, Serialize)]
pub struct Unread {
    /// Which.
    pub place: String,
    /// Why not.
    pub why: String,
}

/// What became of one target.
#[derive(Debug, Clone, Serialize)]
pub struct TargetReport {
    /// Its full name.
    pub target: String,
    /// What it is.
    pub kind: Kind,
    /// The schedule it goes by; none when it follows none.
    pub schedule: Option<String>,
    /// `nothing`, `written`, `accepted`, `noted`, `released`, `held`, `deferred`, `refused` or `failed`.
    pub decision: &'static str,
    /// What it was set to; null when it could not be read.
    pub from: Option<String>,
    /// What it was to be set to; null when it stays.
    pub to: Option<String>,
    /// The rule that speaks.
    pub rule: Option<String>,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Until when.
    pub until: Option<Timestamp>,
    /// How far what was found was from what we had written and still want.
    pub drift: Option<i64>,
    /// How many seconds after the boundary it was written.
    pub lag_s: Option<i64>,
    /// Why it was left alone, or what went wrong, and what to do.
    pub reason: Option<String>,
    /// The operation that carries it out.
    pub operation: Option<String>,
    /// Instances it keeps now; null when not known.
    pub floor: Option<u32>,
    /// Instances it kept before us; null when not known.
    pub original_floor: Option<u32>,
}

impl RunReport {
    /// Describes a run.
    pub fn new(run: &Run) -> Self {
        let targets: Vec<_> = run
            .outcomes
            .values()
            .map(|outcome| target(outcome, run.at))
            .collect();
        let mut counts = BTreeMap::new();
        for target in &targets {
            *counts.entry(target.decision).or_insert(0) += 1;
        }
        let unread = run.unread.iter().map(|(place, why)| Unread {
            place: place.clone(),
            why: why.clone(),
        });
        Self {
            at: run.at,
            counts,
            writes: run.outcomes.values().map(|outcome| outcome.writes).sum(),
            targets,
            unread: unread.collect(),
        }
    }

    /// How many targets ended so.
    pub fn count(&self, decision: &str) -> usize {
        self.counts.get(decision).copied().unwrap_or(0)
    }

    /// Whether anything is not as it should be.
    pub fn has_failures(&self) -> bool {
        self.count("failed") + self.count("refused") > 0 || !self.unread.is_empty()
    }

    /// Whether nothing could be looked at, so that a later attempt is worth more than this answer.
    pub fn is_in_the_dark(&self) -> bool {
        let seen = self.targets.iter().any(|target| target.from.is_some());
        !seen && !self.unread.is_empty()
    }
}

fn target(outcome: &Outcome, at: Timestamp) -> TargetReport {
    let bound = &outcome.bound;
    let desired = outcome.judged.desired.as_ref();
    let change = match &outcome.judged.decision {
        Decision::Write(change) => Some(change),
        _ => None,
    };
    let memory = bound
        .listed
        .as_ref()
        .and_then(|listed| listed.memory.as_ref().ok());
    let original = memory.and_then(|memory| memory.original);
    let original = original.or_else(|| change.and_then(|change| change.original));
    let written = matches!(outcome.ended, Ended::Accepted(_) | Ended::Written);
    let lag = |since: Timestamp| at.duration_since(since).as_secs();
    TargetReport {
        target: bound.target.name.clone(),
        kind: bound.target.kind,
        schedule: Some(bound.target.schedule.clone()).filter(|name| !name.is_empty()),
        decision: word(outcome),
        from: crate::apply::found(bound).map(|setting| setting.to_string()),
        to: change
            .and_then(|change| change.set)
            .map(|setting| setting.to_string()),
        rule: desired.map(|desired| desired.rule.to_string()),
        since: desired.and_then(|desired| desired.since),
        until: desired.and_then(|desired| desired.until),
        drift: drift(outcome).map(Drift::instances),
        lag_s: desired
            .and_then(|desired| desired.since)
            .filter(|_| written && change.is_some_and(|change| change.set.is_some()))
            .map(lag),
        reason: reason(outcome),
        operation: match &outcome.ended {
            Ended::Accepted(operation) => Some(operation.name.clone()),
            _ => None,
        },
        floor: outcome.now().map(Setting::floor),
        original_floor: original.map(Setting::floor),
    }
}

fn word(outcome: &Outcome) -> &'static str {
    let change = match &outcome.judged.decision {
        Decision::Write(change) => Some(change),
        _ => None,
    };
    match &outcome.ended {
        Ended::Nothing => "nothing",
        Ended::Written | Ended::Accepted(_)
            if change.is_some_and(|change| change.stamp.is_none()) =>
        {
            "released"
        }
        Ended::Written | Ended::Accepted(_)
            if change.is_some_and(|change| change.set.is_none()) =>
        {
            "noted"
        }
        Ended::Written => "written",
        Ended::Accepted(_) => "accepted",
        Ended::Held(_) => "held",
        Ended::Deferred(_) => "deferred",
        Ended::Refused(_) => "refused",
        Ended::Failed(_) => "failed",
    }
}

fn drift(outcome: &Outcome) -> Option<Drift> {
    match (&outcome.judged.decision, &outcome.ended) {
        (Decision::Write(change), _) => change.drift,
        (_, Ended::Held(crate::decide::Why::Raised { drift, .. })) => Some(*drift),
        _ => None,
    }
}

fn reason(outcome: &Outcome) -> Option<String> {
    match &outcome.ended {
        Ended::Held(why) | Ended::Deferred(why) | Ended::Refused(why) => Some(why.to_string()),
        Ended::Failed(why) => Some(why.clone()),
        Ended::Nothing | Ended::Accepted(_) | Ended::Written => {
            let Decision::Write(change) = &outcome.judged.decision else {
                return None;
            };
            if let Some(floor) = change.revision_floor {
                return Some(format!(
                    "no effect: its revision carries a floor of {floor} itself, until it is deployed with --min-instances=0"
                ));
            }
            let drift = change.drift?;
            Some(format!(
                "somebody changed {} to {}",
                drift.expected, drift.found
            ))
        }
    }
}

impl RunReport {
    /// The targets that are not as they were, or not as they should be.
    fn news(&self) -> String {
        let columns = [
            "TARGET", "DECISION", "FROM", "TO", "RULE", "UNTIL", "REASON",
        ];
        let mut table = Table::new(columns.map(Column::text));
        let news = self
            .targets
            .iter()
            .filter(|target| target.decision != "nothing");
        for target in news {
            table.row([
                short_name(&target.target),
                target.decision,
                or_dash(target.from.as_deref()),
                or_dash(target.to.as_deref()),
                or_dash(target.rule.as_deref()),
                or_dash(minute(target.until).as_deref()),
                or_dash(target.reason.as_deref()),
            ]);
        }
        if self.count("nothing") == self.targets.len() {
            return String::new();
        }
        format!("{table}\n\n")
    }
}

impl Report for RunReport {
    fn table(&self) -> String {
        let mut text = self.news();
        for unread in &self.unread {
            text.push_str(&format!("! {}: {}\n", unread.place, unread.why));
        }
        let counts: Vec<String> = self
            .counts
            .iter()
            .map(|(word, count)| format!("{count} {word}"))
            .collect();
        let counts = if counts.is_empty() {
            "no targets".to_owned()
        } else {
            counts.join(", ")
        };
        text.push_str(&format!(
            "{}: {counts}; {} writes\n",
            self.at.strftime("%FT%H:%M:%SZ"),
            self.writes
        ));
        text
    }
}
