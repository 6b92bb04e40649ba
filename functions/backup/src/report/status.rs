//! What `status` says.

use super::{or_dash, remarks, took};
use crate::{
    config::Objectives,
    status::{Database, Verdict},
};
use jiff::Timestamp;
use nightshift_runtime::{
    Report,
    config::HumanDuration,
    report::{Column, Table, age, duration},
};
use serde::Serialize;

/// The judgement beside what it was held against.
#[derive(Debug, Serialize)]
pub struct Status {
    target: String,
    objectives: Limits,
    #[serde(flatten)]
    verdict: Verdict,
    #[serde(skip)]
    now: Timestamp,
}

#[derive(Debug, Serialize)]
struct Limits {
    rpo: HumanDuration,
    rto: HumanDuration,
    proven_within: HumanDuration,
}

impl Status {
    /// Describes `verdict`.
    pub fn new(target: String, objectives: &Objectives, verdict: Verdict, now: Timestamp) -> Self {
        Self {
            target,
            objectives: Limits {
                rpo: objectives.rpo,
                rto: objectives.rto,
                proven_within: objectives.proven_within,
            },
            verdict,
            now,
        }
    }

    /// Each database with what was found.
    pub fn databases(&self) -> &[Database] {
        &self.verdict.databases
    }
}

impl Status {
    fn headings(&self) -> Table {
        let limits = &self.objectives;
        let [rpo, proven, rto] =
            [limits.rpo, limits.proven_within, limits.rto].map(|limit| duration(limit.into()));
        Table::new([
            Column::text("DATABASE"),
            Column::text(format!("LAST GOOD (rpo {rpo})")),
            Column::text(format!("PROVEN (within {proven})")),
            Column::number(format!("RESTORE TOOK (rto {rto})")),
            Column::text("VERDICT"),
        ])
    }
}

impl Report for Status {
    fn table(&self) -> String {
        if self.verdict.databases.is_empty() {
            let nothing = format!("There are no backups in {}.", self.target);
            return nothing + &remarks("-", &self.verdict.remarks);
        }
        let mut table = self.headings();
        let (mut problems, mut said) = (Vec::new(), Vec::new());
        for database in &self.verdict.databases {
            let last_restore = database.last_restore.as_ref();
            table.row([
                database.database.clone(),
                or_dash(database.last_good.as_ref(), |good| {
                    age(self.now, good.snapshot_at)
                }),
                or_dash(last_restore, |restore| age(self.now, restore.at)),
                or_dash(last_restore, |restore| took(restore.seconds)),
                if database.problems.is_empty() {
                    "within bounds"
                } else {
                    "OUT OF BOUNDS"
                }
                .to_owned(),
            ]);
            let name = &database.database;
            problems.extend(
                database
                    .problems
                    .iter()
                    .map(|problem| format!("{name}: {}; next: {}", problem.what, problem.next)),
            );
            said.extend(
                database
                    .remarks
                    .iter()
                    .map(|remark| format!("{name}: {remark}")),
            );
        }
        said.extend(self.verdict.remarks.iter().cloned());
        [
            table.to_string(),
            remarks("!", &problems),
            remarks("-", &said),
        ]
        .concat()
    }
}
