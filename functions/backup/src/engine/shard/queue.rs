//! The queue that several tasks share: a read belongs to whoever creates its claim.

use super::{Claim, Task, create, run_folder};
use crate::{
    backup_id::BackupId,
    engine::ReadQueue,
    error::Error,
    plan::Read,
    store::{Store, StoreError},
};
use std::sync::{Mutex, PoisonError};
use tokio::runtime::Handle;

/// Hands out reads that no other task has claimed.
pub struct ShardQueue {
    store: Store,
    folder: String,
    task: String,
    runtime: Handle,
    left: Mutex<std::vec::IntoIter<Read>>,
    claimed: Mutex<Vec<u32>>,
}

impl ShardQueue {
    /// The queue of `task` over `reads` of backup `id`. Must be made inside a runtime.
    pub fn new(store: Store, id: &BackupId, task: &Task, reads: Vec<Read>) -> Self {
        Self {
            store,
            folder: run_folder(id),
            task: task.label(),
            runtime: Handle::current(),
            left: Mutex::new(reads.into_iter()),
            claimed: Mutex::default(),
        }
    }

    /// The numbers of the reads that this task has claimed.
    pub fn claimed(&self) -> Vec<u32> {
        self.claimed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn claim(&self, read: &Read) -> Result<bool, Error> {
        let object = format!("{}/claims/{:05}.json", self.folder, read.number);
        let claim = Claim {
            task: self.task.clone(),
        };
        match self.runtime.block_on(create(&self.store, &object, &claim)) {
            Ok(()) => Ok(true),
            Err(Error::Store(StoreError::Exists(_))) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl ReadQueue for ShardQueue {
    fn next(&self) -> Result<Option<Read>, Error> {
        loop {
            let next = self
                .left
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .next();
            let Some(read) = next else { return Ok(None) };
            if self.claim(&read)? {
                self.claimed
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(read.number);
                return Ok(Some(read));
            }
        }
    }
}
