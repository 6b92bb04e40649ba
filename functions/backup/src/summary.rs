//! What is kept in mind of a manifest when many are looked at: everything but the tables and their chunks, which can be
//! megabytes for each backup.

use crate::{
    backup_id::BackupId,
    manifest::{Manifest, Source, Totals},
};
use jiff::Timestamp;

/// A backup at a glance.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Its id.
    pub id: BackupId,
    /// When the run began, by the database server's clock.
    pub started_at: Timestamp,
    /// The instant whose data this is.
    pub snapshot_at: Timestamp,
    /// When the last byte was stored.
    pub finished_at: Timestamp,
    /// Where the rows came from.
    pub source: Source,
    /// Sums over everything.
    pub totals: Totals,
    /// Whether an age identity is needed to read it.
    pub encrypted: bool,
    /// How many things were left out.
    pub skipped: usize,
    /// How many remarks a person should read.
    pub warnings: usize,
    /// Why it is not trusted to replace older ones.
    pub suspicions: Vec<String>,
}

impl From<Manifest> for Summary {
    fn from(manifest: Manifest) -> Self {
        Self {
            id: manifest.id,
            started_at: manifest.started_at,
            snapshot_at: manifest.snapshot_at,
            finished_at: manifest.finished_at,
            source: manifest.source,
            totals: manifest.totals,
            encrypted: manifest.codec.encrypted(),
            skipped: manifest.skipped.len(),
            warnings: manifest.warnings.len(),
            suspicions: manifest.suspicions,
        }
    }
}
