//! The database that everybody reads, and its copy for the next time.

use anyhow::{Context as _, bail};
use local_postgres::{Auth, Error, Installation, LocalPostgres, fixtures};
use std::{
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};
use tracing::info;

/// The database that holds a bit of everything.
pub const MIXED: &str = "bench";
/// The database in which one table is everything.
pub const ONE_TABLE: &str = "one_table";

/// Rows at 100 percent: about 1.45 GB of tables and what they keep out of line, 1.3 GB as `COPY` text.
const PGBENCH_SCALE: u32 = 60;
const EVENTS: u32 = 600_000;
const WIDE: u32 = 250_000;
const DOCS: u32 = 8_000;

const TABLES: &str = include_str!("sql/tables.sql");
const INDEXES: &str = include_str!("sql/indexes.sql");
const ONE_TABLE_COPY: &str = include_str!("sql/one_table.sql");

/// How long a server may take to write out what it holds and stop.
const DEADLINE: Duration = Duration::from_mins(5);

/// Says, in the copy of a data folder, what it was made from.
const RECIPE: &str = "nightshift-bench.recipe";

/// Files that belong to one server and not to its data: settings, access, what its process left.
const OF_ONE_SERVER: [&str; 6] = [
    "postgresql.conf",
    "postgresql.auto.conf",
    "pg_hba.conf",
    "postmaster.pid",
    "postmaster.opts",
    RECIPE,
];

/// Which database.
#[derive(Debug, Clone, Copy)]
pub struct Dataset {
    /// Its size, in percent of the usual.
    pub percent: u32,
    /// Whether it has its indexes, and the database with one table beside it. A backup's memory depends on neither.
    pub complete: bool,
}

impl Dataset {
    /// Starts a server that holds it: from the copy in `folder`, or else by making both.
    pub fn serve(
        self,
        installation: &Installation,
        folder: &Path,
    ) -> anyhow::Result<LocalPostgres> {
        fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
        let mut server = start(installation, folder)?;
        let kept = folder.join(self.name(installation));
        let recipe = self.recipe(installation);
        server.stop()?;
        if is_kept(&kept, &recipe) {
            info!(folder = %kept.display(), "copying the database that was kept");
            replace(&server.data_folder(), &kept)?;
            server.start_again()?;
        } else {
            server.start_again()?;
            self.make(&server)?;
            server.stop()?;
            keep(&server.data_folder(), &kept, &recipe)?;
            server.start_again()?;
        }
        Ok(server)
    }

    fn name(self, installation: &Installation) -> String {
        let kind = if self.complete { "" } else { "-tables" };
        format!("pg{}-{}{kind}", installation.major(), self.percent)
    }

    fn recipe(self, installation: &Installation) -> String {
        let parts = if self.complete {
            [INDEXES, ONE_TABLE_COPY]
        } else {
            ["", ""]
        };
        format!(
            "-- PostgreSQL {}, pgbench {}\n{}{TABLES}{}",
            installation.version(),
            self.of(PGBENCH_SCALE),
            self.row_counts(),
            parts.concat()
        )
    }

    fn of(self, at_100_percent: u32) -> u32 {
        (at_100_percent * self.percent / 100).max(1)
    }

    fn row_counts(self) -> String {
        [("events", EVENTS), ("wide", WIDE), ("docs", DOCS)]
            .map(|(table, rows)| format!("\\set {table} {}\n", self.of(rows)))
            .concat()
    }

    fn make(self, server: &LocalPostgres) -> anyhow::Result<()> {
        info!(
            percent = self.percent,
            "making the database; it is kept for the next time"
        );
        fixtures::pgbench(server, MIXED, self.of(PGBENCH_SCALE))?;
        server.psql(MIXED, &(self.row_counts() + TABLES))?;
        if self.complete {
            info!("building its indexes");
            server.psql(MIXED, INDEXES)?;
        }
        // Hint bits set and statistics gathered, so that the first reader does not pay for all.
        server.psql(MIXED, "VACUUM (FREEZE, ANALYZE)")?;
        if self.complete {
            server.psql(server.superuser(), ONE_TABLE_COPY)?;
        }
        server.psql(server.superuser(), "CHECKPOINT")?;
        Ok(())
    }
}

/// Whether the copy of a data folder is whole, and made from this.
fn is_kept(kept: &Path, recipe: &str) -> bool {
    fs::read_to_string(kept.join(RECIPE)).is_ok_and(|made_from| made_from == recipe)
}

/// A server with the defaults but for a gigabyte of buffers; durable, as those that are backed up are.
fn start(installation: &Installation, folder: &Path) -> anyhow::Result<LocalPostgres> {
    let builder = LocalPostgres::builder(installation.clone())
        .auth(Auth::Trust)
        .sockets_only()
        .deadline(DEADLINE)
        .setting("shared_buffers", "1GB")
        // It would run during one contender and not during another.
        .setting("autovacuum", "off");
    match builder.clone().in_folder(folder).start() {
        // Below /root, where the server's account cannot go.
        Err(Error::Unreachable { .. }) => Ok(builder.start()?),
        started => Ok(started?),
    }
}

/// Copies the data of a stopped server to where the next bench finds them.
fn keep(data: &Path, kept: &Path, recipe: &str) -> anyhow::Result<()> {
    let unfinished = kept.with_extension("unfinished");
    for old in [&unfinished, &kept.to_path_buf()] {
        remove(old)?;
    }
    copy(&[data.as_os_str()], &unfinished)?;
    fs::write(unfinished.join(RECIPE), recipe).context("write the recipe")?;
    fs::rename(&unfinished, kept).with_context(|| format!("rename to {}", kept.display()))
}

/// Puts data that were kept into the place of a stopped server's own.
fn replace(data: &Path, kept: &Path) -> anyhow::Result<()> {
    let strangers = |folder: &Path| -> io::Result<Vec<PathBuf>> {
        let mut entries = fs::read_dir(folder)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<io::Result<Vec<_>>>()?;
        entries.retain(|path| {
            !OF_ONE_SERVER
                .iter()
                .any(|own| path.file_name() == Some(OsStr::new(own)))
        });
        Ok(entries)
    };
    for path in strangers(data).context("read the new server's data folder")? {
        remove(&path)?;
    }
    let entries = strangers(kept).context("read the data folder that was kept")?;
    let entries: Vec<_> = entries.iter().map(|path| path.as_os_str()).collect();
    copy(&entries, data)
}

fn remove(path: &Path) -> anyhow::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    };
    removed.with_context(|| format!("remove {}", path.display()))
}

/// Copies with owners and modes, which the server insists on, by reference where the file system can.
fn copy(from: &[&OsStr], to: &Path) -> anyhow::Result<()> {
    let output = Command::new("cp")
        .args(["--archive", "--reflink=auto", "--"])
        .args(from)
        .arg(to)
        .output()
        .context("run cp")?;
    if !output.status.success() {
        bail!(
            "cp failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_was_kept_is_the_one_that_was_made() {
        let folder = tempfile::tempdir().unwrap();
        let installation = Installation::for_tests(15).unwrap();
        let dataset = Dataset {
            percent: 1,
            complete: true,
        };
        let facts = |server: &LocalPostgres| {
            let identifier = server
                .psql(MIXED, "SELECT system_identifier FROM pg_control_system()")
                .unwrap();
            let rows = server
                .psql(
                    MIXED,
                    "SELECT count(*), max(md5(payload::text)) FROM events",
                )
                .unwrap();
            let one = server
                .psql(ONE_TABLE, "SELECT count(*) FROM pgbench_accounts")
                .unwrap();
            (identifier, rows, one)
        };
        let made = facts(&dataset.serve(&installation, folder.path()).unwrap());
        let kept = facts(&dataset.serve(&installation, folder.path()).unwrap());
        assert_eq!(made, kept);
        assert!(made.1.starts_with("6000|"), "{made:?}");
    }

    #[test]
    fn a_copy_that_was_made_from_something_else_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_kept(folder.path(), "SELECT 1"));
        fs::write(folder.path().join(RECIPE), "SELECT 1").unwrap();
        assert!(is_kept(folder.path(), "SELECT 1"));
        assert!(!is_kept(folder.path(), "SELECT 2"));
    }
}
