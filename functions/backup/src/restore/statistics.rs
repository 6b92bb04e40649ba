//! Statistics for the planner: of a plain table as soon as its indexes are there, beside the builds of others; of everything
//! else at the end.

use super::{Restore, rows::loading_session};
use crate::{error::Error, name::QualifiedName};
use futures::future;
use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};
use tokio_postgres::Client;

/// What has statistics, and whether they are complete once its own rows are in. Those of a partitioned table count the rows
/// of all leaves, and gather theirs on the way; those of a parent count its children's; extended ones are made after rows.
const RELATIONS: &str = "
    SELECT n.nspname::text, c.relname::text,
           c.relkind = 'r' AND NOT c.relhassubclass
             AND NOT EXISTS (SELECT FROM pg_catalog.pg_statistic_ext s WHERE s.stxrelid = c.oid)
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'm') AND NOT c.relispartition AND c.relpersistence <> 't'
      AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    ORDER BY c.relpages DESC, 1, 2";

/// The tables whose statistics need not wait for the end. To be asked before rows are there.
pub(super) async fn early(restore: &Restore<'_>) -> Result<HashSet<QualifiedName>, Error> {
    if !restore.options.analyze {
        return Ok(HashSet::new());
    }
    let client = restore.server.connect().await?;
    let plain = relations(&client).await?.into_iter();
    let plain = plain.filter_map(|(name, plain)| plain.then_some(name));
    Ok(plain
        .filter(|name| restore.chosen.names.contains(name))
        .collect())
}

/// Of one table.
pub(super) async fn analyze(client: &Client, table: &QualifiedName) -> Result<(), Error> {
    client
        .batch_execute(&format!("ANALYZE {}", table.sql()))
        .await
        .map_err(Error::database(format!("gather statistics of {table}")))
}

/// Of everything but what was done `early` and is complete.
pub(super) async fn rest(
    restore: &Restore<'_>,
    early: &HashSet<QualifiedName>,
) -> Result<(), Error> {
    let client = restore.server.connect().await?;
    let left = relations(&client).await?.into_iter();
    let left = left.filter(|(name, plain)| !plain || !early.contains(name));
    let queue = Mutex::new(left.map(|(name, _)| name));
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let sessions = (0..restore.options.jobs).map(|_| async {
        let client = loading_session(restore).await?;
        while let Some(name) = next() {
            analyze(&client, &name).await?;
        }
        Ok(())
    });
    future::try_join_all(sessions).await.map(drop)
}

async fn relations(client: &Client) -> Result<Vec<(QualifiedName, bool)>, Error> {
    let rows = client.query(RELATIONS, &[]).await;
    let rows = rows.map_err(Error::database("list what has statistics"))?;
    let relation = |row: &tokio_postgres::Row| {
        let (schema, name) = (row.get(0), row.get(1));
        (QualifiedName { schema, name }, row.get(2))
    };
    Ok(rows.iter().map(relation).collect())
}
