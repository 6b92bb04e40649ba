//! The plan: the difference between what should be in force and what is.

use super::Turn;
use crate::{
    action::{Action, Resource},
    decision::PlanItem,
    policy::Mode,
    state::Latch,
};
use std::collections::BTreeMap;

impl Turn<'_> {
    /// Plans the way from what is in force to what the latches ask for.
    ///
    /// What is given back comes first, in the reverse order of taking.
    pub(super) fn plan(&mut self) {
        let desired = self.desired(Latch::is_real);
        let would_be = self.desired(|_| true);
        let (mut restores, mut changes) = (Vec::new(), Vec::new());
        let mut applied = BTreeMap::new();
        for (resource, action) in &self.state.applied {
            match desired.get(resource) {
                Some(_) => {
                    applied.insert(resource.clone(), action.clone());
                }
                None => restores.push(PlanItem::Restore {
                    resource: resource.clone(),
                    action: action.clone(),
                }),
            }
        }
        restores.reverse();
        for (resource, action) in desired {
            let before = self.state.applied.get(&resource);
            if before == Some(&action) {
                continue;
            }
            let lessens = before.is_some_and(|before| before.exceeds(&action));
            changes.push(match (lessens, self.policy.mode) {
                (true, _) => PlanItem::Set {
                    action: action.clone(),
                },
                (false, Mode::Enforce) => PlanItem::Do {
                    action: action.clone(),
                },
                // What was protected until now, or fired before the dry run: nothing more is taken away in one.
                (false, Mode::DryRun) => continue,
            });
            applied.insert(resource, action);
        }
        self.state.applied = applied;
        let (dry, skipped) = self.not_done(&would_be);
        let plan = &mut self.decision.plan;
        plan.extend(restores);
        plan.extend(changes);
        plan.extend(dry);
        plan.extend(skipped);
    }

    /// The most severe action per resource of the latches that count.
    fn desired(&self, counts: impl Fn(&Latch) -> bool) -> BTreeMap<Resource, Action> {
        let mut desired: BTreeMap<Resource, Action> = BTreeMap::new();
        let latches = self.state.latches.iter().filter(|latch| counts(latch));
        for action in latches.flat_map(|latch| &latch.actions) {
            if self.is_protected(&action.resource) || self.lacks_consent(action) {
                continue;
            }
            let known = desired.get(&action.resource);
            if known.is_none_or(|known| action.exceeds(known)) {
                desired.insert(action.resource.clone(), action.clone());
            }
        }
        desired
    }

    /// Of the steps that fire now: what a dry run would do, and what is left out and why.
    fn not_done(&self, would_be: &BTreeMap<Resource, Action>) -> (Vec<PlanItem>, Vec<PlanItem>) {
        let mut dry = BTreeMap::new();
        let mut skipped = Vec::new();
        for firing in &self.decision.fired {
            let Some(latch) = self.state.latch(&firing.step) else {
                continue;
            };
            for action in latch.actions.iter().cloned() {
                if self.is_protected(&action.resource) {
                    skipped.push(PlanItem::SkipProtected { action });
                } else if would_be.get(&action.resource) != Some(&action) {
                    skipped.push(PlanItem::SkipSuperseded { action });
                } else if !latch.is_real() {
                    dry.insert(action.resource.clone(), PlanItem::Dry { action });
                }
            }
        }
        (dry.into_values().collect(), skipped)
    }

    /// Both consents must hold when billing is unlinked, not only when the step fired; they may be withdrawn between.
    fn lacks_consent(&self, action: &Action) -> bool {
        let in_force = self.state.applied.contains_key(&action.resource);
        action.unlinks_billing() && !in_force && !self.may_unlink(action.resource.project())
    }

    /// By the policy, by its own label, or because the guard lives there.
    fn is_protected(&self, resource: &Resource) -> bool {
        self.policy.protected.contains(resource)
            || self.observed.protected.contains(resource)
            || self.policy.guard_project == resource.project()
    }
}
