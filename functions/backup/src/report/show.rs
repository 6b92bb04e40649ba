//! What `show` says.

use super::{or_dash, ratio, remarks, took, when};
use crate::{
    backup_id::BackupId,
    manifest::{Manifest, Source, Table as ManifestTable},
    repository::{Proof, Records, Repository, State},
};
use jiff::Timestamp;
use nightshift_runtime::{
    Report,
    report::{Column, Table, bytes, count},
};
use serde::Serialize;

/// Everything about one backup.
#[derive(Debug, Serialize)]
pub struct Show {
    id: BackupId,
    location: String,
    state: &'static str,
    /// The manifest as it is stored; none for a backup without one that can be trusted.
    manifest: Option<Box<Manifest>>,
    /// What lies there in place of a backup.
    remains: Option<Remains>,
    records: Records,
    #[serde(skip)]
    now: Timestamp,
}

/// What a run has left behind.
#[derive(Debug, Serialize)]
struct Remains {
    objects: Option<u64>,
    bytes: Option<u64>,
    last_write: Option<Timestamp>,
    why: Option<String>,
}

impl Show {
    /// Describes a backup with a manifest.
    pub fn complete(
        repository: &Repository,
        manifest: Manifest,
        records: Records,
        now: Timestamp,
    ) -> Self {
        Self {
            location: location(repository, &manifest.id),
            id: manifest.id.clone(),
            state: "complete",
            manifest: Some(Box::new(manifest)),
            remains: None,
            records,
            now,
        }
    }

    /// Describes what is there instead of a backup.
    pub fn incomplete(
        repository: &Repository,
        id: BackupId,
        state: State,
        at_work: bool,
        records: Records,
        now: Timestamp,
    ) -> Self {
        let (word, remains) = match state {
            State::Partial {
                objects,
                bytes,
                last_write,
            } => (
                if at_work { "running" } else { "partial" },
                Remains {
                    objects: Some(objects),
                    bytes: Some(bytes),
                    last_write,
                    why: None,
                },
            ),
            State::Damaged(error) => (
                "damaged",
                Remains {
                    objects: None,
                    bytes: None,
                    last_write: None,
                    why: Some(error.to_string()),
                },
            ),
            State::Complete(_) => unreachable!("a complete backup is shown with its manifest"),
        };
        Self {
            location: location(repository, &id),
            id,
            state: word,
            manifest: None,
            remains: Some(remains),
            records,
            now,
        }
    }

    fn facts(&self) -> Table {
        let mut facts = Table::new([Column::text("BACKUP"), Column::text(self.id.to_string())]);
        facts.row(["location", &self.location]);
        facts.row(["state", self.state]);
        if let Some(manifest) = &self.manifest {
            self.manifest_facts(manifest, &mut facts);
        }
        if let Some(remains) = &self.remains {
            let what = remains.objects.zip(remains.bytes);
            if let Some((objects, size)) = what {
                facts.row([
                    "left behind",
                    &format!("{} objects, {}", count(objects), bytes(size)),
                ]);
            }
            if let Some(at) = remains.last_write {
                facts.row(["last write", &when(self.now, at)]);
            }
            if let Some(why) = &remains.why {
                facts.row(["damage", why]);
            }
        }
        self.record_facts(&mut facts);
        facts
    }

    fn manifest_facts(&self, manifest: &Manifest, facts: &mut Table) {
        let (source, totals) = (&manifest.source, &manifest.totals);
        let cluster = or_dash(source.system_identifier.as_ref(), Clone::clone);
        let standby = if source.standby {
            ", read from a standby"
        } else {
            ""
        };
        facts.row(["database", &source.database]);
        let version = &source.server_version;
        facts.row([
            "server",
            &format!("PostgreSQL {version}, cluster {cluster}{standby}"),
        ]);
        facts.row(["taken", &when(self.now, manifest.snapshot_at)]);
        let seconds = (manifest.finished_at - manifest.started_at).total(jiff::Unit::Second);
        facts.row(["took", &or_dash(seconds.ok(), took)]);
        facts.row(["tables", &count(totals.tables)]);
        facts.row(["rows", &count(totals.rows)]);
        let ratio = ratio(totals.raw_bytes, totals.stored_bytes);
        facts.row([
            "size",
            &format!(
                "{}, stored as {} in {} objects (ratio {})",
                bytes(totals.raw_bytes),
                bytes(totals.stored_bytes),
                count(totals.objects),
                or_dash(ratio, |ratio| format!("{ratio:.1}"))
            ),
        ]);
        if let Some(large) = &manifest.large_objects {
            facts.row(["large objects", &count(large.count)]);
        }
        facts.row(["sequences", &count(manifest.sequences.len() as u64)]);
        if !source.extensions.is_empty() {
            facts.row(["extensions", &extensions(source)]);
        }
        let encoding = format!("{}, collation {}", source.encoding, source.collate);
        facts.row(["encoding", &encoding]);
        let roles = manifest.globals.as_ref().map_or("not stored", |_| "stored");
        facts.row(["roles", roles]);
        facts.row(["encrypted", &encryption(manifest)]);
        facts.row([
            "written by",
            &format!("{}, pg_dump {}", manifest.written_by, manifest.client),
        ]);
    }

    fn record_facts(&self, facts: &mut Table) {
        if let Some(pin) = &self.records.pin {
            facts.row([
                "pinned",
                &format!("{}: {}", when(self.now, pin.at), pin.reason),
            ]);
        }
        if let Some(accepted) = &self.records.accepted {
            facts.row(["accepted", &when(self.now, accepted.at)]);
        }
        if let Some(failure) = &self.records.failure {
            facts.row([
                "failed",
                &format!("{}: {}", when(self.now, failure.at), failure.error),
            ]);
        }
    }

    fn proofs(&self) -> Option<Table> {
        let mut table = Table::new([
            Column::text("PROOF"),
            Column::text("WHEN"),
            Column::number("TOOK"),
            Column::text("RESULT"),
        ]);
        for Proof {
            level,
            at,
            took,
            passed,
            summary,
        } in self.records.proofs.iter().rev()
        {
            let failed = if *passed { "" } else { "FAILED: " };
            table.row([
                level.word().to_owned(),
                when(self.now, *at),
                nightshift_runtime::report::duration(*took),
                format!("{failed}{summary}"),
            ]);
        }
        (!self.records.proofs.is_empty()).then_some(table)
    }
}

fn location(repository: &Repository, id: &BackupId) -> String {
    format!("{}/{}", repository.store().target(), Repository::folder(id))
}

fn extensions(source: &Source) -> String {
    let of_each = source.extensions.iter();
    let names: Vec<_> = of_each
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    names.join(", ")
}

fn encryption(manifest: &Manifest) -> String {
    match manifest.codec.recipients.as_slice() {
        [] => "no".to_owned(),
        recipients => format!("to {}", recipients.join(", ")),
    }
}

fn stored_bytes(table: &ManifestTable) -> u64 {
    table.chunks.iter().map(|chunk| chunk.stored.bytes).sum()
}

/// The tables, largest first.
fn tables(manifest: &Manifest) -> Table {
    let mut sorted: Vec<&ManifestTable> = manifest.tables.iter().collect();
    sorted.sort_by_key(|table| std::cmp::Reverse(table.raw_bytes));
    let mut shown = Table::new([
        Column::text("TABLE"),
        Column::number("ROWS"),
        Column::number("SIZE"),
        Column::number("STORED"),
        Column::number("CHUNKS"),
    ]);
    for table in sorted {
        shown.row([
            table.qualified().to_string(),
            count(table.rows),
            bytes(table.raw_bytes),
            bytes(stored_bytes(table)),
            count(table.chunks.len() as u64),
        ]);
    }
    shown
}

impl Report for Show {
    fn table(&self) -> String {
        let mut parts = vec![self.facts().to_string()];
        parts.extend(self.proofs().map(|proofs| proofs.to_string()));
        if let Some(manifest) = &self.manifest {
            let left_out: Vec<String> = manifest
                .skipped
                .iter()
                .map(|skipped| format!("left out: {}: {}", skipped.what, skipped.why))
                .collect();
            let said = [
                remarks("!", &manifest.suspicions),
                remarks("-", &left_out),
                remarks("-", &manifest.warnings),
            ]
            .concat();
            if !said.is_empty() {
                parts.push(said.trim_start().to_owned());
            }
            parts.push(tables(manifest).to_string());
        }
        parts.join("\n\n")
    }
}
