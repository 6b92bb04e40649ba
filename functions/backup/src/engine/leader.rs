//! What only the leader's session can do: read a table whose lock nobody else gets, and see who waits for us.

use super::{
    Job,
    coordinator::Leader,
    sink::Pending,
    statement,
    worker::{self, Event, describe},
};
use crate::{
    chunk::ChunkWriter, error::Error, manifest::RowFormat, plan::Read, source::wire::RowSink,
};
use bytes::Bytes;
use futures::TryStreamExt;
use std::{io, sync::Arc};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio_postgres::error::SqlState;

/// Those who wait for an exclusive lock that the leader is in the way of.
///
/// The query is also the heartbeat of the leader's session: without it a dead one would be noticed at the end only.
pub(super) async fn waiting_for(leader: &Leader<'_>) -> Result<Vec<String>, tokio_postgres::Error> {
    let sql = "
        SELECT pg_catalog.format('process %s (%s) on %s', w.pid,
                 coalesce(nullif(a.application_name, ''), 'unnamed'), w.relation::pg_catalog.regclass)
        FROM pg_catalog.pg_locks w
        JOIN pg_catalog.pg_locks h USING (locktype, database, relation)
        LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = w.pid
        WHERE w.locktype = 'relation' AND NOT w.granted AND w.mode = 'AccessExclusiveLock'
          AND h.granted AND h.pid = $1";
    let rows = leader.client.query(sql, &[&leader.pid]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Reads what a worker could not lock. The leader holds the lock already, so its `COPY` does not queue.
pub(super) async fn read(
    leader: &Leader<'_>,
    job: &Arc<Job>,
    read: &Read,
) -> Result<Vec<Event>, Error> {
    let doing = describe(read, job);
    let database = |source| Error::Database {
        doing: doing.clone(),
        source,
    };
    tracing::info!(
        doing,
        "somebody wants this table to himself; the leader reads it"
    );
    leader
        .client
        .batch_execute("SAVEPOINT c")
        .await
        .map_err(database)?;
    let (chunks, copied) = copy(leader, job, read).await?;
    match copied {
        Ok(()) => {
            leader
                .client
                .batch_execute("RELEASE c")
                .await
                .map_err(database)?;
            Ok(vec![Event::Read {
                read: read.clone(),
                chunks,
            }])
        }
        Err(error) if needs_binary(&error, read) => {
            leader
                .client
                .batch_execute("ROLLBACK TO c; RELEASE c")
                .await
                .map_err(database)?;
            Ok(vec![
                Event::Orphans(chunks),
                Event::NeedsBinary(read.clone()),
            ])
        }
        Err(error) => Err(database(error)),
    }
}

/// Hands rows from the session to a thread that may wait for the upload budget. Returns what was stored even when the
/// server failed half-way.
async fn copy(
    leader: &Leader<'_>,
    job: &Arc<Job>,
    read: &Read,
) -> Result<(Vec<Pending>, Result<(), tokio_postgres::Error>), Error> {
    let (sender, receiver) = channel(256);
    let thread = tokio::task::spawn_blocking({
        let (job, read) = (Arc::clone(job), read.clone());
        move || store(&job, &read, receiver)
    });
    let copied = forward(
        leader,
        &statement::copy_out(read, &job.relations, &job.encoding),
        sender,
    )
    .await;
    let stored = thread
        .await
        .unwrap_or_else(|panic| Err(io::Error::other(panic)));
    Ok((stored.map_err(Error::io(describe(read, job)))?, copied))
}

async fn forward(
    leader: &Leader<'_>,
    sql: &str,
    rows: Sender<Bytes>,
) -> Result<(), tokio_postgres::Error> {
    let stream = leader.client.copy_out(sql).await?;
    futures::pin_mut!(stream);
    while let Some(row) = stream.try_next().await? {
        if rows.send(row).await.is_err() {
            // The thread has failed and says why itself.
            break;
        }
    }
    Ok(())
}

fn store(job: &Job, read: &Read, mut rows: Receiver<Bytes>) -> io::Result<Vec<Pending>> {
    let mut writer = ChunkWriter::new(job.codec.clone(), job.chunk_bytes, job.upload.buffers())?;
    let mut sink = worker::sink(&mut writer, job, read, 0);
    while let Some(row) = rows.blocking_recv() {
        sink.row(&row)?;
    }
    Ok(sink.finish()?.1)
}

fn needs_binary(error: &tokio_postgres::Error, read: &Read) -> bool {
    let large = error.code() == Some(&SqlState::PROGRAM_LIMIT_EXCEEDED)
        || error
            .as_db_error()
            .is_some_and(|e| e.message().contains(worker::TOO_LARGE));
    read.format == RowFormat::Text && large
}
