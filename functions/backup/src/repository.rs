//! The backups of a target: where their objects are, which are whole, and what is known about them.
//!
//! ```text
//! backups/ID/manifest.json      written last, deleted first: a backup exists when this does
//! backups/ID/schema.dump.zst    backups/ID/data/…    backups/ID/large-objects/…    backups/ID/globals.sql.zst
//! records/ID/…                  what was found out later: proofs, a pin, why a run failed
//! deleted/ID.json               a deletion that has begun
//! leases/NAME/…                 who is at work
//! ```

mod records;

pub use records::{Accepted, Failure, Level, Pin, Proof, Record, Records, Standing};

use crate::{
    backup_id::BackupId,
    error::Error,
    manifest::{Manifest, ManifestError},
    store::{Store, StoreError},
    summary::Summary,
};
use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use std::collections::{BTreeSet, HashMap};

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

impl Entry {
    /// Why a complete backup cannot be relied upon until somebody has looked at it.
    pub fn distrust(&self) -> Option<String> {
        let State::Complete(summary) = &self.state else {
            return None;
        };
        let accepted = self.records.accepted.as_ref().map(|accepted| accepted.at);
        match self.records.standing() {
            Standing::Refuted(proof) if accepted.is_none_or(|at| at < proof.at) => Some(format!(
                "{} failed its {} proof: {}",
                self.id,
                proof.level.word(),
                proof.summary
            )),
            _ if !summary.suspicions.is_empty() && accepted.is_none() => Some(format!(
                "{} is suspicious: {}",
                self.id,
                summary.suspicions.join("; ")
            )),
            _ => None,
        }
    }
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
            Ok(bytes) => Manifest::from_bytes(&bytes)
                .and_then(|manifest| manifest.of(id))
                .map_err(|source| Error::Manifest {
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

    /// Whether there is a manifest, whatever it says.
    pub async fn has_manifest(&self, id: &BackupId) -> Result<bool, Error> {
        match self.store.read(&Self::manifest_object(id)).await {
            Ok(_) => Ok(true),
            Err(StoreError::NotFound(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Everything that is there, oldest first.
    pub async fn survey(&self) -> Result<Vec<Entry>, Error> {
        let mut records = self.all_records().await?;
        // A run that failed before it stored anything has left a record only.
        let mut ids: BTreeSet<BackupId> = self.ids().await?.into_iter().collect();
        ids.extend(records.keys().cloned());
        let mut entries: Vec<Entry> = futures::stream::iter(ids)
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

    async fn all_records(&self) -> Result<HashMap<BackupId, Records>, Error> {
        let mut by_id: HashMap<BackupId, Vec<String>> = HashMap::new();
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
                    tracing::warn!(object = name, %error, "a record cannot be read; it is ignored");
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
