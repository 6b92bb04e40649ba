//! What the part about budget messages says.

use crate::targets::{Bound, Target, to_f64};
use nightshift_runtime::report::{Column, Table};
use serde::Serialize;

/// Everything that was measured of budget messages.
#[derive(Debug, Default, Serialize)]
pub struct Budget {
    /// A month's messages through `simulate`, in a second: reading, judging and what becomes of it.
    pub simulated: f64,
    /// A message when nothing is in force.
    pub quiet: Message,
    /// A message while something is stopped.
    pub stopped: Message,
    /// Many budgets, and two instances.
    pub many: Many,
}

/// What a message costs that changes nothing.
#[derive(Debug, Default, Clone, Copy, Serialize)]
pub struct Message {
    /// Calls of Google.
    pub calls: f64,
    /// Writes besides the one of the guard's own memory.
    pub writes: f64,
    /// Processor time of the program, in seconds.
    pub cpu: f64,
}

/// Every budget climbs its whole ladder.
#[derive(Debug, Default, Serialize)]
pub struct Many {
    /// How many there are.
    pub budgets: u64,
    /// How many messages were sent, those that came twice counted once.
    pub messages: u64,
    /// How many of them were taken.
    pub taken: u64,
    /// How many deliveries there were, with those that came twice or were sent again.
    pub deliveries: u64,
    /// Steps that were to fire.
    pub expected: u64,
    /// Steps that fired.
    pub fired: u64,
    /// Steps that fired more than once.
    pub twice: u64,
    /// Services that were to be stopped, and are.
    pub stopped: u64,
    /// From the first message to the last answer, in seconds.
    pub took: f64,
}

impl Budget {
    /// What it has to reach.
    pub fn targets(&self) -> Vec<Target> {
        let Many {
            messages,
            taken,
            expected,
            fired,
            twice,
            budgets,
            stopped,
            ..
        } = self.many;
        let target = |what, bound: Bound, value: f64| Target {
            what,
            bound,
            value: Some(value),
            met: Some(bound.holds(value)),
        };
        let all =
            |what, all: u64, found: u64| target(what, Bound::AtLeast(to_f64(all)), to_f64(found));
        vec![
            all("budget: messages taken by two instances", messages, taken),
            all("budget: steps that fired", expected, fired),
            target(
                "budget: steps that fired twice",
                Bound::AtMost(0.0),
                to_f64(twice),
            ),
            all("budget: services stopped", budgets, stopped),
            target(
                "budget: writes besides its memory when nothing changes",
                Bound::AtMost(0.0),
                self.quiet.writes.max(self.stopped.writes),
            ),
        ]
    }

    /// For people.
    pub fn table(&self) -> String {
        let mut table = Table::new([Column::text("BUDGET"), Column::number("MEASURED")]);
        table.row([
            "simulate: messages in a second".to_owned(),
            format!("{:.0}", self.simulated),
        ]);
        for (when, message) in [("nothing in force", self.quiet), ("stopped", self.stopped)] {
            let rows = [
                ("calls of Google", format!("{:.1}", message.calls)),
                (
                    "writes besides its memory",
                    format!("{:.1}", message.writes),
                ),
                ("processor time", format!("{:.2} ms", message.cpu * 1e3)),
            ];
            for (what, measured) in rows {
                table.row([format!("a message, {when}: {what}"), measured]);
            }
        }
        for (what, measured) in self.many.rows() {
            table.row([what.to_owned(), measured]);
        }
        table.to_string()
    }
}

impl Many {
    fn rows(&self) -> Vec<(&'static str, String)> {
        vec![
            ("two instances: budgets", self.budgets.to_string()),
            ("two instances: messages", self.messages.to_string()),
            ("two instances: taken", self.taken.to_string()),
            ("two instances: deliveries", self.deliveries.to_string()),
            (
                "two instances: steps fired of those to fire",
                format!("{} of {}", self.fired, self.expected),
            ),
            ("two instances: steps fired twice", self.twice.to_string()),
            ("two instances: services stopped", self.stopped.to_string()),
            (
                "two instances: messages in a second",
                format!("{:.0}", to_f64(self.taken) / self.took),
            ),
        ]
    }
}
