//! What the part about rotations says.

use crate::{
    report::median,
    targets::{Bound, Target, to_f64},
};
use nightshift_runtime::report::{Column, Table};
use serde::Serialize;

/// Everything that was measured of rotations.
#[derive(Debug, Default, Serialize)]
pub struct Rotation {
    /// Calls of Google for each rotation alone, from the command to the end, the old version's retirement included.
    pub calls: Vec<u32>,
    /// From each command until readers get the new value, in seconds.
    pub to_promoted: Vec<f64>,
    /// Many at once.
    pub together: Together,
}

/// Many that are due within a minute.
#[derive(Debug, Default, Serialize)]
pub struct Together {
    /// How many.
    pub due: u64,
    /// How many came to their end.
    pub finished: u64,
    /// From the first event to the last end, in seconds.
    pub took: f64,
    /// Writes to Secret Manager in all.
    pub writes: usize,
    /// The most writes within any minute.
    pub busiest_minute: usize,
}

impl Rotation {
    fn most_calls(&self) -> Option<f64> {
        self.calls.iter().max().map(|most| f64::from(*most))
    }

    /// What it has to reach.
    pub fn targets(&self) -> Vec<Target> {
        let Together {
            due,
            finished,
            busiest_minute,
            ..
        } = self.together;
        let target = |what, bound: Bound, value: Option<f64>| Target {
            what,
            bound,
            value,
            met: value.map(|value| bound.holds(value)),
        };
        vec![
            target(
                "rotation: calls of Google, the most of any",
                Bound::AtMost(14.0),
                self.most_calls(),
            ),
            target(
                "rotation: of those due in one minute, finished",
                Bound::AtLeast(to_f64(due)),
                Some(to_f64(finished)),
            ),
            target(
                "rotation: writes in the busiest minute",
                Bound::AtMost(600.0),
                Some(to_f64(busiest_minute as u64)),
            ),
        ]
    }

    /// For people.
    pub fn table(&self) -> String {
        let mut table = Table::new([Column::text("ROTATION"), Column::number("MEASURED")]);
        for (what, measured) in self.alone().into_iter().chain(self.together.rows()) {
            table.row([what.to_owned(), measured]);
        }
        table.to_string()
    }

    fn alone(&self) -> Vec<(&'static str, String)> {
        let calls = |calls: Option<f64>| shown(calls.map(|calls| format!("{calls:.0}")));
        let seconds =
            |seconds: Option<f64>| shown(seconds.map(|seconds| format!("{:.1} ms", seconds * 1e3)));
        let slowest = self.to_promoted.iter().copied().max_by(f64::total_cmp);
        vec![
            (
                "alone: rotations of a PostgreSQL with two accounts",
                self.calls.len().to_string(),
            ),
            (
                "alone: calls of Google, median",
                calls(median(self.calls.iter().map(|calls| f64::from(*calls)))),
            ),
            ("alone: calls of Google, most", calls(self.most_calls())),
            (
                "alone: from the command to published, median",
                seconds(median(self.to_promoted.iter().copied())),
            ),
            (
                "alone: from the command to published, slowest",
                seconds(slowest),
            ),
        ]
    }
}

impl Together {
    fn rows(&self) -> Vec<(&'static str, String)> {
        vec![
            ("at once: due in one minute", self.due.to_string()),
            ("at once: finished", self.finished.to_string()),
            (
                "at once: from the first event to the last end",
                format!("{:.1} s", self.took),
            ),
            ("at once: writes", self.writes.to_string()),
            (
                "at once: writes in the busiest minute",
                self.busiest_minute.to_string(),
            ),
        ]
    }
}

/// What was not measured is not zero.
fn shown(measured: Option<String>) -> String {
    measured.unwrap_or_else(|| "–".to_owned())
}
