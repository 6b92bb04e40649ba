//! Proves backups: that their objects are there, that their bytes are right, that they restore.

use crate::{
    chunk,
    compare::Comparison,
    copy_format,
    error::Error,
    manifest::{Chunk, Manifest, RowFormat, StoredObject},
    name::quote_identifier,
    pg_tools::PgTools,
    repository::{Level, Proof, Record, Repository},
    restore::{self, RestoreOptions, Restored, Selection},
    source::{
        params::{ConnectParams, Host},
        session::Server,
    },
    store::Store,
};
use futures::{StreamExt, TryStreamExt};
use local_postgres::{Installation, LocalPostgres};
use nightshift_runtime::{
    Clock, Shutdown,
    postgres_tls::{SslMode, TlsParams},
    progress::{Progress, Unit},
    report,
};
use secrecy::SecretString;
use std::{
    future::ready,
    io::{self, BufReader},
    path::PathBuf,
    time::{Duration, Instant},
};

/// Requests side by side that only look.
const LOOKS: usize = 16;

/// How a backup is verified.
#[derive(Debug, Clone)]
pub struct VerifyOptions {
    /// How thoroughly.
    pub level: Level,
    /// Reads, loads and index builds side by side.
    pub jobs: usize,
    /// Opens encrypted backups.
    pub identity: Option<SecretString>,
    /// Where `pg_restore`, and for a throw-away server `postgres`, are.
    pub pg_bin_dir: Option<PathBuf>,
    /// A server to make a scratch database on; without one a throw-away server is started here.
    pub scratch: Option<ConnectParams>,
    /// `maintenance_work_mem` of a restore, in bytes.
    pub maintenance_work_mem: u64,
}

/// Verifies a backup, and records the result beside it whatever it is.
pub async fn verify(
    manifest: &Manifest,
    repository: &Repository,
    options: &VerifyOptions,
    clock: &dyn Clock,
    shutdown: &Shutdown,
) -> Result<Proof, Error> {
    let began = Instant::now();
    let looked = tokio::select! {
        looked = look(manifest, repository.store(), options, shutdown) => looked,
        () = shutdown.wait() => Err(Error::Stopped),
    };
    // What says nothing about the backup leaves no record: being stopped, no tools, no scratch server.
    let (passed, summary) = match looked {
        Ok(summary) => (true, summary),
        Err(error) if error.blames_the_backup() => (false, error.chain()),
        Err(error) => return Err(error),
    };
    let took = began.elapsed();
    let proof = Proof {
        level: options.level,
        at: clock.now(),
        took,
        passed,
        summary,
    };
    repository
        .record(&manifest.id, &Record::Proof(proof.clone()))
        .await?;
    Ok(proof)
}

async fn look(
    manifest: &Manifest,
    store: &Store,
    options: &VerifyOptions,
    shutdown: &Shutdown,
) -> Result<String, Error> {
    match options.level {
        Level::Objects => objects(manifest, store).await,
        Level::Bytes => bytes(manifest, store, options).await,
        Level::Restore => scratch(manifest, store, options, shutdown).await,
    }
}

/// Looks at every object without reading it, and names all that are missing or wrong.
async fn objects(manifest: &Manifest, store: &Store) -> Result<String, Error> {
    let folder = Repository::folder(&manifest.id);
    let objects: Vec<&StoredObject> = manifest.objects().collect();
    // By number: a stream of references does not make a future that may move between threads.
    let wrong: Vec<String> = futures::stream::iter(0..objects.len())
        .map(|at| store.check_stored(&folder, objects[at]))
        .buffer_unordered(LOOKS)
        .filter_map(|looked| ready(looked.err().map(|error| Error::from(error).chain())))
        .collect()
        .await;
    if wrong.is_empty() {
        return Ok(format!(
            "{} objects, {}",
            report::count(manifest.totals.objects),
            report::bytes(manifest.totals.stored_bytes)
        ));
    }
    Err(Error::Mismatch(some_of(&wrong)))
}

/// Reads every byte: size, CRC32C, SHA-256, decryption, decompression, rows and their fingerprint.
async fn bytes(
    manifest: &Manifest,
    store: &Store,
    options: &VerifyOptions,
) -> Result<String, Error> {
    let progress = Progress::new("reading", Some(manifest.totals.stored_bytes), Unit::Bytes);
    let objects = with_rows(manifest);
    let read = futures::stream::iter(0..objects.len())
        .map(|at| read_one(manifest, store, options, objects[at]))
        .buffer_unordered(options.jobs)
        .inspect_ok(|bytes| progress.inc(*bytes))
        .try_fold(0_u64, |total, bytes| ready(Ok(total + bytes)))
        .await;
    progress.finish("bytes are read");
    Ok(format!(
        "{} read, {} rows counted",
        report::bytes(read?),
        report::count(manifest.totals.rows)
    ))
}

/// An object, and what rows it must hold if it holds any.
type Expected<'a> = (&'a StoredObject, Option<(&'a Chunk, RowFormat)>);

fn with_rows(manifest: &Manifest) -> Vec<Expected<'_>> {
    let small = std::iter::once(&manifest.schema).chain(&manifest.globals);
    let small = small.map(|object| (object, None));
    let tables = manifest.tables.iter().flat_map(|table| {
        table
            .chunks
            .iter()
            .map(|chunk| (&chunk.stored, Some((chunk, table.format))))
    });
    let large = manifest
        .large_objects
        .iter()
        .flat_map(|l| l.metadata.iter().chain(&l.pages));
    let large = large.map(|chunk| (&chunk.stored, Some((chunk, RowFormat::Text))));
    small.chain(tables).chain(large).collect()
}

async fn read_one(
    manifest: &Manifest,
    store: &Store,
    options: &VerifyOptions,
    (object, rows): Expected<'_>,
) -> Result<u64, Error> {
    let stored = store
        .read_verified(&Repository::folder(&manifest.id), object)
        .await?;
    let (encrypted, identity) = (manifest.codec.encrypted(), options.identity.clone());
    let expected = rows.map(|(chunk, format)| (chunk.sum(), format));
    let opened = tokio::task::spawn_blocking(move || {
        let mut plain = chunk::open(&stored, encrypted, identity.as_ref())?;
        match expected {
            None => io::copy(&mut plain, &mut io::sink()).map(|_| None),
            Some((expected, format)) => {
                let plain = BufReader::with_capacity(256 * 1024, plain);
                let found = copy_format::sum_rows(plain, format)?;
                Ok((found != expected).then_some((found, expected)))
            }
        }
    });
    let opened = opened
        .await
        .unwrap_or_else(|panic| Err(io::Error::other(panic)));
    match opened.map_err(Error::io(format!("open {}", object.object)))? {
        None => Ok(object.bytes),
        Some((found, expected)) => Err(Error::Mismatch(format!(
            "{} holds {} rows with fingerprint {}, the manifest says {} with {}",
            object.object, found.rows, found.fingerprint, expected.rows, expected.fingerprint
        ))),
    }
}

/// Restores into a scratch database and compares every row.
async fn scratch(
    manifest: &Manifest,
    store: &Store,
    options: &VerifyOptions,
    shutdown: &Shutdown,
) -> Result<String, Error> {
    let database = format!(
        "nightshift_{}",
        manifest.id.as_str().replace('-', "_").to_lowercase()
    );
    match &options.scratch {
        Some(server) => {
            let into = server.with_database(&database);
            let restored = restore_into(manifest, store, options, into, shutdown).await;
            drop_database(server, &database).await;
            judge(restored?)
        }
        None => {
            let throw_away = ThrowAway::start(manifest, options).await?;
            let into = throw_away.params(&database);
            let restored = restore_into(manifest, store, options, into, shutdown).await;
            tokio::task::spawn_blocking(move || drop(throw_away))
                .await
                .map_err(|panic| Error::io("stop the scratch server")(io::Error::other(panic)))?;
            judge(restored?)
        }
    }
}

async fn restore_into(
    manifest: &Manifest,
    store: &Store,
    options: &VerifyOptions,
    into: ConnectParams,
    shutdown: &Shutdown,
) -> Result<Restored, Error> {
    let restore_options = RestoreOptions {
        into,
        pg_bin_dir: options.pg_bin_dir.clone(),
        jobs: options.jobs,
        maintenance_work_mem: options.maintenance_work_mem,
        identity: options.identity.clone(),
        selection: Selection::default(),
        into_used: false,
        create: true,
        // Roles of the source need not exist where a backup is proven.
        no_owner: true,
        role: None,
        analyze: false,
        compare: true,
    };
    restore::restore(manifest, store, &restore_options, shutdown).await
}

fn judge(restored: Restored) -> Result<String, Error> {
    let Comparison {
        tables,
        rows,
        differences,
    } = restored.comparison.unwrap_or_default();
    if !differences.is_empty() {
        return Err(Error::Mismatch(some_of(&differences)));
    }
    Ok(format!(
        "restored in {}, {} rows of {tables} tables compared",
        report::duration(restored.took),
        report::count(rows)
    ))
}

async fn drop_database(server: &ConnectParams, database: &str) {
    let sql = format!("DROP DATABASE IF EXISTS {}", quote_identifier(database));
    let dropped = match Server::find(&restore::for_writing(server)).await {
        Ok((_, client)) => client
            .batch_execute(&sql)
            .await
            .map_err(Error::database("drop it")),
        Err(error) => Err(error.into()),
    };
    if let Err(error) = dropped {
        tracing::warn!(
            database,
            error = error.one_line(),
            "the scratch database stays behind; drop it by hand"
        );
    }
}

/// A server of the backup's own major version that lives as long as the proof.
struct ThrowAway(LocalPostgres);

impl ThrowAway {
    async fn start(manifest: &Manifest, options: &VerifyOptions) -> Result<Self, Error> {
        let tools = PgTools::find(manifest.source.major(), options.pg_bin_dir.as_deref()).await?;
        let folder = tools.server_folder().map(ToOwned::to_owned).ok_or_else(|| {
            Error::Usage(format!(
                "no PostgreSQL {} server is installed beside pg_restore: install postgresql-{}, or give --scratch URL",
                tools.major, tools.major
            ))
        })?;
        let started = tokio::task::spawn_blocking(move || {
            let installation = Installation::at(&folder)?;
            LocalPostgres::builder(installation)
                .auth(local_postgres::Auth::Password)
                .without_durability()
                .sockets_only()
                .start()
        });
        let started = started
            .await
            .map_err(|panic| Error::io("start a scratch server")(io::Error::other(panic)))?;
        started
            .map(Self)
            .map_err(|error| Error::io("start a scratch server")(io::Error::other(error)))
    }

    fn params(&self, database: &str) -> ConnectParams {
        ConnectParams {
            hosts: vec![Host::Unix(self.0.socket_folder().to_owned(), self.0.port())],
            user: "postgres".to_owned(),
            database: database.to_owned(),
            password: self.0.password().cloned(),
            tls: TlsParams {
                mode: SslMode::Disable,
                root_certificates: None,
                certificate: None,
                key: None,
            },
            options: None,
            connect_timeout: Duration::from_secs(10),
        }
    }
}

fn some_of(sentences: &[String]) -> String {
    const MOST: usize = 5;
    let more = sentences.len().saturating_sub(MOST);
    let shown = sentences
        .iter()
        .take(MOST)
        .cloned()
        .collect::<Vec<_>>()
        .join("; ");
    if more > 0 {
        format!("{shown}; and {more} more")
    } else {
        shown
    }
}
