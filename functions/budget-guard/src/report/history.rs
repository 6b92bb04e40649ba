//! What `history` says.

use super::when;
use crate::{policy::Policy, state::document::HistoryRecord};
use nightshift_runtime::{
    Report,
    report::{Column, Table},
};
use serde::Serialize;

/// What was decided and commanded, oldest first.
#[derive(Debug, Default, Serialize)]
pub struct History {
    entries: Vec<Entry>,
}

#[derive(Debug, Serialize)]
struct Entry {
    account: String,
    budget: String,
    #[serde(flatten)]
    record: HistoryRecord,
}

impl History {
    /// Adds what is remembered of a budget.
    pub fn add(&mut self, policy: &Policy, records: Vec<HistoryRecord>) {
        self.entries.extend(records.into_iter().map(|record| Entry {
            account: policy.account.clone(),
            budget: policy.budget.clone(),
            record,
        }));
        self.entries.sort_by_key(|entry| entry.record.at);
    }

    /// Leaves out all but the newest.
    pub fn keep_newest(&mut self, limit: usize) {
        let surplus = self.entries.len().saturating_sub(limit);
        self.entries.drain(..surplus);
    }
}

impl Report for History {
    fn table(&self) -> String {
        let head = ["WHEN", "BUDGET", "WHAT", "BY", "WHY", "CAME TO"];
        let mut table = Table::new(head.map(Column::text));
        for Entry { budget, record, .. } in &self.entries {
            table.row([
                when(record.at),
                budget.clone(),
                format!("{} ({})", record.what, record.verdict),
                record.by.clone().unwrap_or_default(),
                record.reason.clone().unwrap_or_default(),
                record.line.clone(),
            ]);
        }
        table.to_string()
    }
}
