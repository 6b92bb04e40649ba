//! Makes one backup, step by step; nothing counts until the manifest is there.

mod assemble;
mod schema;
mod suspicion;

use crate::{
    backup_id::BackupId,
    chunk::{Codec, Sealed},
    engine::{
        self, Job, Leader, LocalQueue, OnBlockedDdl, Others, Outcome, ReadQueue, Uploader,
        shard::{self, FollowerOptions, Pulse, SharedPlan, Task},
    },
    error::Error,
    lease::Lease,
    manifest::Manifest,
    pg_tools::PgTools,
    plan,
    repository::{Failure, Record, Repository},
    snapshot::{self, Snapshot, SnapshotOptions},
    source::{catalog, params::ConnectParams, session::Server},
};
use futures::TryStreamExt;
use jiff::Timestamp;
use nightshift_runtime::{
    Clock, Shutdown,
    progress::{Progress, Unit},
};
use std::{
    collections::HashSet,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// How long a run may take to say how it ended; Cloud Run gives ten seconds between SIGTERM and SIGKILL.
const LAST_WORDS: Duration = Duration::from_secs(4);

/// Everything a run needs to know.
pub struct RunOptions {
    /// The database.
    pub params: ConnectParams,
    /// Where `pg_dump` is.
    pub pg_bin_dir: Option<PathBuf>,
    /// Reading sessions.
    pub workers: usize,
    /// How chunks are made.
    pub codec: Codec,
    /// Compressed bytes at which a chunk is closed.
    pub chunk_bytes: usize,
    /// How the snapshot is taken.
    pub snapshot: SnapshotOptions,
    /// What to do when somebody waits for us.
    pub on_blocked_ddl: OnBlockedDdl,
    /// Whether roles are stored too.
    pub globals: bool,
    /// The task of a Cloud Run job that this process is, when several work on one backup.
    pub task: Option<Task>,
    /// The execution of a Cloud Run job that this process belongs to.
    pub execution: Option<String>,
    /// The event that asks for the backup, which may come more than once.
    pub trigger: Option<String>,
    /// After how long a task that shows no sign of life counts as dead.
    pub task_silence: Duration,
}

impl RunOptions {
    fn id(&self, now: Timestamp, group: &str) -> BackupId {
        match &self.trigger {
            Some(event) => BackupId::of_event(now, event, group),
            None => BackupId::new(now, rand::random()),
        }
    }
}

/// Makes a backup into `repository` and returns its manifest.
pub async fn run(
    options: &RunOptions,
    repository: &Repository,
    clock: Arc<dyn Clock>,
    shutdown: &Shutdown,
) -> Result<Manifest, Error> {
    let reach = async {
        let (server, client) = Server::find(&options.params).await?;
        let facts = catalog::server(&client, &options.params.database).await;
        let facts = facts.map_err(Error::database("ask the server who it is"))?;
        let tools = PgTools::find(facts.source.major(), options.pg_bin_dir.as_deref()).await?;
        Ok((server, client, facts, tools))
    };
    let (server, client, facts, tools) = unless_stopped(shutdown, reach).await?;
    let group = facts.source.group();
    let id = options.id(facts.clock, &group);
    let lease = Lease::take_in(
        repository.store(),
        &slug(&group),
        id.as_str(),
        options.execution.clone(),
        Arc::clone(&clock),
    )
    .await?;
    // Under the lease: who makes it is not at it still.
    if options.trigger.is_some()
        && let Some(before) = made_before(repository, &id).await.transpose()
    {
        lease.give_back().await;
        return Err(before.map_or_else(|error| error, Error::MadeBefore));
    }
    let run = Run {
        clock: Arc::clone(&clock),
        options,
        repository,
        tools,
        id: &id,
        started_at: facts.clock,
        shutdown,
    };
    let pulse = options.task.as_ref().map(|task| {
        let store = repository.store().clone();
        Pulse::start(store, &id, &task.label(), options.task_silence, clock)
    });
    let made = run.make(server, client, &lease).await;
    drop(pulse);
    if tokio::time::timeout(LAST_WORDS, run.end(lease, made.as_ref().err()))
        .await
        .is_err()
    {
        tracing::warn!(
            "the store did not answer in time; the lease ends by itself in three minutes"
        );
    }
    made
}

/// The backup that was made for the same event as `id` is.
async fn made_before(repository: &Repository, id: &BackupId) -> Result<Option<BackupId>, Error> {
    for other in repository.ids().await? {
        if other.tail() == id.tail() && repository.has_manifest(&other).await? {
            return Ok(Some(other));
        }
    }
    Ok(None)
}

/// Does `work`, or leaves it where it is when we are asked to end.
async fn unless_stopped<T>(
    shutdown: &Shutdown,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    tokio::select! {
        done = work => done,
        () = shutdown.wait() => Err(Error::Stopped),
    }
}

/// Follows the task that leads; returns how many reads this one did.
pub async fn follow(
    task: &Task,
    options: &RunOptions,
    repository: &Repository,
    clock: Arc<dyn Clock>,
    shutdown: &Shutdown,
) -> Result<usize, Error> {
    let reach = async { Ok(Server::find(&options.params).await?) };
    let (server, _) = unless_stopped(shutdown, reach).await?;
    let follower = FollowerOptions {
        server,
        workers: options.workers,
        codec: options.codec.clone(),
        chunk_bytes: options.chunk_bytes,
        silence: options.task_silence,
    };
    shard::follow(task, &follower, repository, clock, shutdown).await
}

/// Stops the reading threads when the future that waits for them is given up.
struct StopOnDrop(Arc<Job>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop.store(true, Ordering::Relaxed);
        self.0.upload.close();
    }
}

struct Run<'a> {
    clock: Arc<dyn Clock>,
    options: &'a RunOptions,
    repository: &'a Repository,
    tools: PgTools,
    id: &'a BackupId,
    started_at: Timestamp,
    shutdown: &'a Shutdown,
}

impl Run<'_> {
    async fn make(
        &self,
        server: Server,
        client: tokio_postgres::Client,
        lease: &Lease,
    ) -> Result<Manifest, Error> {
        let taking = snapshot::take(server, client, &self.tools, &self.options.snapshot);
        let snapshot = unless_stopped(self.shutdown, taking).await?;
        let bytes: u64 = snapshot.relations.iter().map(|r| r.bytes).sum();
        tracing::info!(
            id = %self.id, tables = snapshot.relations.len(), bytes, snapshot = snapshot.id,
            "snapshot taken and locked"
        );
        let (stored, outcome) =
            tokio::try_join!(self.store_schema(&snapshot), self.read(&snapshot))?;
        let sequences = catalog::positions(&snapshot.client, &snapshot.sequences).await;
        let sequences = sequences.map_err(Error::database("read the positions of sequences"))?;
        for orphan in &outcome.orphans {
            let name = format!("{}/{orphan}", Repository::folder(self.id));
            self.repository.store().delete(&name).await?;
        }
        let swept = outcome.dead_tasks;
        let mut manifest = self.manifest(&snapshot, outcome, stored);
        manifest.sequences = sequences;
        if swept {
            self.sweep(&manifest).await?;
        }
        manifest.finished_at = self.server_time(&snapshot).await?;
        self.suspect(&mut manifest).await;
        self.publish(&manifest, lease).await?;
        Ok(manifest)
    }

    /// Says beside the debris why there is no manifest, tells the other tasks that it is over, and gives the lease back. Best
    /// effort: what counts has happened or has failed already.
    async fn end(&self, lease: Lease, error: Option<&Error>) {
        let (store, why) = (self.repository.store(), error.map(Error::one_line));
        let record = async {
            let Some(error) = why.clone() else {
                return Ok(());
            };
            let at = self.clock.now();
            let failure = Record::Failure(Failure { at, error });
            self.repository.record(self.id, &failure).await
        };
        let tell = async {
            match self.options.task {
                Some(_) => shard::end(store, self.id, why.clone()).await,
                None => Ok(()),
            }
        };
        let (recorded, told, ()) = tokio::join!(record, tell, lease.give_back());
        for error in [recorded, told].into_iter().filter_map(Result::err) {
            tracing::warn!(
                error = error.chain(),
                "the end of the run could not be recorded"
            );
        }
    }

    async fn server_time(&self, snapshot: &Snapshot) -> Result<Timestamp, Error> {
        let row = snapshot
            .client
            .query_one("SELECT pg_catalog.clock_timestamp()", &[])
            .await;
        Ok(row
            .map_err(Error::database("ask the server for the time"))?
            .get(0))
    }

    async fn read(&self, snapshot: &Snapshot) -> Result<Outcome, Error> {
        let options = self.options;
        let major = snapshot.facts.source.major();
        let tasks = options.task.as_ref().map_or(1, |task| task.count as usize);
        let readers = options.workers * tasks;
        let reads = plan::plan(&snapshot.relations, &snapshot.large_objects, readers, major);
        let job = Arc::new(self.job(snapshot, reads.iter().map(|read| read.weight).sum()));
        let _stop = StopOnDrop(Arc::clone(&job));
        let leader = Leader {
            client: &snapshot.client,
            pid: snapshot.facts.pid,
            on_blocked_ddl: options.on_blocked_ddl,
        };
        let mut others = None;
        let queue: Arc<dyn ReadQueue> = match &options.task {
            None => Arc::new(LocalQueue::new(reads.clone())),
            Some(task) => {
                let plan = self.shared_plan(snapshot, task, reads.clone());
                let store = self.repository.store();
                let (invited, queue) =
                    Others::invite(&plan, task, store, options.task_silence).await?;
                others = Some(invited);
                queue
            }
        };
        let outcome = engine::read_all(
            Arc::clone(&job),
            queue,
            &reads,
            options.workers,
            &leader,
            others.as_mut(),
            self.shutdown,
        )
        .await;
        job.progress.clone().finish("rows are read");
        outcome
    }

    fn job(&self, snapshot: &Snapshot, bytes: u64) -> Job {
        let options = self.options;
        Job {
            server: snapshot.server.clone(),
            snapshot: snapshot.id.clone(),
            server_started: snapshot.facts.started.clone(),
            leader_pid: snapshot.facts.pid,
            major: snapshot.facts.source.major(),
            encoding: snapshot.facts.source.encoding.clone(),
            relations: snapshot.relations.clone(),
            codec: options.codec.clone(),
            chunk_bytes: options.chunk_bytes,
            name_suffix: String::new(),
            upload: Uploader::new(
                self.repository.store().clone(),
                &Repository::folder(self.id),
                options.chunk_bytes,
                options.workers,
            ),
            stop: Arc::new(AtomicBool::new(false)),
            progress: Progress::new("backing up", Some(bytes), Unit::Bytes),
        }
    }

    fn shared_plan(&self, snapshot: &Snapshot, task: &Task, reads: Vec<plan::Read>) -> SharedPlan {
        SharedPlan {
            id: self.id.clone(),
            leader: task.label(),
            snapshot: snapshot.id.clone(),
            server_started: snapshot.facts.started.clone(),
            leader_pid: snapshot.facts.pid,
            major: snapshot.facts.source.major(),
            encoding: snapshot.facts.source.encoding.clone(),
            relations: snapshot.relations.clone(),
            reads,
        }
    }

    /// Deletes what dead tasks have stored and nothing refers to.
    async fn sweep(&self, manifest: &Manifest) -> Result<(), Error> {
        let (store, folder) = (self.repository.store(), Repository::folder(self.id));
        let wanted: HashSet<String> = manifest
            .objects()
            .map(|o| format!("{folder}/{}", o.object))
            .collect();
        let mut list = store.list(&folder);
        while let Some(found) = list.try_next().await? {
            let of_the_run = found.object.starts_with(&format!("{folder}/run/"));
            if !of_the_run && !wanted.contains(&found.object) {
                store.delete(&found.object).await?;
            }
        }
        Ok(())
    }

    /// The moment the backup begins to exist: everything it names is stored and durable, and the lease is still ours.
    async fn publish(&self, manifest: &Manifest, lease: &Lease) -> Result<(), Error> {
        let store = self.repository.store();
        let folder = Repository::folder(self.id);
        let objects = manifest
            .objects()
            .map(|o| format!("{folder}/{}", o.object))
            .collect();
        store.sync(objects).await?;
        if self.shutdown.requested() {
            return Err(Error::Stopped);
        }
        lease.confirm().await?;
        let bytes = manifest.to_bytes().map_err(|source| Error::Manifest {
            id: self.id.clone(),
            source,
        })?;
        let object = Repository::manifest_object(self.id);
        store.create(&object, &Sealed::new(bytes)).await?;
        Ok(store.sync(vec![object]).await?)
    }
}

fn slug(name: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || c == '_' {
            c
        } else {
            '-'
        }
    };
    name.chars().map(plain).collect()
}
