//! Makes one backup, step by step; nothing counts until the manifest is there.

use crate::{
    backup_id::BackupId,
    chunk::{Codec, Sealed},
    engine::{self, Finished, Job, Leader, LocalQueue, OnBlockedDdl, Outcome, Uploader},
    error::Error,
    lease::Lease,
    manifest::{
        CodecFacts, FORMAT, LargeObjects, Manifest, RowFormat, StoredObject, Table, Totals, VERSION,
    },
    pg_tools::{PgTools, ToolError},
    plan::{self, What},
    repository::{Failure, Record, Repository},
    snapshot::{self, Snapshot, SnapshotOptions},
    source::{catalog, params::ConnectParams, session::Server},
};
use jiff::Timestamp;
use nightshift_runtime::{
    Clock, Shutdown,
    progress::{Progress, Unit},
};
use std::{
    path::PathBuf,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

/// How long a dying run may take to say why; Cloud Run gives ten seconds between SIGTERM and SIGKILL.
const LAST_WORDS: Duration = Duration::from_secs(2);

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
}

/// Makes a backup into `repository` and returns its manifest.
pub async fn run(
    options: &RunOptions,
    repository: &Repository,
    clock: Arc<dyn Clock>,
    shutdown: &Shutdown,
) -> Result<Manifest, Error> {
    let (server, client) = Server::find(&options.params).await?;
    let facts = catalog::server(&client, &options.params.database).await;
    let facts = facts.map_err(Error::database("ask the server who it is"))?;
    let tools = PgTools::find(facts.source.major(), options.pg_bin_dir.as_deref()).await?;
    let id = BackupId::new(facts.clock, rand::random());
    let lease_name = slug(&facts.source.group());
    let lease = Lease::take(
        repository.store(),
        &lease_name,
        id.as_str(),
        Arc::clone(&clock),
    )
    .await?;
    let run = Run {
        options,
        repository,
        tools,
        id: &id,
        started_at: facts.clock,
        shutdown,
    };
    let made = run.make(server, client, &lease).await;
    if let Err(error) = &made {
        leave_word(repository, &id, clock.now(), error).await;
    }
    lease.give_back().await;
    made
}

/// Says beside the debris why there is no manifest. Best effort: the run has failed already.
async fn leave_word(repository: &Repository, id: &BackupId, at: Timestamp, error: &Error) {
    let failure = Record::Failure(Failure {
        at,
        error: error.one_line(),
    });
    if tokio::time::timeout(LAST_WORDS, repository.record(id, &failure))
        .await
        .is_err()
    {
        tracing::debug!("the reason of the failure could not be stored in time");
    }
}

struct Run<'a> {
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
        let snapshot = snapshot::take(server, client, &self.options.snapshot).await?;
        let bytes: u64 = snapshot.relations.iter().map(|r| r.bytes).sum();
        tracing::info!(
            id = %self.id, tables = snapshot.relations.len(), bytes, snapshot = snapshot.id,
            "snapshot taken and locked"
        );
        let (stored, outcome) = tokio::join!(self.store_schema(&snapshot), self.read(&snapshot));
        let ((schema, globals, remarks), outcome) = (stored?, outcome?);
        let sequences = catalog::positions(&snapshot.client, &snapshot.sequences).await;
        let sequences = sequences.map_err(Error::database("read the positions of sequences"))?;
        for orphan in &outcome.orphans {
            let name = format!("{}/{orphan}", Repository::folder(self.id));
            self.repository.store().delete(&name).await?;
        }
        let mut manifest = self.manifest(&snapshot, outcome, schema, globals);
        manifest.sequences = sequences;
        manifest.warnings.extend(remarks);
        manifest.finished_at = self.server_time(&snapshot).await?;
        self.publish(&manifest, lease).await?;
        Ok(manifest)
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

    /// Stores what `pg_dump` says of the schema, in our snapshot, and the roles.
    async fn store_schema(
        &self,
        snapshot: &Snapshot,
    ) -> Result<(StoredObject, Option<StoredObject>, Vec<String>), Error> {
        let snapshot_option = format!("--snapshot={}", snapshot.id);
        let lock_wait = format!(
            "--lock-wait-timeout={}",
            self.options.snapshot.lock_timeout.as_millis().max(1)
        );
        // Not --schema-only: that leaves out the refreshing of materialized views.
        let arguments = [
            "--format=custom",
            "--compress=0",
            "--section=pre-data",
            "--section=post-data",
            // Large objects are copied by ourselves; older releases would put their empty shells into pre-data.
            "-B",
            &snapshot_option,
            &lock_wait,
        ];
        let dump = self
            .tools
            .run("pg_dump", &snapshot.server, &arguments, None);
        let (dump, globals) = tokio::join!(dump, self.roles(snapshot));
        let schema = self.store_small("schema.dump", &dump?.stdout).await?;
        let (globals, remarks) = match globals {
            None => (None, Vec::new()),
            Some(Ok(text)) => (
                Some(self.store_small("globals.sql", &text).await?),
                Vec::new(),
            ),
            Some(Err(error)) => (None, vec![format!("roles are not in this backup: {error}")]),
        };
        Ok((schema, globals, remarks))
    }

    async fn roles(&self, snapshot: &Snapshot) -> Option<Result<Vec<u8>, ToolError>> {
        if !self.options.globals {
            return None;
        }
        let arguments = [
            "--globals-only",
            "--no-role-passwords",
            "--database",
            &self.options.params.database,
        ];
        let dumped = self
            .tools
            .run("pg_dumpall", &snapshot.server, &arguments, None)
            .await;
        Some(dumped.map(|output| output.stdout))
    }

    async fn store_small(&self, name: &str, plain: &[u8]) -> Result<StoredObject, Error> {
        let object = format!("{name}{}", self.options.codec.suffix());
        let sealed: Sealed = self
            .options
            .codec
            .seal(plain)
            .map_err(Error::io(format!("compress {name}")))?;
        let folder = Repository::folder(self.id);
        self.repository
            .store()
            .create(&format!("{folder}/{object}"), &sealed)
            .await?;
        Ok(engine::describe(&object, &sealed))
    }

    async fn read(&self, snapshot: &Snapshot) -> Result<Outcome, Error> {
        let options = self.options;
        let major = snapshot.facts.source.major();
        let reads = plan::plan(
            &snapshot.relations,
            &snapshot.large_objects,
            options.workers,
            major,
        );
        let bytes = reads.iter().map(|read| read.weight).sum();
        let folder = Repository::folder(self.id);
        let budget = options.workers * options.chunk_bytes;
        let job = Arc::new(Job {
            server: snapshot.server.clone(),
            snapshot: snapshot.id.clone(),
            server_started: snapshot.facts.started.clone(),
            major,
            encoding: snapshot.facts.source.encoding.clone(),
            relations: snapshot.relations.clone(),
            codec: options.codec.clone(),
            chunk_bytes: options.chunk_bytes,
            name_suffix: String::new(),
            upload: Uploader::new(self.repository.store().clone(), &folder, budget),
            stop: Arc::new(AtomicBool::new(false)),
            progress: Progress::new("backing up", Some(bytes), Unit::Bytes),
        });
        let leader = Leader {
            client: &snapshot.client,
            pid: snapshot.facts.pid,
            on_blocked_ddl: options.on_blocked_ddl,
        };
        let queue = Arc::new(LocalQueue::new(reads.clone()));
        let outcome = engine::read_all(
            Arc::clone(&job),
            queue,
            &reads,
            options.workers,
            &leader,
            self.shutdown,
        )
        .await;
        job.progress.clone().finish("rows are read");
        outcome
    }

    fn manifest(
        &self,
        snapshot: &Snapshot,
        outcome: Outcome,
        schema: StoredObject,
        globals: Option<StoredObject>,
    ) -> Manifest {
        let (tables, large_objects) = assemble(snapshot, outcome.finished);
        let mut manifest = Manifest {
            format: FORMAT.to_owned(),
            version: VERSION,
            id: self.id.clone(),
            written_by: concat!("nightshift backup ", env!("CARGO_PKG_VERSION")).to_owned(),
            started_at: self.started_at,
            snapshot_at: snapshot.taken_at,
            finished_at: self.started_at,
            source: snapshot.facts.source.clone(),
            codec: CodecFacts {
                compression: "zstd".to_owned(),
                level: self.options.codec.level,
                recipients: self
                    .options
                    .codec
                    .recipients
                    .iter()
                    .map(ToString::to_string)
                    .collect(),
            },
            client: self.tools.version.clone(),
            totals: Totals::default(),
            schema,
            globals,
            tables,
            sequences: Vec::new(),
            large_objects,
            skipped: snapshot.skipped.clone(),
            warnings: [snapshot.warnings.clone(), outcome.warnings].concat(),
            suspicions: Vec::new(),
        };
        manifest.sum_totals();
        manifest
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

/// Turns reads back into tables.
fn assemble(snapshot: &Snapshot, finished: Vec<Finished>) -> (Vec<Table>, Option<LargeObjects>) {
    let mut chunks: Vec<_> = snapshot.relations.iter().map(|_| Vec::new()).collect();
    let mut formats = vec![RowFormat::Text; snapshot.relations.len()];
    let (mut metadata, mut pages) = (Vec::new(), Vec::new());
    let place = |read: &plan::Read| match read.what {
        What::Table { pages, .. } => pages.map_or(0, |(from, _)| from),
        What::LargeObjectMetadata => 0,
        What::LargeObjectPages { from, .. } => u64::from(from),
    };
    let mut finished = finished;
    finished.sort_by_key(|finished| place(&finished.read));
    for Finished {
        read,
        chunks: of_read,
    } in finished
    {
        match read.what {
            What::Table { table, .. } => {
                formats[table] = read.format;
                chunks[table].extend(of_read);
            }
            What::LargeObjectMetadata => metadata.extend(of_read),
            What::LargeObjectPages { .. } => pages.extend(of_read),
        }
    }
    let tables =
        snapshot
            .relations
            .iter()
            .zip(chunks)
            .zip(formats)
            .map(|((relation, chunks), format)| {
                let mut table = Table {
                    oid: relation.oid,
                    schema: relation.name.schema.clone(),
                    name: relation.name.name.clone(),
                    columns: relation.columns.clone(),
                    extension: relation.extension.clone(),
                    condition: relation.condition.clone(),
                    load_through: relation.load_through.clone(),
                    format,
                    rows: 0,
                    raw_bytes: 0,
                    fingerprint: Default::default(),
                    indexes: relation.indexes.clone(),
                    chunks: Vec::new(),
                };
                table.set_chunks(chunks);
                table
            });
    let count = snapshot.large_objects.count;
    let large_objects = (count > 0).then_some(LargeObjects {
        count,
        metadata,
        pages,
    });
    (tables.collect(), large_objects)
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
