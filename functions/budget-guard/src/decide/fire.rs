//! Which steps fire, and what keeps a step whose trigger is satisfied from firing.

use super::{Reading, Turn};
use crate::{
    decision::{Firing, Suppressed, Suppression, Topic},
    money::{BasisPoints, Micros},
    policy::{Class, Step, Trigger},
    state::{Confirmation, Latch},
};

/// So far above its rung a step does not wait for its cool-down.
const URGENT: BasisPoints = BasisPoints::new(1_000);

/// The evidence a step fires on.
#[derive(Clone, Copy)]
pub(super) struct Evidence {
    pub(super) cost: Option<Micros>,
    pub(super) budget: Option<Micros>,
}

impl Turn<'_> {
    /// Fires every step whose time has come: all rungs in one decision.
    pub(super) fn fire(&mut self, reading: &Reading) {
        let policy = self.policy;
        let mut held_by_snooze = Vec::new();
        for step in &policy.steps {
            if matches!(step.when, Trigger::Anomaly { .. }) {
                continue;
            }
            if !self.satisfies(step.when, reading) {
                self.state.confirm.remove(&step.id);
                continue;
            }
            if self.state.latch(&step.id).is_some() || self.let_go_just_now(step) {
                continue;
            }
            match self.obstacle(step, reading) {
                None => self.latch(
                    step,
                    Evidence {
                        cost: Some(reading.cost),
                        budget: reading.amount,
                    },
                ),
                Some(reason) => self.suppress(step, reason, &mut held_by_snooze),
            }
        }
        self.tell_snooze(held_by_snooze);
        self.tell_fired();
    }

    fn let_go_just_now(&self, step: &Step) -> bool {
        let released = &self.decision.released;
        step.class != Class::Notify && released.iter().any(|release| release.step == step.id)
    }

    pub(super) fn suppress(
        &mut self,
        step: &Step,
        reason: Suppression,
        held_by_snooze: &mut Vec<String>,
    ) {
        self.decision.suppressed.push(Suppressed {
            step: step.id.clone(),
            reason,
        });
        match reason {
            Suppression::Snoozed => held_by_snooze.push(step.id.clone()),
            Suppression::NotArmed if self.state.told.insert(format!("not_armed:{}", step.id)) => {
                self.tell(&Topic::NotArmed {
                    step: step.id.clone(),
                });
            }
            _ => {}
        }
    }

    fn obstacle(&mut self, step: &Step, reading: &Reading) -> Option<Suppression> {
        if !self.confirmed(step, reading) {
            return Some(Suppression::Unconfirmed);
        }
        let cooling = self
            .state
            .cool
            .get(&step.id)
            .is_some_and(|until| self.now() < *until);
        if cooling && !urgent(step.when, reading) {
            return Some(Suppression::Cooling);
        }
        if let Some(reason) = self.held_by_a_person(step) {
            return Some(reason);
        }
        let whole = |amount| reading.cost.reaches(BasisPoints::WHOLE, amount);
        let reached = reading.amount.is_some_and(whole);
        (step.needs_arming() && !(reached && self.is_armed(step))).then_some(Suppression::NotArmed)
    }

    /// Counts this message, also while something else keeps the step from firing.
    fn confirmed(&mut self, step: &Step, reading: &Reading) -> bool {
        let confirmation = self.state.confirm.entry(step.id.clone());
        let confirmation = confirmation.or_insert(Confirmation {
            count: 0,
            since: reading.at,
        });
        confirmation.count = confirmation.count.saturating_add(1);
        let apart = reading.at.duration_since(confirmation.since);
        confirmation.count >= step.confirm && apart >= step.confirm_min
    }

    pub(super) fn held_by_a_person(&self, step: &Step) -> Option<Suppression> {
        if !step.class.enforces() {
            return None;
        }
        let now = self.now();
        let blocks = &self.state.blocks;
        if blocks.get(&step.id).is_some_and(|block| now < block.until) {
            return Some(Suppression::ReleasedByOperator);
        }
        let snooze = self.state.snooze.as_ref();
        snooze
            .is_some_and(|snooze| now < snooze.until)
            .then_some(Suppression::Snoozed)
    }

    /// Both consents, and not the guard's own project.
    pub(super) fn may_unlink(&self, project: &str) -> bool {
        self.policy.cap_projects.contains(project)
            && self.observed.armed.contains(project)
            && self.policy.guard_project != project
    }

    /// Nothing is unlinked below the whole budget, nor without consent for every project.
    fn is_armed(&self, step: &Step) -> bool {
        let full = match step.when {
            Trigger::Actual(share) => share >= BasisPoints::WHOLE,
            Trigger::ActualAmount(_) => true,
            _ => false,
        };
        full && step
            .actions
            .iter()
            .filter(|action| action.unlinks_billing())
            .all(|action| self.may_unlink(action.resource.project()))
    }

    /// Puts a step in force.
    pub(super) fn latch(&mut self, step: &Step, evidence: Evidence) {
        let mode = self.policy.mode_of(step);
        let epoch = self.state.epochs.get(&step.id).copied().unwrap_or_default();
        self.state.confirm.remove(&step.id);
        self.state.latches.push(Latch {
            step: step.id.clone(),
            class: step.class,
            mode,
            epoch,
            at: self.now(),
            cost: evidence.cost,
            budget: evidence.budget,
            carried: false,
            actions: step.actions.clone(),
        });
        let period = self.state.period.unwrap_or(self.now());
        self.decision.fired.push(Firing {
            step: step.id.clone(),
            class: step.class,
            mode,
            epoch,
            key: self.policy.firing_key(period, &step.id, epoch),
        });
    }
}

/// Whether the cost is so far above the rung that waiting would be worse than flapping.
fn urgent(trigger: Trigger, reading: &Reading) -> bool {
    let Reading { cost, amount, .. } = *reading;
    let Some(amount) = amount else {
        return false;
    };
    match trigger {
        Trigger::Actual(share) => cost.reaches(share.plus(URGENT), amount),
        Trigger::ActualAmount(least) => Micros::narrow(cost.wide() - least.wide())
            .is_some_and(|above| above.reaches(URGENT, amount)),
        _ => false,
    }
}
