//! Which messages are judged at all: the right budget, the right form, in order, and with amounts that make sense.

use super::Reading;
use crate::{
    decision::{Hold, Ignored, Verdict},
    message::{AmountType, BudgetNotification},
    money::Micros,
    policy::{Policy, Trigger},
    state::State,
};
use jiff::{SignedDuration, Timestamp};

/// How far clocks may differ.
pub(super) const SKEW: SignedDuration = SignedDuration::from_mins(5);
/// Messages older than this say nothing about now; others have come since.
pub(super) const TOO_OLD: SignedDuration = SignedDuration::from_hours(24);

pub(super) fn admit(
    policy: &Policy,
    state: &State,
    message: &BudgetNotification,
    now: Timestamp,
) -> Result<Reading, Verdict> {
    if message.account != policy.account || message.budget != policy.budget {
        return Err(Verdict::Ignored(Ignored::UnboundBudget));
    }
    let start = form(policy, message, now).map_err(Verdict::Hold)?;
    if now.duration_since(message.publish_time) > TOO_OLD {
        return Err(Verdict::Ignored(Ignored::TooOld));
    }
    order(state, message, start)?;
    let (cost, amount) = amounts(policy, message).map_err(Verdict::Hold)?;
    Ok(Reading {
        cost,
        amount: amount.ok(),
        blind: amount.err(),
        start,
        at: message.publish_time,
        // A share of an amount that means nothing means nothing.
        forecast: message.forecast_threshold.filter(|_| amount.is_ok()),
        specified: message.amount_type == AmountType::Specified,
        rolled: state.period.is_some_and(|period| start > period),
    })
}

fn form(policy: &Policy, message: &BudgetNotification, now: Timestamp) -> Result<Timestamp, Hold> {
    if message.schema.as_deref() != Some("1.0") {
        return Err(Hold::UnknownSchema);
    }
    let start = message
        .interval_start
        .filter(|start| policy.period.begins_at(*start))
        .ok_or(Hold::IntervalMisaligned)?;
    let future = |at: Timestamp| at.duration_since(now) > SKEW;
    if future(start) || future(message.publish_time) {
        return Err(Hold::FromTheFuture);
    }
    Ok(start)
}

fn order(state: &State, message: &BudgetNotification, start: Timestamp) -> Result<(), Verdict> {
    let watermark = state.watermark.as_ref();
    if watermark.is_some_and(|last| last.message_id == message.message_id) {
        return Err(Verdict::Replay);
    }
    if state.period.is_some_and(|period| start < period) {
        return Err(Verdict::Ignored(Ignored::OldPeriod));
    }
    let older = watermark.is_some_and(|last| message.publish_time < last.publish_time);
    if state.period == Some(start) && older {
        return Err(Verdict::Ignored(Ignored::Stale));
    }
    Ok(())
}

/// The cost, and the amount or why it is unusable.
type Amounts = (Micros, Result<Micros, Hold>);

/// An amount that follows an earlier period is no evidence that somebody has edited the budget: where that period has cost
/// nothing, as the one before a project's first has, steps with an amount of their own are judged all the same.
fn amounts(policy: &Policy, message: &BudgetNotification) -> Result<Amounts, Hold> {
    let (Some(cost), Some(amount)) = (message.cost, message.amount) else {
        return Err(Hold::BadAmounts);
    };
    if message.currency.as_deref() != Some(policy.currency.as_str()) {
        return Err(Hold::CurrencyMismatch);
    }
    let usable = usable(policy, amount);
    let mut triggers = policy.steps.iter().map(|step| step.when);
    let sees_without = message.amount_type == AmountType::Derived
        && triggers.any(|when| matches!(when, Trigger::ActualAmount(_)));
    match usable {
        Err(hold) if !sees_without => Err(hold),
        usable => Ok((cost, usable)),
    }
}

fn usable(policy: &Policy, amount: Micros) -> Result<Micros, Hold> {
    if amount <= Micros::ZERO {
        return Err(Hold::AmountNotPositive);
    }
    let below = policy.amount_min.is_some_and(|min| amount < min);
    if below || policy.amount_max.is_some_and(|max| amount > max) {
        return Err(Hold::AmountOutOfRange);
    }
    Ok(amount)
}
