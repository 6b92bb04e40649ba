//! What `run` says.

use super::{or_dash, ratio, remarks, took};
use crate::{
    event,
    manifest::{Manifest, Skipped},
};
use jiff::Timestamp;
use nightshift_runtime::{
    Report,
    report::{Column, Table, bytes, count},
};
use serde::Serialize;
use std::time::Duration;

/// A backup that was made.
#[derive(Debug, Serialize)]
pub struct Made {
    id: String,
    database: String,
    group: String,
    snapshot_at: Timestamp,
    tables: u64,
    rows: u64,
    raw_bytes: u64,
    stored_bytes: u64,
    objects: u64,
    ratio: Option<f64>,
    encrypted: bool,
    seconds: f64,
    skipped: Vec<Skipped>,
    warnings: Vec<String>,
    suspicions: Vec<String>,
}

impl Made {
    /// Describes the backup of `manifest`, which took `took`.
    pub fn new(manifest: &Manifest, took: Duration) -> Self {
        let totals = manifest.totals;
        Self {
            id: manifest.id.to_string(),
            database: manifest.source.database.clone(),
            group: manifest.source.group(),
            snapshot_at: manifest.snapshot_at,
            tables: totals.tables,
            rows: totals.rows,
            raw_bytes: totals.raw_bytes,
            stored_bytes: totals.stored_bytes,
            objects: totals.objects,
            ratio: ratio(totals.raw_bytes, totals.stored_bytes),
            encrypted: manifest.codec.encrypted(),
            seconds: took.as_secs_f64(),
            skipped: manifest.skipped.clone(),
            warnings: manifest.warnings.clone(),
            suspicions: manifest.suspicions.clone(),
        }
    }

    /// Tells it to whoever watches.
    pub fn tell(&self) {
        let outcome = if self.suspicions.is_empty() {
            event::SUCCESS
        } else {
            event::SUSPICIOUS
        };
        tracing::info!(
            event = event::COMPLETED,
            outcome,
            id = self.id,
            database = self.database,
            tables = self.tables,
            rows = self.rows,
            raw_bytes = self.raw_bytes,
            stored_bytes = self.stored_bytes,
            seconds = self.seconds,
            warnings = self.warnings.len(),
            skipped = self.skipped.len(),
            "backup made"
        );
    }
}

impl Report for Made {
    fn table(&self) -> String {
        let mut table = Table::new([
            Column::text("BACKUP"),
            Column::text("DATABASE"),
            Column::number("TABLES"),
            Column::number("ROWS"),
            Column::number("SIZE"),
            Column::number("STORED"),
            Column::number("RATIO"),
            Column::number("TOOK"),
        ]);
        table.row([
            self.id.clone(),
            self.database.clone(),
            count(self.tables),
            count(self.rows),
            bytes(self.raw_bytes),
            bytes(self.stored_bytes),
            or_dash(self.ratio, |ratio| format!("{ratio:.1}")),
            took(self.seconds),
        ]);
        let left_out: Vec<String> = self
            .skipped
            .iter()
            .map(|skipped| format!("left out: {}: {}", skipped.what, skipped.why))
            .collect();
        [
            table.to_string(),
            remarks("-", &left_out),
            remarks("-", &self.warnings),
            remarks("!", &self.suspicions),
        ]
        .concat()
    }
}
