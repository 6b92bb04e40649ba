//! What `check` says.

use crate::{config::Config, findings::Finding};
use jiff::{Timestamp, civil::Date};
use nightshift_runtime::{
    Report,
    report::{Column, Table},
};
use serde::Serialize;

/// What was looked at, and what is odd about it.
#[derive(Debug, Serialize)]
pub struct Checked {
    zone_data: &'static str,
    clock: Timestamp,
    schedules: usize,
    targets: usize,
    overrides: usize,
    findings: Vec<Found>,
}

#[derive(Debug, Serialize)]
struct Found {
    schedule: String,
    date: Option<Date>,
    text: String,
}

impl Checked {
    /// A configuration that was read without a mistake, which is the first thing checked.
    pub fn new(zone_data: &'static str, clock: Timestamp, config: &Config) -> Self {
        let over = config
            .overrides
            .iter()
            .filter(|word| word.word.until <= clock);
        let findings = over.map(|word| Found {
            schedule: word.target.clone(),
            date: None,
            text: format!("its override ended at {}; remove it", word.word.until),
        });
        Self {
            zone_data,
            clock,
            schedules: config.schedules.len(),
            targets: config.targets.len(),
            overrides: config.overrides.len(),
            findings: findings.collect(),
        }
    }

    /// Adds what was found in the schedule `name`.
    pub fn add(&mut self, name: &str, findings: Vec<Finding>) {
        self.findings
            .extend(findings.into_iter().map(|finding| Found {
                schedule: name.to_owned(),
                date: finding.date,
                text: finding.text,
            }));
    }
}

impl Report for Checked {
    fn table(&self) -> String {
        let mut text = format!(
            "configuration is valid: {} schedules, {} targets, {} overrides\nzone data {} · clock {}\n",
            self.schedules,
            self.targets,
            self.overrides,
            self.zone_data,
            self.clock.strftime("%FT%H:%M:%SZ")
        );
        if self.findings.is_empty() {
            text.push_str("nothing odd in the next 400 days\n");
            return text;
        }
        let mut table = Table::new(["WHERE", "FIRST", "WHAT"].map(Column::text));
        for found in &self.findings {
            let date = found
                .date
                .map_or_else(|| "always".to_owned(), |date| date.to_string());
            table.row([&found.schedule, &date, &found.text]);
        }
        format!("{text}\n{table}\n")
    }
}
