//! What becomes of each backup: the retention policy's verdicts, and the reasons to leave alone what it would delete. Pure.

use super::Freed;
use crate::{
    backup_id::BackupId,
    repository::{Entry, Level, State},
    retention::{self, Backup, Policy, PolicyError, Verdict},
    selector::CLOCK_SKEW,
};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What becomes of everything in a target.
#[derive(Debug, Serialize)]
pub struct Plan {
    /// Every backup and what is left of others, by database, newest first.
    pub backups: Vec<Facts>,
    /// Databases of which nothing is deleted until somebody has looked.
    pub blocked: Vec<Blocked>,
}

/// A backup and what becomes of it.
#[derive(Debug, Serialize)]
pub struct Facts {
    /// Which.
    pub id: BackupId,
    /// Whether it has a manifest.
    pub complete: bool,
    /// The database, when the manifest says which.
    pub database: Option<String>,
    /// What retention counts together.
    pub group: Option<String>,
    /// The instant whose data it has; of an incomplete one, when something was last written.
    pub at: Option<Timestamp>,
    /// Bytes in the store, when they are known.
    pub stored_bytes: Option<u64>,
    /// What becomes of it.
    #[serde(flatten)]
    pub fate: Fate,
}

/// What becomes of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "fate")]
pub enum Fate {
    /// It stays, for each of these reasons.
    Kept {
        /// Rules, pins and floors.
        why: Vec<String>,
    },
    /// It takes no rule's slot and is not touched.
    Left {
        /// The reason.
        why: String,
    },
    /// It is to be deleted.
    Goes {
        /// The reason.
        why: String,
    },
    /// It was deleted.
    Deleted {
        /// The reason.
        why: String,
        /// What it took.
        freed: Freed,
    },
    /// It should have been deleted, and something protects it for now.
    Deferred {
        /// What.
        why: String,
    },
}

/// A database of which nothing is deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Blocked {
    /// Its name.
    pub database: String,
    /// The reason.
    pub why: String,
}

/// Decides about `entries`. `at_work` are the ids of runs that hold a lease, `begun` the deletions that were not ended.
pub fn plan(
    policy: &Policy,
    entries: &[Entry],
    at_work: &BTreeSet<String>,
    begun: &[BackupId],
    now: Timestamp,
) -> Result<Plan, PolicyError> {
    let mut by_id: HashMap<&str, Facts> = HashMap::new();
    let mut counted = Vec::new();
    for entry in entries {
        let facts = Facts::new(entry);
        match untouched(entry, at_work, begun) {
            Some(fate) => drop(by_id.insert(entry.id.as_str(), Facts { fate, ..facts })),
            None => {
                counted.push(facts.counted(entry));
                by_id.insert(entry.id.as_str(), facts);
            }
        }
    }
    let mut order: Vec<String> = Vec::new();
    for (backup, verdict) in retention::decide(policy, counted, now)? {
        if let Some(facts) = by_id.get_mut(backup.id.as_str()) {
            facts.fate = Fate::from(verdict);
        }
        order.push(backup.id);
    }
    let mut backups: Vec<Facts> = order
        .iter()
        .filter_map(|id| by_id.remove(id.as_str()))
        .collect();
    let mut rest: Vec<Facts> = by_id.into_values().collect();
    rest.sort_by(|a, b| b.id.cmp(&a.id));
    backups.extend(rest);
    let known: BTreeSet<&BackupId> = entries.iter().map(|entry| &entry.id).collect();
    let emptied = begun.iter().filter(|id| !known.contains(id));
    backups.extend(emptied.map(Facts::emptied));
    let blocked = block(&mut backups, entries, now);
    Ok(Plan { backups, blocked })
}

/// What no policy is asked about.
fn untouched(entry: &Entry, at_work: &BTreeSet<String>, begun: &[BackupId]) -> Option<Fate> {
    let left = |why: String| Some(Fate::Left { why });
    match &entry.state {
        State::Damaged(error) => left(format!(
            "damaged: {error}; look at it, and remove it by hand"
        )),
        State::Partial { .. } if at_work.contains(entry.id.as_str()) => {
            left("a run is at work on it".into())
        }
        State::Partial { .. } if begun.contains(&entry.id) => Some(Fate::Goes {
            why: "its deletion had begun".into(),
        }),
        State::Complete(_) | State::Partial { .. } => None,
    }
}

/// A database whose newest backup is not trusted loses none of the older ones: they may be all that is left.
fn block(backups: &mut [Facts], entries: &[Entry], now: Timestamp) -> Vec<Blocked> {
    let mut newest: BTreeMap<String, (&Entry, Timestamp)> = BTreeMap::new();
    for entry in entries {
        if let State::Complete(summary) = &entry.state
            && summary.snapshot_at <= now + CLOCK_SKEW
        {
            let group = newest.entry(summary.source.database.clone());
            let latest = group.or_insert((entry, summary.snapshot_at));
            if (latest.1, &latest.0.id) < (summary.snapshot_at, &entry.id) {
                *latest = (entry, summary.snapshot_at);
            }
        }
    }
    let distrusted = newest.into_iter().filter_map(|(database, (entry, _))| {
        let why = entry.distrust()?;
        Some(Blocked { database, why })
    });
    let mut blocked: Vec<Blocked> = distrusted.collect();
    for backup in backups.iter_mut().filter(|backup| backup.complete) {
        let database = backup.database.as_deref();
        let held = blocked
            .iter()
            .any(|b| Some(b.database.as_str()) == database);
        if held && matches!(backup.fate, Fate::Goes { .. }) {
            backup.fate = Fate::Left {
                why: "blocked: the newest backup is not trusted".into(),
            };
        }
    }
    blocked.extend(refused(backups));
    blocked
}

/// The databases of which the policy would delete more than one prune may.
fn refused(backups: &[Facts]) -> Vec<Blocked> {
    let mut refused: BTreeMap<&str, usize> = BTreeMap::new();
    for backup in backups {
        if let (Fate::Left { why }, Some(database)) = (&backup.fate, &backup.database)
            && why == retention::REFUSED
        {
            *refused.entry(database).or_default() += 1;
        }
    }
    let blocked = |(database, count): (&str, usize)| Blocked {
        database: database.to_owned(),
        why: format!(
            "the policy would delete {count} backups at once, more than retention.max_delete_ratio allows"
        ),
    };
    refused.into_iter().map(blocked).collect()
}

impl Facts {
    fn new(entry: &Entry) -> Self {
        let mut facts = Self {
            id: entry.id.clone(),
            complete: false,
            database: None,
            group: None,
            at: entry.id.began(),
            stored_bytes: None,
            fate: Fate::Left {
                why: "undecided".into(),
            },
        };
        match &entry.state {
            State::Complete(summary) => {
                facts.complete = true;
                facts.database = Some(summary.source.database.clone());
                facts.group = Some(summary.source.group());
                facts.at = Some(summary.snapshot_at);
                facts.stored_bytes = Some(summary.totals.stored_bytes);
            }
            State::Partial {
                bytes, last_write, ..
            } => {
                let failed = entry.records.failure.as_ref().map(|failure| failure.at);
                facts.at = (*last_write).max(failed).or(facts.at);
                facts.stored_bytes = Some(*bytes);
            }
            State::Damaged(_) => {}
        }
        facts
    }

    /// A deletion that has emptied the folder and died.
    fn emptied(id: &BackupId) -> Self {
        Self {
            id: id.clone(),
            complete: false,
            database: None,
            group: None,
            at: id.began(),
            stored_bytes: Some(0),
            fate: Fate::Goes {
                why: "its deletion had begun".into(),
            },
        }
    }

    /// The backup, as retention counts it.
    fn counted(&self, entry: &Entry) -> Backup {
        let proven =
            |proof: &crate::repository::Proof| proof.passed && proof.level == Level::Restore;
        Backup {
            id: self.id.to_string(),
            group: self.group.clone().unwrap_or_default(),
            // An id that says no time cannot be made by us; nothing is older than it has to be.
            at: self.at.unwrap_or(Timestamp::MAX),
            complete: self.complete,
            verified: entry.records.proofs.iter().any(proven),
            pinned: entry.records.pin.is_some(),
            suspicious: entry.distrust().is_some(),
        }
    }
}

impl From<Verdict> for Fate {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Keep(why) => Self::Kept { why },
            Verdict::Delete(why) => Self::Goes { why: why.into() },
            Verdict::Skip(why) => Self::Left { why: why.into() },
        }
    }
}
