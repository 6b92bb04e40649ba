//! What `verify` and `drill` say.

use super::took;
use crate::{
    event,
    manifest::Manifest,
    repository::{Level, Proof},
};
use jiff::Timestamp;
use nightshift_runtime::{
    Report,
    report::{Column, Table, bytes, count},
};
use serde::Serialize;

/// A backup that was looked at.
#[derive(Debug, Serialize)]
pub struct Verified {
    id: String,
    database: String,
    level: Level,
    passed: bool,
    at: Timestamp,
    seconds: f64,
    summary: String,
    rows: u64,
    raw_bytes: u64,
    stored_bytes: u64,
}

impl Verified {
    /// Describes what was found.
    pub fn new(manifest: &Manifest, proof: &Proof) -> Self {
        Self {
            id: manifest.id.to_string(),
            database: manifest.source.database.clone(),
            level: proof.level,
            passed: proof.passed,
            at: proof.at,
            seconds: proof.took.as_secs_f64(),
            summary: proof.summary.clone(),
            rows: manifest.totals.rows,
            raw_bytes: manifest.totals.raw_bytes,
            stored_bytes: manifest.totals.stored_bytes,
        }
    }

    /// Tells a proof to whoever watches; a refutation is told as the error it is.
    pub fn tell(&self) {
        if self.passed {
            tracing::info!(
                event = event::VERIFIED,
                outcome = event::SUCCESS,
                id = self.id,
                database = self.database,
                level = self.level.word(),
                rows = self.rows,
                raw_bytes = self.raw_bytes,
                stored_bytes = self.stored_bytes,
                seconds = self.seconds,
                "backup proven"
            );
        }
    }
}

impl Report for Verified {
    fn table(&self) -> String {
        let mut table = Table::new([
            Column::text("BACKUP"),
            Column::text("DATABASE"),
            Column::text("LEVEL"),
            Column::text("RESULT"),
            Column::number("ROWS"),
            Column::number("STORED"),
            Column::number("TOOK"),
            Column::text("FOUND"),
        ]);
        table.row([
            self.id.clone(),
            self.database.clone(),
            self.level.word().to_owned(),
            if self.passed { "right" } else { "WRONG" }.to_owned(),
            count(self.rows),
            bytes(self.stored_bytes),
            took(self.seconds),
            self.summary.clone(),
        ]);
        table.to_string()
    }
}
