//! Rows, indexes and statistics: the schedule's steps, carried out side by side.

use super::{
    Restore,
    archive::{Archive, Entry},
    copy_in::{self, Destination},
    post_data,
    schedule::{self, IndexPlan, Schedule, Step, TablePlan},
    statistics,
};
use crate::{
    error::Error,
    manifest::{Chunk, Index, Table},
    name::{QualifiedName, quote_identifier},
    source::session,
};
use nightshift_runtime::progress::Progress;
use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
};
use tokio::sync::Semaphore;
use tokio_postgres::Client;

/// Loads every chosen table, builds its indexes as soon as it is in, and gathers the statistics of those in `early`.
pub(super) async fn load_and_index(
    restore: &Restore<'_>,
    archive: &Archive,
    early: &HashSet<QualifiedName>,
    progress: &Progress,
) -> Result<(), Error> {
    let tables = in_load_order(restore).await?;
    let plans = tables
        .iter()
        .map(|table| plan(table, early.contains(&table.qualified())));
    let schedule = Schedule::new(plans.collect());
    let work = Work {
        restore,
        archive,
        progress,
        tables,
        places: Semaphore::new(restore.options.jobs),
        sessions: Mutex::new(Vec::new()),
    };
    work.run(schedule).await
}

/// The indexes that are built as soon as their table is in. Of tables that are loaded through their root none are: rows for
/// them come from the chunks of their siblings too. Those of an extension came with it.
pub(super) fn early_indexes(table: &Table) -> &[Index] {
    if table.load_through.is_some() || table.extension.is_some() {
        &[]
    } else {
        &table.indexes
    }
}

fn plan(table: &Table, analyze: bool) -> TablePlan {
    TablePlan {
        chunks: table.chunks.iter().map(|chunk| chunk.raw_bytes).collect(),
        indexes: early_indexes(table)
            .iter()
            .map(|index| IndexPlan {
                cost: schedule::cost(&index.method, index.bytes),
                exclusive: index.constraint.is_some(),
            })
            .collect(),
        alone: table.extension.is_some(),
        analyze,
    }
}

struct Work<'a> {
    restore: &'a Restore<'a>,
    archive: &'a Archive,
    progress: &'a Progress,
    tables: Vec<&'a Table>,
    places: Semaphore,
    sessions: Mutex<Vec<Client>>,
}

impl Work<'_> {
    /// Twice as many steps are under way as there are places on the server: while one loads, the next one is fetched.
    async fn run(&self, mut schedule: Schedule) -> Result<(), Error> {
        use futures::{StreamExt, stream::FuturesUnordered};
        let mut running = FuturesUnordered::new();
        while !schedule.is_finished() {
            while running.len() < 2 * self.restore.options.jobs
                && let Some(step) = schedule.next()
            {
                running.push(async move { (step, self.step(step).await) });
            }
            let Some((step, ended)) = running.next().await else {
                break;
            };
            ended?;
            schedule.done(step);
        }
        Ok(())
    }

    async fn step(&self, step: Step) -> Result<(), Error> {
        match step {
            Step::Load { table, chunk } => {
                let table = self.tables[table];
                self.load(table, &table.chunks[chunk]).await
            }
            Step::Index { table, index } => {
                let index = &early_indexes(self.tables[table])[index];
                match self.archive.index(index) {
                    Some(entry) => self.build(entry, index).await,
                    // Dropped between the snapshot of the rows and that of the schema: they are one snapshot, so it never
                    // was in the schema, as with the index of an extension's own table.
                    None => Ok(()),
                }
            }
            Step::Analyze { table } => self.analyze(&self.tables[table].qualified()).await,
        }
    }

    async fn load(&self, table: &Table, chunk: &Chunk) -> Result<(), Error> {
        let restore = self.restore;
        let stored = restore
            .store
            .read_verified(&restore.folder(), &chunk.stored)
            .await?;
        let _place = self.places.acquire().await;
        let client = self.session().await?;
        let target = table
            .load_through
            .clone()
            .unwrap_or_else(|| table.qualified());
        let destination = Destination {
            table: target.sql(),
            columns: table.columns.clone(),
            format: table.format,
            encoding: restore.manifest.source.encoding.clone(),
        };
        let encrypted = restore.manifest.codec.encrypted();
        let identity = restore.options.identity.clone();
        copy_in::copy_in(&client, &destination, chunk, stored, encrypted, identity).await?;
        self.progress.inc(chunk.raw_bytes);
        self.give_back(client);
        Ok(())
    }

    async fn analyze(&self, table: &QualifiedName) -> Result<(), Error> {
        let _place = self.places.acquire().await;
        let client = self.session().await?;
        statistics::analyze(&client, table).await?;
        self.give_back(client);
        Ok(())
    }

    async fn build(&self, entry: &Entry, index: &Index) -> Result<(), Error> {
        let _place = self.places.acquire().await;
        let most = self.restore.options.maintenance_work_mem;
        let share = post_data::Share {
            jobs: 1,
            memory: schedule::memory(&index.method, index.bytes, most),
        };
        let remarks = post_data::run(self.restore, self.archive, &[entry], "index", share).await?;
        for remark in remarks {
            tracing::warn!(remark);
        }
        Ok(())
    }

    fn give_back(&self, client: Client) {
        self.sessions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(client);
    }

    async fn session(&self) -> Result<Client, Error> {
        let free = self
            .sessions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        match free {
            Some(client) => Ok(client),
            None => loading_session(self.restore).await,
        }
    }
}

/// A session that rows are written in.
pub(super) async fn loading_session(restore: &Restore<'_>) -> Result<Client, Error> {
    let client = restore.server.connect().await?;
    let mut sql = session::settings(restore.tools.major.min(server_major(&client).await?));
    // A crash of the server in the middle of a restore means restoring again anyway.
    sql.push_str("SET synchronous_commit = off; ");
    if let Some(role) = &restore.options.role {
        sql.push_str(&format!("SET ROLE {}; ", quote_identifier(role)));
    }
    client
        .batch_execute(&sql)
        .await
        .map_err(Error::database("set up a loading session"))?;
    Ok(client)
}

async fn server_major(client: &Client) -> Result<u32, Error> {
    let sql = "SELECT pg_catalog.current_setting('server_version_num')::int4 / 10000";
    let row = client
        .query_one(sql, &[])
        .await
        .map_err(Error::database("ask for the version"))?;
    Ok(row.get::<_, i32>(0).unsigned_abs())
}

/// The chosen tables; those of extensions first, and among them those that others point to: their foreign keys exist
/// already.
async fn in_load_order<'a>(restore: &'a Restore<'a>) -> Result<Vec<&'a Table>, Error> {
    let (configuration, mut rest): (Vec<&Table>, Vec<&Table>) = restore
        .tables()
        .partition(|table| table.extension.is_some());
    let mut ordered = by_foreign_keys(restore, configuration).await?;
    ordered.append(&mut rest);
    Ok(ordered)
}

async fn by_foreign_keys<'a>(
    restore: &Restore<'_>,
    tables: Vec<&'a Table>,
) -> Result<Vec<&'a Table>, Error> {
    if tables.len() < 2 {
        return Ok(tables);
    }
    let client = restore.server.connect().await?;
    let sql = "SELECT n.nspname::text, c.relname::text, fn.nspname::text, fc.relname::text
               FROM pg_catalog.pg_constraint k
               JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
               JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
               JOIN pg_catalog.pg_class fc ON fc.oid = k.confrelid
               JOIN pg_catalog.pg_namespace fn ON fn.oid = fc.relnamespace
               WHERE k.contype = 'f' AND k.conrelid <> k.confrelid";
    let keys = client
        .query(sql, &[])
        .await
        .map_err(Error::database("list foreign keys"))?;
    let mut points_to: HashMap<String, Vec<String>> = HashMap::new();
    for row in keys {
        let name = |at: usize| {
            format!(
                "{}.{}",
                row.get::<_, String>(at),
                row.get::<_, String>(at + 1)
            )
        };
        points_to.entry(name(0)).or_default().push(name(2));
    }
    Ok(after_what_they_point_to(tables, &points_to))
}

fn after_what_they_point_to<'a>(
    mut left: Vec<&'a Table>,
    points_to: &HashMap<String, Vec<String>>,
) -> Vec<&'a Table> {
    let mut ordered = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let names: Vec<String> = left.iter().map(|t| t.qualified().to_string()).collect();
        let waits = |name: &String| {
            points_to
                .get(name)
                .is_some_and(|to| to.iter().any(|t| names.contains(t)))
        };
        // In a ring nobody is first; the server will say so if that matters.
        let next = names.iter().position(|name| !waits(name)).unwrap_or(0);
        ordered.push(left.remove(next));
    }
    ordered
}
