//! What every handler can reach.

use crate::{
    Options,
    bench::{faults::Faults, journal::Journal, notes::Notes},
    engine::{SavedClock, clock::Clock},
    http::{Api, ApiError, api::Router},
    identity::Identity,
    outbound::Outbound,
    store::{Store, blobs::Blobs},
};
use serde_json::{Map, Value};
use std::{future::Future, ops::Deref, sync::Arc, time::Duration};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// A handle on everything; clones are the same thing.
#[derive(Clone)]
pub(crate) struct App(pub(crate) Arc<Parts>);

/// The parts.
pub(crate) struct Parts {
    pub(crate) options: Options,
    /// `http://127.0.0.1:PORT`: the only source of URLs, because clients send misleading `Host` headers.
    pub(crate) url: String,
    pub(crate) apis: Vec<Api>,
    pub(crate) router: Router,
    pub(crate) store: Store,
    pub(crate) blobs: Blobs,
    pub(crate) clock: Clock,
    pub(crate) faults: Faults,
    pub(crate) journal: Journal,
    pub(crate) notes: Notes,
    pub(crate) identity: Identity,
    pub(crate) outbound: Outbound,
    /// Held while the clock is moved and while timers fire.
    pub(crate) engine: tokio::sync::Mutex<()>,
    /// How much work is in flight that the clock should wait for.
    pub(crate) in_flight: watch::Sender<usize>,
    pub(crate) stopping: CancellationToken,
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    /// Runs `work` beside everything else. A moving clock waits for it; a stopping server drops it.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        /// Counts down even if the work panics.
        struct InFlight(App);
        impl Drop for InFlight {
            fn drop(&mut self) {
                self.0.in_flight.send_modify(|count| *count -= 1);
            }
        }
        self.in_flight.send_modify(|count| *count += 1);
        let counted = InFlight(self.clone());
        let stopping = self.stopping.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = stopping.cancelled() => {}
                () = work => {}
            }
            drop(counted);
        });
    }

    /// Waits until nothing is in flight, or `limit` has passed.
    pub(crate) async fn settled(&self, limit: Duration) {
        let mut in_flight = self.in_flight.subscribe();
        let idle = in_flight.wait_for(|count| *count == 0);
        if tokio::time::timeout(limit, idle).await.is_err() {
            tracing::debug!("the clock moves on although work is in flight");
        }
    }

    /// Writes a whole seed file, or nothing of it.
    pub(crate) fn seed(&self, mut sections: Map<String, Value>) -> Result<(), ApiError> {
        self.store.write(|tx| {
            for api in &self.apis {
                if let (Some(on_seed), Some(section)) = (api.on_seed, sections.remove(api.name)) {
                    on_seed(self, tx, section).map_err(|e| ApiError {
                        message: format!("seed, section {:?}: {}", api.name, e.message),
                        ..e
                    })?;
                }
            }
            match sections.keys().next() {
                None => Ok(()),
                Some(unknown) => {
                    let known = self
                        .apis
                        .iter()
                        .filter(|api| api.on_seed.is_some())
                        .map(|api| api.name);
                    let known = known.collect::<Vec<_>>().join(", ");
                    Err(ApiError::invalid(format!(
                        "seed: unknown section {unknown:?}; there are {known}"
                    )))
                }
            }
        })
    }

    /// Forgets everything but the signing keys, which functions may have cached, and the clock.
    pub(crate) fn reset(&self) -> Result<(), ApiError> {
        self.store.clear()?;
        self.store.write(|tx| {
            tx.put("clock", SavedClock(self.clock.mode()));
            self.identity.save(tx);
            Ok::<_, ApiError>(())
        })?;
        self.blobs.retain(&std::collections::HashSet::new())?;
        self.faults.clear();
        self.journal.clear();
        self.notes.clear();
        Ok(())
    }
}
