//! How well the backups keep what was promised: how much may be lost (RPO), how long a restore may take (RTO), and how long
//! ago one was last proven. Pure; what is not known is never good.

use crate::{
    backup_id::BackupId,
    config::Objectives,
    repository::{Entry, Level, Proof, State},
    selector::CLOCK_SKEW,
};
use jiff::Timestamp;
use nightshift_runtime::report::{age, duration};
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// The judgement over all databases of a target.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// Whether every objective is met for every database.
    pub within_bounds: bool,
    /// One for each database, and for each that has no backup although it should.
    pub databases: Vec<Database>,
    /// What concerns no database that is known.
    pub remarks: Vec<String>,
}

/// The judgement over one database.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Database {
    /// Its name.
    pub database: String,
    /// What retention counts together; none when there is no backup.
    pub group: Option<String>,
    /// The newest backup that can be relied upon.
    pub last_good: Option<Good>,
    /// The newest restore that succeeded.
    pub last_restore: Option<Restored>,
    /// Objectives that are not met.
    pub problems: Vec<Problem>,
    /// What a person should know.
    pub remarks: Vec<String>,
}

/// A backup that can be relied upon.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Good {
    /// Which.
    pub id: BackupId,
    /// The instant whose data it has.
    pub snapshot_at: Timestamp,
    /// Seconds since then.
    pub age: i64,
}

/// A restore that was tried and succeeded.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Restored {
    /// Of which backup.
    pub id: BackupId,
    /// When.
    pub at: Timestamp,
    /// How many seconds it took.
    pub seconds: f64,
}

/// An objective that is not met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// `rpo`, `rto` or `proven_within`.
    pub objective: &'static str,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub next: &'static str,
}

/// Judges `entries`. `expected` is a database that must be among them. No backup at all is out of bounds.
pub fn judge(
    objectives: &Objectives,
    entries: &[Entry],
    expected: Option<&str>,
    now: Timestamp,
) -> Verdict {
    let mut groups: BTreeMap<String, Vec<Candidate<'_>>> = BTreeMap::new();
    for candidate in entries.iter().filter_map(Candidate::of) {
        groups
            .entry(candidate.group.clone())
            .or_default()
            .push(candidate);
    }
    let known: BTreeSet<&str> = groups.values().flatten().map(|c| c.database).collect();
    let absent = expected.filter(|name| !known.contains(name));
    let mut databases: Vec<Database> = absent.into_iter().map(without_backup).collect();
    databases.extend(
        groups
            .iter()
            .map(|(group, candidates)| Judge { objectives, now }.database(group, candidates)),
    );
    let oldest = databases
        .iter()
        .map(|d| d.last_good.as_ref().map(|good| good.snapshot_at))
        .min();
    Verdict {
        within_bounds: !databases.is_empty()
            && databases
                .iter()
                .all(|database| database.problems.is_empty()),
        remarks: failed_since(entries, oldest.flatten(), now)
            .into_iter()
            .collect(),
        databases,
    }
}

/// A complete backup, as far as it matters here.
struct Candidate<'a> {
    id: &'a BackupId,
    group: String,
    database: &'a str,
    snapshot_at: Timestamp,
    proofs: &'a [Proof],
    /// Why it cannot be relied upon.
    distrust: Option<String>,
}

impl<'a> Candidate<'a> {
    fn of(entry: &'a Entry) -> Option<Self> {
        let State::Complete(summary) = &entry.state else {
            return None;
        };
        Some(Self {
            id: &entry.id,
            group: summary.source.group(),
            database: &summary.source.database,
            snapshot_at: summary.snapshot_at,
            proofs: &entry.records.proofs,
            distrust: entry.distrust(),
        })
    }
}

struct Judge<'a> {
    objectives: &'a Objectives,
    now: Timestamp,
}

impl Judge<'_> {
    fn database(&self, group: &str, candidates: &[Candidate<'_>]) -> Database {
        let (present, future): (Vec<_>, Vec<_>) = candidates
            .iter()
            .partition(|c| c.snapshot_at <= self.now + CLOCK_SKEW);
        let last_good = present
            .iter()
            .filter(|c| c.distrust.is_none())
            .max_by_key(|c| (c.snapshot_at, c.id))
            .map(|c| Good {
                id: c.id.clone(),
                snapshot_at: c.snapshot_at,
                age: (self.now.as_second() - c.snapshot_at.as_second()).max(0),
            });
        let last_restore = self.last_restore(candidates);
        let problems = [
            self.point(last_good.as_ref()),
            self.proven(last_restore.as_ref()),
            self.time(last_restore.as_ref()),
        ];
        let newer = |c: &&&Candidate<'_>| {
            last_good
                .as_ref()
                .is_none_or(|good| c.snapshot_at >= good.snapshot_at)
        };
        let distrusted = present
            .iter()
            .filter(newer)
            .filter_map(|c| c.distrust.clone());
        let dated = future.iter().map(|c| {
            format!(
                "{} is dated {}: a clock is wrong, and it counts for nothing",
                c.id, c.snapshot_at
            )
        });
        Database {
            database: candidates
                .first()
                .map_or_else(String::new, |c| c.database.to_owned()),
            group: Some(group.to_owned()),
            problems: problems.into_iter().flatten().collect(),
            remarks: distrusted.chain(dated).collect(),
            last_good,
            last_restore,
        }
    }

    /// The newest proof by restore that passed, of whatever backup, unless it claims to come from the future.
    fn last_restore(&self, candidates: &[Candidate<'_>]) -> Option<Restored> {
        candidates
            .iter()
            .flat_map(|c| c.proofs.iter().map(|proof| (c.id, proof)))
            .filter(|(_, proof)| proof.level == Level::Restore && proof.passed)
            .filter(|(_, proof)| proof.at <= self.now + CLOCK_SKEW)
            .max_by_key(|(_, proof)| proof.at)
            .map(|(id, proof)| Restored {
                id: id.clone(),
                at: proof.at,
                seconds: proof.took.as_secs_f64(),
            })
    }

    fn point(&self, last_good: Option<&Good>) -> Option<Problem> {
        let Some(good) = last_good else {
            return Some(Problem {
                objective: "rpo",
                what: "no backup can be relied upon".to_owned(),
                next: "see `backup list` for what is wrong with those that are there, and make one with `backup run`",
            });
        };
        let age = Duration::from_secs(good.age.unsigned_abs());
        (age > Duration::from(self.objectives.rpo)).then(|| Problem {
            objective: "rpo",
            what: format!(
                "the last good backup is {} old, more than rpo allows ({})",
                duration(age),
                duration(self.objectives.rpo.into())
            ),
            next: "find out why the runs since then failed (`backup list`), and run one now",
        })
    }

    fn proven(&self, last: Option<&Restored>) -> Option<Problem> {
        let next = "restore one into a scratch database with `backup drill`";
        let Some(last) = last else {
            return Some(Problem {
                objective: "proven_within",
                what: "no restore was ever proven".to_owned(),
                next,
            });
        };
        let ago = self.now.as_second() - last.at.as_second();
        let limit: Duration = self.objectives.proven_within.into();
        (Duration::from_secs(ago.max(0).unsigned_abs()) > limit).then(|| Problem {
            objective: "proven_within",
            what: format!(
                "a restore was last proven {}, longer than proven_within allows ({})",
                age(self.now, last.at),
                duration(limit)
            ),
            next,
        })
    }

    fn time(&self, last: Option<&Restored>) -> Option<Problem> {
        let took = Duration::try_from_secs_f64(last?.seconds).unwrap_or(Duration::MAX);
        (took > Duration::from(self.objectives.rto)).then(|| Problem {
            objective: "rto",
            what: format!(
                "the last proven restore took {}, more than rto allows ({})",
                duration(took),
                duration(self.objectives.rto.into())
            ),
            next: "give the restore more cores and --jobs, or correct the objective",
        })
    }
}

fn without_backup(database: &str) -> Database {
    Database {
        database: database.to_owned(),
        group: None,
        last_good: None,
        last_restore: None,
        problems: vec![Problem {
            objective: "rpo",
            what: "there is no backup at all".to_owned(),
            next: "make one with `backup run`",
        }],
        remarks: Vec::new(),
    }
}

/// Why the newest run since `good` failed. Of which database it was is not known: that would have stood in the manifest.
fn failed_since(entries: &[Entry], good: Option<Timestamp>, now: Timestamp) -> Option<String> {
    let last = entries
        .iter()
        .filter(|entry| !matches!(entry.state, State::Complete(_)))
        .filter_map(|entry| entry.records.failure.as_ref())
        .filter(|failure| good.is_none_or(|good| failure.at > good))
        .max_by_key(|failure| failure.at)?;
    Some(format!(
        "a run failed {}: {}",
        age(now, last.at),
        last.error
    ))
}

#[cfg(test)]
mod tests;
