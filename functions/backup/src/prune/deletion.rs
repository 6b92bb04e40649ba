//! The steps of a deletion, each of which may be the last before a crash.
//!
//! ```text
//! manifest          from here on the backup does not exist
//! deleted/ID.json   from here on what is left is known to be a deletion that has begun
//! objects           in any order, side by side
//! records
//! deleted/ID.json
//! ```
//!
//! There is never a manifest without its objects. A crash between the first two steps leaves what a dead run leaves, and it is
//! swept as such after the grace; a crash after the second is finished by the next prune at once. A bucket's retention policy
//! protects the manifest longest, because it is the youngest object: what refuses to go refuses at the first step, whole.

use crate::{
    backup_id::BackupId,
    chunk::Sealed,
    error::Error,
    lease::Lease,
    repository::Repository,
    store::{Listed, Store, StoreError},
};
use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use nightshift_runtime::{Clock, Shutdown};
use serde::{Deserialize, Serialize};
use std::future::ready;

/// Deletions side by side.
const PARALLEL: usize = 16;
/// Where deletions that have begun are remembered.
const BEGUN: &str = "deleted";

/// How one deletion ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// Everything is gone.
    Gone(Freed),
    /// The bucket protects it, or somebody has pinned it meanwhile; the next prune tries again.
    Deferred(String),
}

/// What a deletion has freed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Freed {
    /// Objects.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Freed {
    /// Counts `more` too.
    pub fn add(&mut self, more: Self) {
        self.objects += more.objects;
        self.bytes += more.bytes;
    }
}

/// Remembers a deletion that has begun.
#[derive(Debug, Serialize, Deserialize)]
struct Tombstone {
    id: BackupId,
    at: Timestamp,
}

/// Deletes under the lease of a prune.
pub(super) struct Deleter<'a> {
    /// Where.
    pub(super) repository: &'a Repository,
    /// Ours, or nothing is deleted.
    pub(super) lease: &'a Lease,
    /// Dates tombstones.
    pub(super) clock: &'a dyn Clock,
    /// Ends the work between two deletions.
    pub(super) shutdown: &'a Shutdown,
}

/// The deletions that have begun and not ended.
pub(super) async fn begun(store: &Store) -> Result<Vec<BackupId>, StoreError> {
    let names = store.names(BEGUN).await?;
    let ids = names
        .iter()
        .filter_map(|name| name.strip_suffix(".json")?.parse().ok());
    Ok(ids.collect())
}

impl Deleter<'_> {
    /// Deletes a backup.
    pub(super) async fn delete(&self, id: &BackupId) -> Result<Ended, Error> {
        self.lease.confirm().await?;
        // Between the decision and now somebody may have pinned it.
        if let Some(pin) = self.repository.records(id).await?.pin {
            return Ok(Ended::Deferred(format!("pinned: {}", pin.reason)));
        }
        match self.store().delete(&Repository::manifest_object(id)).await {
            Err(StoreError::Protected { why, .. }) => return Ok(Ended::Deferred(why)),
            deleted => deleted?,
        }
        self.finish(id).await
    }

    /// Deletes what is left of a backup whose manifest is gone, or never was.
    pub(super) async fn finish(&self, id: &BackupId) -> Result<Ended, Error> {
        self.lease.confirm().await?;
        if self.repository.has_manifest(id).await? {
            // Somebody has brought it back out of the bucket's own recycle bin.
            self.store().delete(&tombstone_object(id)).await?;
            return Ok(Ended::Deferred("it has a manifest again".into()));
        }
        self.remember(id).await?;
        let (freed, protected) = self.clear(&Repository::folder(id)).await?;
        if let Some(why) = protected {
            return Ok(Ended::Deferred(why));
        }
        if let (_, Some(why)) = self.clear(&format!("records/{id}")).await? {
            return Ok(Ended::Deferred(why));
        }
        match self.store().delete(&tombstone_object(id)).await {
            // It is younger than all that it stands for.
            Err(StoreError::Protected { .. }) if freed.objects > 0 => Ok(Ended::Gone(freed)),
            Err(StoreError::Protected { why, .. }) => Ok(Ended::Deferred(format!(
                "only the note of its deletion is left: {why}"
            ))),
            deleted => Ok(deleted.map(|()| Ended::Gone(freed))?),
        }
    }

    /// Deletes single small objects that nothing refers to.
    pub(super) async fn sweep(&self, objects: &[Listed]) -> Result<Freed, Error> {
        let (freed, _) = self.delete_all(objects.to_vec()).await?;
        Ok(freed)
    }

    async fn remember(&self, id: &BackupId) -> Result<(), Error> {
        let tombstone = Tombstone {
            id: id.clone(),
            at: self.clock.now(),
        };
        let bytes =
            serde_json::to_vec(&tombstone).map_err(|e| Error::io("write a tombstone")(e.into()))?;
        let (object, sealed) = (tombstone_object(id), Sealed::new(bytes));
        match self.store().create(&object, &sealed).await {
            // An earlier one does as well, and one written anew would be protected by a retention policy anew.
            Err(StoreError::Exists(_)) => Ok(()),
            Err(error) if error.is_forbidden() => {
                tracing::debug!(%id, %error, "the tombstone stays as it is");
                Ok(())
            }
            written => Ok(written?),
        }
    }

    /// Empties a folder; says why what the bucket protects is left.
    async fn clear(&self, folder: &str) -> Result<(Freed, Option<String>), Error> {
        let objects: Vec<Listed> = self.store().list(folder).try_collect().await?;
        let (freed, protected) = self.delete_all(objects).await?;
        if protected.is_none() {
            self.store().remove_remains(folder).await?;
        }
        Ok((freed, protected))
    }

    async fn delete_all(&self, objects: Vec<Listed>) -> Result<(Freed, Option<String>), Error> {
        let deletions = futures::stream::iter(objects)
            .map(|listed| async move {
                match self.store().delete(&listed.object).await {
                    Ok(()) => Ok(Ok(listed.bytes)),
                    Err(StoreError::Protected { why, .. }) => Ok(Err(why)),
                    Err(error) => Err(Error::from(error)),
                }
            })
            .buffer_unordered(PARALLEL)
            .try_fold((Freed::default(), None), |(mut freed, mut kept), done| {
                match done {
                    Ok(bytes) => {
                        freed.objects += 1;
                        freed.bytes += bytes;
                    }
                    Err(why) => kept = Some(why),
                }
                ready(Ok((freed, kept)))
            });
        tokio::select! {
            biased;
            () = self.shutdown.wait() => Err(Error::PruneStopped),
            deleted = deletions => deleted,
        }
    }

    fn store(&self) -> &Store {
        self.repository.store()
    }
}

fn tombstone_object(id: &BackupId) -> String {
    format!("{BEGUN}/{id}.json")
}
