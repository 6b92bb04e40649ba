//! What the part about scaling says.

use crate::{
    measure::Usage,
    targets::{Bound, Target, to_f64},
};
use nightshift_runtime::report::{Column, Table, bytes};
use serde::Serialize;

const MIB: f64 = 1024.0 * 1024.0;

/// The fleet that the targets are for.
const FLEET: u32 = 1000;

/// Everything that was measured of scaling.
#[derive(Debug, Default, Serialize)]
pub struct Scaling {
    /// Runs of the program, in order.
    pub runs: Vec<Run>,
    /// What a schedule wants at an instant: nanoseconds to know it, the mean over the half hours of a year.
    pub desired_ns: f64,
}

/// One run over all services.
#[derive(Debug, Serialize)]
pub struct Run {
    /// How many there are.
    pub services: u32,
    /// Whether the run before has left nothing to do.
    pub quiet: bool,
    /// Calls of Google.
    pub calls: usize,
    /// How many of them were writes.
    pub writes: usize,
    /// Time and memory, from the start of the process to its end.
    #[serde(flatten)]
    pub used: Usage,
}

impl Scaling {
    fn run(&self, quiet: bool) -> Option<&Run> {
        let mut runs = self.runs.iter();
        runs.find(|run| run.services == FLEET && run.quiet == quiet)
    }

    /// What it has to reach.
    pub fn targets(&self) -> Vec<Target> {
        let quiet = self.run(true);
        let target = |what, most, value: Option<f64>| {
            let bound = Bound::AtMost(most);
            Target {
                what,
                bound,
                value,
                met: value.map(|value| bound.holds(value)),
            }
        };
        let count = |count: usize| to_f64(count as u64);
        vec![
            target(
                "scaling: 1,000 services, nothing to do, seconds",
                2.0,
                quiet.map(|run| run.used.wall),
            ),
            target(
                "scaling: 1,000 services, nothing to do, MiB",
                40.0,
                quiet.map(|run| to_f64(run.used.peak_rss) / MIB),
            ),
            target(
                "scaling: 1,000 services, nothing to do, calls",
                // One for each page of a hundred, in three regions.
                12.0,
                quiet.map(|run| count(run.calls)),
            ),
            target(
                "scaling: 1,000 services, nothing to do, writes",
                0.0,
                quiet.map(|run| count(run.writes)),
            ),
            target(
                "scaling: 1,000 services, all to do, writes",
                f64::from(FLEET),
                self.run(false).map(|run| count(run.writes)),
            ),
        ]
    }

    /// For people.
    pub fn table(&self) -> String {
        let mut table = Table::new([
            Column::number("SERVICES"),
            Column::text("RUN"),
            Column::number("CALLS"),
            Column::number("WRITES"),
            Column::number("WALL s"),
            Column::number("CPU s"),
            Column::number("PEAK RSS"),
        ]);
        for run in &self.runs {
            table.row([
                run.services.to_string(),
                if run.quiet { "nothing to do" } else { "first" }.to_owned(),
                run.calls.to_string(),
                run.writes.to_string(),
                format!("{:.2}", run.used.wall),
                format!("{:.2}", run.used.cpu),
                bytes(run.used.peak_rss),
            ]);
        }
        format!(
            "{table}\n\nWhat a schedule wants at an instant is known after {:.0} ns.\n",
            self.desired_ns
        )
    }
}
