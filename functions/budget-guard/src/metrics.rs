//! Figures about each budget for `GET /metrics`, beside those of the runtime. They hold ids, numbers, times and constant
//! words, never anything of a message or a channel's address.
//!
//! A gauge is what this instance last saw of its budget. `budget_guard_last_message_timestamp_seconds` is the one to alert on:
//! a feed that dies is told by nobody else, and not by a guard that is not woken either.

use crate::{apply::Ended, guard::Turn, money::Micros};
use jiff::Timestamp;
use metrics::{counter, describe_counter, describe_gauge, gauge};
use nightshift_runtime::metrics::{MetricsError, install as install_runtime};

/// Decisions, by `budget`, `verdict` and `reason`.
pub const DECISIONS: &str = "budget_guard_decisions_total";
/// How far a `budget` has gone: 0 normal, 1 notified, 2 throttled, 3 stopped, 4 capped.
pub const LEVEL: &str = "budget_guard_level";
/// What the period of a `budget` has cost so far, in units of `currency`.
pub const COST: &str = "budget_guard_cost";
/// The amount of a `budget`, in units of `currency`; NaN where it has none.
pub const AMOUNT: &str = "budget_guard_amount";
/// How many resources a `budget` holds down.
pub const HELD: &str = "budget_guard_held_resources";
/// Unix time at which the newest message about a `budget` was published.
pub const LAST_MESSAGE: &str = "budget_guard_last_message_timestamp_seconds";
/// Items of plans, by `outcome`: done, conflict, failed, later.
pub const ACTIONS: &str = "budget_guard_actions_total";
/// Attempts at notices, by `channel` and `outcome`: sent, later, lost.
pub const NOTICES: &str = "budget_guard_notices_total";

/// Starts keeping figures, for the rest of the process.
pub fn install() -> Result<(), MetricsError> {
    install_runtime()?;
    describe_counter!(DECISIONS, "Decisions, by their verdict and its reason");
    describe_gauge!(
        LEVEL,
        "0 normal, 1 notified, 2 throttled, 3 stopped, 4 capped"
    );
    describe_gauge!(COST, "What the period has cost so far");
    describe_gauge!(AMOUNT, "The budget's amount for the period");
    describe_gauge!(HELD, "Resources that are held down");
    describe_gauge!(
        LAST_MESSAGE,
        "Unix time at which the newest message was published"
    );
    describe_counter!(ACTIONS, "Items of plans, by how they ended");
    describe_counter!(NOTICES, "Attempts at notices, by how they ended");
    Ok(())
}

/// An event was judged.
pub(crate) fn judged(turn: &Turn, currency: &str) {
    let (decision, state) = (&turn.decision, &turn.document.state);
    let budget = || turn.budget.clone();
    let verdict = decision.verdict;
    let reason = verdict.reason().unwrap_or_default();
    counter!(DECISIONS, "budget" => budget(), "verdict" => verdict.word(), "reason" => reason)
        .increment(1);
    let level = u32::try_from(decision.level as usize).unwrap_or(u32::MAX);
    gauge!(LEVEL, "budget" => budget()).set(level);
    let held = u32::try_from(state.applied.len()).unwrap_or(u32::MAX);
    gauge!(HELD, "budget" => budget()).set(held);
    let money = |name: &'static str, amount: Option<Micros>| {
        gauge!(name, "budget" => budget(), "currency" => currency.to_owned())
            .set(amount.map_or(f64::NAN, units));
    };
    money(COST, state.cost);
    money(AMOUNT, state.budget);
    if let Some(heard) = state.last_heard {
        let seconds = heard.duration_since(Timestamp::UNIX_EPOCH).as_secs_f64();
        gauge!(LAST_MESSAGE, "budget" => budget()).set(seconds);
    }
}

/// An item of a plan has ended for now.
pub(crate) fn acted(ended: &Ended) {
    let outcome = match ended {
        Ended::Done(_) => "done",
        Ended::Conflict(_) => "conflict",
        Ended::Failed(_) => "failed",
        Ended::Later(_) | Ended::Overtaken(_) => "later",
    };
    counter!(ACTIONS, "outcome" => outcome).increment(1);
}

/// A channel was told, or not.
pub(crate) fn told(channel: &str, outcome: &'static str) {
    counter!(NOTICES, "channel" => channel.to_owned(), "outcome" => outcome).increment(1);
}

/// For a graph, which is drawn in floating point; nothing is decided by it.
#[expect(
    clippy::cast_precision_loss,
    reason = "a graph of a trillion units is exact to a ten-thousandth"
)]
fn units(amount: Micros) -> f64 {
    amount.wide() as f64 / 1e6
}
