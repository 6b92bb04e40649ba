//! One run over several tasks of a Cloud Run job, on one snapshot.
//!
//! Task 0 leads: it takes the snapshot, holds every lock, and writes the plan where the others find it. Every read is claimed
//! by creating an object, which succeeds for exactly one task; what became of it is an object too:
//!
//! ```text
//! runs/EXECUTION/ATTEMPT.json            the plan, with the backup's id
//! backups/ID/run/claims/00007.json       who reads it
//! backups/ID/run/reports/00007.json      its chunks, or that the leader must read it
//! backups/ID/run/tasks/2-0.json          task 2, attempt 0 is alive
//! backups/ID/run/end.json                the run is over, well or not
//! ```
//!
//! A dead task loses nothing: when its heartbeat stops, the leader reads again what it had claimed. A dead leader ends the
//! run, because its locks went with it: nobody writes a manifest, what was stored is debris that pruning knows, and the
//! others, who wait for the end of the run, fail too.

mod follower;
mod gather;
mod pulse;
mod queue;

pub use follower::{FollowerOptions, follow};
pub use gather::Others;
pub use pulse::Pulse;
pub use queue::ShardQueue;

use super::Finished;
use crate::{
    backup_id::BackupId,
    chunk::Sealed,
    error::Error,
    plan::Read,
    source::catalog::Relation,
    store::{Store, StoreError},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// A task of a Cloud Run job, as its environment tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// From 0; task 0 leads.
    pub index: u32,
    /// How many there are.
    pub count: u32,
    /// How often this task was tried before.
    pub attempt: u32,
    /// The execution's name: what the tasks of one run have in common.
    pub execution: String,
}

impl Task {
    /// Reads `CLOUD_RUN_TASK_INDEX`, `_COUNT`, `_ATTEMPT` and `CLOUD_RUN_EXECUTION`. None outside a job, or when the job
    /// has one task only.
    pub fn from_env(env: &dyn Fn(&str) -> Option<String>) -> Result<Option<Self>, Error> {
        let number = |name: &str, default: u32| match env(name) {
            None => Ok(default),
            Some(text) => text.parse().map_err(|_| {
                Error::Usage(format!("{name} is `{text}`; Cloud Run sets it to a number"))
            }),
        };
        let count = number("CLOUD_RUN_TASK_COUNT", 1)?;
        if count < 2 {
            return Ok(None);
        }
        let execution = env("CLOUD_RUN_EXECUTION").filter(|name| !name.is_empty()).ok_or_else(|| {
            Error::Usage("CLOUD_RUN_TASK_COUNT is above 1 and CLOUD_RUN_EXECUTION is not set: the tasks could not find each other".into())
        })?;
        Ok(Some(Self {
            index: number("CLOUD_RUN_TASK_INDEX", 0)?,
            count,
            attempt: number("CLOUD_RUN_TASK_ATTEMPT", 0)?,
            execution,
        }))
    }

    /// Whether this task leads.
    pub fn leads(&self) -> bool {
        self.index == 0
    }

    /// What tells this try of this task from all others, as part of a name.
    pub fn label(&self) -> String {
        format!("{}-{}", self.index, self.attempt)
    }

    fn plan_object(&self) -> String {
        format!("runs/{}/{:04}.json", slug(&self.execution), self.attempt)
    }
}

/// What the leader tells the others.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SharedPlan {
    /// The backup that is being made.
    pub id: BackupId,
    /// The label of the task that makes it.
    pub leader: String,
    /// The exported snapshot.
    pub snapshot: String,
    /// `pg_postmaster_start_time()` of the leader's server.
    pub server_started: String,
    /// The leader's backend.
    pub leader_pid: i32,
    /// The server's major version.
    pub major: u32,
    /// The rows' encoding.
    pub encoding: String,
    /// The tables.
    pub relations: Vec<Relation>,
    /// The reads.
    pub reads: Vec<Read>,
}

impl SharedPlan {
    /// Writes the plan where the other tasks look for it.
    pub async fn announce(&self, task: &Task, store: &Store) -> Result<(), Error> {
        create(store, &task.plan_object(), self).await
    }
}

/// What became of a read in another task.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Report {
    /// It is stored.
    Read(Finished),
    /// Its table could not be locked without waiting.
    HandedBack,
    /// Its table must be read as binary.
    NeedsBinary,
}

#[derive(Debug, Serialize, Deserialize)]
struct Claim {
    task: String,
}

/// How a run ended.
#[derive(Debug, Serialize, Deserialize)]
struct End {
    error: Option<String>,
}

/// Tells the other tasks that the run is over, and why it failed if it did.
pub async fn end(store: &Store, id: &BackupId, error: Option<String>) -> Result<(), Error> {
    create(store, &end_object(id), &End { error }).await
}

/// How the run of backup `id` ended, once it has.
async fn ended(store: &Store, id: &BackupId) -> Result<Option<End>, Error> {
    read(store, &end_object(id)).await
}

fn end_object(id: &BackupId) -> String {
    format!("{}/end.json", run_folder(id))
}

fn run_folder(id: &BackupId) -> String {
    format!("backups/{id}/run")
}

fn slug(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    name.chars().map(plain).collect()
}

async fn create(store: &Store, object: &str, value: &impl Serialize) -> Result<(), Error> {
    let bytes =
        serde_json::to_vec(value).map_err(|e| Error::io(format!("write {object}"))(e.into()))?;
    Ok(store.create(object, &Sealed::new(bytes)).await?)
}

/// Reads an object that may not be there yet.
async fn read<T: DeserializeOwned>(store: &Store, object: &str) -> Result<Option<T>, Error> {
    match store.read(object).await {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|e| Error::io(format!("read {object}"))(e.into())),
        Err(StoreError::NotFound(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
