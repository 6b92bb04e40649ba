//! Where the story is played: a throw-away server, a folder for backups, and the programs.

use super::{
    Options,
    children::{Children, succeeded},
};
use crate::{Error, programs, screen::Screen};
use local_postgres::{Installation, LocalPostgres};
use nightshift_runtime::Shutdown;
use serde::de::DeserializeOwned;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::process::Command;

/// Everything the acts use, and everything that has to go in the end.
#[derive(Debug)]
pub(super) struct Stage {
    // Dropped in this order.
    server: LocalPostgres,
    folder: TempDir,
    backups: PathBuf,
    kept: bool,
    backup: PathBuf,
    /// Size of the shop.
    pub(super) scale: u32,
    /// Where the story is told.
    pub(super) screen: Screen,
    /// What runs the programs.
    pub(super) children: Children,
}

/// What was taken away in the end.
#[derive(Debug)]
pub(super) struct Struck {
    /// The server's process, which is gone.
    pub(super) server: Option<u32>,
    /// The folder, which is gone.
    pub(super) folder: PathBuf,
    /// The backups, where they were to stay.
    pub(super) kept: Option<PathBuf>,
}

impl Stage {
    /// Finds the programs, makes the folders, starts the server.
    pub(super) async fn set(
        options: &Options,
        screen: Screen,
        shutdown: &Shutdown,
    ) -> Result<Self, Error> {
        let backup = programs::find(
            "backup",
            options.backup_program.as_deref(),
            "--backup-program",
        )?;
        let folder = tempfile::Builder::new()
            .prefix("nightshift-demo-")
            .tempdir()
            .map_err(|source| Error::io("make a temporary folder", source))?;
        let backups = match &options.keep {
            Some(kept) => empty_folder(kept)?,
            None => empty_folder(&folder.path().join("backups"))?,
        };
        let children = Children::new(shutdown);
        let companion = folder.path().to_path_buf();
        let started = tokio::task::spawn_blocking(move || start_server(companion)).await;
        let server = match started {
            Ok(Ok(server)) => server,
            Ok(Err(error)) => return Err(children.or_interrupted(error.into()).await),
            Err(panic) => return Err(Error::io("start PostgreSQL", panic.into())),
        };
        Ok(Self {
            server,
            folder,
            backups,
            kept: options.keep.is_some(),
            backup,
            scale: options.scale,
            screen,
            children,
        })
    }

    /// The server's version, such as `15.18`.
    pub(super) fn version(&self) -> String {
        self.server.installation().version().to_string()
    }

    /// The address of a database. It has no password in it.
    pub(super) fn url(&self, database: &str) -> String {
        self.server.url(database)
    }

    /// The address of the backups, as `backup` takes it.
    pub(super) fn target(&self) -> String {
        format!("file://{}", self.backups.display())
    }

    /// The folder of the backups.
    pub(super) fn backups(&self) -> &Path {
        &self.backups
    }

    /// A file of the demo's own, that goes with it.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Shows a command of `backup`, lets it speak for itself, and says how it ended and how long it took.
    pub(super) async fn show(&self, arguments: &[&str]) -> Result<(Output, Duration), Error> {
        let shown = typed(arguments);
        self.screen.command(&shown)?;
        let mut command = self.command(arguments);
        if self.screen.is_quiet() {
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
        }
        let began = Instant::now();
        let output = self.children.run(&mut command, &shown).await?;
        Ok((output, began.elapsed()))
    }

    /// [`show`](Self::show) of a command that has to succeed.
    pub(super) async fn backup(&self, arguments: &[&str]) -> Result<Duration, Error> {
        let (output, took) = self.show(arguments).await?;
        succeeded(output, &typed(arguments))?;
        Ok(took)
    }

    /// Asks `backup` for facts, behind the scenes.
    pub(super) async fn ask<T: DeserializeOwned>(&self, arguments: &[&str]) -> Result<T, Error> {
        let shown = typed(arguments);
        let mut command = self.command(arguments);
        command
            .args(["--output", "json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let output = succeeded(self.children.run(&mut command, &shown).await?, &shown)?;
        serde_json::from_slice(&output.stdout).map_err(|source| Error::Unreadable {
            command: shown,
            source,
        })
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = programs::command(&self.backup);
        command
            .args(arguments)
            .current_dir(self.folder.path())
            // The tables and the progress bars are the story; what else it tells, it tells elsewhere.
            .env("NIGHTSHIFT_LOG_LEVEL", "warn")
            // The server's own `pg_dump` first.
            .env(
                "PATH",
                programs::path_from(self.server.installation().bin()),
            );
        if let Some(file) = self.server.password_file() {
            command.env("PGPASSFILE", file);
        }
        command
    }

    /// Runs SQL in `psql` and returns what it prints: rows as lines, columns parted by `|`.
    pub(super) async fn sql(&self, database: &str, sql: &str) -> Result<String, Error> {
        let mut command = self.client("psql", database)?;
        command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]);
        command.args(["-v", &format!("scale={}", self.scale), "-f", "-"]);
        let fed = self.children.feed(&mut command, "psql", sql).await?;
        let output = succeeded(fed, "psql")?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// One of PostgreSQL's own clients, connected by its environment.
    pub(super) fn client(&self, name: &str, database: &str) -> Result<Command, Error> {
        Ok(self.server.client(name, database)?.into())
    }

    /// Stops the server, removes the folder, and looks whether they are gone.
    pub(super) async fn strike(self) -> Result<Struck, Error> {
        let struck = Struck {
            server: self.server.process_id(),
            folder: self.folder.path().to_path_buf(),
            kept: self.kept.then(|| self.backups.clone()),
        };
        let data = self.server.data_folder();
        let (server, folder) = (self.server, self.folder);
        let removed = tokio::task::spawn_blocking(move || {
            drop(server);
            folder.close()
        });
        let removed = removed.await.unwrap_or_else(|panic| Err(panic.into()));
        removed
            .map_err(|source| Error::io(format!("remove {}", struck.folder.display()), source))?;
        if data.exists() {
            return Err(Error::Unproven(format!(
                "{} is still there",
                data.display()
            )));
        }
        Ok(struck)
    }
}

fn start_server(companion: PathBuf) -> Result<LocalPostgres, local_postgres::Error> {
    LocalPostgres::builder(Installation::newest()?)
        .without_durability()
        .setting("shared_buffers", "256MB")
        .setting("max_wal_size", "4GB")
        // Nothing but the commands shall take time.
        .setting("autovacuum", "off")
        .removed_when_killed(companion)
        .start()
}

/// Makes a folder, or takes one with nothing in it.
fn empty_folder(folder: &Path) -> Result<PathBuf, Error> {
    let failed = |doing: &str| {
        let doing = format!("{doing} {}", folder.display());
        move |source| Error::io(doing, source)
    };
    fs::create_dir_all(folder).map_err(failed("make the folder"))?;
    let mut content = fs::read_dir(folder).map_err(failed("look into"))?;
    if content.next().is_some() {
        return Err(Error::Used(folder.to_path_buf()));
    }
    fs::canonicalize(folder).map_err(failed("find"))
}

/// A command as a person would type it.
fn typed(arguments: &[&str]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@=,%+".contains(c);
    let words = arguments.iter().map(|word| {
        if word.chars().all(plain) {
            (*word).to_owned()
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    });
    format!("backup {}", words.collect::<Vec<_>>().join(" "))
}
