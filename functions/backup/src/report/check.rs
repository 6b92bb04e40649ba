//! What `check` says.

use super::remarks;
use crate::check::{Check, Outcome};
use nightshift_runtime::{
    Report,
    report::{Column, Table},
};
use serde::Serialize;

/// Everything that was looked at.
#[derive(Debug, Serialize)]
pub struct Checked {
    ready: bool,
    checks: Vec<Check>,
}

impl Checked {
    /// Describes `checks`.
    pub fn new(checks: Vec<Check>) -> Self {
        Self {
            ready: checks.iter().all(|check| check.outcome != Outcome::Fail),
            checks,
        }
    }

    /// What makes a backup fail.
    pub fn failures(&self) -> impl Iterator<Item = &Check> {
        self.checks
            .iter()
            .filter(|check| check.outcome == Outcome::Fail)
    }
}

impl Report for Checked {
    fn table(&self) -> String {
        let mut table = Table::new([
            Column::text("CHECK"),
            Column::text("RESULT"),
            Column::text("FOUND"),
        ]);
        for check in &self.checks {
            let outcome = match check.outcome {
                Outcome::Ok => "ok",
                Outcome::Warn => "warn",
                Outcome::Fail => "FAIL",
                Outcome::Skipped => "skipped",
            };
            table.row([check.name, outcome, &check.found]);
        }
        let next: Vec<String> = self
            .checks
            .iter()
            .filter_map(|check| Some(format!("{}: {}", check.name, check.next.as_ref()?)))
            .collect();
        format!("{table}{}", remarks("-", &next))
    }
}
