//! Puts a backup back, and compares every row with the manifest.
//!
//! First the schema, then the rows in parallel straight from the store, sequences, large objects, indexes the moment their
//! table is in, everything else, statistics.

mod archive;
mod copy_in;
mod large_objects;
mod post_data;
mod rows;
mod schedule;
mod selection;
mod target;

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
    let chosen = options.selection.choose(manifest)?;
    let server = target::open(manifest, options).await?;
    let tools = target::tools(manifest, options).await?;
    let restore = Restore {
        manifest,
        store,
        options,
        server,
        tools,
        chosen,
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
}

impl Restore<'_> {
    async fn all(&self) -> Result<Restored, Error> {
        let began = Instant::now();
        let mut phases = Phases(Vec::new(), Instant::now());
        let archive = self.archive().await?;
        let mut remarks = self.before_rows(&archive).await?;
        phases.end("schema");
        let bytes = self.tables().map(|table| table.raw_bytes).sum();
        let progress = Progress::new("restoring", Some(bytes), Unit::Bytes);
        rows::load_and_index(self, &archive, &progress).await?;
        large_objects::restore(self).await?;
        self.set_sequences().await?;
        progress.finish("rows and indexes are in");
        phases.end("rows and indexes");
        remarks.extend(self.after_rows(&archive).await?);
        phases.end("constraints and the rest");
        if self.options.analyze {
            self.analyze().await?;
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

    /// The schema's archive: small, and the only file a restore makes, since `pg_restore` reads nothing else.
    async fn archive(&self) -> Result<Archive, Error> {
        let stored = self
            .store
            .read_verified(&self.folder(), &self.manifest.schema)
            .await?;
        let encrypted = self.manifest.codec.encrypted();
        let plain = crate::chunk::open_whole(&stored, encrypted, self.options.identity.as_ref());
        let plain = plain.map_err(Error::io(format!("open {}", self.manifest.schema.object)))?;
        Archive::unpack(&plain, &self.tools, &self.server).await
    }

    async fn before_rows(&self, archive: &Archive) -> Result<Vec<String>, Error> {
        let entries = archive.pre_data(&self.chosen);
        let remarks = post_data::run(self, archive, &entries, "pre-data", 1).await?;
        // Extensions that keep rows in chunks of their own want to be told.
        self.timescale("timescaledb_pre_restore").await?;
        Ok(remarks)
    }

    async fn after_rows(&self, archive: &Archive) -> Result<Vec<String>, Error> {
        let entries = archive.post_data_but_indexes(&self.chosen, self.manifest);
        let jobs = self.options.jobs;
        let remarks = post_data::run(self, archive, &entries, "post-data", jobs).await?;
        self.timescale("timescaledb_post_restore").await?;
        Ok(remarks)
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

    async fn analyze(&self) -> Result<(), Error> {
        let jobs = format!("--jobs={}", self.options.jobs);
        let database = &self.server.params.database;
        let arguments = ["--analyze-only", "--quiet", &jobs, "--dbname", database];
        self.tools
            .run("vacuumdb", &self.server, &arguments, None)
            .await?;
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
