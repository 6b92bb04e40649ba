//! What `check` says.

use crate::target::{Finding, Level};
use nightshift_runtime::{
    Report,
    report::{Column, Table},
};
use serde::Serialize;

/// What was found about each secret.
#[derive(Debug, Default, Serialize)]
pub struct Check {
    secrets: Vec<Checked>,
}

#[derive(Debug, Serialize)]
struct Checked {
    secret: String,
    findings: Vec<Finding>,
}

impl Check {
    /// Adds what was found about one secret.
    pub fn add(&mut self, secret: &str, findings: Vec<Finding>) {
        self.secrets.push(Checked {
            secret: secret.to_owned(),
            findings,
        });
    }

    /// What would keep rotations from succeeding, in one sentence; none if nothing would.
    pub fn obstacles(&self) -> Option<String> {
        let errors = self.secrets.iter().flat_map(|checked| {
            let errors = checked.findings.iter();
            let errors = errors.filter(|finding| finding.level == Level::Error);
            errors.map(|finding| format!("{}: {}", checked.secret, finding.message))
        });
        let errors: Vec<String> = errors.collect();
        (!errors.is_empty()).then(|| errors.join("; "))
    }
}

impl Report for Check {
    fn table(&self) -> String {
        let mut table = Table::new([
            Column::text("SECRET"),
            Column::text("LEVEL"),
            Column::text("WHAT"),
            Column::text("FOUND"),
        ]);
        for checked in &self.secrets {
            for finding in &checked.findings {
                let level = match finding.level {
                    Level::Ok => "ok",
                    Level::Warning => "warning",
                    Level::Error => "ERROR",
                };
                table.row([&checked.secret, level, finding.code, &finding.message]);
            }
        }
        table.to_string()
    }
}
