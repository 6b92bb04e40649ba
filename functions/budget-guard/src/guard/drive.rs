//! The items of a plan, one after the other; each is written down as it ends.

use super::{Guard, GuardError, holder};
use crate::{
    apply::{Applier, Ended},
    metrics,
    policy::Policy,
    state::{
        Latch,
        document::{Document, ItemRecord, ItemState, Operation},
        holders::Held,
    },
    store::Version,
};
use jiff::SignedDuration;

/// What failed is tried again after this long.
const AGAIN: SignedDuration = SignedDuration::from_hours(1);

impl Guard {
    /// Does every item that is due. Returns what is left because something was away.
    pub(super) async fn drive(
        &self,
        policy: &Policy,
        document: &mut Document,
        version: &mut Version,
    ) -> Result<Vec<String>, GuardError> {
        let name = holder(policy);
        let mut left = Vec::new();
        let now = self.now();
        let due = document.items().iter().enumerate();
        let due: Vec<usize> = due
            .filter(|(_, item)| item.is_due(now))
            .map(|(index, _)| index)
            .collect();
        for (nth, index) in due.iter().enumerate() {
            let Some(item) = document.items().get(*index).cloned() else {
                continue;
            };
            let ended = self.apply(policy, document, &item, None).await;
            tell(&name, &item, &ended);
            metrics::acted(&ended);
            if let Ended::Overtaken(changed) = ended {
                self.stand_by_memory(policy, &item, changed.as_deref())
                    .await?;
                return Err(GuardError::Overtaken);
            }
            if let Ended::Later(why) = &ended {
                left.push(format!("{}: {why}", item.action));
            }
            if let Some(plan) = &mut document.plan {
                self.note(&mut plan.items[*index], ended);
                plan.lease = Some(self.lease(self.now()));
            }
            // The last one is written down with what is said about it.
            if nth + 1 < due.len() {
                *version = self.repository.save(policy, document, version).await?;
            }
        }
        Ok(left)
    }

    /// Makes a resource what the memory now says of it, after another instance has taken over the work at it.
    ///
    /// That instance may have looked before what we did was to be seen.
    async fn stand_by_memory(
        &self,
        policy: &Policy,
        item: &ItemRecord,
        changed: Option<&Held>,
    ) -> Result<(), GuardError> {
        for _ in 0..super::RIVALS {
            let (document, _) = self.repository.budget(policy).await?;
            let wanted = document.state.applied.get(&item.action.resource);
            let item = match wanted {
                Some(action) => ItemRecord::planned(Operation::Do, action.clone()),
                None => ItemRecord::planned(Operation::Restore, item.action.clone()),
            };
            let ended = self.apply(policy, &document, &item, changed).await;
            if !matches!(ended, Ended::Overtaken(_)) {
                tell(&holder(policy), &item, &ended);
                return Ok(());
            }
        }
        Err(GuardError::Rivals)
    }

    async fn apply(
        &self,
        policy: &Policy,
        document: &Document,
        item: &ItemRecord,
        recall: Option<&Held>,
    ) -> Ended {
        let key = firing_key(policy, document, item);
        let applier = Applier {
            google: &self.google,
            repository: &self.repository,
            policy,
            rev: document.rev,
            key: key.as_deref(),
            recall,
            rounds: self.rounds,
        };
        applier.apply(item).await
    }

    fn note(&self, item: &mut ItemRecord, ended: Ended) {
        item.tries = item.tries.saturating_add(1);
        item.next = None;
        (item.state, item.note) = match ended {
            Ended::Done(note) => (ItemState::Done, note),
            Ended::Conflict(why) => (ItemState::Conflict, Some(why)),
            Ended::Later(why) => (ItemState::Prepared, Some(why)),
            Ended::Overtaken(_) => (ItemState::Prepared, None),
            Ended::Failed(why) => {
                item.next = self.now().checked_add(AGAIN).ok();
                (ItemState::Failed, Some(why))
            }
        };
    }
}

/// The key of the newest firing that asks for this.
fn firing_key(policy: &Policy, document: &Document, item: &ItemRecord) -> Option<String> {
    let state = &document.state;
    let asks = |latch: &&Latch| latch.is_real() && latch.actions.contains(&item.action);
    let latch = state.latches.iter().rev().find(asks)?;
    Some(policy.firing_key(state.period?, &latch.step, latch.epoch))
}

fn tell(policy: &str, item: &ItemRecord, ended: &Ended) {
    let (op, action) = (item.op, &item.action);
    match ended {
        Ended::Done(note) => tracing::info!(
            event = crate::event::APPLIED,
            policy,
            ?op,
            %action,
            note = note.as_deref().unwrap_or_default(),
            "done and seen to be"
        ),
        Ended::Conflict(why) => {
            tracing::warn!(event = crate::event::CONFLICT, policy, ?op, %action, "{why}");
        }
        Ended::Failed(why) => {
            tracing::error!(event = crate::event::ACTION_FAILED, policy, ?op, %action, "{why}");
        }
        Ended::Later(why) => {
            tracing::warn!(event = crate::event::ACTION_LATER, policy, ?op, %action, "{why}");
        }
        Ended::Overtaken(_) => tracing::warn!(
            event = crate::event::ACTION_LATER,
            policy,
            ?op,
            %action,
            "another instance has taken the work over"
        ),
    }
}
