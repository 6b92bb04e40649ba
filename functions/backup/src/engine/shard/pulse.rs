//! Heartbeats: how the tasks of a run notice each other's death.

use super::{read, run_folder};
use crate::{backup_id::BackupId, error::Error, store::Store};
use jiff::Timestamp;
use nightshift_runtime::Clock;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::{task::JoinHandle, time::Instant};

/// How many heartbeats must fail to come before a task counts as dead.
const MISSED: u32 = 6;

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Alive {
    at: Timestamp,
}

/// Says that a task lives, until it is dropped.
pub struct Pulse(JoinHandle<()>);

impl Pulse {
    /// Says so of the task `label` in the run of backup `id`, often enough for those who take `silence` for death.
    pub fn start(
        store: Store,
        id: &BackupId,
        label: &str,
        silence: Duration,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let object = object(id, label);
        Self(tokio::spawn(async move {
            loop {
                if let Ok(bytes) = serde_json::to_vec(&Alive { at: clock.now() })
                    && let Err(error) = store.replace(&object, bytes).await
                {
                    tracing::warn!(%error, "the heartbeat could not be written");
                }
                tokio::time::sleep(silence / MISSED).await;
            }
        }))
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Listens to the heartbeats of others. The clocks of two machines differ: a task is dead when its heartbeat has not changed
/// for too long as we count, whatever time it names.
pub(super) struct Listener {
    store: Store,
    id: BackupId,
    silence: Duration,
    heard: BTreeMap<String, (Option<Alive>, Instant)>,
}

impl Listener {
    pub(super) fn new(store: Store, id: &BackupId, silence: Duration) -> Self {
        Self {
            store,
            id: id.clone(),
            silence,
            heard: BTreeMap::new(),
        }
    }

    /// Whether the task `label` has been silent for too long. To be asked again and again: the first time it lives.
    pub(super) async fn is_dead(&mut self, label: &str) -> Result<bool, Error> {
        let alive = read::<Alive>(&self.store, &object(&self.id, label)).await?;
        match self.heard.get(label) {
            Some((last, since)) if *last == alive => Ok(since.elapsed() > self.silence),
            _ => {
                self.heard.insert(label.to_owned(), (alive, Instant::now()));
                Ok(false)
            }
        }
    }
}

fn object(id: &BackupId, label: &str) -> String {
    format!("{}/tasks/{label}.json", run_folder(id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use nightshift_runtime::clock::ManualClock;

    const SILENCE: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    async fn a_task_is_dead_when_its_heartbeat_stops_however_wrong_its_clock_is() {
        let (store, id) = (
            Store::in_memory(),
            BackupId::new("2026-06-30T02:00:00Z".parse().unwrap(), 1),
        );
        let clock = ManualClock::at("2026-06-30T01:00:00Z".parse().unwrap());
        let pulse = Pulse::start(store.clone(), &id, "1-0", SILENCE, Arc::new(clock.clone()));
        let mut listener = Listener::new(store, &id, SILENCE);
        for minute in 1..10 {
            clock.set(format!("2026-06-30T01:{minute:02}:00Z").parse().unwrap());
            tokio::time::sleep(SILENCE * 2).await;
            assert!(!listener.is_dead("1-0").await.unwrap());
        }
        drop(pulse);
        tokio::time::sleep(SILENCE / 2).await;
        assert!(!listener.is_dead("1-0").await.unwrap());
        tokio::time::sleep(SILENCE).await;
        assert!(listener.is_dead("1-0").await.unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_never_spoke_is_given_the_same_time() {
        let id = BackupId::new("2026-06-30T02:00:00Z".parse().unwrap(), 1);
        let mut listener = Listener::new(Store::in_memory(), &id, SILENCE);
        assert!(!listener.is_dead("2-0").await.unwrap());
        tokio::time::sleep(SILENCE * 2).await;
        assert!(listener.is_dead("2-0").await.unwrap());
    }
}
