//! What the commanding commands say.

use crate::{
    explain::explain_decision,
    guard::Turn,
    state::document::{ItemRecord, ItemState},
};
use nightshift_runtime::{
    Report,
    report::{Column, Table},
};
use serde::Serialize;

/// What became of a command, budget by budget.
#[derive(Debug, Serialize)]
pub struct Ordered {
    budgets: Vec<Obeyed>,
}

#[derive(Debug, Serialize)]
struct Obeyed {
    budget: String,
    level: String,
    explanation: String,
    items: Vec<ItemRecord>,
    left: Vec<String>,
}

impl Ordered {
    /// Describes `turns`.
    pub fn new(turns: &[Turn]) -> Self {
        let obeyed = |turn: &Turn| Obeyed {
            budget: turn.budget.clone(),
            level: turn.decision.level.code().to_owned(),
            explanation: explain_decision(&turn.decision),
            items: turn.document.items().to_vec(),
            left: turn.left.clone(),
        };
        Self {
            budgets: turns.iter().map(obeyed).collect(),
        }
    }

    /// Whether all of it is done.
    pub fn is_whole(&self) -> bool {
        self.budgets.iter().all(|budget| {
            let failed = |item: &ItemRecord| item.state == ItemState::Failed;
            budget.left.is_empty() && !budget.items.iter().any(failed)
        })
    }
}

impl Report for Ordered {
    fn table(&self) -> String {
        let mut table = Table::new(["BUDGET", "WHAT", "IS"].map(Column::text));
        for budget in &self.budgets {
            let name = &budget.budget;
            table.row([name.clone(), "level".to_owned(), budget.level.clone()]);
            for item in &budget.items {
                let (what, is) = super::item(item);
                table.row([name.clone(), what, is]);
            }
            for left in &budget.left {
                table.row([name.clone(), "left for later".to_owned(), left.clone()]);
            }
        }
        let lines = self
            .budgets
            .iter()
            .map(|one| format!("\n{}", one.explanation));
        format!("{table}\n{}", lines.collect::<String>())
    }
}
