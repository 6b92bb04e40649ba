//! `snooze`, `release`, `resume`, `retry` and `tick`: what is commanded, from the command line and over HTTP alike.

use crate::{
    guard::{Cause, Guard, GuardError, Turn},
    input::Input,
    policy::Policy,
    request::Order,
};

/// Why a command is not obeyed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Disobeyed {
    /// No such budget.
    #[error("there is no budget `{0}` in the configuration")]
    NoBudget(String),
    /// It could mean several.
    #[error("the configuration has {0} budgets; say which is meant")]
    WhichBudget(usize),
    /// Not by the rules.
    #[error("the command is rejected: {0}")]
    Rejected(&'static str),
    /// It could not be done.
    #[error(transparent)]
    Guard(#[from] GuardError),
}

/// The budget that is meant by `ID` or `ACCOUNT/ID`; without a name, the only one there is.
pub fn budget<'a>(policies: &'a [Policy], name: Option<&str>) -> Result<&'a Policy, Disobeyed> {
    match (name, policies) {
        (None, [only]) => Ok(only),
        (None, _) => Err(Disobeyed::WhichBudget(policies.len())),
        (Some(name), _) => {
            let is_meant =
                |policy: &&Policy| policy.budget == name || crate::guard::holder(policy) == name;
            let mut meant = policies.iter().filter(is_meant);
            let first = meant
                .next()
                .ok_or_else(|| Disobeyed::NoBudget(name.to_owned()))?;
            match meant.count() {
                0 => Ok(first),
                more => Err(Disobeyed::WhichBudget(more + 1)),
            }
        }
    }
}

/// Does what `order` says, in the name of `by`.
pub async fn obey(guard: &Guard, order: &Order, by: &str) -> Result<Vec<Turn>, Disobeyed> {
    let Some(command) = order.wish(by) else {
        return again(guard, order, by).await;
    };
    let policy = budget(guard.policies(), order.budget())?;
    let cause = Cause {
        id: order.name().to_owned(),
        by: Some(by.to_owned()),
        reason: command.reason.clone(),
        lag_s: None,
    };
    let turn = guard.turn(policy, &Input::Command(command), &cause).await?;
    Ok(vec![turn])
}

/// Ticks, after what failed was made due when that is wanted.
async fn again(guard: &Guard, order: &Order, by: &str) -> Result<Vec<Turn>, Disobeyed> {
    let is_retry = matches!(order, Order::Retry { .. });
    let cause = Cause {
        id: order.name().to_owned(),
        by: is_retry.then(|| by.to_owned()),
        ..Cause::default()
    };
    if !is_retry {
        return Ok(guard.receive(&Input::Tick, &cause).await?);
    }
    let policies: Vec<&Policy> = match order.budget() {
        None => guard.policies().iter().collect(),
        Some(name) => vec![budget(guard.policies(), Some(name))?],
    };
    let mut turns = Vec::new();
    for policy in policies {
        guard.make_due(policy, &cause).await?;
        turns.push(guard.turn(policy, &Input::Tick, &cause).await?);
    }
    Ok(turns)
}
