//! What every test here needs: a server, a folder for backups, and the library's calls with short arguments.

use backup::{
    Error,
    apply::{self, RunOptions},
    chunk::Codec,
    engine::OnBlockedDdl,
    google::Google,
    manifest::Manifest,
    preflight::Allowances,
    repository::{Level, Proof, Repository},
    restore::{self, RestoreOptions, Restored, Selection},
    snapshot::SnapshotOptions,
    source::params::ConnectParams,
    store::{Store, Target},
    verify::{self, VerifyOptions},
};
use local_postgres::LocalPostgres;
use nightshift_runtime::{Shutdown, SystemClock};
use std::{path::PathBuf, sync::Arc, time::Duration};
use tempfile::TempDir;

/// A server and a place for backups.
pub(crate) struct Bed {
    pub(crate) server: LocalPostgres,
    pub(crate) repository: Repository,
    pub(crate) folder: TempDir,
}

impl Bed {
    pub(crate) fn new(server: LocalPostgres) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(
            Target::Folder(folder.path().to_owned()),
            &Google::default(),
            Duration::ZERO,
        )
        .unwrap();
        Self {
            server,
            repository: Repository::new(store),
            folder,
        }
    }

    /// A server of `major` with an empty database `app`.
    pub(crate) fn empty(major: u32) -> Self {
        let server = LocalPostgres::for_tests(major).unwrap().start().unwrap();
        server.create_database("app").unwrap();
        Self::new(server)
    }

    pub(crate) fn params(&self, database: &str) -> ConnectParams {
        params(&self.server, database)
    }

    pub(crate) fn run_options(&self, database: &str) -> RunOptions {
        RunOptions {
            params: self.params(database),
            pg_bin_dir: Some(bin_dir(&self.server)),
            workers: 2,
            codec: Codec {
                level: 2,
                recipients: vec![],
            },
            // Small chunks, so that small tables have several.
            chunk_bytes: 64 * 1024,
            snapshot: SnapshotOptions {
                lock_timeout: Duration::from_secs(10),
                max_replica_lag: None,
                allowances: Allowances::default(),
            },
            on_blocked_ddl: OnBlockedDdl::Wait,
            globals: true,
            task: None,
            execution: None,
            trigger: None,
            task_silence: Duration::from_secs(30),
        }
    }

    pub(crate) async fn run(&self, database: &str) -> Result<Manifest, Error> {
        self.run_with(&self.run_options(database)).await
    }

    pub(crate) async fn run_with(&self, options: &RunOptions) -> Result<Manifest, Error> {
        run_into(options, &self.repository).await
    }

    pub(crate) fn restore_options(&self, into: &str) -> RestoreOptions {
        RestoreOptions {
            into: self.params(into),
            pg_bin_dir: Some(bin_dir(&self.server)),
            jobs: 2,
            maintenance_work_mem: 64 << 20,
            identity: None,
            selection: Selection::default(),
            into_used: false,
            create: true,
            no_owner: false,
            role: None,
            analyze: true,
            compare: true,
        }
    }

    pub(crate) async fn restore(&self, manifest: &Manifest, into: &str) -> Result<Restored, Error> {
        self.restore_with(manifest, &self.restore_options(into))
            .await
    }

    pub(crate) async fn restore_with(
        &self,
        manifest: &Manifest,
        options: &RestoreOptions,
    ) -> Result<Restored, Error> {
        restore::restore(manifest, self.repository.store(), options, &Shutdown::new()).await
    }

    pub(crate) async fn verify(&self, manifest: &Manifest, level: Level) -> Result<Proof, Error> {
        let options = VerifyOptions {
            level,
            jobs: 2,
            identity: None,
            pg_bin_dir: Some(bin_dir(&self.server)),
            scratch: None,
            maintenance_work_mem: 64 << 20,
        };
        verify::verify(
            manifest,
            &self.repository,
            &options,
            &SystemClock,
            &Shutdown::new(),
        )
        .await
    }

    /// The file of an object of a backup.
    pub(crate) fn file(&self, manifest: &Manifest, object: &str) -> PathBuf {
        self.folder
            .path()
            .join(Repository::folder(&manifest.id))
            .join(object)
    }
}

pub(crate) async fn run_into(
    options: &RunOptions,
    repository: &Repository,
) -> Result<Manifest, Error> {
    apply::run(options, repository, Arc::new(SystemClock), &Shutdown::new()).await
}

pub(crate) fn params(server: &LocalPostgres, database: &str) -> ConnectParams {
    ConnectParams::read(&server.socket_url(database), &|_| None, None).unwrap()
}

/// The connection of another role than the superuser.
pub(crate) fn params_as(server: &LocalPostgres, role: &str, database: &str) -> ConnectParams {
    ConnectParams {
        user: role.to_owned(),
        ..params(server, database)
    }
}

pub(crate) fn bin_dir(server: &LocalPostgres) -> PathBuf {
    server.installation().bin().to_owned()
}
