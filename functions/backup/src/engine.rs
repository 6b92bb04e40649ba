//! Reads everything a plan names, in parallel and in one snapshot, and stores it chunk by chunk.
//!
//! Workers are threads with a blocking session each: they import the snapshot once, take reads from one queue and never wait
//! for a lock. The coordinator keeps the leader's session alive, watches who waits for us, takes what a worker cannot lock,
//! and stops everybody at the first failure.

mod coordinator;
mod leader;
mod queue;
pub mod shard;
mod sink;
pub mod statement;
mod upload;
mod worker;

pub use coordinator::{Leader, OnBlockedDdl, read_all};
pub use queue::{LocalQueue, ReadQueue};
pub use shard::Others;
pub(crate) use sink::describe;
pub use upload::Uploader;
pub use worker::ReadSession;

use crate::{
    chunk::Codec,
    manifest::Chunk,
    plan::Read,
    source::{catalog::Relation, session::Server},
};
use nightshift_runtime::progress::Progress;
use std::sync::{Arc, atomic::AtomicBool};

/// What every worker needs to know.
pub struct Job {
    /// The server, and how to log in.
    pub server: Server,
    /// The name of the exported snapshot.
    pub snapshot: String,
    /// `pg_postmaster_start_time()` of the leader's server.
    pub server_started: String,
    /// The leader's backend, which holds every lock.
    pub leader_pid: i32,
    /// The server's major version.
    pub major: u32,
    /// The encoding rows are read in: the database's own.
    pub encoding: String,
    /// The tables that reads point to.
    pub relations: Vec<Relation>,
    /// How chunks are made.
    pub codec: Codec,
    /// Compressed bytes at which a chunk is closed.
    pub chunk_bytes: usize,
    /// What makes object names of this process unique among the tasks of one run; may be empty.
    pub name_suffix: String,
    /// Where chunks go.
    pub upload: Uploader,
    /// Set when everybody should stop.
    pub stop: Arc<AtomicBool>,
    /// What people see.
    pub progress: Progress,
}

/// A read that is done, with the chunks it became.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Finished {
    /// What was read.
    pub read: Read,
    /// Its chunks, in the order of the rows.
    pub chunks: Vec<Chunk>,
}

/// Everything that was read.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Reads and their chunks.
    pub finished: Vec<Finished>,
    /// Objects that were stored and belong to nothing: their read had to be done again.
    pub orphans: Vec<String>,
    /// Whether a task died and may have left objects that belong to nothing.
    pub dead_tasks: bool,
    /// Remarks for the manifest.
    pub warnings: Vec<String>,
}
