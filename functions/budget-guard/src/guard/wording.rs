//! What notices say, a sentence each. The code of a decision's reason is in it wherever there is one.

use super::intent::Decided;
use crate::{
    alert::Severity,
    decision::{Notice, PlanItem, Topic},
    explain,
    policy::{Class, Mode},
    report::when,
    state::document::Document,
};

/// The word for a class.
pub(crate) const fn class(class: Class) -> &'static str {
    match class {
        Class::Notify => "notify",
        Class::Throttle => "throttle",
        Class::Stop => "stop",
        Class::Cap => "cap",
    }
}

/// What a notice without a firing is called; the runbook has a section for each.
pub(super) const fn title(topic: &Topic) -> &'static str {
    match topic {
        Topic::Fired { .. } => "fired",
        Topic::Released => "released",
        Topic::Carried { .. } => "carried",
        Topic::Hold { .. } => "hold",
        Topic::HeldBySnooze { .. } | Topic::Snoozed { .. } => "snoozed",
        Topic::Resumed => "resumed",
        Topic::NotArmed { .. } => "not_armed",
        Topic::Reminder => "reminder",
        Topic::FeedSilent => "feed_silent",
    }
}

/// Of a notice without a firing.
pub(super) fn severity(topics: &[Topic]) -> Severity {
    let of = |topic: &Topic| match topic {
        Topic::Released | Topic::Resumed | Topic::Snoozed { .. } => Severity::Info,
        Topic::FeedSilent | Topic::Hold { .. } | Topic::NotArmed { .. } => Severity::Error,
        _ => Severity::Warning,
    };
    topics.iter().map(of).max().unwrap_or(Severity::Info)
}

pub(super) fn lines(document: &Document, decided: &Decided<'_>, notice: &Notice) -> Vec<String> {
    let mut lines: Vec<String> = notice
        .topics
        .iter()
        .flat_map(|topic| about(document, decided, topic))
        .collect();
    if let Some(by) = &decided.cause.by {
        let why = decided.cause.reason.as_deref().unwrap_or("no reason given");
        lines.push(format!("Commanded by {by}: {why}."));
    }
    lines
}

fn about(document: &Document, decided: &Decided<'_>, topic: &Topic) -> Vec<String> {
    match topic {
        Topic::Fired { steps } => fired(document, decided, steps),
        Topic::Released => released(decided),
        Topic::Carried { steps } => vec![format!(
            "Stays in force over the end of the period: {}. `budget-guard release STEP` gives it back.",
            steps.join(", ")
        )],
        Topic::Hold { reason } => vec![format!(
            "Held ({reason}): {}. Nothing is enforced and nothing is given back until a message can be trusted.",
            explain::hold(*reason)
        )],
        Topic::HeldBySnooze { steps } => {
            vec![format!("Would fire, and is snoozed: {}.", steps.join(", "))]
        }
        Topic::Snoozed { until } => vec![format!("Nothing new is enforced until {}.", when(*until))],
        Topic::Resumed => vec!["Every snooze and release is ended.".to_owned()],
        Topic::NotArmed { step } => vec![format!(
            "{step} would unlink billing, and a consent is missing (not_armed): `cap_billing` in the configuration, or the label \
             budget-guard-cap=armed on the project. It takes effect at the first message after both are there."
        )],
        Topic::Reminder => reminder(document, decided),
        Topic::FeedSilent => vec![
            "No budget message has come for 6 hours (feed_silent). Spend may rise unseen; nobody else would tell you.".to_owned(),
            "`budget-guard check` looks at topic, publisher and subscription.".to_owned(),
        ],
    }
}

fn fired(document: &Document, decided: &Decided<'_>, steps: &[String]) -> Vec<String> {
    let mut lines = Vec::new();
    let (policy, decision) = (decided.policy, decided.decision);
    for (mode, words) in [
        (Mode::Enforce, "Fires"),
        (Mode::DryRun, "Would fire (dry run)"),
    ] {
        let firing = decision.fired.iter();
        let firing = firing.filter(|one| one.mode == mode && steps.contains(&one.step));
        let said: Vec<String> = firing
            .map(|one| match policy.step(&one.step) {
                Some(step) => format!("{} ({})", one.step, step.when),
                None => one.step.clone(),
            })
            .collect();
        if !said.is_empty() {
            lines.push(format!("{words}: {}.", said.join(", ")));
        }
    }
    let of = |select: fn(&PlanItem) -> Option<String>| -> Vec<String> {
        decision.plan.iter().filter_map(select).collect()
    };
    let dry = of(|item| match item {
        PlanItem::Dry { action } => Some(action.to_string()),
        _ => None,
    });
    if !dry.is_empty() {
        lines.push(format!("Would do: {}.", dry.join(", ")));
    }
    let protected = of(|item| match item {
        PlanItem::SkipProtected { action } => Some(action.resource.to_string()),
        _ => None,
    });
    if !protected.is_empty() {
        lines.push(format!("Protected, left alone: {}.", protected.join(", ")));
    }
    let enforced =
        |one: &&crate::decision::Firing| one.class.enforces() && one.mode == Mode::Enforce;
    if decision.fired.iter().any(|one| enforced(&one)) {
        lines.extend(way_back(document, decided));
    }
    lines
}

/// When it comes back, and how a person has it back now.
fn way_back(document: &Document, decided: &Decided<'_>) -> Vec<String> {
    let end = document.state.period;
    let end = end.and_then(|start| decided.policy.period.end_of(start));
    let end = end.map_or_else(|| "the end of the period".to_owned(), when);
    let caps = decided
        .decision
        .fired
        .iter()
        .any(|one| one.class == Class::Cap);
    let mut lines = vec![format!(
        "What throttle and stop take returns at {end}, or as soon as the budget is raised; `budget-guard release STEP` gives \
         it back now and keeps it."
    )];
    if caps {
        lines.push(
            "Without a billing account, resources may be irretrievably deleted. Billing returns only when a person releases \
             the step."
                .to_owned(),
        );
    }
    lines
}

fn released(decided: &Decided<'_>) -> Vec<String> {
    let released = decided.decision.released.iter();
    released
        .map(|one| {
            format!(
                "Lets go of {} because {}.",
                one.step,
                explain::released(one.reason)
            )
        })
        .collect()
}

fn reminder(document: &Document, decided: &Decided<'_>) -> Vec<String> {
    let mut lines = vec!["This is still in force:".to_owned()];
    let real = document
        .state
        .latches
        .iter()
        .filter(|latch| latch.is_real() && latch.class.enforces());
    for latch in real {
        let days = decided.now.duration_since(latch.at).as_hours() / 24;
        let actions: Vec<String> = latch.actions.iter().map(ToString::to_string).collect();
        lines.push(format!(
            "{} since {} (day {}): {}.",
            latch.step,
            when(latch.at),
            days + 1,
            actions.join(", ")
        ));
    }
    lines
}
