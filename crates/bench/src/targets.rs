//! What `backup` has to reach, as ratios within one run; what events have to reach is in [`crate::events::report`].

use crate::{
    cli::Part,
    contenders::{
        Backup, DIRECTORY, GZIP, NEWEST, OUR_RESTORE, OURS, OURS_WITH_FOUR, PG_RESTORE, PSQL, ZSTD,
    },
    report::{Machine, Run, median},
    suite::MORE_DATA,
};
use serde::Serialize;

/// On this many cores the targets were set: one for the server, one for the client.
const CORES: usize = 2;

const MIB: f64 = 1024.0 * 1024.0;

/// A figure and the bound it is held against.
#[derive(Debug, Clone, Serialize)]
pub struct Target {
    /// The figure, for people.
    pub what: &'static str,
    /// What it should be.
    pub bound: Bound,
    /// What was measured; `None` when something that it needs did not run.
    pub value: Option<f64>,
    /// Whether it is within the bound; `None` too where the bound was not meant for this run.
    pub met: Option<bool>,
}

/// On which side of what a figure should be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bound {
    /// This much or more.
    AtLeast(f64),
    /// This much or less.
    AtMost(f64),
}

impl Bound {
    /// Whether a value is on that side.
    pub fn holds(self, value: f64) -> bool {
        match self {
            Self::AtLeast(least) => value >= least,
            Self::AtMost(most) => value <= most,
        }
    }
}

/// Every target, with what these runs say of it.
pub fn judge(runs: &[Run], machine: &Machine, percent: u32) -> Vec<Target> {
    let judge = Judge { runs, percent };
    [
        judge.speed(),
        judge.thrift(machine),
        judge.memory(),
        judge.restores(),
    ]
    .concat()
}

struct Judge<'a> {
    runs: &'a [Run],
    percent: u32,
}

impl<'a> Judge<'a> {
    fn speed(&self) -> Vec<Target> {
        let wall = |part, name| self.of(part, name).wall();
        let ours = wall(Part::Backup, OURS.name);
        let peers = [
            ("pg_dump | gzip ÷ ours", 6.5, GZIP),
            ("pg_dump -Fd -j2 ÷ ours", 3.8, DIRECTORY),
            ("pg_dump | zstd -1 -T2 ÷ ours", 1.35, ZSTD),
            ("pg_dump 18 -Fd -j2 zstd:1 ÷ ours", 1.1, NEWEST),
        ];
        let faster = |(what, least, peer): (&'static str, f64, Backup)| {
            let times = ratio(wall(Part::Backup, peer.name), ours);
            self.target(what, Bound::AtLeast(least), times)
        };
        let mut targets: Vec<Target> = peers.into_iter().map(faster).collect();
        targets.push(self.target(
            "the same where one table dominates",
            Bound::AtLeast(1.4),
            ratio(
                wall(Part::OneTable, NEWEST.name),
                wall(Part::OneTable, OURS.name),
            ),
        ));
        targets
    }

    /// What is stored, and whether a core ever waits for the other.
    fn thrift(&self, machine: &Machine) -> Vec<Target> {
        let ours = self.of(Part::Backup, OURS.name);
        let gzip = self.of(Part::Backup, GZIP.name);
        let idle = ours.median(|run| run.wall / f64::midpoint(run.server_cpu, run.client_cpu));
        let mut waiting = self.target(
            "wall ÷ half of (server CPU + client CPU)",
            Bound::AtMost(1.06),
            idle,
        );
        waiting.met = waiting.met.filter(|_| machine.cores == CORES);
        vec![
            self.target(
                "bytes stored, ours ÷ pg_dump | gzip",
                Bound::AtMost(1.0),
                ratio(ours.stored(), gzip.stored()),
            ),
            waiting,
        ]
    }

    fn memory(&self) -> Vec<Target> {
        let peak = |percent| {
            let runs = self.of(Part::Memory, OURS_WITH_FOUR.name).only(percent);
            runs.median(|run| to_f64(run.peak_rss))
        };
        let once = peak(self.percent);
        vec![
            self.target(
                "peak RSS at 4 workers, MiB",
                Bound::AtMost(64.0),
                once.map(|rss| rss / MIB),
            ),
            self.target(
                "peak RSS at three times the data ÷ at once",
                Bound::AtMost(1.1),
                ratio(peak(self.percent * MORE_DATA), once),
            ),
        ]
    }

    fn restores(&self) -> Vec<Target> {
        let wall = |name| self.of(Part::Restore, name).wall();
        let ours = wall(OUR_RESTORE.name);
        vec![
            self.target(
                "gunzip | psql ÷ our restore",
                Bound::AtLeast(1.5),
                ratio(wall(PSQL.name), ours),
            ),
            self.target(
                "pg_restore -j2 ÷ our restore",
                Bound::AtLeast(1.05),
                ratio(wall(PG_RESTORE.name), ours),
            ),
        ]
    }

    fn of(&self, part: Part, name: &str) -> Selected<'a> {
        Selected::new(self.runs, part, name)
    }

    /// The bounds are meant for the usual size.
    fn target(&self, what: &'static str, bound: Bound, value: Option<f64>) -> Target {
        let meant = value.filter(|_| self.percent == 100);
        Target {
            what,
            bound,
            value,
            met: meant.map(|value| bound.holds(value)),
        }
    }
}

/// One figure as so many of another.
pub fn ratio(above: Option<f64>, below: Option<f64>) -> Option<f64> {
    Some(above? / below?)
}

/// For ratios.
#[expect(
    clippy::cast_precision_loss,
    reason = "bytes of a backup, or of memory, are exact in a double"
)]
pub fn to_f64(bytes: u64) -> f64 {
    bytes as f64
}

/// The runs of one contender in one part.
struct Selected<'a>(Vec<&'a Run>);

impl<'a> Selected<'a> {
    fn new(runs: &'a [Run], part: Part, name: &str) -> Self {
        Self(
            runs.iter()
                .filter(|run| run.part == part && run.contender == name)
                .collect(),
        )
    }

    fn only(mut self, percent: u32) -> Self {
        self.0.retain(|run| run.percent == percent);
        self
    }

    fn median(&self, figure: impl Fn(&Run) -> f64) -> Option<f64> {
        median(self.0.iter().map(|run| figure(run)))
    }

    fn wall(&self) -> Option<f64> {
        self.median(|run| run.wall)
    }

    fn stored(&self) -> Option<f64> {
        median(self.0.iter().filter_map(|run| run.stored).map(to_f64))
    }
}
