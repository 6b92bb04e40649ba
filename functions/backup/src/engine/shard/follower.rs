//! A task that does not lead: it finds the plan, takes reads until there are none, reports each, and ends as the run does.

use super::{
    End, Report, ShardQueue, SharedPlan, Task, create, ended,
    pulse::{Listener, Pulse},
    read, run_folder,
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
const PATIENCE: Duration = Duration::from_mins(10);
/// How often it looks.
const LOOK: Duration = Duration::from_millis(500);

/// What a following task needs to know.
pub struct FollowerOptions {
    /// The server; the same that the leader reads.
    pub server: Server,
    /// Reading sessions.
    pub workers: usize,
    /// How chunks are made; the same as the leader's.
    pub codec: Codec,
    /// Compressed bytes at which a chunk is closed.
    pub chunk_bytes: usize,
    /// After how long a silent task counts as dead.
    pub silence: Duration,
}

/// Helps the leader of `task`'s run until the run is over. Returns how many reads it did.
pub async fn follow(
    task: &Task,
    options: &FollowerOptions,
    repository: &Repository,
    clock: Arc<dyn Clock>,
    shutdown: &Shutdown,
) -> Result<usize, Error> {
    let store = repository.store();
    let plan = tokio::select! {
        plan = find_plan(task, store) => plan?,
        () = shutdown.wait() => return Err(Error::Stopped),
    };
    let Some(plan) = plan else { return Ok(0) };
    tracing::info!(id = %plan.id, task = task.index, reads = plan.reads.len(), "found the plan");
    let silence = options.silence;
    let _pulse = Pulse::start(store.clone(), &plan.id, &task.label(), silence, clock);
    let done = take_reads(task, options, store, &plan, shutdown).await?;
    tokio::select! {
        over = until_over(&plan, store, silence) => over.map(|()| done),
        () = shutdown.wait() => Err(Error::Stopped),
    }
}

/// The newest plan of the execution: a leader that is tried again makes a new one. None when its run has ended well.
async fn find_plan(task: &Task, store: &Store) -> Result<Option<SharedPlan>, Error> {
    let folder = format!("runs/{}", super::slug(&task.execution));
    let look = async {
        loop {
            if let Some(name) = store.names(&folder).await?.pop()
                && let Some(plan) = read::<SharedPlan>(store, &format!("{folder}/{name}")).await?
            {
                match ended(store, &plan.id).await? {
                    None => return Ok(Some(plan)),
                    Some(End { error: None }) => return Ok(None),
                    Some(End { error: Some(_) }) => {}
                }
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

/// Reads what no other task has claimed; returns how many reads that were.
async fn take_reads(
    task: &Task,
    options: &FollowerOptions,
    store: &Store,
    plan: &SharedPlan,
    shutdown: &Shutdown,
) -> Result<usize, Error> {
    let reads = plan.reads.clone();
    let queue: Arc<dyn ReadQueue> = Arc::new(ShardQueue::new(store.clone(), &plan.id, task, reads));
    let job = Arc::new(job(task, options, store, plan));
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
        match report(store, plan, &job.upload, event).await {
            Ok(reads) => done += reads,
            Err(error) => {
                job.stop.store(true, Ordering::Relaxed);
                job.upload.close();
                failure = Some(job.upload.failure().unwrap_or(error));
            }
        }
    }
    threads.join_all().await;
    failure.map_or(Ok(done), Err)
}

/// Waits until the leader says how the run ended, or says nothing any more.
async fn until_over(plan: &SharedPlan, store: &Store, silence: Duration) -> Result<(), Error> {
    let mut listener = Listener::new(store.clone(), &plan.id, silence);
    loop {
        match ended(store, &plan.id).await? {
            Some(End { error: None }) => return Ok(()),
            Some(End { error: Some(why) }) => return Err(Error::LeaderFailed(why)),
            None if listener.is_dead(&plan.leader).await? => {
                return Err(Error::SnapshotLost(format!(
                    "task {}, which leads the run, has been silent for {} s",
                    plan.leader,
                    silence.as_secs()
                )));
            }
            None => tokio::time::sleep(LOOK).await,
        }
    }
}

fn job(task: &Task, options: &FollowerOptions, store: &Store, plan: &SharedPlan) -> Job {
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
            options.chunk_bytes,
            options.workers,
        ),
        stop: Arc::new(AtomicBool::new(false)),
        progress: Progress::new("following", Some(weight), Unit::Bytes),
    }
}

/// Tells the leader what became of a read; a read counts as done only when its chunks are stored.
async fn report(
    store: &Store,
    plan: &SharedPlan,
    upload: &Uploader,
    event: Event,
) -> Result<usize, Error> {
    let (number, report) = match event {
        Event::Failed(error) => return Err(error),
        Event::Orphans(chunks) => {
            for chunk in coordinator::settle(upload, chunks).await? {
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
            let chunks = coordinator::settle(upload, chunks).await?;
            (read.number, Report::Read(super::Finished { read, chunks }))
        }
    };
    let object = format!("{}/reports/{number:05}.json", run_folder(&plan.id));
    create(store, &object, &report).await?;
    Ok(1)
}
