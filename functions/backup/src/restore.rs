//! Puts a backup back, and compares every row with the manifest.
//!
//! First the schema, then the rows in parallel straight from the store, indexes and statistics the moment their table is in,
//! large objects, sequences, everything else.

mod archive;
mod copy_in;
mod large_objects;
mod post_data;
mod rows;
mod schedule;
mod selection;
mod statistics;
mod target;

pub(crate) use target::for_writing;

pub use selection::Selection;

use crate::{
    compare::{self, Comparison},
    error::Error,
    manifest::Manifest,
    pg_tools::PgTools,
    repository::Repository,
    source::{params::ConnectParams, session::Server},
    store::Store,
};
use archive::Archive;
use nightshift_runtime::{
    Shutdown,
    progress::{Progress, Unit},
};
use secrecy::SecretString;
use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

/// How a backup is put back.
#[derive(Debug, Clone)]
pub struct RestoreOptions {
    /// The database to fill.
    pub into: ConnectParams,
    /// Where `pg_restore` is.
    pub pg_bin_dir: Option<PathBuf>,
    /// Loads and index builds that run side by side.
    pub jobs: usize,
    /// `maintenance_work_mem` of the sessions that build indexes, in bytes.
    pub maintenance_work_mem: u64,
    /// Opens encrypted backups.
    pub identity: Option<SecretString>,
    /// All of it, or some tables or schemas.
    pub selection: Selection,
    /// Whether the database may hold tables already.
    pub into_used: bool,
    /// Whether to make the database first.
    pub create: bool,
    /// Whether owners and rights are left as they come.
    pub no_owner: bool,
    /// The role that should own everything.
    pub role: Option<String>,
    /// Whether statistics are gathered at the end.
    pub analyze: bool,
    /// Whether the restored rows are compared with the manifest.
    pub compare: bool,
}

/// What a restore did.
#[derive(Debug, Clone)]
pub struct Restored {
    /// Tables that were filled.
    pub tables: usize,
    /// Their rows.
    pub rows: u64,
    /// Their bytes.
    pub raw_bytes: u64,
    /// How long everything took, the comparison left out.
    pub took: Duration,
    /// How each phase shared in it.
    pub phases: Vec<(&'static str, Duration)>,
    /// The comparison, when one was asked for.
    pub comparison: Option<Comparison>,
    /// What was passed over, each with its reason.
    pub remarks: Vec<String>,
}

/// Restores `manifest` out of `store`.
pub async fn restore(
    manifest: &Manifest,
    store: &Store,
    options: &RestoreOptions,
    shutdown: &Shutdown,
) -> Result<Restored, Error> {
    let options = &RestoreOptions {
        into: for_writing(&options.into),
        ..options.clone()
    };
    let chosen = options.selection.choose(manifest)?;
    // Before a database is made: damage or a wrong identity shows here.
    let schema = schema(manifest, store, options).await?;
    let server = target::open(manifest, options).await?;
    let tools = target::tools(manifest, options).await?;
    let restore = Restore {
        manifest,
        store,
        options,
        server,
        tools,
        chosen,
        schema,
    };
    tokio::select! {
        done = restore.all() => done,
        () = shutdown.wait() => Err(Error::RestoreStopped),
    }
}

struct Restore<'a> {
    manifest: &'a Manifest,
    store: &'a Store,
    options: &'a RestoreOptions,
    server: Server,
    tools: PgTools,
    chosen: selection::Chosen,
    schema: Vec<u8>,
}

/// The schema's archive.
async fn schema(
    manifest: &Manifest,
    store: &Store,
    options: &RestoreOptions,
) -> Result<Vec<u8>, Error> {
    let folder = Repository::folder(&manifest.id);
    let stored = store.read_verified(&folder, &manifest.schema).await?;
    let encrypted = manifest.codec.encrypted();
    crate::chunk::open_whole(&stored, encrypted, options.identity.as_ref())
        .map_err(Error::io(format!("open {}", manifest.schema.object)))
}

impl Restore<'_> {
    async fn all(&self) -> Result<Restored, Error> {
        let began = Instant::now();
        let mut phases = Phases(Vec::new(), Instant::now());
        // Small, and the only file a restore makes, since `pg_restore` reads nothing else.
        let archive = Archive::unpack(&self.schema, &self.tools, &self.server).await?;
        let mut remarks = self.before_rows(&archive).await?;
        phases.end("schema");
        let bytes = self.tables().map(|table| table.raw_bytes).sum();
        let progress = Progress::new("restoring", Some(bytes), Unit::Bytes);
        let early = statistics::early(self).await?;
        rows::load_and_index(self, &archive, &early, &progress).await?;
        large_objects::restore(self).await?;
        self.set_sequences().await?;
        progress.finish("rows and indexes are in");
        phases.end("rows and indexes");
        remarks.extend(self.after_rows(&archive).await?);
        phases.end("constraints and the rest");
        if self.options.analyze {
            statistics::rest(self, &early).await?;
            phases.end("statistics");
        }
        let took = began.elapsed();
        Ok(Restored {
            tables: self.tables().count(),
            rows: self.tables().map(|table| table.rows).sum(),
            raw_bytes: bytes,
            took,
            phases: phases.0,
            comparison: self.compare().await?,
            remarks,
        })
    }

    fn folder(&self) -> String {
        Repository::folder(&self.manifest.id)
    }

    fn tables(&self) -> impl Iterator<Item = &crate::manifest::Table> {
        self.chosen
            .tables
            .iter()
            .map(|place| &self.manifest.tables[*place])
    }

    async fn before_rows(&self, archive: &Archive) -> Result<Vec<String>, Error> {
        let entries = archive.pre_data(&self.chosen);
        let remarks = post_data::run(self, archive, &entries, "pre-data", self.share(1)).await?;
        // Extensions that keep rows in chunks of their own want to be told.
        self.timescale("timescaledb_pre_restore").await?;
        Ok(remarks)
    }

    async fn after_rows(&self, archive: &Archive) -> Result<Vec<String>, Error> {
        let entries = archive.post_data_but_indexes(&self.chosen, self.manifest);
        let share = self.share(self.options.jobs);
        let remarks = post_data::run(self, archive, &entries, "post-data", share).await?;
        self.timescale("timescaledb_post_restore").await?;
        Ok(remarks)
    }

    fn share(&self, jobs: usize) -> post_data::Share {
        post_data::Share {
            jobs,
            memory: self.options.maintenance_work_mem,
        }
    }

    async fn timescale(&self, hook: &str) -> Result<(), Error> {
        if !self.chosen.whole || !self.manifest.source.extensions.contains_key("timescaledb") {
            return Ok(());
        }
        let client = self.server.connect().await?;
        let sql = format!("SELECT public.{hook}()");
        client
            .batch_execute(&sql)
            .await
            .map_err(Error::database(format!("call {hook}")))
    }

    async fn set_sequences(&self) -> Result<(), Error> {
        let client = self.server.connect().await?;
        let sql = "SELECT pg_catalog.setval($1::text::pg_catalog.regclass, $2, $3)";
        let set = client
            .prepare(sql)
            .await
            .map_err(Error::database("set sequences"))?;
        for place in &self.chosen.sequences {
            let s = &self.manifest.sequences[*place];
            let name = crate::name::QualifiedName {
                schema: s.schema.clone(),
                name: s.name.clone(),
            };
            client
                .execute(&set, &[&name.sql(), &s.last_value, &s.is_called])
                .await
                .map_err(Error::database(format!("set sequence {name}")))?;
        }
        Ok(())
    }

    async fn compare(&self) -> Result<Option<Comparison>, Error> {
        if !self.options.compare {
            return Ok(None);
        }
        let tables: Vec<_> = self.tables().collect();
        let rest = self.chosen.whole.then_some(self.manifest);
        compare::database(&self.server, &tables, rest, self.options.jobs)
            .await
            .map(Some)
    }
}

struct Phases(Vec<(&'static str, Duration)>, Instant);

impl Phases {
    fn end(&mut self, name: &'static str) {
        self.0.push((name, self.1.elapsed()));
        self.1 = Instant::now();
        tracing::info!(phase = name, "restored");
    }
}
