//! What `simulate` says.

use super::{notices, when};
use crate::{
    decision::{Decision, Level},
    explain::explain,
    money::Micros,
    rehearsal::{Rehearsal, Scene, Story},
};
use jiff::Timestamp;
use nightshift_runtime::{
    Report,
    report::{Column, Table},
};
use serde::Serialize;

/// What became of every budget.
#[derive(Debug, Serialize)]
pub struct Simulated {
    budgets: Vec<Budget>,
    unheard: Vec<Unheard>,
}

#[derive(Debug, Serialize)]
struct Budget {
    account: String,
    id: String,
    currency: String,
    judged: usize,
    uneventful: usize,
    level: Level,
    high_water: Option<Micros>,
    in_force: Vec<String>,
    decisions: Vec<Line>,
}

#[derive(Debug, Serialize)]
struct Line {
    at: Timestamp,
    message_id: Option<String>,
    explanation: String,
    #[serde(flatten)]
    decision: Decision,
}

#[derive(Debug, Serialize)]
struct Unheard {
    message_id: String,
    why: String,
}

impl Simulated {
    /// Describes a rehearsal; only its eventful decisions, unless `all` are wanted.
    pub fn new(rehearsal: &Rehearsal<'_>, all: bool) -> Self {
        let stories = rehearsal.stories.iter();
        let unheard = rehearsal.unheard.iter();
        Self {
            budgets: stories.map(|story| Budget::new(story, all)).collect(),
            unheard: unheard
                .map(|unheard| Unheard {
                    message_id: unheard.message_id.clone(),
                    why: unheard.why.clone(),
                })
                .collect(),
        }
    }
}

impl Budget {
    fn new(story: &Story<'_>, all: bool) -> Self {
        let policy = story.policy;
        let line = |scene: &Scene| Line {
            at: scene.at,
            message_id: scene.message_id.clone(),
            explanation: explain(&scene.decision, policy),
            decision: scene.decision.clone(),
        };
        let scenes = story.scenes.iter();
        let shown = scenes.clone().filter(|scene| all || scene.is_eventful());
        Self {
            account: policy.account.clone(),
            id: policy.budget.clone(),
            currency: policy.currency.clone(),
            judged: story.readings().count(),
            uneventful: scenes.filter(|scene| !scene.is_eventful()).count(),
            level: story.state.level(),
            high_water: story.state.high_water,
            in_force: story
                .state
                .applied
                .values()
                .map(ToString::to_string)
                .collect(),
            decisions: shown.map(line).collect(),
        }
    }

    fn table(&self) -> String {
        let mut table = Table::new([
            Column::text("AT"),
            Column::number("COST"),
            Column::number("BUDGET"),
            Column::number("PROJECTED"),
            Column::text("LEVEL"),
            Column::text("NOTIFY"),
            Column::text("WHY"),
        ]);
        let money = |amount: Option<Micros>| amount.map_or("-".to_owned(), |a| format!("{a:.2}"));
        for line in &self.decisions {
            let decision = &line.decision;
            let projected = decision
                .projection
                .and_then(|p| Micros::narrow(p.at_period_end));
            table.row([
                when(line.at),
                money(decision.cost),
                money(decision.budget),
                money(projected),
                decision.level.to_string(),
                notices(decision).join(", "),
                line.explanation.clone(),
            ]);
        }
        let in_force = match self.in_force.as_slice() {
            [] => "nothing".to_owned(),
            actions => actions.join(", "),
        };
        format!(
            "{}/{}\n{table}\n{} messages judged, {} decisions without effect; in force at the end: {in_force}",
            self.account, self.id, self.judged, self.uneventful
        )
    }
}

impl Report for Simulated {
    fn table(&self) -> String {
        let mut parts: Vec<String> = self.budgets.iter().map(Budget::table).collect();
        if parts.is_empty() {
            parts.push("No message concerns a budget of the policy.".to_owned());
        }
        let unheard = self.unheard.iter();
        parts.extend(
            unheard.map(|unheard| format!("not judged: {}: {}", unheard.message_id, unheard.why)),
        );
        parts.join("\n\n")
    }
}
