//! Stores sealed chunks beside the reading, within a budget of memory.

use crate::{
    chunk::Sealed,
    store::{Store, StoreError},
};
use std::{io, sync::Arc};
use tokio::{runtime::Handle, sync::Semaphore, task::JoinHandle};

/// How many requests may be under way: small tables are many small objects, and each takes a round trip.
const MOST_REQUESTS: usize = 16;

/// Stores chunks of one backup.
#[derive(Clone)]
pub struct Uploader {
    store: Store,
    folder: Arc<str>,
    runtime: Handle,
    /// One permit a KiB that waits or is under way.
    budget: Arc<Semaphore>,
    budget_kib: u32,
    requests: Arc<Semaphore>,
}

/// The store's answer about one chunk.
pub(super) type Stored = JoinHandle<Result<(), StoreError>>;

impl Uploader {
    /// Stores below `folder`, holding at most `budget` bytes at a time. Must be called inside a runtime.
    pub fn new(store: Store, folder: &str, budget: usize) -> Self {
        let budget_kib = u32::try_from(budget.div_ceil(1024))
            .unwrap_or(u32::MAX)
            .max(1);
        Self {
            store,
            folder: folder.into(),
            runtime: Handle::current(),
            budget: Arc::new(Semaphore::new(budget_kib as usize)),
            budget_kib,
            requests: Arc::new(Semaphore::new(MOST_REQUESTS)),
        }
    }

    /// The store and the backup's folder in it.
    pub fn place(&self) -> (&Store, &str) {
        (&self.store, &self.folder)
    }

    /// Begins to store a chunk; blocks the calling thread while the budget is spent. A chunk larger than the budget goes
    /// alone.
    pub(super) fn start(&self, object: &str, sealed: Sealed) -> io::Result<Stored> {
        let kib = u32::try_from(sealed.bytes.len().div_ceil(1024)).unwrap_or(u32::MAX);
        let kib = kib.clamp(1, self.budget_kib);
        let budget = Arc::clone(&self.budget);
        let permit = self
            .runtime
            .block_on(budget.acquire_many_owned(kib))
            .map_err(|_| io::Error::other("the upload was stopped"))?;
        let (store, requests) = (self.store.clone(), Arc::clone(&self.requests));
        let name = format!("{}/{object}", self.folder);
        Ok(self.runtime.spawn(async move {
            let _request = requests.acquire_owned().await;
            let stored = store.create(&name, &sealed).await;
            drop((sealed, permit));
            stored
        }))
    }

    /// Wakes everybody who waits for the budget: nothing more will be stored.
    pub fn close(&self) {
        self.budget.close();
    }
}
