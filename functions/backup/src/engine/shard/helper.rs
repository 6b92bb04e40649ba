//! A task that does not lead: it finds the plan, takes reads until there are none, and reports each.

use super::{
    Alive, End, HEARTBEAT, Report, ShardQueue, SharedPlan, Task, create, read, run_folder,
};
use crate::{
    chunk::Codec,
    engine::{Job, ReadQueue, Uploader, coordinator, worker::Event},
    error::Error,
    repository::Repository,
    source::session::Server,
    store::Store,
};
use nightshift_runtime::{
    Clock, Shutdown,
    progress::{Progress, Unit},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// How long a task waits for the leader's plan: a leader may wait for its locks.
const PATIENCE: Duration = Duration::from_secs(600);
/// How often it looks.
const LOOK: Duration = Duration::from_secs(1);

/// What a helping task needs to know.
pub struct HelperOptions {
    /// The server; the same that the leader reads.
    pub server: Server,
    /// Reading sessions.
    pub workers: usize,
    /// How chunks are made; the same as the leader's.
    pub codec: Codec,
    /// Compressed bytes at which a chunk is closed.
    pub chunk_bytes: usize,
}

/// Helps the leader of `task`'s run until there is nothing left to read. Returns how many reads it did.
pub async fn help(
    task: &Task,
    options: &HelperOptions,
    repository: &Repository,
    clock: Arc<dyn Clock>,
    shutdown: &Shutdown,
) -> Result<usize, Error> {
    let store = repository.store();
    let plan = tokio::select! {
        plan = find_plan(task, store) => plan?,
        () = shutdown.wait() => return Err(Error::Stopped),
    };
    tracing::info!(id = %plan.id, task = task.index, reads = plan.reads.len(), "found the plan");
    let heartbeat = tokio::spawn(beat(store.clone(), alive_object(&plan, task), clock));
    let reads = plan.reads.clone();
    let queue: Arc<dyn ReadQueue> = Arc::new(ShardQueue::new(store.clone(), &plan.id, task, reads));
    let job = Arc::new(job(task, options, store, &plan));
    let (threads, mut inbox) = coordinator::start(&job, &queue, options.workers);
    let mut done = 0;
    let mut failure = None;
    loop {
        let event = tokio::select! {
            event = inbox.recv() => event,
            () = shutdown.wait(), if failure.is_none() => Some(Event::Failed(Error::Stopped)),
        };
        let Some(event) = event else { break };
        if failure.is_some() {
            continue;
        }
        match report(store, &plan, event).await {
            Ok(reads) => done += reads,
            Err(error) => {
                job.stop.store(true, Ordering::Relaxed);
                job.upload.close();
                failure = Some(error);
            }
        }
    }
    threads.join_all().await;
    heartbeat.abort();
    failure.map_or(Ok(done), Err)
}

/// The newest plan of the execution: a leader that is tried again makes a new one.
async fn find_plan(task: &Task, store: &Store) -> Result<SharedPlan, Error> {
    let folder = format!("runs/{}", super::slug(&task.execution));
    let look = async {
        loop {
            if let Some(name) = store.names(&folder).await?.pop()
                && let Some(plan) = read::<SharedPlan>(store, &format!("{folder}/{name}")).await?
                && read::<End>(store, &format!("{}/end.json", run_folder(&plan.id)))
                    .await?
                    .is_none()
            {
                return Ok(plan);
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::time::timeout(PATIENCE, look)
        .await
        .unwrap_or_else(|_| {
            Err(Error::SnapshotLost(format!(
                "task 0 of {} has announced no snapshot within {} s",
                task.execution,
                PATIENCE.as_secs()
            )))
        })
}

fn job(task: &Task, options: &HelperOptions, store: &Store, plan: &SharedPlan) -> Job {
    let weight = plan.reads.iter().map(|read| read.weight).sum::<u64>() / u64::from(task.count);
    Job {
        server: options.server.clone(),
        snapshot: plan.snapshot.clone(),
        server_started: plan.server_started.clone(),
        leader_pid: plan.leader_pid,
        major: plan.major,
        encoding: plan.encoding.clone(),
        relations: plan.relations.clone(),
        codec: options.codec.clone(),
        chunk_bytes: options.chunk_bytes,
        name_suffix: format!(".t{}", task.label()),
        upload: Uploader::new(
            store.clone(),
            &Repository::folder(&plan.id),
            options.workers * options.chunk_bytes,
        ),
        stop: Arc::new(AtomicBool::new(false)),
        progress: Progress::new("helping", Some(weight), Unit::Bytes),
    }
}

/// Tells the leader what became of a read; a read counts as done only when its chunks are stored.
async fn report(store: &Store, plan: &SharedPlan, event: Event) -> Result<usize, Error> {
    let (number, report) = match event {
        Event::Failed(error) => return Err(error),
        Event::Orphans(chunks) => {
            for chunk in coordinator::settle(chunks).await? {
                let folder = Repository::folder(&plan.id);
                store
                    .delete(&format!("{folder}/{}", chunk.stored.object))
                    .await?;
            }
            return Ok(0);
        }
        Event::HandBack(read) => (read.number, Report::HandedBack),
        Event::NeedsBinary(read) => (read.number, Report::NeedsBinary),
        Event::Read { read, chunks } => {
            let chunks = coordinator::settle(chunks).await?;
            (read.number, Report::Read(super::Finished { read, chunks }))
        }
    };
    let object = format!("{}/reports/{number:05}.json", run_folder(&plan.id));
    create(store, &object, &report).await?;
    Ok(1)
}

fn alive_object(plan: &SharedPlan, task: &Task) -> String {
    format!("{}/tasks/{}.json", run_folder(&plan.id), task.label())
}

async fn beat(store: Store, object: String, clock: Arc<dyn Clock>) {
    loop {
        if let Ok(bytes) = serde_json::to_vec(&Alive { at: clock.now() })
            && let Err(error) = store.replace(&object, bytes).await
        {
            tracing::warn!(%error, "the heartbeat could not be written");
        }
        tokio::time::sleep(HEARTBEAT).await;
    }
}
