//! The programs that are compared, and where they are.

use crate::cli::Choices;
use anyhow::{Context as _, ensure};
use local_postgres::{Installation, Search};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};
use tracing::warn;

/// The release of the server: Debian 12's.
const MAJOR: u32 = 15;

/// Everything that has to be there.
#[derive(Debug)]
pub struct Tools {
    /// The server, and its own clients.
    pub installation: Installation,
    /// The folder of newer clients that compress with zstd.
    pub zstd_bin: Option<PathBuf>,
    /// Our program.
    pub backup: PathBuf,
    /// Where databases are kept.
    pub folder: PathBuf,
}

impl Tools {
    /// Looks for them; only the newer clients may be missing.
    pub fn find(choices: &Choices) -> anyhow::Result<Self> {
        let program = env::current_exe().context("find this program")?;
        let beside = program.parent().context("find this program's folder")?;
        let backup = match &choices.backup_program {
            Some(named) => named.clone(),
            None => beside.join("backup"),
        };
        ensure!(
            backup.is_file(),
            "no program {}; build it with `cargo build --release -p backup`, or name it with --backup-program",
            backup.display()
        );
        // target/release/bench, and target/bench beside it.
        let target = beside.parent().unwrap_or(beside);
        let zstd_bin = zstd_client(target);
        if zstd_bin.is_none() {
            warn!(
                "no pg_dump of PostgreSQL 18 with zstd: `scripts/setup bench` installs one; it is left out"
            );
        }
        Ok(Self {
            installation: Installation::find(MAJOR)?,
            zstd_bin,
            backup: backup.canonicalize().context("find backup's real path")?,
            folder: choices
                .folder
                .clone()
                .unwrap_or_else(|| target.join("bench")),
        })
    }
}

/// The folder of a `pg_dump` of PostgreSQL 18 that was built with zstd: what `scripts/setup bench` unpacked, or any other.
fn zstd_client(target: &Path) -> Option<PathBuf> {
    let unpacked = fs::read_dir(target.join("pg18-zstd/.pg0/installation"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin"));
    let installed = Search::new().all();
    unpacked
        .chain(installed.iter().map(|found| found.bin().to_path_buf()))
        .find(|bin| knows_zstd(&bin.join("pg_dump")))
}

/// Whether this is a `pg_dump` of 18 that takes zstd: it says no to that before it looks for a server.
fn knows_zstd(pg_dump: &Path) -> bool {
    let answers = |arguments: &[&str]| Command::new(pg_dump).args(arguments).output().ok();
    let is_18 = answers(&["--version"])
        .is_some_and(|output| String::from_utf8_lossy(&output.stdout).contains("(PostgreSQL) 18"));
    is_18
        && answers(&[
            "-Fd",
            "-f",
            "/dev/null",
            "--compress=zstd:1",
            "host=/nonexistent",
        ])
        .is_some_and(|output| !String::from_utf8_lossy(&output.stderr).contains("compression"))
}
