//! What `list` says.

use super::or_dash;
use crate::{
    repository::{Entry, Level, Proof, Records, Standing, State},
    summary::Summary,
};
use jiff::Timestamp;
use nightshift_runtime::{
    Report,
    report::{Column, Table, age, bytes, count},
};
use serde::Serialize;
use std::collections::BTreeSet;

/// Every backup, newest first.
#[derive(Debug, Serialize)]
pub struct List {
    target: String,
    backups: Vec<Line>,
    #[serde(skip)]
    now: Timestamp,
}

/// One backup.
#[derive(Debug, Serialize)]
struct Line {
    id: String,
    state: &'static str,
    database: Option<String>,
    group: Option<String>,
    snapshot_at: Option<Timestamp>,
    rows: Option<u64>,
    raw_bytes: Option<u64>,
    stored_bytes: Option<u64>,
    objects: Option<u64>,
    encrypted: Option<bool>,
    proven: Option<Proven>,
    pinned: Option<String>,
    suspicions: Vec<String>,
    accepted: bool,
    failure: Option<String>,
}

/// How far a backup was proven, or what was found wrong with it.
#[derive(Debug, Serialize)]
struct Proven {
    level: Level,
    at: Timestamp,
    seconds: f64,
    passed: bool,
    summary: String,
}

impl From<&Proof> for Proven {
    fn from(proof: &Proof) -> Self {
        Self {
            level: proof.level,
            at: proof.at,
            seconds: proof.took.as_secs_f64(),
            passed: proof.passed,
            summary: proof.summary.clone(),
        }
    }
}

impl List {
    /// Describes `entries`; `at_work` are the ids of runs that hold a lease.
    pub fn new(
        target: &str,
        entries: Vec<Entry>,
        at_work: &BTreeSet<String>,
        now: Timestamp,
    ) -> Self {
        let mut backups: Vec<Line> = entries
            .into_iter()
            .map(|entry| Line::new(entry, at_work))
            .collect();
        backups.reverse();
        Self {
            target: target.to_owned(),
            backups,
            now,
        }
    }
}

impl Line {
    fn new(entry: Entry, at_work: &BTreeSet<String>) -> Self {
        let Records {
            pin,
            accepted,
            failure,
            ..
        } = &entry.records;
        let mut line = Self {
            id: entry.id.to_string(),
            state: "damaged",
            database: None,
            group: None,
            snapshot_at: None,
            rows: None,
            raw_bytes: None,
            stored_bytes: None,
            objects: None,
            encrypted: None,
            proven: match entry.records.standing() {
                Standing::Unproven => None,
                Standing::Proven(proof) | Standing::Refuted(proof) => Some(proof.into()),
            },
            pinned: pin.as_ref().map(|pin| pin.reason.clone()),
            suspicions: Vec::new(),
            accepted: accepted.is_some(),
            failure: failure.as_ref().map(|failure| failure.error.clone()),
        };
        match entry.state {
            State::Damaged(error) => {
                line.failure.get_or_insert(error.to_string());
            }
            State::Partial { objects, bytes, .. } => {
                line.state = if at_work.contains(&line.id) {
                    "running"
                } else {
                    "partial"
                };
                (line.objects, line.stored_bytes) = (Some(objects), Some(bytes));
            }
            State::Complete(summary) => line.complete(*summary),
        }
        line
    }

    fn complete(&mut self, summary: Summary) {
        self.state = "complete";
        self.group = Some(summary.source.group());
        self.database = Some(summary.source.database);
        self.snapshot_at = Some(summary.snapshot_at);
        self.rows = Some(summary.totals.rows);
        self.raw_bytes = Some(summary.totals.raw_bytes);
        self.stored_bytes = Some(summary.totals.stored_bytes);
        self.objects = Some(summary.totals.objects);
        self.encrypted = Some(summary.encrypted);
        self.suspicions = summary.suspicions;
    }

    fn flags(&self) -> String {
        let mut flags = Vec::new();
        if self.state != "complete" {
            flags.push(self.state);
        }
        if self.pinned.is_some() {
            flags.push("pinned");
        }
        if !self.suspicions.is_empty() {
            flags.push(if self.accepted {
                "accepted"
            } else {
                "suspicious"
            });
        }
        flags.join(", ")
    }
}

impl Report for List {
    fn table(&self) -> String {
        if self.backups.is_empty() {
            return format!("There are no backups in {}.", self.target);
        }
        let mut table = Table::new([
            Column::text("ID"),
            Column::text("DATABASE"),
            Column::text("TAKEN"),
            Column::number("ROWS"),
            Column::number("SIZE"),
            Column::number("STORED"),
            Column::text("PROVEN"),
            Column::text("FLAGS"),
        ]);
        for line in &self.backups {
            table.row([
                line.id.clone(),
                or_dash(line.database.as_ref(), Clone::clone),
                or_dash(line.snapshot_at, |at| age(self.now, at)),
                or_dash(line.rows, count),
                or_dash(line.raw_bytes, bytes),
                or_dash(line.stored_bytes, bytes),
                or_dash(line.proven.as_ref(), |proven| proven.show(self.now)),
                line.flags(),
            ]);
        }
        table.to_string()
    }
}

impl Proven {
    fn show(&self, now: Timestamp) -> String {
        let failed = if self.passed { "" } else { "FAILED " };
        format!("{failed}{} {}", self.level.word(), age(now, self.at))
    }
}
