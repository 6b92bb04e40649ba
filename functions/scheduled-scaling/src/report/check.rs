//! What `check` says.

use crate::{
    check::{Clocks, Probed},
    config::Config,
    findings::Finding,
};
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
    /// What Google says about each target; null when it was not asked.
    probed: Option<Vec<Probed>>,
    /// By how many seconds this machine's clock is ahead of Google's; null when not known.
    clock_ahead_s: Option<i64>,
    /// What would not work.
    failures: Vec<Failure>,
}

#[derive(Debug, Serialize)]
struct Failure {
    subject: String,
    why: String,
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
            probed: None,
            clock_ahead_s: None,
            failures: Vec::new(),
        }
    }

    /// Adds what would not work.
    pub fn fail(&mut self, subject: &str, why: String) {
        let subject = subject.to_owned();
        self.failures.push(Failure { subject, why });
    }

    /// Adds what Google says about each target.
    pub fn probed(&mut self, probed: Vec<Probed>) {
        for bad in probed.iter().filter(|probed| probed.works == Some(false)) {
            self.fail(&bad.target, bad.why.clone().unwrap_or_default());
        }
        self.probed = Some(probed);
    }

    /// Adds how far the clocks are apart.
    pub fn clocks(&mut self, clocks: Clocks) {
        let ahead = clocks.ahead.as_secs();
        self.clock_ahead_s = Some(ahead);
        if clocks.are_apart() {
            let why = format!(
                "this machine's is {ahead} s ahead of Google's, and so would be every change; set it right"
            );
            self.fail("clock", why);
        }
    }

    /// Whether something would not work.
    pub fn has_failures(&self) -> bool {
        !self.failures.is_empty()
    }

    fn asked(&self) -> String {
        let Some(probed) = &self.probed else {
            return String::new();
        };
        let good = probed
            .iter()
            .filter(|probed| probed.works == Some(true))
            .count();
        let mut text = format!("{good} of {} targets would accept a change\n", probed.len());
        for open in probed.iter().filter(|probed| probed.works.is_none()) {
            let why = open.why.as_deref().unwrap_or_default();
            text.push_str(&format!("  ? {}: {why}\n", open.target));
        }
        if let Some(ahead) = self.clock_ahead_s {
            text.push_str(&format!(
                "this machine's clock is {ahead} s ahead of Google's\n"
            ));
        }
        for failure in &self.failures {
            text.push_str(&format!("  ! {}: {}\n", failure.subject, failure.why));
        }
        text
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
        text.push_str(&self.asked());
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
