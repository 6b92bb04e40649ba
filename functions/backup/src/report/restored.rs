//! What `restore` says.

use super::{or_dash, remarks, took};
use crate::{backup_id::BackupId, compare::Comparison, restore::Restored};
use nightshift_runtime::{
    Report,
    report::{Column, Table, bytes, count},
};
use serde::Serialize;

/// A backup that was put back.
#[derive(Debug, Serialize)]
pub struct PutBack {
    id: BackupId,
    into: String,
    tables: usize,
    rows: u64,
    raw_bytes: u64,
    seconds: f64,
    phases: Vec<Phase>,
    comparison: Option<Comparison>,
    remarks: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Phase {
    name: &'static str,
    seconds: f64,
}

impl PutBack {
    /// Describes what the restore of `id` into `into` did.
    pub fn new(id: BackupId, into: String, restored: Restored) -> Self {
        let phase = |(name, took): (&'static str, std::time::Duration)| Phase {
            name,
            seconds: took.as_secs_f64(),
        };
        Self {
            id,
            into,
            tables: restored.tables,
            rows: restored.rows,
            raw_bytes: restored.raw_bytes,
            seconds: restored.took.as_secs_f64(),
            phases: restored.phases.into_iter().map(phase).collect(),
            comparison: restored.comparison,
            remarks: restored.remarks,
        }
    }

    /// What the comparison found to differ; empty when nothing was compared.
    pub fn differences(&self) -> &[String] {
        self.comparison
            .as_ref()
            .map_or(&[], |comparison| &comparison.differences)
    }

    fn compared(&self) -> String {
        or_dash(self.comparison.as_ref(), |comparison| {
            match comparison.differences.len() {
                0 => "identical".to_owned(),
                n => format!("{n} DIFFERENCES"),
            }
        })
    }
}

impl Report for PutBack {
    fn table(&self) -> String {
        let mut table = Table::new([
            Column::text("BACKUP"),
            Column::text("INTO"),
            Column::number("TABLES"),
            Column::number("ROWS"),
            Column::number("SIZE"),
            Column::number("TOOK"),
            Column::text("COMPARED"),
        ]);
        table.row([
            self.id.to_string(),
            self.into.clone(),
            count(self.tables as u64),
            count(self.rows),
            bytes(self.raw_bytes),
            took(self.seconds),
            self.compared(),
        ]);
        let phases = self
            .phases
            .iter()
            .map(|phase| format!("{} {}", phase.name, took(phase.seconds)));
        let phases = format!("phases: {}", phases.collect::<Vec<_>>().join(", "));
        [
            table.to_string(),
            remarks("-", [&phases]),
            remarks("-", &self.remarks),
            remarks("!", self.differences()),
        ]
        .concat()
    }
}
