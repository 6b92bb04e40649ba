//! A worker: one session in the snapshot, one read after the other.

use super::{
    Job,
    queue::ReadQueue,
    sink::{ChunkSink, Pending},
    statement,
};
use crate::{
    chunk::ChunkWriter,
    error::Error,
    manifest::RowFormat,
    plan::{Read, What},
    source::{
        catalog::Relation,
        session,
        wire::{WireError, WireSession},
    },
};
use std::{
    collections::HashSet,
    sync::{Arc, atomic::Ordering},
};
use tokio::sync::mpsc::UnboundedSender;

/// How often a read is begun again after its connection broke.
const RECONNECTS: u32 = 2;

/// What a worker tells the coordinator.
pub(super) enum Event {
    /// Read, and on its way into the store.
    Read { read: Read, chunks: Vec<Pending> },
    /// The table is behind somebody's exclusive lock request: waiting would be a deadlock that the server cannot see,
    /// since the leader, whom that request waits for, waits for us.
    HandBack(Read),
    /// A value is too large for text; the table must be read as binary.
    NeedsBinary(Read),
    /// Stored chunks that belong to nothing.
    Orphans(Vec<Pending>),
    /// The run has failed.
    Failed(Error),
}

/// Runs until the queue is empty, or until something fails.
pub(super) fn work(job: &Job, queue: &dyn ReadQueue, events: &UnboundedSender<Event>) {
    let mut worker = Worker {
        job,
        events,
        session: None,
        writer: None,
    };
    loop {
        if job.stop.load(Ordering::Relaxed) {
            return;
        }
        let done = match queue.next() {
            Ok(None) => return,
            Ok(Some(read)) => worker.read(&read),
            Err(error) => Err(error),
        };
        if let Err(error) = done {
            // The coordinator may have gone because another worker failed first.
            let _ = events.send(Event::Failed(error));
            return;
        }
    }
}

struct Worker<'a> {
    job: &'a Job,
    events: &'a UnboundedSender<Event>,
    session: Option<ReadSession>,
    writer: Option<ChunkWriter>,
}

impl Worker<'_> {
    fn read(&mut self, read: &Read) -> Result<(), Error> {
        for attempt in 0.. {
            match self.try_read(read, attempt) {
                Err(Error::Wire { source: why, doing })
                    if attempt < RECONNECTS && why.lost_the_session() =>
                {
                    tracing::warn!(doing, %why, "a reading session was lost; importing the snapshot again");
                    self.session = None;
                }
                done => return done,
            }
        }
        Ok(())
    }

    fn try_read(&mut self, read: &Read, attempt: u32) -> Result<(), Error> {
        let job = self.job;
        let doing = || describe(read, job);
        let wire = |source| wire_error(doing(), source);
        let session = match &mut self.session {
            Some(session) => session,
            none => none.insert(ReadSession::open(job)?),
        };
        if !session.lock(read, job)? {
            return self.tell(Event::HandBack(read.clone()));
        }
        let writer = match &mut self.writer {
            Some(writer) => writer,
            none => none.insert(
                ChunkWriter::new(job.codec.clone(), job.chunk_bytes, job.upload.buffers())
                    .map_err(Error::io("set up the compressor"))?,
            ),
        };
        let mut sink = sink(writer, job, read, attempt);
        match session.copy_out(
            &statement::copy_out(read, &job.relations, &job.encoding),
            &mut sink,
        ) {
            Ok(said) => {
                let (sum, chunks) = sink.finish().map_err(Error::io(doing()))?;
                if sum.rows != said {
                    return Err(Error::RowsMissing {
                        table: doing(),
                        counted: sum.rows,
                        said,
                    });
                }
                self.tell(Event::Read {
                    read: read.clone(),
                    chunks,
                })
            }
            Err(error) => {
                let orphans = sink.abandon().map_err(Error::io(doing()))?;
                self.tell(Event::Orphans(orphans))?;
                if read.format == RowFormat::Text && too_large_for_text(&error) {
                    return self.tell(Event::NeedsBinary(read.clone()));
                }
                Err(wire(error))
            }
        }
    }

    fn tell(&self, event: Event) -> Result<(), Error> {
        self.events.send(event).map_err(|_| Error::Stopped)
    }
}

/// A session that sees the leader's snapshot.
pub struct ReadSession {
    session: WireSession,
    locked: HashSet<usize>,
}

impl ReadSession {
    /// Logs in, imports the snapshot and makes the session write rows the one way that can be loaded anywhere.
    pub fn open(job: &Job) -> Result<Self, Error> {
        let wire = |source| wire_error("import the snapshot".to_owned(), source);
        let server = &job.server;
        let mut session = WireSession::connect(
            &server.params,
            &server.host,
            server.tls.clone(),
            Arc::clone(&job.stop),
        )
        .map_err(wire)?;
        // Names of snapshots are small numbers: another server behind the same address could know the same one.
        let started = session
            .query_text("SELECT pg_catalog.pg_postmaster_start_time()::text")
            .map_err(wire)?;
        if started.as_deref() != Some(&job.server_started) {
            return Err(Error::SnapshotLost(format!(
                "{} is another server than the one that took it, or was restarted",
                server.host
            )));
        }
        let import = |source: WireError| match source.code() {
            // Invalid, or from 16 on undefined: the leader is gone, and its own session will say why.
            Some("22023" | "42704") => Error::SnapshotLost(source.to_string()),
            _ => wire(source),
        };
        session
            .execute(&format!(
                "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET TRANSACTION SNAPSHOT '{}'; {}",
                job.snapshot,
                session::settings(job.major)
            ))
            .map_err(import)?;
        Ok(Self {
            session,
            locked: HashSet::new(),
        })
    }

    /// Locks the table of `read`, without waiting. False when somebody is in the way.
    fn lock(&mut self, read: &Read, job: &Job) -> Result<bool, Error> {
        let What::Table { table, .. } = read.what else {
            return Ok(true);
        };
        if self.locked.contains(&table) {
            return Ok(true);
        }
        let relation = &job.relations[table];
        let wire = |source| wire_error(format!("lock {}", relation.name), source);
        let sql = format!(
            "SAVEPOINT l; LOCK TABLE ONLY {} IN ACCESS SHARE MODE NOWAIT; RELEASE l",
            relation.name.sql()
        );
        match self.session.execute(&sql) {
            Ok(()) => {
                self.leader_still_holds(relation, job)?;
                self.locked.insert(table);
                Ok(true)
            }
            Err(error) if error.code() == Some("55P03") => {
                self.session
                    .execute("ROLLBACK TO l; RELEASE l")
                    .map_err(wire)?;
                Ok(false)
            }
            Err(error) => Err(wire(error)),
        }
    }

    /// The leader has held its lock since the tables' files were compared. Seeing it there while we hold ours means that
    /// nobody has truncated or rewritten the table in between, and that nobody can until we are done.
    fn leader_still_holds(&mut self, relation: &Relation, job: &Job) -> Result<(), Error> {
        let sql = format!(
            "SELECT 1 FROM pg_catalog.pg_locks WHERE locktype = 'relation' AND granted AND pid = {} AND relation = {}
               AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())",
            job.leader_pid, relation.oid
        );
        let wire = |source| wire_error("look for the leader's lock".to_owned(), source);
        match self.session.query_text(&sql).map_err(wire)? {
            Some(_) => Ok(()),
            None => Err(Error::SnapshotLost(format!(
                "its lock on {} is gone",
                relation.name
            ))),
        }
    }

    /// Runs one `COPY` inside a savepoint, so that its failure leaves the snapshot in place.
    fn copy_out(&mut self, sql: &str, sink: &mut ChunkSink<'_>) -> Result<u64, WireError> {
        let rows = self
            .session
            .copy_out(&format!("SAVEPOINT c; {sql}; RELEASE c"), sink);
        if matches!(rows, Err(WireError::Server { .. })) {
            self.session.execute("ROLLBACK TO c; RELEASE c")?;
        }
        rows
    }
}

/// Where the rows of `read` go in its `attempt`.
pub(super) fn sink<'a>(
    writer: &'a mut ChunkWriter,
    job: &'a Job,
    read: &Read,
    attempt: u32,
) -> ChunkSink<'a> {
    let names = (
        statement::object_stem(read, &job.relations),
        ending(read, job, attempt),
    );
    ChunkSink::new(
        writer,
        &job.upload,
        &job.progress,
        names,
        job.chunk_bytes,
        read.format,
    )
}

fn ending(read: &Read, job: &Job, attempt: u32) -> String {
    let again = if attempt > 0 {
        format!(".r{attempt}")
    } else {
        String::new()
    };
    let format = if read.format == RowFormat::Binary {
        ".bin"
    } else {
        ".copy"
    };
    format!("{}{again}{format}{}", job.name_suffix, job.codec.suffix())
}

/// What a read reads, for people.
pub(super) fn describe(read: &Read, job: &Job) -> String {
    match &read.what {
        What::Table { table, pages: None } => format!("read {}", job.relations[*table].name),
        What::Table {
            table,
            pages: Some((from, _)),
        } => {
            format!("read {} from page {from}", job.relations[*table].name)
        }
        What::LargeObjectMetadata => "read the owners of large objects".to_owned(),
        What::LargeObjectPages { from, .. } => format!("read large objects from {from}"),
    }
}

/// What PostgreSQL 15 says of a `bytea` of 600 MB that is asked for as text.
pub(super) const TOO_LARGE: &str = "invalid memory alloc request size";

/// Text doubles a `bytea`, and no value may pass 1 GB: the server says so in one of two ways.
pub(super) fn too_large_for_text(error: &WireError) -> bool {
    matches!(error, WireError::Server { code, message }
        if code == "54000" || (code == "XX000" && message.contains(TOO_LARGE)))
}

fn wire_error(doing: String, source: WireError) -> Error {
    match source {
        WireError::Stopped => Error::Stopped,
        source => Error::Wire { doing, source },
    }
}
