//! What `status` says.

use super::when;
use crate::{
    alert::LAG,
    commands::{Disobeyed, budget},
    guard::{Guard, GuardError},
    money::Micros,
    policy::{Mode, Policy},
    state::{
        document::{Document, ItemRecord, ItemState},
        holders::Values,
    },
};
use jiff::Timestamp;
use nightshift_runtime::{
    Report,
    report::{Column, Table},
};
use serde::Serialize;

/// How the budgets stand.
#[derive(Debug, Serialize)]
pub struct Status {
    at: Timestamp,
    budgets: Vec<Standing>,
    lag: &'static str,
}

#[derive(Debug, Serialize)]
struct Standing {
    account: String,
    budget: String,
    name: Option<String>,
    mode: Mode,
    level: &'static str,
    cost: Option<Micros>,
    amount: Option<Micros>,
    currency: Option<String>,
    /// Basis points of the amount.
    share: Option<i64>,
    period: Option<Timestamp>,
    period_end: Option<Timestamp>,
    last_heard: Option<Timestamp>,
    snoozed_until: Option<Timestamp>,
    steps: Vec<Rung>,
    held: Vec<HeldResource>,
    items: Vec<ItemRecord>,
    undelivered: Vec<String>,
}

/// A step of the ladder.
#[derive(Debug, Serialize)]
struct Rung {
    step: String,
    class: &'static str,
    when: String,
    /// `in force`, `in force (dry run)`, `released by … until …`, `waits`.
    is: String,
}

/// What is taken from a resource, and what it was.
#[derive(Debug, Serialize)]
struct HeldResource {
    resource: String,
    action: String,
    since: Option<Timestamp>,
    step: Option<String>,
    prior: Values,
    holders: Vec<String>,
}

impl Status {
    /// Looks at the memory of the budgets, or of one.
    pub async fn of(guard: &Guard, name: Option<&str>) -> Result<Self, Disobeyed> {
        let policies = match name {
            Some(name) => vec![budget(guard.policies(), Some(name))?],
            None => guard.policies().iter().collect(),
        };
        let mut budgets = Vec::new();
        for policy in policies {
            budgets.push(standing(guard, policy).await?);
        }
        Ok(Self {
            at: guard.now(),
            budgets,
            lag: LAG,
        })
    }
}

async fn standing(guard: &Guard, policy: &Policy) -> Result<Standing, GuardError> {
    let now = guard.now();
    let document = guard.remembered(policy).await?;
    let held = held(guard, &document).await?;
    let state = &document.state;
    let snooze = state.snooze.as_ref().filter(|snooze| snooze.until > now);
    Ok(Standing {
        account: policy.account.clone(),
        budget: policy.budget.clone(),
        name: document.name.clone(),
        mode: policy.mode,
        level: state.level().code(),
        cost: state.cost,
        amount: state.budget,
        currency: state.currency.clone(),
        share: state
            .cost
            .zip(state.budget)
            .and_then(|(cost, amount)| cost.share_of(amount)),
        period: state.period,
        period_end: state.period.and_then(|start| policy.period.end_of(start)),
        last_heard: state.last_heard,
        snoozed_until: snooze.map(|snooze| snooze.until),
        steps: rungs(policy, &document, now),
        held,
        items: document.items().to_vec(),
        undelivered: document
            .outbox
            .iter()
            .map(|notice| {
                format!(
                    "{} to {} (tried {} times)",
                    notice.key, notice.channel, notice.tries
                )
            })
            .collect(),
    })
}

async fn held(guard: &Guard, document: &Document) -> Result<Vec<HeldResource>, GuardError> {
    let mut held = Vec::new();
    for (resource, action) in &document.state.applied {
        let record = guard.held(resource).await?;
        let latches = document.state.latches.iter();
        let latch = latches
            .filter(|latch| latch.is_real())
            .find(|latch| latch.actions.contains(action));
        held.push(HeldResource {
            resource: resource.to_string(),
            action: action.to_string(),
            since: latch.map(|latch| latch.at),
            step: latch.map(|latch| latch.step.clone()),
            prior: record.prior.clone(),
            holders: record.holders.keys().cloned().collect(),
        });
    }
    Ok(held)
}

fn rungs(policy: &Policy, document: &Document, now: Timestamp) -> Vec<Rung> {
    let state = &document.state;
    let rung = |step: &crate::policy::Step| {
        let block = state.blocks.get(&step.id).filter(|block| block.until > now);
        let is = match (state.latch(&step.id), block) {
            (Some(latch), _) if latch.is_real() => format!("in force since {}", when(latch.at)),
            (Some(latch), _) => format!("in force (dry run) since {}", when(latch.at)),
            (None, Some(block)) => format!("released by {} until {}", block.by, when(block.until)),
            (None, None) => "waits".to_owned(),
        };
        Rung {
            step: step.id.clone(),
            class: crate::guard::class(step.class),
            when: step.when.to_string(),
            is,
        }
    };
    policy.steps.iter().map(rung).collect()
}

impl Report for Status {
    fn table(&self) -> String {
        let mut table = Table::new(["BUDGET", "WHAT", "IS"].map(Column::text));
        for budget in &self.budgets {
            let name = budget.name.as_ref().unwrap_or(&budget.budget);
            for (what, is) in budget.rows() {
                table.row([name.clone(), what, is]);
            }
        }
        format!("{table}\n\n{LAG}")
    }
}

impl Standing {
    fn rows(&self) -> Vec<(String, String)> {
        let row = |what: &str, is: String| (what.to_owned(), is);
        let mode = match self.mode {
            Mode::DryRun => " (dry run: nothing is really done)",
            Mode::Enforce => "",
        };
        let mut rows = vec![
            row("level", format!("{}{mode}", self.level)),
            row("spend", self.spend()),
        ];
        let instants = [
            ("period", self.period),
            ("returns", self.period_end.filter(|_| !self.held.is_empty())),
            ("last message", self.last_heard),
            ("snoozed until", self.snoozed_until),
        ];
        for (what, at) in instants {
            rows.extend(at.map(|at| row(what, when(at))));
        }
        for rung in &self.steps {
            rows.push((
                format!("step {}", rung.step),
                format!("{}, {}: {}", rung.class, rung.when, rung.is),
            ));
        }
        for held in &self.held {
            let prior = serde_json::to_string(&held.prior).unwrap_or_default();
            let was = if held.prior.is_empty() {
                "not taken yet".to_owned()
            } else {
                format!("was {prior}")
            };
            let step = held.step.as_deref().unwrap_or("a step that is gone");
            let (_, path) = held.resource.split_once(':').unwrap_or_default();
            let what = held.action.replacen(&format!(":{path}"), "", 1);
            rows.push((
                format!("held {}", held.resource),
                format!("{what} by {step}; {was}"),
            ));
        }
        // What is done is held, or returned.
        let open = self
            .items
            .iter()
            .filter(|item| item.state != ItemState::Done);
        rows.extend(open.map(super::item));
        rows.extend(
            self.undelivered
                .iter()
                .map(|notice| row("undelivered", notice.clone())),
        );
        rows
    }

    fn spend(&self) -> String {
        let (Some(cost), Some(amount)) = (self.cost, self.amount) else {
            return "nothing is known yet".to_owned();
        };
        let currency = self.currency.as_deref().unwrap_or_default();
        let share = self
            .share
            .map(|share| format!(" ({} %)", share.div_euclid(100)));
        format!("{cost} of {amount} {currency}{}", share.unwrap_or_default())
    }
}
