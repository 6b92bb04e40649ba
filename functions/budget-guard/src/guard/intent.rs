//! What is written down before anything is done: the new memory, the work that is due, and what is to be said.

use super::{holder, trouble, wording};
use crate::{
    action::Action,
    alert::{Alert, Severity},
    decision::{Decision, Notice, PlanItem, Topic, Verdict},
    explain,
    input::Input,
    money::Micros,
    policy::{Class, Mode, Policy, Step},
    state::{
        State,
        document::{
            Document, HistoryRecord, IncidentRecord, ItemRecord, ItemState, Operation,
            OutboxRecord, Posting, RungRecord,
        },
    },
};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// What brought an event about.
#[derive(Debug, Clone, Default)]
pub struct Cause {
    /// A message's id, `tick`, or the name of a command.
    pub id: String,
    /// Who wants it, when a person does.
    pub by: Option<String>,
    /// Why, when they say.
    pub reason: Option<String>,
    /// How old a message was when it came, in seconds.
    pub lag_s: Option<i64>,
}

/// A decision with all that belongs to it.
pub(super) struct Decided<'a> {
    pub(super) policy: &'a Policy,
    pub(super) decision: &'a Decision,
    pub(super) input: &'a Input,
    pub(super) cause: &'a Cause,
    /// The channels that hold alerts open.
    pub(super) pagers: &'a BTreeSet<String>,
    pub(super) now: Timestamp,
}

/// Turns `document` into what is to be remembered after the decision.
pub(super) fn record(document: &mut Document, state: State, decided: &Decided<'_>) {
    document.state = state;
    if let Input::Budget(message) = decided.input
        && decided.decision.verdict == Verdict::Evaluated
    {
        document.name.clone_from(&message.display_name);
    }
    document.ladder = ladder(decided.policy, document.state.budget);
    plan(document, decided);
    announce(document, decided);
    resolve(document, decided.now);
    remember(document, decided);
}

fn ladder(policy: &Policy, budget: Option<Micros>) -> Vec<RungRecord> {
    let rung = |step: &Step| RungRecord {
        step: step.id.clone(),
        class: step.class,
        mode: policy.mode_of(step),
        when: step.when.to_string(),
        at: step.when.cost_in(budget),
        actions: step.actions.clone(),
    };
    policy.steps.iter().map(rung).collect()
}

/// What is to be done takes the place of what was to be done to the same resource.
fn plan(document: &mut Document, decided: &Decided<'_>) {
    let item = |item: &PlanItem| {
        let (op, action) = match item {
            PlanItem::Restore { action, .. } => (Operation::Restore, action),
            PlanItem::Do { action } => (Operation::Do, action),
            PlanItem::Set { action } => (Operation::Set, action),
            _ => return None,
        };
        Some(ItemRecord::planned(op, action.clone()))
    };
    let new: Vec<ItemRecord> = decided.decision.plan.iter().filter_map(item).collect();
    if new.is_empty() {
        return;
    }
    let plan = document.plan.get_or_insert_default();
    plan.id.clone_from(&decided.cause.id);
    plan.items.retain(|old| {
        let replaced = new
            .iter()
            .any(|new| new.action.resource == old.action.resource);
        // What is given back is nobody's business any more; what is held shows in `status`.
        let over = old.state == ItemState::Done && old.op == Operation::Restore;
        !replaced && !over
    });
    plan.items.extend(new);
}

fn announce(document: &mut Document, decided: &Decided<'_>) {
    for notice in &decided.decision.notify {
        let alert = of_notice(document, decided, notice);
        let steps = fired_steps(notice);
        if decided.pagers.contains(&notice.channel) && !steps.is_empty() {
            document.incidents.push(IncidentRecord {
                key: alert.key.clone(),
                channel: notice.channel.clone(),
                steps,
            });
        }
        document.outbox.push(OutboxRecord {
            key: alert.key.clone(),
            channel: notice.channel.clone(),
            tries: 0,
            next: decided.now,
            what: Posting::Alert(Box::new(alert)),
        });
    }
}

fn fired_steps(notice: &Notice) -> Vec<String> {
    let steps = notice.topics.iter().filter_map(|topic| match topic {
        Topic::Fired { steps } => Some(steps.clone()),
        _ => None,
    });
    steps.flatten().collect()
}

/// An alert is over when all it was about has let go.
fn resolve(document: &mut Document, now: Timestamp) {
    let latched =
        |step: &String| step.starts_with(trouble::TROUBLE) || document.state.latch(step).is_some();
    let (open, over): (Vec<_>, Vec<_>) = document
        .incidents
        .iter()
        .cloned()
        .partition(|incident| incident.steps.iter().any(latched));
    document.incidents = open;
    for incident in over {
        document.outbox.push(OutboxRecord {
            key: incident.key,
            channel: incident.channel,
            tries: 0,
            next: now,
            what: Posting::Resolve,
        });
    }
}

/// Commands always, and of everything else what changed or said something.
fn remember(document: &mut Document, decided: &Decided<'_>) {
    let decision = decided.decision;
    let is_command = matches!(decided.input, Input::Command(_));
    let is_news = decision.rolled
        || !decision.fired.is_empty()
        || !decision.released.is_empty()
        || decision.plan.iter().any(PlanItem::acts)
        || !decision.notify.is_empty();
    if !is_command && !is_news {
        return;
    }
    let cause = decided.cause;
    let reason = decision.verdict.reason();
    let reason = reason.map(|reason| format!(":{reason}"));
    document.record(HistoryRecord {
        at: decided.now,
        what: cause.id.clone(),
        verdict: format!("{}{}", decision.verdict.word(), reason.unwrap_or_default()),
        by: cause.by.clone(),
        reason: cause.reason.clone(),
        line: explain::explain(decision, decided.policy),
    });
}

/// An alert about how things stand, to be completed.
pub(super) fn alert(document: &Document, policy: &Policy, now: Timestamp) -> Alert {
    let state = &document.state;
    Alert {
        key: String::new(),
        at: now,
        account: policy.account.clone(),
        budget: policy.budget.clone(),
        name: document.name.clone(),
        severity: Severity::Warning,
        level: state.level().code().to_owned(),
        title: String::new(),
        dry_run: policy.mode == Mode::DryRun,
        cost: state.cost,
        amount: state.budget,
        projected: None,
        currency: state.currency.clone(),
        period: state.period,
        period_end: state.period.and_then(|start| policy.period.end_of(start)),
        lines: Vec::new(),
        work: Vec::new(),
    }
}

/// `ACCOUNT/BUDGET/PERIOD`: what the keys of everything about a period begin with.
pub(super) fn period_key(document: &Document, policy: &Policy) -> String {
    let period = document.state.period;
    let period = period.map_or_else(|| "-".to_owned(), |start| start.to_string());
    format!("{}/{period}", holder(policy))
}

fn of_notice(document: &Document, decided: &Decided<'_>, notice: &Notice) -> Alert {
    let (policy, decision) = (decided.policy, decided.decision);
    let mut alert = alert(document, policy, decided.now);
    let steps = fired_steps(notice);
    let fired = decision
        .fired
        .iter()
        .filter(|firing| steps.contains(&firing.step));
    let highest = fired.clone().max_by_key(|firing| firing.class);
    alert.title = match (highest, notice.topics.first()) {
        (Some(firing), _) => wording::class(firing.class).to_owned(),
        (None, Some(topic)) => wording::title(topic).to_owned(),
        (None, None) => "notice".to_owned(),
    };
    alert.key = match highest {
        // Of several budgets' steps that fire at once, the gravest names the alert.
        Some(firing) => firing.key.clone(),
        None => format!(
            "{}/{}/{}@{}",
            period_key(document, policy),
            alert.title,
            decided.cause.id,
            decided.now
        ),
    };
    alert.dry_run = match highest {
        Some(_) => fired.clone().all(|firing| firing.mode == Mode::DryRun),
        None => policy.mode == Mode::DryRun,
    };
    alert.severity = match highest {
        Some(_) if alert.dry_run => Severity::Info,
        Some(firing) => severity(firing.class),
        None => wording::severity(&notice.topics),
    };
    alert.projected = decision
        .projection
        .and_then(|projection| Micros::narrow(projection.at_period_end));
    alert.lines = wording::lines(document, decided, notice);
    alert.work = work(document, decision);
    alert
}

const fn severity(class: Class) -> Severity {
    match class {
        Class::Notify | Class::Throttle => Severity::Warning,
        Class::Stop => Severity::Error,
        Class::Cap => Severity::Critical,
    }
}

/// The items of this decision's plan, as they stand.
fn work(document: &Document, decision: &Decision) -> Vec<ItemRecord> {
    let acts: Vec<&Action> = decision
        .plan
        .iter()
        .filter_map(|item| match item {
            PlanItem::Restore { action, .. }
            | PlanItem::Do { action }
            | PlanItem::Set { action } => Some(action),
            _ => None,
        })
        .collect();
    let items = document.items().iter();
    items
        .filter(|item| acts.contains(&&item.action))
        .cloned()
        .collect()
}

/// What failed, and what waits to be said, is due now.
pub(super) fn make_due(document: &mut Document, cause: &Cause, now: Timestamp) {
    let mut names = Vec::new();
    for item in document.plan.iter_mut().flat_map(|plan| &mut plan.items) {
        if item.state == ItemState::Failed {
            item.next = Some(now);
            names.push(item.action.to_string());
        }
    }
    for notice in &mut document.outbox {
        notice.next = notice.next.min(now);
    }
    document.record(HistoryRecord {
        at: now,
        what: cause.id.clone(),
        verdict: "accepted".to_owned(),
        by: cause.by.clone(),
        reason: cause.reason.clone(),
        line: match names.as_slice() {
            [] => "nothing had failed".to_owned(),
            names => format!("tries again {}", names.join(", ")),
        },
    });
}
