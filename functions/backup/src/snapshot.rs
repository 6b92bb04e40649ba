//! The leader's session: one exported snapshot, and a lock on every table it will be read from.
//!
//! Between taking a snapshot and locking a table somebody may truncate or rewrite the table: reading it then gives no
//! rows and no error, in `pg_dump` too. Such a change gives the table a new file, so the file number the snapshot sees
//! is compared with the one of now, once the locks are held; if they differ, all begins again with a new snapshot.
//! So it does when somebody queues for an exclusive lock before `pg_dump` has read the schema under ours.

use crate::{
    error::Error,
    manifest::Skipped,
    pg_tools::PgTools,
    preflight::{self, Allowances, Findings, PreflightError, Verdict},
    source::{
        catalog::{self, LargeObjectFacts, Relation, SequenceName, ServerFacts},
        session::{self, Server},
    },
};
use jiff::Timestamp;
use std::time::Duration;
use tokio_postgres::{Client, error::SqlState};

/// How often a new snapshot is tried when tables do not hold still.
const TRIES: u32 = 5;
/// Names in one `LOCK TABLE`.
const LOCK_BATCH: usize = 500;
/// Large objects read in one run of pages.
const LARGE_OBJECTS_PER_RUN: i64 = 1000;

/// How a snapshot is taken.
#[derive(Debug, Clone)]
pub struct SnapshotOptions {
    /// How long a lock may be waited for before the attempt is given up.
    pub lock_timeout: Duration,
    /// How far behind a standby may be.
    pub max_replica_lag: Option<Duration>,
    /// What may be left out.
    pub allowances: Allowances,
}

/// An exported snapshot with everything locked. It lives as long as its session.
pub struct Snapshot {
    /// The session. An error in it outside a savepoint ends the snapshot.
    pub client: Client,
    /// The server, for further sessions.
    pub server: Server,
    /// What the server says of itself.
    pub facts: ServerFacts,
    /// The name under which other sessions import it.
    pub id: String,
    /// The instant whose data it shows.
    pub taken_at: Timestamp,
    /// The tables to read.
    pub relations: Vec<Relation>,
    /// The sequences to read.
    pub sequences: Vec<SequenceName>,
    /// The large objects.
    pub large_objects: LargeObjectFacts,
    /// The archive that `pg_dump` made of the schema in this snapshot.
    pub schema: Vec<u8>,
    /// What is left out.
    pub skipped: Vec<Skipped>,
    /// Remarks.
    pub warnings: Vec<String>,
}

enum Attempt {
    Still(Box<Snapshot>),
    Moved { client: Client, tables: String },
}

/// Takes a snapshot of the database behind `client`.
pub async fn take(
    server: Server,
    client: Client,
    tools: &PgTools,
    options: &SnapshotOptions,
) -> Result<Snapshot, Error> {
    refuse_pooler(&client).await?;
    let (mut client, mut last) = (client, String::new());
    for attempt in 1..=TRIES {
        match try_once(&server, client, tools, options).await? {
            Attempt::Still(snapshot) => return Ok(*snapshot),
            Attempt::Moved {
                client: again,
                tables,
            } => {
                tracing::warn!(
                    attempt,
                    tables,
                    "tables changed under the snapshot; taking a new one"
                );
                again
                    .batch_execute("ROLLBACK")
                    .await
                    .map_err(Error::database("give up a snapshot"))?;
                (client, last) = (again, tables);
            }
        }
    }
    Err(Error::NeverStill {
        tries: TRIES,
        tables: last,
    })
}

/// A pooler in transaction mode hands each statement to whatever backend is free.
async fn refuse_pooler(client: &Client) -> Result<(), Error> {
    let mut pids = Vec::new();
    for _ in 0..4 {
        let row = client
            .query_one("SELECT pg_catalog.pg_backend_pid()", &[])
            .await;
        pids.push(
            row.map_err(Error::database("ask the server who we are"))?
                .get::<_, i32>(0),
        );
    }
    pids.dedup();
    if pids.len() > 1 {
        Err(PreflightError::Pooler.into())
    } else {
        Ok(())
    }
}

async fn try_once(
    server: &Server,
    client: Client,
    tools: &PgTools,
    options: &SnapshotOptions,
) -> Result<Attempt, Error> {
    let facts = begin(&client, server).await?;
    let row = client
        .query_one("SELECT pg_catalog.pg_export_snapshot()", &[])
        .await;
    let id: String = row.map_err(Error::database("export a snapshot"))?.get(0);
    let observed = observe(&client).await?;
    refuse_distributed(&facts)?;
    let verdict = observed.judge(&server.params.user, &facts, &options.allowances)?;
    let Observed {
        mut relations,
        sequences,
        large_objects,
        ..
    } = observed;
    relations.retain(|relation| !verdict.skip.contains(&relation.oid));
    if let Some(tables) = lock(&client, &relations, options.lock_timeout).await? {
        return Ok(Attempt::Moved { client, tables });
    }
    catalog::measure(&client, &mut relations)
        .await
        .map_err(Error::database("measure the tables"))?;
    let moved = moved(&client, &relations).await?;
    if !moved.is_empty() {
        return Ok(Attempt::Moved {
            client,
            tables: moved.join(", "),
        });
    }
    let Some(schema) = tools.dump_schema(server, &id, &verdict.excluded).await? else {
        let tables = "somebody queued for an exclusive lock".to_owned();
        return Ok(Attempt::Moved { client, tables });
    };
    let left_out =
        |s: &SequenceName| facts.source.standby && s.unlogged || verdict.excluded.contains(&s.name);
    Ok(Attempt::Still(Box::new(Snapshot {
        taken_at: taken_at(&facts, options)?,
        sequences: sequences.into_iter().filter(|s| !left_out(s)).collect(),
        client,
        server: server.clone(),
        facts,
        id,
        relations,
        large_objects,
        schema,
        skipped: verdict.skipped,
        warnings: verdict.warnings,
    })))
}

/// What a transaction sees of the database before anything is locked.
pub struct Observed {
    /// The tables.
    pub relations: Vec<Relation>,
    /// The sequences.
    pub sequences: Vec<SequenceName>,
    /// The large objects.
    pub large_objects: LargeObjectFacts,
    /// Transactions prepared for two-phase commit.
    pub prepared_transactions: i64,
    /// How many locks the server's lock table has room for.
    pub lock_slots: i64,
}

impl Observed {
    /// What is in the way of a backup, or what it will leave out and remark.
    pub fn judge(
        &self,
        role: &str,
        facts: &ServerFacts,
        allowances: &Allowances,
    ) -> Result<Verdict, PreflightError> {
        let findings = Findings {
            role,
            standby: facts.source.standby,
            relations: &self.relations,
            sequences: &self.sequences,
            large_objects: &self.large_objects,
            prepared_transactions: self.prepared_transactions,
            lock_slots: self.lock_slots,
        };
        preflight::judge(&findings, allowances)
    }
}

async fn observe(client: &Client) -> Result<Observed, Error> {
    let relations = catalog::relations(client).await;
    let sequences = catalog::sequences(client).await;
    let large_objects = catalog::large_objects(client, LARGE_OBJECTS_PER_RUN).await;
    Ok(Observed {
        relations: relations.map_err(Error::database("list the tables"))?,
        sequences: sequences.map_err(Error::database("list the sequences"))?,
        large_objects: large_objects.map_err(Error::database("list the large objects"))?,
        prepared_transactions: prepared_transactions(client).await?,
        lock_slots: lock_slots(client).await?,
    })
}

/// What a run would find.
pub struct Rehearsal {
    /// What the server says of itself.
    pub facts: ServerFacts,
    /// What is in the database.
    pub observed: Observed,
    /// Whether the tables' sizes are known: one that is locked cannot be measured.
    pub measured: bool,
}

/// Looks at the database as a run would, and takes neither snapshot nor lasting lock: for `check`.
pub async fn rehearse(
    server: &Server,
    client: &Client,
    options: &SnapshotOptions,
) -> Result<Rehearsal, Error> {
    refuse_pooler(client).await?;
    let facts = begin(client, server).await?;
    let mut observed = observe(client).await?;
    client
        .batch_execute("SET LOCAL lock_timeout = '2s'")
        .await
        .map_err(Error::database("set lock_timeout"))?;
    let measured = match catalog::measure(client, &mut observed.relations).await {
        Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => false,
        measured => measured
            .map(|()| true)
            .map_err(Error::database("measure the tables"))?,
    };
    client
        .batch_execute("ROLLBACK")
        .await
        .map_err(Error::database("end the transaction"))?;
    refuse_distributed(&facts)?;
    taken_at(&facts, options)?;
    Ok(Rehearsal {
        facts,
        observed,
        measured,
    })
}

/// Opens the transaction, and sets the session up inside it: a pooler in front could lose what is set outside.
async fn begin(client: &Client, server: &Server) -> Result<ServerFacts, Error> {
    // A session that waits for a lock would not notice our death before it has the lock. Not every system and no server before
    // 14 knows this setting; the others go without.
    let notice_death = "SET client_connection_check_interval = '2s'";
    if let Err(error) = client.batch_execute(notice_death).await {
        tracing::debug!(%error, "the server will notice our death late");
    }
    client
        .batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        .await
        .map_err(Error::database("begin a transaction"))?;
    let facts = catalog::server(client, &server.params.database).await;
    let facts = facts.map_err(Error::database("ask the server who it is"))?;
    client
        .batch_execute(&session::settings(facts.source.major()))
        .await
        .map_err(Error::database("set up the session"))?;
    Ok(facts)
}

fn refuse_distributed(facts: &ServerFacts) -> Result<(), Error> {
    if facts.source.extensions.contains_key("citus") {
        return Err(PreflightError::Distributed("citus").into());
    }
    Ok(())
}

async fn prepared_transactions(client: &Client) -> Result<i64, Error> {
    let sql = "SELECT count(*) FROM pg_catalog.pg_prepared_xacts
               WHERE database = pg_catalog.current_database()";
    let row = client.query_one(sql, &[]).await;
    Ok(row
        .map_err(Error::database("count prepared transactions"))?
        .get(0))
}

async fn lock_slots(client: &Client) -> Result<i64, Error> {
    let sql = "SELECT pg_catalog.current_setting('max_locks_per_transaction')::int8
                 * (pg_catalog.current_setting('max_connections')::int8
                    + pg_catalog.current_setting('max_prepared_transactions')::int8)";
    let row = client.query_one(sql, &[]).await;
    Ok(row
        .map_err(Error::database("ask for the size of the lock table"))?
        .get(0))
}

/// Locks every table against rewrites; says why when that cannot be done under this snapshot.
async fn lock(
    client: &Client,
    relations: &[Relation],
    timeout: Duration,
) -> Result<Option<String>, Error> {
    let set = format!("SET lock_timeout = {}", timeout.as_millis());
    client
        .batch_execute(&set)
        .await
        .map_err(Error::database("set lock_timeout"))?;
    for batch in relations.chunks(LOCK_BATCH) {
        let names: Vec<_> = batch
            .iter()
            .map(|r| format!("ONLY {}", r.name.sql()))
            .collect();
        let sql = format!("LOCK TABLE {} IN ACCESS SHARE MODE", names.join(", "));
        match client.batch_execute(&sql).await {
            Ok(()) => {}
            Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => {
                return Ok(Some("one was dropped".to_owned()));
            }
            Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => {
                return Ok(Some(
                    "one stayed locked longer than lock_timeout".to_owned(),
                ));
            }
            Err(error) => return Err(Error::database("lock the tables")(error)),
        }
    }
    client
        .batch_execute("SET lock_timeout = 0")
        .await
        .map_err(Error::database("set lock_timeout"))?;
    Ok(None)
}

/// The tables whose file is another one than the snapshot's. `pg_class` is read through the snapshot,
/// `pg_relation_filenode` through the catalogue cache, which shows the present.
async fn moved(client: &Client, relations: &[Relation]) -> Result<Vec<String>, Error> {
    let oids: Vec<u32> = relations.iter().map(|relation| relation.oid).collect();
    let sql = "SELECT c.oid::pg_catalog.regclass::text FROM pg_catalog.pg_class c
               WHERE c.oid = ANY ($1)
                 AND c.relfilenode IS DISTINCT FROM pg_catalog.pg_relation_filenode(c.oid)";
    let rows = client.query(sql, &[&oids]).await;
    let rows = rows.map_err(Error::database("compare the tables' files"))?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

fn taken_at(facts: &ServerFacts, options: &SnapshotOptions) -> Result<Timestamp, Error> {
    let Some(replayed) = facts.replayed.filter(|_| facts.source.standby) else {
        return Ok(facts.clock);
    };
    let lag = facts.clock.duration_since(replayed).as_secs();
    let limit = options
        .max_replica_lag
        .map(|limit| i64::try_from(limit.as_secs()).unwrap_or(i64::MAX));
    match limit {
        Some(limit) if lag > limit => Err(PreflightError::Lag { lag, limit }.into()),
        _ => Ok(replayed),
    }
}
