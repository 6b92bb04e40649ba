//! Runs the contenders turn by turn.

use crate::{
    budget,
    cli::{Choices, Part},
    contenders::{self, Backup, Restore},
    cpu::Reading,
    dataset::{self, Dataset},
    events, measure,
    report::{Machine, Report, Run},
    rotation, scaling,
    tools::Tools,
};
use anyhow::{Context as _, ensure};
use local_postgres::LocalPostgres;
use nightshift_runtime::{Shutdown, report::bytes};
use std::{
    fs,
    path::{Path, PathBuf},
};
use tempfile::TempDir;
use tracing::{info, warn};

/// How many times the data the second run of [`Part::Memory`] reads.
pub const MORE_DATA: u32 = 3;

/// The database that restores fill.
const RESTORED: &str = "restored";

/// How many rows the tables have, so that a restore that did nothing is not the fastest.
const ROWS: &str = "SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM wide), (SELECT count(*) FROM docs), \
    (SELECT count(*) FROM pgbench_accounts)";

/// Runs what was asked for.
pub fn run(
    choices: &Choices,
    shutdown: &Shutdown,
    runtime: &tokio::runtime::Handle,
) -> anyhow::Result<Report> {
    let asked = |part: &Part| choices.runs(*part);
    let databases = Part::ALL.iter().filter(|part| part.is_of_databases());
    let (server, runs) = if databases.clone().any(asked) {
        of_databases(choices, shutdown)?
    } else {
        (None, Vec::new())
    };
    let events = if choices.runs(Part::Events) {
        Some(events::run(choices, shutdown, runtime)?)
    } else {
        None
    };
    let rotation = if choices.runs(Part::Rotation) {
        Some(rotation::run(shutdown, runtime)?)
    } else {
        None
    };
    let scaling = if choices.runs(Part::Scaling) {
        Some(scaling::run(shutdown, runtime)?)
    } else {
        None
    };
    let budget = if choices.runs(Part::Budget) {
        Some(budget::run(shutdown, runtime)?)
    } else {
        None
    };
    let machine = Machine::this(server)?;
    let report = Report::new(machine, choices.percent, runs);
    Ok(report.with(events, rotation, scaling, budget))
}

/// The parts that need a server of PostgreSQL, and its version.
fn of_databases(
    choices: &Choices,
    shutdown: &Shutdown,
) -> anyhow::Result<(Option<String>, Vec<Run>)> {
    let tools = Tools::find(choices)?;
    let mut runs = Vec::new();
    let bench = |percent, complete| {
        let dataset = Dataset { percent, complete };
        Bench::open(choices, shutdown, &tools, dataset)
    };
    let usual = bench(choices.percent, true)?;
    let parts = Part::ALL.into_iter().filter(|part| choices.runs(*part));
    for part in parts {
        usual.part(part, &mut runs)?;
    }
    drop(usual);
    if choices.runs(Part::Memory) {
        bench(choices.percent * MORE_DATA, false)?.part(Part::Memory, &mut runs)?;
    }
    Ok((Some(tools.installation.version().to_string()), runs))
}

/// A server with a database to read, and a place to write to.
struct Bench<'a> {
    choices: &'a Choices,
    shutdown: &'a Shutdown,
    tools: &'a Tools,
    percent: u32,
    server: LocalPostgres,
    out: TempDir,
}

impl<'a> Bench<'a> {
    fn open(
        choices: &'a Choices,
        shutdown: &'a Shutdown,
        tools: &'a Tools,
        dataset: Dataset,
    ) -> anyhow::Result<Self> {
        let server = dataset.serve(&tools.installation, &tools.folder)?;
        // The page cache and the server's buffers are the same for the first contender and the last.
        let warming = server
            .client("pg_dump", dataset::MIXED)?
            .args(["-f", "/dev/null"])
            .status();
        ensure!(
            warming.context("run pg_dump")?.success(),
            "pg_dump failed; its message is above"
        );
        Ok(Self {
            choices,
            shutdown,
            tools,
            percent: dataset.percent,
            server,
            out: out_folder(&tools.folder)?,
        })
    }

    fn part(&self, part: Part, runs: &mut Vec<Run>) -> anyhow::Result<()> {
        match part {
            Part::Backup => self.backups(part, dataset::MIXED, &contenders::BACKUP, runs),
            Part::OneTable => self.backups(part, dataset::ONE_TABLE, &contenders::ONE_TABLE, runs),
            Part::Restore => self.restores(runs),
            Part::Memory => {
                runs.push(self.backup(part, dataset::MIXED, contenders::OURS_WITH_FOUR, 1)?);
                Ok(())
            }
            Part::Events | Part::Rotation | Part::Scaling | Part::Budget => Ok(()),
        }
    }

    /// Every contender in turn, as often as asked.
    fn backups(
        &self,
        part: Part,
        database: &str,
        contenders: &[Backup],
        runs: &mut Vec<Run>,
    ) -> anyhow::Result<()> {
        for round in 1..=self.choices.rounds {
            for contender in contenders
                .iter()
                .filter(|contender| self.takes_part(contender.name, contender.script))
            {
                runs.push(self.backup(part, database, *contender, round)?);
            }
        }
        Ok(())
    }

    fn backup(
        &self,
        part: Part,
        database: &str,
        contender: Backup,
        round: u32,
    ) -> anyhow::Result<Run> {
        let out = self.empty_folder("backup")?;
        let run = self.measure(
            part,
            round,
            contender.name,
            contender.script,
            database,
            &out,
        )?;
        let stored = stored_bytes(&out)?;
        ensure!(stored > 0, "{} stored nothing", contender.name);
        fs::remove_dir_all(&out)?;
        let run = Run {
            stored: Some(stored),
            ..run
        };
        tell(&run, self.choices.rounds);
        Ok(run)
    }

    fn restores(&self, runs: &mut Vec<Run>) -> anyhow::Result<()> {
        let contenders: Vec<_> = contenders::RESTORE
            .into_iter()
            .filter(|contender| self.takes_part(contender.name, contender.script))
            .collect();
        for contender in &contenders {
            let out = self.out.path().join(contender.source.name);
            if !out.exists() {
                info!(by = contender.source.name, "making the backup to restore");
                fs::create_dir(&out).context("create a folder to back up to")?;
                let environment = self.environment(dataset::MIXED, &out);
                measure::of(contender.source.script, &environment)?;
            }
        }
        for round in 1..=self.choices.rounds {
            for contender in &contenders {
                runs.push(self.restore(*contender, round)?);
            }
        }
        Ok(())
    }

    fn restore(&self, contender: Restore, round: u32) -> anyhow::Result<Run> {
        let out = self.out.path().join(contender.source.name);
        self.server.create_database(RESTORED)?;
        let (name, script) = (contender.name, contender.script);
        let run = self.measure(Part::Restore, round, name, script, dataset::MIXED, &out)?;
        let (wanted, found) = (
            self.server.psql(dataset::MIXED, ROWS)?,
            self.server.psql(RESTORED, ROWS)?,
        );
        ensure!(
            wanted == found,
            "{name} restored {found} rows instead of {wanted}"
        );
        self.server.drop_database(RESTORED)?;
        tell(&run, self.choices.rounds);
        Ok(run)
    }

    /// Runs one contender between two readings of the server's processor time.
    fn measure(
        &self,
        part: Part,
        round: u32,
        name: &str,
        script: &str,
        database: &str,
        out: &Path,
    ) -> anyhow::Result<Run> {
        ensure!(!self.shutdown.requested(), "stopped on request");
        // Nobody writes out what another one changed.
        self.server.psql(self.server.superuser(), "CHECKPOINT")?;
        let pid = self.server.process_id().context("the server has ended")?;
        let before = Reading::now(pid)?;
        let used = measure::of(script, &self.environment(database, out))
            .with_context(|| format!("measure {name}"))?;
        let spent = before.spent(pid)?;
        Ok(Run {
            part,
            contender: name.to_owned(),
            percent: self.percent,
            round,
            wall: used.wall,
            client_cpu: used.cpu,
            server_cpu: spent.server,
            others: ((spent.machine - spent.server - used.cpu) / used.wall).max(0.0),
            peak_rss: used.peak_rss,
            stored: None,
        })
    }

    /// What the scripts of the contenders find in their environment.
    fn environment(&self, database: &str, out: &Path) -> Vec<(&'static str, String)> {
        let path = |path: &Path| path.display().to_string();
        let zstd_bin = self.tools.zstd_bin.as_deref().unwrap_or(Path::new(""));
        vec![
            ("PGHOST", path(self.server.socket_folder())),
            ("PGPORT", self.server.port().to_string()),
            ("PGUSER", self.server.superuser().to_owned()),
            ("PGDATABASE", database.to_owned()),
            ("OUT", path(out)),
            ("PG_BIN", path(self.tools.installation.bin())),
            ("ZSTD_PG_BIN", path(zstd_bin)),
            ("BACKUP", path(&self.tools.backup)),
            ("RESTORED", RESTORED.to_owned()),
        ]
    }

    fn takes_part(&self, name: &str, script: &str) -> bool {
        let possible = !script.contains("ZSTD_PG_BIN") || self.tools.zstd_bin.is_some();
        possible && self.choices.runs_contender(name)
    }

    fn empty_folder(&self, name: &str) -> anyhow::Result<PathBuf> {
        let folder = self.out.path().join(name);
        fs::create_dir(&folder).with_context(|| format!("create {}", folder.display()))?;
        Ok(folder)
    }
}

/// A folder in memory, so that no disk decides; on the disk where there is no such folder.
fn out_folder(otherwise: &Path) -> anyhow::Result<TempDir> {
    const PREFIX: &str = "nightshift-bench-";
    tempfile::Builder::new()
        .prefix(PREFIX)
        .tempdir_in("/dev/shm")
        .or_else(|_| {
            tempfile::Builder::new()
                .prefix(PREFIX)
                .tempdir_in(otherwise)
        })
        .context("create a folder to back up to")
}

/// The length of all files in a folder.
fn stored_bytes(folder: &Path) -> anyhow::Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        sum += if metadata.is_dir() {
            stored_bytes(&entry.path())?
        } else {
            metadata.len()
        };
    }
    Ok(sum)
}

/// One line per run, for who waits.
fn tell(run: &Run, rounds: u32) {
    /// Cores used by others from which on a run says little.
    const NOISE: f64 = 0.2;
    let title = run.part.title();
    let wall = format!("{:.2} s", run.wall);
    let rss = bytes(run.peak_rss);
    let name = &run.contender;
    if run.others > NOISE {
        let others = format!("{:.1} cores", run.others);
        warn!(
            round = run.round,
            rounds, wall, rss, others, "{title}: {name} (the machine was busy)"
        );
    } else {
        info!(round = run.round, rounds, wall, rss, "{title}: {name}");
    }
}
