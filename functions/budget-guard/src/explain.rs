//! A decision in one line: what is known, what is done about it, and why nothing more.

use crate::{
    decision::{
        Decision, Hold, Ignored, PlanItem, Rejection, ReleaseReason, Suppression, Topic, Verdict,
    },
    policy::{Mode, Policy},
};

/// One line for people about what was decided under `policy`.
pub fn explain(decision: &Decision, policy: &Policy) -> String {
    match decision.verdict {
        Verdict::Ignored(why) => format!("ignored: {}", ignored(why)),
        Verdict::Hold(why) => {
            format!(
                "held: {}; nothing is enforced and nothing is given back",
                hold(why)
            )
        }
        Verdict::Rejected(why) => format!("rejected: {}", rejected(why)),
        Verdict::Replay => "the same message again: nothing is decided twice".to_owned(),
        Verdict::Evaluated | Verdict::Accepted | Verdict::Tick => judged(decision, policy),
    }
}

/// The same for who no longer has the policy at hand: without currency and triggers.
pub fn explain_decision(decision: &Decision) -> String {
    let mut said: Vec<String> = decision.plan.iter().map(planned).collect();
    said.extend(told(decision));
    let released = decision.released.iter();
    said.extend(released.map(|one| {
        format!(
            "lets go of {} because {}",
            one.step,
            self::released(one.reason)
        )
    }));
    if said.is_empty() {
        said.push("nothing to do".to_owned());
    }
    said.push(format!("level {}", decision.level));
    said.join("; ")
}

fn judged(decision: &Decision, policy: &Policy) -> String {
    let mut said = vec![standing(decision, &policy.currency)];
    if decision.rolled {
        said.push("a new period begins".to_owned());
    }
    for (mode, words) in [
        (Mode::Enforce, "fires"),
        (Mode::DryRun, "would fire (dry run)"),
    ] {
        let fired = decision.fired.iter().filter(|firing| firing.mode == mode);
        let because = |id: &str| match policy.step(id) {
            Some(step) => format!("{id} ({})", step.when),
            None => id.to_owned(),
        };
        let steps: Vec<String> = fired.map(|firing| because(&firing.step)).collect();
        if !steps.is_empty() {
            said.push(format!("{words} {}", steps.join(", ")));
        }
    }
    for release in &decision.released {
        said.push(format!(
            "lets go of {} because {}",
            release.step,
            released(release.reason)
        ));
    }
    let kept = decision.suppressed.iter();
    said.extend(kept.map(|kept| format!("not {}: {}", kept.step, suppressed(kept.reason))));
    said.extend(decision.plan.iter().map(planned));
    said.extend(told(decision));
    if said.len() == 1 {
        said.push("nothing to do".to_owned());
    }
    said.push(format!("level {}", decision.level));
    said.join("; ")
}

/// What is said besides what is done.
fn told(decision: &Decision) -> Vec<String> {
    let mut told = Vec::new();
    for topic in decision.notify.iter().flat_map(|notice| &notice.topics) {
        let sentence = match topic {
            Topic::Reminder => "reminds that this is still in force".to_owned(),
            Topic::FeedSilent => "no message has come for 6 hours: the feed may be dead".to_owned(),
            Topic::Carried { steps } => {
                format!("keeps {} over the end of the period", steps.join(", "))
            }
            Topic::Snoozed { until } => format!("enforces nothing new until {until}"),
            Topic::Resumed => "ends every snooze and release".to_owned(),
            Topic::Fired { .. }
            | Topic::Released
            | Topic::Hold { .. }
            | Topic::HeldBySnooze { .. }
            | Topic::NotArmed { .. } => continue,
        };
        if !told.contains(&sentence) {
            told.push(sentence);
        }
    }
    told
}

/// `904.11 of 1000.00 USD (90.41 %)`.
fn standing(decision: &Decision, currency: &str) -> String {
    let Some(cost) = decision.cost else {
        return "nothing is known of the spend yet".to_owned();
    };
    let Some(budget) = decision.budget else {
        return format!("{cost} {currency} of a budget without an amount");
    };
    let share = cost.share_of(budget).map(|share| {
        let sign = if share < 0 { "-" } else { "" };
        let share = share.unsigned_abs();
        format!(" ({sign}{}.{:02} %)", share / 100, share % 100)
    });
    format!("{cost} of {budget} {currency}{}", share.unwrap_or_default())
}

fn planned(item: &PlanItem) -> String {
    match item {
        PlanItem::Restore { resource, .. } => format!("gives back {resource}"),
        PlanItem::Do { action } => format!("does {action}"),
        PlanItem::Set { action } => format!("eases to {action}"),
        PlanItem::Dry { action } => format!("would do {action}"),
        PlanItem::SkipSuperseded { action } => format!("no need for {action}"),
        PlanItem::SkipProtected { action } => {
            format!("leaves {} alone, which is protected", action.resource)
        }
    }
}

const fn ignored(why: Ignored) -> &'static str {
    match why {
        Ignored::UnknownKind => {
            "it has neither the attributes of a budget message nor those of an anomaly"
        }
        Ignored::UnboundBudget => "no policy is bound to this account and budget",
        Ignored::UnboundAccount => "no policy is bound to this billing account",
        Ignored::TooOld => "it was published more than 24 hours ago",
        Ignored::OldPeriod => "its period is over",
        Ignored::Stale => "a newer message has been judged",
    }
}

pub(crate) const fn hold(why: Hold) -> &'static str {
    match why {
        Hold::UnknownSchema => "its schemaVersion is not 1.0",
        Hold::IntervalMisaligned => {
            "its costIntervalStart is not where a period of this policy begins"
        }
        Hold::FromTheFuture => "it is from the future",
        Hold::BadAmounts => "an amount is missing or is no number",
        Hold::CurrencyMismatch => "its currency is not the policy's",
        Hold::AmountNotPositive => "its budgetAmount is not positive",
        Hold::AmountOutOfRange => "its budgetAmount is outside the bounds of the policy",
    }
}

const fn rejected(why: Rejection) -> &'static str {
    match why {
        Rejection::ReasonRequired => "it does not say why; give a reason",
        Rejection::UntilInThePast => "it would end before it begins",
        Rejection::UnknownStep => "neither policy nor memory has such a step",
        Rejection::NothingToRelease => "the step takes nothing away",
    }
}

const fn suppressed(why: Suppression) -> &'static str {
    match why {
        Suppression::Unconfirmed => "more messages must confirm it",
        Suppression::Cooling => "it let go a short while ago",
        Suppression::ReleasedByOperator => "a person released it",
        Suppression::Snoozed => "a person snoozed the guard",
        Suppression::NotArmed => "a consent to unlink billing is missing",
    }
}

pub(crate) const fn released(why: ReleaseReason) -> &'static str {
    match why {
        ReleaseReason::Rollover => "a new period began",
        ReleaseReason::BudgetRaised => "the budget was raised",
        ReleaseReason::Hysteresis => "the cost fell and stayed below",
        ReleaseReason::PolicyRemoved => "it is no longer in the policy",
        ReleaseReason::Operator => "a person said so",
    }
}
