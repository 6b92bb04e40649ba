//! What `backup` has to reach, as ratios within one run.

use crate::{
    cli::Part,
    contenders::{
        DIRECTORY, GZIP, NEWEST, OUR_RESTORE, OURS, OURS_WITH_FOUR, PG_RESTORE, PSQL, ZSTD,
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
    fn holds(self, value: f64) -> bool {
        match self {
            Self::AtLeast(least) => value >= least,
            Self::AtMost(most) => value <= most,
        }
    }
}

/// Every target, with what these runs say of it.
pub fn judge(runs: &[Run], machine: &Machine, percent: u32) -> Vec<Target> {
    let of = |part, name| Selected::new(runs, part, name);
    let backup = |name| of(Part::Backup, name);
    let restore = |name| of(Part::Restore, name);
    let ours = backup(OURS.name);
    let memory = |percent| {
        of(Part::Memory, OURS_WITH_FOUR.name)
            .only(percent)
            .median(|run| to_f64(run.peak_rss))
    };
    let meant = percent == 100;
    let target = |what, bound: Bound, value: Option<f64>, meant: bool| Target {
        what,
        bound,
        value,
        met: value.filter(|_| meant).map(|value| bound.holds(value)),
    };
    let faster = |what, least, peer: Option<f64>, ours: Option<f64>| {
        target(what, Bound::AtLeast(least), ratio(peer, ours), meant)
    };
    vec![
        faster(
            "pg_dump | gzip ÷ ours",
            6.5,
            backup(GZIP.name).wall(),
            ours.wall(),
        ),
        target(
            "bytes stored, ours ÷ pg_dump | gzip",
            Bound::AtMost(1.0),
            ratio(ours.stored(), backup(GZIP.name).stored()),
            meant,
        ),
        faster(
            "pg_dump -Fd -j2 ÷ ours",
            3.8,
            backup(DIRECTORY.name).wall(),
            ours.wall(),
        ),
        faster(
            "pg_dump | zstd -1 -T2 ÷ ours",
            1.35,
            backup(ZSTD.name).wall(),
            ours.wall(),
        ),
        faster(
            "pg_dump 18 -Fd -j2 zstd:1 ÷ ours",
            1.1,
            backup(NEWEST.name).wall(),
            ours.wall(),
        ),
        faster(
            "the same where one table dominates",
            1.4,
            of(Part::OneTable, NEWEST.name).wall(),
            of(Part::OneTable, OURS.name).wall(),
        ),
        target(
            "wall ÷ half of (server CPU + client CPU)",
            Bound::AtMost(1.06),
            ours.median(|run| run.wall / f64::midpoint(run.server_cpu, run.client_cpu)),
            meant && machine.cores == CORES,
        ),
        target(
            "peak RSS at 4 workers, MiB",
            Bound::AtMost(64.0),
            memory(percent).map(|rss| rss / MIB),
            meant,
        ),
        target(
            "peak RSS at three times the data ÷ at once",
            Bound::AtMost(1.1),
            ratio(memory(percent * MORE_DATA), memory(percent)),
            meant,
        ),
        faster(
            "gunzip | psql ÷ our restore",
            1.5,
            restore(PSQL.name).wall(),
            restore(OUR_RESTORE.name).wall(),
        ),
        faster(
            "pg_restore -j2 ÷ our restore",
            1.05,
            restore(PG_RESTORE.name).wall(),
            restore(OUR_RESTORE.name).wall(),
        ),
    ]
}

fn ratio(above: Option<f64>, below: Option<f64>) -> Option<f64> {
    Some(above? / below?)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "bytes of a backup are exact in a double"
)]
fn to_f64(bytes: u64) -> f64 {
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
