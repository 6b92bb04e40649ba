//! Stores sealed chunks beside the reading, within a budget of memory.

use crate::{
    chunk::{Buffers, Sealed},
    error::Error,
    store::{Store, StoreError},
};
use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};
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
    chunk_kib: u32,
    requests: Arc<Semaphore>,
    buffers: Buffers,
    /// Why a chunk could not be stored, until somebody asks.
    failure: Arc<Mutex<Option<StoreError>>>,
}

/// Whether one chunk was stored; if not, [`Uploader::failure`] says why.
pub(super) type Stored = JoinHandle<bool>;

impl Uploader {
    /// Stores below `folder`, holding at most `chunks` of about `chunk_bytes` at a time. Must be called inside a runtime.
    pub fn new(store: Store, folder: &str, chunk_bytes: usize, chunks: usize) -> Self {
        let chunk_kib = kib(chunk_bytes).max(1);
        let budget_kib = chunk_kib.saturating_mul(u32::try_from(chunks).unwrap_or(u32::MAX));
        Self {
            store,
            folder: folder.into(),
            runtime: Handle::current(),
            budget: Arc::new(Semaphore::new(budget_kib as usize)),
            budget_kib,
            chunk_kib,
            requests: Arc::new(Semaphore::new(MOST_REQUESTS)),
            buffers: Buffers::for_chunks_of(chunk_bytes),
            failure: Arc::default(),
        }
    }

    /// The store and the backup's folder in it.
    pub fn place(&self) -> (&Store, &str) {
        (&self.store, &self.folder)
    }

    /// What chunks are written into: memory for as many as are stored at a time, and one for each who writes.
    pub fn buffers(&self) -> Buffers {
        self.buffers.clone()
    }

    /// Begins to store a chunk; blocks the calling thread while the budget is spent. A chunk larger than the budget goes
    /// alone. After the first failure nothing more is stored: a run must not read for hours what cannot be kept.
    pub(super) fn start(&self, object: &str, sealed: Sealed) -> io::Result<Stored> {
        let kib = self.cost(sealed.bytes.len());
        let budget = Arc::clone(&self.budget);
        let permit = self
            .runtime
            .block_on(budget.acquire_many_owned(kib))
            .map_err(|_| io::Error::other("the upload was stopped"))?;
        let (store, requests) = (self.store.clone(), Arc::clone(&self.requests));
        let name = format!("{}/{object}", self.folder);
        let uploader = self.clone();
        Ok(self.runtime.spawn(async move {
            let _request = requests.acquire_owned().await;
            let stored = store.create(&name, &sealed).await;
            drop((sealed, permit));
            stored.map_err(|why| uploader.fail(why)).is_ok()
        }))
    }

    /// A chunk is closed when it has reached its size, so it is a little larger: that must not cost another one its place.
    fn cost(&self, bytes: usize) -> u32 {
        let kib = kib(bytes).clamp(1, self.budget_kib);
        let a_little_larger = self.chunk_kib.saturating_add(self.chunk_kib / 4);
        if kib <= a_little_larger {
            kib.min(self.chunk_kib)
        } else {
            kib
        }
    }

    /// Waits until a chunk is stored.
    pub(super) async fn settle(&self, stored: Stored) -> Result<(), Error> {
        match stored.await {
            Ok(true) => Ok(()),
            Ok(false) => Err(self.failure().unwrap_or(Error::Stopped)),
            Err(panic) => Err(Error::io("store a chunk")(io::Error::other(panic))),
        }
    }

    fn fail(&self, why: StoreError) {
        self.slot().get_or_insert(why);
        self.close();
    }

    /// Why a chunk could not be stored; said once.
    pub(super) fn failure(&self) -> Option<Error> {
        self.slot().take().map(Error::from)
    }

    fn slot(&self) -> std::sync::MutexGuard<'_, Option<StoreError>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes everybody who waits for the budget: nothing more will be stored.
    pub fn close(&self) {
        self.budget.close();
    }
}

fn kib(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_chunk_a_little_over_its_size_takes_one_place_and_a_huge_one_takes_what_it_holds() {
        let uploader = Uploader::new(Store::in_memory(), "backups/x", 64 << 10, 2);
        let cost = |kib: usize| uploader.cost(kib << 10);
        assert_eq!([cost(0), cost(10), cost(64), cost(70)], [1, 10, 64, 64]);
        assert_eq!([cost(100), cost(5000)], [100, 128]);
    }
}
