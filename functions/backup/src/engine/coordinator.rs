//! Runs the workers, keeps the leader's session alive, and decides when to stop.

use super::{
    Finished, Job, Others, Outcome, Uploader, leader,
    queue::{LocalQueue, ReadQueue},
    sink::Pending,
    worker::{self, Event},
};
use crate::{
    error::Error,
    manifest::{Chunk, RowFormat},
    plan::{Read, What},
};
use nightshift_runtime::shutdown::Shutdown;
use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    task::JoinSet,
};
use tokio_postgres::Client;

/// How often the leader's session is used and waiters are looked for.
const WATCH: Duration = Duration::from_secs(5);

/// What to do when somebody waits for an exclusive lock that we are in the way of. Everybody else who wants the table then
/// waits behind him.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    serde::Serialize,
    serde::Deserialize,
    clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum OnBlockedDdl {
    /// Warn, and finish the backup.
    #[default]
    Wait,
    /// Give up the backup at once.
    Abort,
}

/// The leader's part of a run.
pub struct Leader<'a> {
    /// The session that exported the snapshot and holds every lock.
    pub client: &'a Client,
    /// Its backend.
    pub pid: i32,
    /// What to do when somebody waits for us.
    pub on_blocked_ddl: OnBlockedDdl,
}

/// Reads everything in `queue` with `workers` threads; then what other tasks have left, and as binary what turned out too
/// large for text.
pub async fn read_all(
    job: Arc<Job>,
    queue: Arc<dyn ReadQueue>,
    reads: &[Read],
    workers: usize,
    leader: &Leader<'_>,
    others: Option<&mut Others>,
    shutdown: &Shutdown,
) -> Result<Outcome, Error> {
    let mut round = Round::new(Arc::clone(&job), leader);
    round.run(queue, workers, shutdown).await?;
    if let Some(others) = others {
        let again = round.gather(others, reads, shutdown).await?;
        round
            .run(Arc::new(LocalQueue::new(again)), workers, shutdown)
            .await?;
    }
    let again = round.as_binary(reads);
    if !again.is_empty() {
        let queue = Arc::new(LocalQueue::new(again));
        round.run(queue, workers, shutdown).await?;
    }
    round.settle(&job).await
}

/// Starts the reading threads. The channel closes when the last of them has ended.
pub(super) fn start(
    job: &Arc<Job>,
    queue: &Arc<dyn ReadQueue>,
    workers: usize,
) -> (JoinSet<()>, UnboundedReceiver<Event>) {
    let (events, inbox) = unbounded_channel();
    let mut threads = JoinSet::new();
    for _ in 0..workers.max(1) {
        let (job, queue, events) = (Arc::clone(job), Arc::clone(queue), events.clone());
        threads.spawn_blocking(move || worker::work(&job, &*queue, &events));
    }
    (threads, inbox)
}

/// What the workers of a round have said so far.
struct Round<'a> {
    job: Arc<Job>,
    leader: &'a Leader<'a>,
    read: Vec<(Read, Vec<Pending>)>,
    elsewhere: Vec<Finished>,
    orphan_objects: Vec<String>,
    dead_tasks: bool,
    orphans: Vec<Pending>,
    handed_back: Vec<Read>,
    binary_tables: BTreeSet<usize>,
    warnings: Vec<String>,
    failure: Option<Error>,
}

impl<'a> Round<'a> {
    fn new(job: Arc<Job>, leader: &'a Leader<'a>) -> Self {
        Self {
            job,
            leader,
            read: Vec::new(),
            elsewhere: Vec::new(),
            orphan_objects: Vec::new(),
            dead_tasks: false,
            orphans: Vec::new(),
            handed_back: Vec::new(),
            binary_tables: BTreeSet::new(),
            warnings: Vec::new(),
            failure: None,
        }
    }

    async fn run(
        &mut self,
        queue: Arc<dyn ReadQueue>,
        workers: usize,
        shutdown: &Shutdown,
    ) -> Result<(), Error> {
        let (mut threads, mut inbox) = start(&self.job, &queue, workers);
        self.listen(&mut inbox, shutdown).await;
        while let Some(ended) = threads.join_next().await {
            if let Err(panic) = ended {
                self.fail(Error::Io {
                    doing: "run a reading thread".into(),
                    source: std::io::Error::other(panic),
                });
            }
        }
        self.failure.take().map_or(Ok(()), Err)
    }

    /// Takes in what other tasks have done, and returns what is left to us; the leader's session is looked after meanwhile.
    async fn gather(
        &mut self,
        others: &mut Others,
        reads: &[Read],
        shutdown: &Shutdown,
    ) -> Result<Vec<Read>, Error> {
        let mut watch = tokio::time::interval(WATCH);
        let mut warned = BTreeSet::new();
        let gathering = others.gather(reads);
        futures::pin_mut!(gathering);
        let gathered = loop {
            tokio::select! {
                gathered = &mut gathering => break gathered?,
                _ = watch.tick() => self.look(&mut warned).await,
                () = shutdown.wait() => self.fail(Error::Stopped),
            }
            if let Some(failure) = self.failure.take() {
                return Err(failure);
            }
        };
        self.elsewhere.extend(gathered.finished);
        self.dead_tasks |= !gathered.dead.is_empty();
        for read in gathered.needs_binary {
            self.take(Event::NeedsBinary(read));
        }
        for task in gathered.dead {
            self.warnings.push(format!(
                "task {task} died; what it had begun was read again"
            ));
        }
        Ok(gathered.again)
    }

    /// Until every worker has ended, takes what they say and looks after the leader's session.
    async fn listen(&mut self, inbox: &mut UnboundedReceiver<Event>, shutdown: &Shutdown) {
        let mut watch = tokio::time::interval(WATCH);
        watch.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut warned = BTreeSet::new();
        loop {
            tokio::select! {
                event = inbox.recv() => match event {
                    Some(event) => self.take(event),
                    None if self.handed_back.is_empty() || self.failure.is_some() => return,
                    None => {}
                },
                _ = watch.tick(), if self.failure.is_none() => self.look(&mut warned).await,
                () = shutdown.wait(), if self.failure.is_none() => self.fail(Error::Stopped),
            }
            if self.failure.is_none()
                && let Some(read) = self.handed_back.pop()
            {
                self.read_as_leader(read, shutdown).await;
            }
        }
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Read { read, chunks } => self.read.push((read, chunks)),
            Event::HandBack(read) => self.handed_back.push(read),
            Event::Orphans(chunks) => self.orphans.extend(chunks),
            Event::NeedsBinary(read) => {
                if let What::Table { table, .. } = read.what {
                    self.binary_tables.insert(table);
                }
            }
            Event::Failed(error) => self.fail(error),
        }
    }

    /// Remembers the first failure and stops everybody.
    fn fail(&mut self, error: Error) {
        self.job.stop.store(true, Ordering::Relaxed);
        self.job.upload.close();
        // A chunk that could not be stored is why its reader had to stop.
        let error = self.job.upload.failure().unwrap_or(error);
        // Whatever fails after it was stopped by this.
        self.failure.get_or_insert(error);
    }

    async fn look(&mut self, warned: &mut BTreeSet<String>) {
        match leader::waiting_for(self.leader).await {
            Err(error) => self.fail(Error::SnapshotLost(error.to_string())),
            Ok(waiting) => {
                for who in waiting {
                    if self.leader.on_blocked_ddl == OnBlockedDdl::Abort {
                        self.fail(Error::GaveWay(who.clone()));
                    }
                    if warned.insert(who.clone()) {
                        tracing::warn!(who, "a statement waits for a lock that the backup holds");
                        self.warnings
                            .push(format!("{who} waited for a lock that the backup held"));
                    }
                }
            }
        }
    }

    async fn read_as_leader(&mut self, read: Read, shutdown: &Shutdown) {
        let done = tokio::select! {
            done = leader::read(self.leader, &self.job, &read) => done,
            () = shutdown.wait() => Err(Error::Stopped),
        };
        match done {
            Ok(events) => events.into_iter().for_each(|event| self.take(event)),
            Err(error) => self.fail(error),
        }
    }

    /// The reads of tables with a value that text cannot carry: all their reads, so that a table has one format and one
    /// fingerprint. What was stored of them as text is in the way.
    fn as_binary(&mut self, reads: &[Read]) -> Vec<Read> {
        let tables = std::mem::take(&mut self.binary_tables);
        let concerned =
            |read: &Read| matches!(read.what, What::Table { table, .. } if tables.contains(&table));
        for table in &tables {
            let name = &self.job.relations[*table].name;
            let warning =
                format!("{name} holds a value too large for text: it is stored as binary");
            self.warnings.push(warning);
        }
        for (_, chunks) in self.read.extract_if(.., |(read, _)| concerned(read)) {
            self.orphans.extend(chunks);
        }
        for finished in self
            .elsewhere
            .extract_if(.., |finished| concerned(&finished.read))
        {
            self.orphan_objects
                .extend(finished.chunks.into_iter().map(|c| c.stored.object));
        }
        let binary = |read: &Read| Read {
            format: RowFormat::Binary,
            ..read.clone()
        };
        reads
            .iter()
            .filter(|read| concerned(read))
            .map(binary)
            .collect()
    }

    /// Waits until the last chunk is stored.
    async fn settle(self, job: &Job) -> Result<Outcome, Error> {
        let mut outcome = Outcome {
            finished: self.elsewhere,
            orphans: self.orphan_objects,
            dead_tasks: self.dead_tasks,
            warnings: self.warnings,
        };
        for (read, chunks) in self.read {
            let chunks = settle(&job.upload, chunks)
                .await
                .inspect_err(|_| job.upload.close())?;
            outcome.finished.push(Finished { read, chunks });
        }
        for chunk in settle(&job.upload, self.orphans).await? {
            outcome.orphans.push(chunk.stored.object);
        }
        outcome
            .finished
            .sort_by_key(|finished| finished.read.number);
        Ok(outcome)
    }
}

/// Waits until chunks are stored.
pub(super) async fn settle(upload: &Uploader, pending: Vec<Pending>) -> Result<Vec<Chunk>, Error> {
    let mut chunks = Vec::with_capacity(pending.len());
    for Pending { chunk, stored } in pending {
        upload.settle(stored).await?;
        chunks.push(chunk);
    }
    Ok(chunks)
}
