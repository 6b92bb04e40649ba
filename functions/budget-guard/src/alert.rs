//! What a person is told, before any channel gives it a form.

use crate::{
    money::Micros,
    state::document::{ItemRecord, ItemState, Operation},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Billing data lag by hours, and whoever reads a notice must know.
pub const LAG: &str = "Billing data lag by hours, so the final figure will be higher.";

/// How loud it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Something was or will be taken away.
    Warning,
    /// Something is stopped.
    Error,
    /// Billing is unlinked, or the guard cannot do its work.
    Critical,
}

impl Severity {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }
}

/// One notice, for one or several channels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// The same however often it is sent, to whomever.
    pub key: String,
    /// When it was decided.
    pub at: Timestamp,
    /// The billing account.
    pub account: String,
    /// The budget in it.
    pub budget: String,
    /// The budget's name for people, when a message gave one.
    #[serde(default)]
    pub name: Option<String>,
    /// How loud it is.
    pub severity: Severity,
    /// The highest class in force.
    pub level: String,
    /// What it is about, in a few words: `stop`, `reminder`, `feed_silent`.
    pub title: String,
    /// Whether nothing was really done.
    pub dry_run: bool,
    /// What the period has cost, as far as is known.
    pub cost: Option<Micros>,
    /// The budget's amount.
    pub amount: Option<Micros>,
    /// What the period will have cost at its end, when that can be said.
    #[serde(default)]
    pub projected: Option<Micros>,
    /// Of all amounts.
    pub currency: Option<String>,
    /// When the period began.
    pub period: Option<Timestamp>,
    /// When it ends, and what is taken away returns.
    #[serde(default)]
    pub period_end: Option<Timestamp>,
    /// What is to be read, a sentence each.
    pub lines: Vec<String>,
    /// What was done about it.
    #[serde(default)]
    pub work: Vec<ItemRecord>,
}

impl Alert {
    /// What the budget is called.
    pub fn budget_name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.budget)
    }

    /// `STOP · prod-web monthly · 101 %`, with `[dry run]` in front when it was one.
    pub fn headline(&self) -> String {
        let mut headline = String::new();
        if self.dry_run {
            headline.push_str("[dry run] ");
        }
        headline.push_str(&format!(
            "{} · {}",
            self.title.to_uppercase(),
            self.budget_name()
        ));
        if let Some(share) = self.share() {
            headline.push_str(&format!(" · {share} %"));
        }
        headline
    }

    /// Which whole percentage of the budget is spent.
    pub fn share(&self) -> Option<i64> {
        Some(self.cost?.share_of(self.amount?)?.div_euclid(100))
    }

    /// An amount with its currency.
    pub fn money(&self, amount: Option<Micros>) -> String {
        match (amount, &self.currency) {
            (None, _) => "unknown".to_owned(),
            (Some(amount), None) => amount.to_string(),
            (Some(amount), Some(currency)) => format!("{amount} {currency}"),
        }
    }

    /// Everything to be read: what happened, what was done about it, when it comes back, and that billing lags.
    pub fn sentences(&self) -> Vec<String> {
        let mut said = self.lines.clone();
        for (what, chosen) in [
            (
                "Done",
                select(&self.work, ItemState::Done, |op| op != Operation::Restore),
            ),
            (
                "Given back",
                select(&self.work, ItemState::Done, |op| op == Operation::Restore),
            ),
        ] {
            if !chosen.is_empty() {
                let names: Vec<String> = chosen.iter().map(|item| name(item)).collect();
                said.push(format!("{what}: {}.", names.join(", ")));
            }
        }
        for item in &self.work {
            let note = item.note.as_deref().unwrap_or("no reason known");
            match item.state {
                ItemState::Done => said.extend(item.note.as_ref().map(|note| format!("{}: {note}.", name(item)))),
                ItemState::Failed => said.push(format!(
                    "FAILED: {}: {note}. It is tried again every hour, and by `budget-guard retry`.",
                    name(item)
                )),
                ItemState::Conflict => said.push(format!("Left alone: {}: {note}.", name(item))),
                ItemState::Planned | ItemState::Prepared => said.push(format!(
                    "Not done yet: {}{}.",
                    name(item),
                    item.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default()
                )),
            }
        }
        said.push(LAG.to_owned());
        said
    }
}

fn select(
    work: &[ItemRecord],
    state: ItemState,
    which: impl Fn(Operation) -> bool,
) -> Vec<&ItemRecord> {
    let chosen = work.iter();
    chosen
        .filter(|item| item.state == state && which(item.op))
        .collect()
}

fn name(item: &ItemRecord) -> String {
    match item.op {
        Operation::Restore => item.action.resource.to_string(),
        Operation::Do | Operation::Set => item.action.to_string(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A stop as it is told.
    pub(crate) fn stop() -> Alert {
        let item = |action: &str, state| ItemRecord {
            state,
            ..ItemRecord::planned(Operation::Do, action.parse().unwrap())
        };
        let micros = |text: &str| Some(text.parse().unwrap());
        Alert {
            key: "01D4EE-079462-DFD6EC/de72f49d/2026-10-01T07:00:00Z/stop#0".to_owned(),
            at: "2026-10-15T08:40:55Z".parse().unwrap(),
            account: "01D4EE-079462-DFD6EC".to_owned(),
            budget: "de72f49d".to_owned(),
            name: Some("prod-web monthly".to_owned()),
            severity: Severity::Error,
            level: "stopped".to_owned(),
            title: "stop".to_owned(),
            dry_run: false,
            cost: micros("1010"),
            amount: micros("1000"),
            projected: micros("1340"),
            currency: Some("USD".to_owned()),
            period: Some("2026-10-01T07:00:00Z".parse().unwrap()),
            period_end: Some("2026-11-01T07:00:00Z".parse().unwrap()),
            lines: vec!["Fires: stop (cost ≥ 100%).".to_owned()],
            work: vec![
                item("run.disable:web/eu/api", ItemState::Done),
                ItemRecord {
                    note: Some("a permission is missing".to_owned()),
                    ..item("scheduler.pause:web/eu/nightly", ItemState::Failed)
                },
            ],
        }
    }

    /// One of everything, and too much of it.
    pub(crate) fn huge() -> Alert {
        let mut alert = stop();
        alert.key = format!("{}{}", alert.key, "x".repeat(400));
        alert.name = Some("\u{1}ü<&>".repeat(300));
        alert.lines = (0..400)
            .map(|n| format!("line {n} {}", "\u{1}<&>ü".repeat(80)))
            .collect();
        let item = alert.work[1].clone();
        alert.work = vec![item; 100];
        alert
    }

    #[test]
    fn a_notice_says_what_was_done_what_failed_and_that_billing_lags() {
        let said = stop().sentences().join("\n");
        assert!(said.contains("Done: run.disable:web/eu/api."), "{said}");
        assert!(
            said.contains("FAILED: scheduler.pause:web/eu/nightly: a permission is missing."),
            "{said}"
        );
        assert!(said.ends_with(LAG), "{said}");
    }

    #[test]
    fn the_headline_says_when_nothing_was_really_done() {
        let mut alert = stop();
        assert_eq!(alert.headline(), "STOP · prod-web monthly · 101 %");
        alert.dry_run = true;
        assert!(alert.headline().starts_with("[dry run] STOP"));
    }
}
