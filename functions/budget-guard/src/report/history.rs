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
        // Where all is about one budget, or nobody gave an order, a column would repeat itself.
        let first = self.entries.first().map(|entry| &entry.budget);
        let several = self
            .entries
            .iter()
            .any(|entry| Some(&entry.budget) != first);
        let orders = self.entries.iter().any(|entry| entry.record.by.is_some());
        let mut head = vec!["WHEN", "WHAT", "CAME TO"];
        if orders {
            head.splice(2..2, ["BY", "WHY"]);
        }
        if several {
            head.insert(1, "BUDGET");
        }
        let mut table = Table::new(head.into_iter().map(Column::text));
        for Entry { budget, record, .. } in &self.entries {
            let text = |given: &Option<String>| given.clone().unwrap_or_default();
            let mut row = vec![
                when(record.at),
                format!("{} ({})", record.what, record.verdict),
                record.line.clone(),
            ];
            if orders {
                row.splice(2..2, [text(&record.by), text(&record.reason)]);
            }
            if several {
                row.insert(1, budget.clone());
            }
            table.row(row);
        }
        table.to_string()
    }
}
