//! What `check` says.

use crate::check::{Finding, Found};
use nightshift_runtime::{
    Report,
    report::{Column, Table},
};
use serde::Serialize;

/// Everything that was looked at.
#[derive(Debug, Serialize)]
pub struct Checked {
    ready: bool,
    findings: Vec<Finding>,
}

impl Checked {
    /// Describes `findings`.
    pub fn new(findings: Vec<Finding>) -> Self {
        Self {
            ready: findings.iter().all(|one| one.found != Found::Missing),
            findings,
        }
    }

    /// How many things would fail in an emergency.
    pub fn missing(&self) -> usize {
        let missing = self.findings.iter();
        missing.filter(|one| one.found == Found::Missing).count()
    }
}

impl Report for Checked {
    fn table(&self) -> String {
        let mut table = Table::new(["WHAT", "IS", "NOTE"].map(Column::text));
        for finding in &self.findings {
            let is = match finding.found {
                Found::Ready => "ready",
                Found::Warning => "warning",
                Found::Missing => "MISSING",
                Found::Skipped => "skipped",
            };
            table.row([finding.what.clone(), is.to_owned(), finding.note.clone()]);
        }
        table.to_string()
    }
}
