//! The leader's view of the other tasks.

use super::{Claim, Report, ShardQueue, SharedPlan, Task, pulse::Listener, read, run_folder};
use crate::{engine::Finished, error::Error, plan::Read, store::Store};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

/// How often reports are looked for.
const LOOK: Duration = Duration::from_millis(500);

/// The other tasks of a run.
pub struct Others {
    store: Store,
    folder: String,
    queue: Arc<ShardQueue>,
    listener: Listener,
}

/// What others have done, and what is left to the leader.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    pub(crate) finished: Vec<Finished>,
    /// To be read again, by the leader's own workers.
    pub(crate) again: Vec<Read>,
    /// Tables that must be read as binary.
    pub(crate) needs_binary: Vec<Read>,
    /// Tasks that died.
    pub(crate) dead: BTreeSet<String>,
}

impl Others {
    /// Announces `plan` to the other tasks and returns the queue that all share. Who is silent for `silence` is dead.
    pub async fn invite(
        plan: &SharedPlan,
        task: &Task,
        store: &Store,
        silence: Duration,
    ) -> Result<(Self, Arc<ShardQueue>), Error> {
        plan.announce(task, store).await?;
        let queue = Arc::new(ShardQueue::new(
            store.clone(),
            &plan.id,
            task,
            plan.reads.clone(),
        ));
        let others = Self {
            store: store.clone(),
            folder: run_folder(&plan.id),
            queue: Arc::clone(&queue),
            listener: Listener::new(store.clone(), &plan.id, silence),
        };
        Ok((others, queue))
    }

    /// Waits until every read that others have claimed is reported or its task is dead.
    pub(crate) async fn gather(&mut self, reads: &[Read]) -> Result<Gathered, Error> {
        let own: BTreeSet<u32> = self.queue.claimed().into_iter().collect();
        let mut open: BTreeMap<u32, &Read> = reads
            .iter()
            .filter(|r| !own.contains(&r.number))
            .map(|r| (r.number, r))
            .collect();
        let mut gathered = Gathered::default();
        loop {
            for number in self.reported().await? {
                let Some(read) = open.remove(&number) else {
                    continue;
                };
                let object = format!("{}/reports/{number:05}.json", self.folder);
                match super::read::<Report>(&self.store, &object).await? {
                    Some(Report::Read(finished)) => gathered.finished.push(finished),
                    Some(Report::NeedsBinary) => gathered.needs_binary.push(read.clone()),
                    Some(Report::HandedBack) | None => gathered.again.push(read.clone()),
                }
            }
            let numbers: Vec<u32> = open.keys().copied().collect();
            for number in numbers {
                if let Some(task) = self.dead_claimant(number).await? {
                    tracing::warn!(task, number, "a task died; its read is done again");
                    gathered.dead.insert(task);
                    gathered.again.extend(open.remove(&number).cloned());
                }
            }
            if open.is_empty() {
                return Ok(gathered);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn reported(&self) -> Result<Vec<u32>, Error> {
        let names = self
            .store
            .names(&format!("{}/reports", self.folder))
            .await?;
        Ok(names
            .iter()
            .filter_map(|name| name.strip_suffix(".json")?.parse().ok())
            .collect())
    }

    /// The task that claimed a read and has been silent for too long.
    async fn dead_claimant(&mut self, number: u32) -> Result<Option<String>, Error> {
        let claim = format!("{}/claims/{number:05}.json", self.folder);
        let Some(Claim { task }) = read(&self.store, &claim).await? else {
            return Ok(None);
        };
        Ok(self.listener.is_dead(&task).await?.then_some(task))
    }
}
