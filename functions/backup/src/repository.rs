//! The backups of a target: where their objects are, which are whole, and what is known about them.
//!
//! ```text
//! backups/ID/manifest.json      written last, deleted first: a backup exists when this does
//! backups/ID/schema.dump.zst    backups/ID/data/…    backups/ID/large-objects/…    backups/ID/globals.sql.zst
//! records/ID/…                  what was found out later: proofs, a pin, why a run failed
//! deleted/ID.json               a deletion that has begun
//! leases/NAME/…                 who is at work
//! ```

use crate::{
    backup_id::BackupId,
    error::Error,
    manifest::{Manifest, ManifestError},
    store::{Store, StoreError},
    summary::Summary,
};
use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Manifests read side by side.
const PARALLEL: usize = 16;

/// The backups of one target.
#[derive(Debug, Clone)]
pub struct Repository {
    store: Store,
}

/// What lies under one id.
#[derive(Debug)]
pub struct Entry {
    /// The id.
    pub id: BackupId,
    /// Whole, damaged, or left behind.
    pub state: State,
    /// What is known about it.
    pub records: Records,
}

/// The state of a backup.
#[derive(Debug)]
pub enum State {
    /// It has a manifest that can be trusted.
    Complete(Box<Summary>),
    /// It has a manifest that cannot be trusted.
    Damaged(ManifestError),
    /// It has no manifest: a run is under way or has died.
    Partial {
        /// Its objects.
        objects: u64,
        /// Their bytes.
        bytes: u64,
        /// When the last of them was written, by the store's clock.
        last_write: Option<Timestamp>,
    },
}

/// Facts about a backup that were learnt after it was made.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Records {
    /// Every proof, oldest first.
    pub proofs: Vec<Proof>,
    /// Why nothing may delete it.
    pub pin: Option<Pin>,
    /// Who has looked at its suspicions and found it good.
    pub accepted: Option<Accepted>,
    /// Why the run that should have made it failed.
    pub failure: Option<Failure>,
}

/// How thoroughly a backup was looked at.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Every object is there, with the right size and, where the store keeps one, CRC32C.
    Objects,
    /// Every byte was read, decrypted, decompressed, hashed and counted.
    Bytes,
    /// It was restored, and every row compared.
    Restore,
}

impl Level {
    /// The level as it is written on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Objects => "objects",
            Self::Bytes => "bytes",
            Self::Restore => "restore",
        }
    }
}

/// What all proofs of a backup come to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Standing<'a> {
    /// Nobody has looked.
    Unproven,
    /// It was found right: the newest proof of the most thorough level.
    Proven(&'a Proof),
    /// It was found wrong, and nobody has looked as thoroughly since.
    Refuted(&'a Proof),
}

impl Records {
    /// Judges the proofs together. What was found wrong stays wrong until it is found right at the same level or a more
    /// thorough one: that all objects are there does not refute a restore that failed.
    pub fn standing(&self) -> Standing<'_> {
        let passed = |proof: &&Proof| proof.passed;
        let refuted = self.proofs.iter().rev().find(|failed| {
            let overruled =
                |later: &Proof| later.passed && later.level >= failed.level && later.at > failed.at;
            !failed.passed && !self.proofs.iter().any(overruled)
        });
        if let Some(proof) = refuted {
            return Standing::Refuted(proof);
        }
        let best = self
            .proofs
            .iter()
            .filter(passed)
            .max_by_key(|proof| (proof.level, proof.at));
        best.map_or(Standing::Unproven, Standing::Proven)
    }
}

/// The result of looking at a backup.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Proof {
    /// How thoroughly.
    pub level: Level,
    /// When it ended.
    pub at: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// Whether everything was right.
    pub passed: bool,
    /// What was wrong, or what was counted.
    pub summary: String,
}

/// Nothing may delete the backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// Since when.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

/// A person has accepted a suspicious backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// When.
    pub at: Timestamp,
}

/// Why a run failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// When.
    pub at: Timestamp,
    /// The error, in one line.
    pub error: String,
}

/// A record on its way into the store.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Record {
    /// A proof.
    Proof(Proof),
    /// A pin.
    Pin(Pin),
    /// An acceptance.
    Accepted(Accepted),
    /// A failure.
    Failure(Failure),
}

impl Repository {
    /// The backups in `store`.
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// Where they are kept.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The folder of a backup's objects.
    pub fn folder(id: &BackupId) -> String {
        format!("backups/{id}")
    }

    /// The name of its manifest.
    pub fn manifest_object(id: &BackupId) -> String {
        format!("backups/{id}/manifest.json")
    }

    /// Every id that has objects, whole or not, oldest first. Names that are no ids are left alone.
    pub async fn ids(&self) -> Result<Vec<BackupId>, Error> {
        let names = self.store.names("backups").await?;
        Ok(names
            .into_iter()
            .filter_map(|name| name.parse().ok())
            .collect())
    }

    /// Reads a manifest.
    pub async fn load(&self, id: &BackupId) -> Result<Manifest, Error> {
        match self.store.read(&Self::manifest_object(id)).await {
            Ok(bytes) => Manifest::from_bytes(&bytes).map_err(|source| Error::Manifest {
                id: id.clone(),
                source,
            }),
            Err(StoreError::NotFound(_)) => Err(Error::NoSuchBackup {
                id: id.to_string(),
                target: self.store.target().to_string(),
            }),
            Err(error) => Err(error.into()),
        }
    }

    /// Everything that is there, oldest first.
    pub async fn survey(&self) -> Result<Vec<Entry>, Error> {
        let mut records = self.all_records().await?;
        let mut entries: Vec<Entry> = futures::stream::iter(self.ids().await?)
            .map(|id| async move {
                let state = self.state(&id).await?;
                Ok::<_, Error>(Entry {
                    id,
                    state,
                    records: Records::default(),
                })
            })
            .buffered(PARALLEL)
            .try_collect()
            .await?;
        for entry in &mut entries {
            entry.records = records.remove(&entry.id).unwrap_or_default();
        }
        Ok(entries)
    }

    /// Whether a backup is whole.
    pub async fn state(&self, id: &BackupId) -> Result<State, Error> {
        match self.load(id).await {
            Ok(manifest) => Ok(State::Complete(Box::new(manifest.into()))),
            Err(Error::Manifest { source, .. }) => Ok(State::Damaged(source)),
            Err(Error::NoSuchBackup { .. }) => self.debris(id).await,
            Err(error) => Err(error),
        }
    }

    async fn debris(&self, id: &BackupId) -> Result<State, Error> {
        let (mut objects, mut bytes, mut last_write) = (0, 0, None);
        let mut list = self.store.list(&Self::folder(id));
        while let Some(object) = list.try_next().await? {
            objects += 1;
            bytes += object.bytes;
            last_write = last_write.max(Some(object.modified));
        }
        Ok(State::Partial {
            objects,
            bytes,
            last_write,
        })
    }

    /// What is known about one backup.
    pub async fn records(&self, id: &BackupId) -> Result<Records, Error> {
        let prefix = format!("records/{id}");
        let names: Vec<String> = self
            .store
            .list(&prefix)
            .map_ok(|o| o.object)
            .try_collect()
            .await?;
        self.read_records(names).await
    }

    async fn all_records(&self) -> Result<std::collections::HashMap<BackupId, Records>, Error> {
        let mut by_id: std::collections::HashMap<BackupId, Vec<String>> = Default::default();
        let mut list = self.store.list("records");
        while let Some(object) = list.try_next().await? {
            let id = object
                .object
                .split('/')
                .nth(1)
                .and_then(|id| id.parse().ok());
            if let Some(id) = id {
                by_id.entry(id).or_default().push(object.object);
            }
        }
        futures::stream::iter(by_id)
            .map(|(id, names)| async move { Ok((id, self.read_records(names).await?)) })
            .buffer_unordered(PARALLEL)
            .try_collect()
            .await
    }

    async fn read_records(&self, names: Vec<String>) -> Result<Records, Error> {
        let mut records = Records::default();
        for name in names {
            let bytes = match self.store.read(&name).await {
                // Deleted since it was listed.
                Err(StoreError::NotFound(_)) => continue,
                read => read?,
            };
            match serde_json::from_slice(&bytes) {
                Ok(Record::Proof(proof)) => records.proofs.push(proof),
                Ok(Record::Pin(pin)) => records.pin = Some(pin),
                Ok(Record::Accepted(accepted)) => records.accepted = Some(accepted),
                Ok(Record::Failure(failure)) => records.failure = Some(failure),
                Err(error) => {
                    tracing::warn!(object = name, %error, "a record cannot be read; it is ignored")
                }
            }
        }
        records.proofs.sort_by_key(|proof| proof.at);
        Ok(records)
    }

    /// Writes a record beside its backup. Proofs accumulate; of the others there is one.
    pub async fn record(&self, id: &BackupId, record: &Record) -> Result<(), Error> {
        let name = match record {
            Record::Proof(proof) => format!("proof-{}", proof.at.strftime("%Y%m%dT%H%M%SZ")),
            Record::Pin(_) => "pin".to_owned(),
            Record::Accepted(_) => "accepted".to_owned(),
            Record::Failure(_) => "failure".to_owned(),
        };
        let bytes =
            serde_json::to_vec_pretty(record).map_err(|e| Error::io("write a record")(e.into()))?;
        Ok(self
            .store
            .replace(&format!("records/{id}/{name}.json"), bytes)
            .await?)
    }

    /// Takes a pin away.
    pub async fn unpin(&self, id: &BackupId) -> Result<(), Error> {
        Ok(self.store.delete(&format!("records/{id}/pin.json")).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proof(level: Level, day: u8, passed: bool) -> Proof {
        Proof {
            level,
            at: format!("2026-06-{day:02}T00:00:00Z").parse().unwrap(),
            took: Duration::ZERO,
            passed,
            summary: String::new(),
        }
    }

    fn standing(proofs: &[Proof]) -> Option<(Level, bool)> {
        let records = Records {
            proofs: proofs.to_vec(),
            ..Records::default()
        };
        match records.standing() {
            Standing::Unproven => None,
            Standing::Proven(proof) | Standing::Refuted(proof) => Some((proof.level, proof.passed)),
        }
    }

    #[test]
    fn the_most_thorough_proof_counts() {
        assert_eq!(standing(&[]), None);
        let proofs = [
            proof(Level::Restore, 1, true),
            proof(Level::Objects, 2, true),
        ];
        assert_eq!(standing(&proofs), Some((Level::Restore, true)));
    }

    #[test]
    fn what_was_found_wrong_is_right_again_only_by_a_proof_as_thorough() {
        let wrong = proof(Level::Bytes, 2, false);
        let earlier = [proof(Level::Restore, 1, true), wrong.clone()];
        assert_eq!(standing(&earlier), Some((Level::Bytes, false)));
        let weaker = [wrong.clone(), proof(Level::Objects, 3, true)];
        assert_eq!(standing(&weaker), Some((Level::Bytes, false)));
        let as_thorough = [wrong, proof(Level::Bytes, 3, true)];
        assert_eq!(standing(&as_thorough), Some((Level::Bytes, true)));
    }
}
