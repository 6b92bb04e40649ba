//! What went wrong with the work, and what came right again: told once each.

use super::intent::{alert, period_key};
use crate::{
    alert::Severity,
    policy::Policy,
    state::document::{
        Document, IncidentRecord, ItemRecord, ItemState, Operation, OutboxRecord, Posting,
    },
};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// After the work: notices say what became of it, and what went wrong is told even when nothing else is.
pub(super) fn conclude(
    document: &mut Document,
    policy: &Policy,
    pagers: &BTreeSet<String>,
    now: Timestamp,
) {
    let items = document.items().to_vec();
    for notice in &mut document.outbox {
        if let Posting::Alert(alert) = &mut notice.what {
            for told in &mut alert.work {
                let same = |item: &&ItemRecord| item.op == told.op && item.action == told.action;
                if let Some(item) = items.iter().find(same) {
                    told.clone_from(item);
                }
            }
        }
    }
    for item in items {
        match item.state {
            ItemState::Failed | ItemState::Conflict => {
                tell_trouble(document, policy, &item, pagers, now);
            }
            ItemState::Done => tell_recovery(document, policy, &item, now),
            ItemState::Planned | ItemState::Prepared => {}
        }
    }
    resolve_trouble(document, now);
}

/// What the names of troubles begin with; no step has a colon in its name.
pub(super) const TROUBLE: &str = "trouble:";

fn mark(item: &ItemRecord) -> String {
    let op = match item.op {
        Operation::Restore => "restore",
        Operation::Do => "do",
        Operation::Set => "set",
    };
    format!("{TROUBLE}{op}:{}", item.action)
}

/// Once an item and period, to whoever hears of the step and of the whole; not to a channel that is told anyway.
fn tell_trouble(
    document: &mut Document,
    policy: &Policy,
    item: &ItemRecord,
    pagers: &BTreeSet<String>,
    now: Timestamp,
) {
    if !document.state.told.insert(mark(item)) {
        return;
    }
    let mut alert = alert(document, policy, now);
    let failed = item.state == ItemState::Failed;
    let title = if failed { "failed" } else { "conflict" };
    title.clone_into(&mut alert.title);
    alert.severity = if failed {
        Severity::Critical
    } else {
        Severity::Warning
    };
    alert.key = format!("{}/{}", period_key(document, policy), mark(item));
    alert.work = vec![item.clone()];
    let concerned = policy
        .steps
        .iter()
        .filter(|step| step.actions.contains(&item.action));
    let channels: BTreeSet<&String> = concerned
        .flat_map(|step| &step.channels)
        .chain(&policy.tell)
        .collect();
    for channel in channels {
        let is_told = document.outbox.iter().any(|notice| {
            notice.channel == *channel
                && matches!(&notice.what, Posting::Alert(told) if told.work.contains(item))
        });
        if is_told {
            continue;
        }
        if pagers.contains(channel) {
            document.incidents.push(IncidentRecord {
                key: alert.key.clone(),
                channel: channel.clone(),
                steps: vec![mark(item)],
            });
        }
        document.outbox.push(OutboxRecord {
            key: alert.key.clone(),
            channel: channel.clone(),
            tries: 0,
            next: now,
            what: Posting::Alert(Box::new(alert.clone())),
        });
    }
}

/// What could not be done and now is.
fn tell_recovery(document: &mut Document, policy: &Policy, item: &ItemRecord, now: Timestamp) {
    if !document.state.told.remove(&mark(item)) {
        return;
    }
    let mut alert = alert(document, policy, now);
    "recovered".clone_into(&mut alert.title);
    alert.severity = Severity::Info;
    alert.key = format!(
        "{}/recovered:{}@{now}",
        period_key(document, policy),
        item.action
    );
    alert.work = vec![item.clone()];
    for channel in &policy.tell {
        document.outbox.push(OutboxRecord {
            key: alert.key.clone(),
            channel: channel.clone(),
            tries: 0,
            next: now,
            what: Posting::Alert(Box::new(alert.clone())),
        });
    }
}

/// Alerts about trouble are over when the trouble is.
fn resolve_trouble(document: &mut Document, now: Timestamp) {
    let told = &document.state.told;
    let marks: Vec<String> = document
        .items()
        .iter()
        .filter(|item| matches!(item.state, ItemState::Failed | ItemState::Conflict))
        .map(mark)
        .collect();
    let (over, open): (Vec<_>, Vec<_>) = document.incidents.iter().cloned().partition(|incident| {
        let about = incident
            .steps
            .first()
            .filter(|step| step.starts_with(TROUBLE));
        about.is_some_and(|mark| !told.contains(mark) || !marks.contains(mark))
    });
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
