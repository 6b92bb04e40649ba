//! Which latches let go, before any step may fire.

use super::{Reading, Turn};
use crate::{
    decision::{Release, ReleaseReason, Topic},
    policy::{Class, Restore, Step, Trigger},
    state::Latch,
};

/// What becomes of a latch.
enum Fate {
    /// It stays in force.
    Stays,
    /// It stays in force over a boundary that would have ended it, and somebody should know.
    Carried,
    /// It ends without a word: nothing was taken away.
    Ends,
    /// What it took is given back.
    Released(ReleaseReason),
}

impl Turn<'_> {
    /// Lets go of what no longer holds.
    pub(super) fn release(&mut self, reading: &Reading) {
        let mut carried = Vec::new();
        for mut latch in std::mem::take(&mut self.state.latches) {
            match self.fate(&latch, reading) {
                Fate::Stays => self.state.latches.push(latch),
                Fate::Carried => {
                    carried.push(latch.step.clone());
                    latch.carried = true;
                    self.state.latches.push(latch);
                }
                Fate::Ends => self.count_release(&latch.step),
                Fate::Released(reason) => self.let_go(&latch, reason),
            }
        }
        if !carried.is_empty() {
            self.tell(&Topic::Carried { steps: carried });
        }
        if !self.decision.released.is_empty() {
            self.tell(&Topic::Released);
        }
    }

    fn fate(&mut self, latch: &Latch, reading: &Reading) -> Fate {
        let step = self.policy.step(&latch.step);
        match latch.class {
            Class::Notify => notify_fate(latch, step, reading),
            // Only a person gives billing back. That it stays is said when a period ends or its step goes, once each.
            Class::Cap if reading.rolled || (step.is_none() && !latch.carried) => Fate::Carried,
            Class::Cap => Fate::Stays,
            Class::Throttle | Class::Stop => match step {
                Some(step) => self.enforced_fate(latch, step, reading),
                None => Fate::Released(ReleaseReason::PolicyRemoved),
            },
        }
    }

    fn enforced_fate(&mut self, latch: &Latch, step: &Step, reading: &Reading) -> Fate {
        if reading.rolled {
            let holds_again = self.satisfies(step.when, reading);
            return if step.restore == Restore::Manual || holds_again {
                Fate::Carried
            } else {
                Fate::Released(ReleaseReason::Rollover)
            };
        }
        let Some(amount) = reading.amount else {
            return Fate::Stays;
        };
        let below = step
            .release
            .is_some_and(|release| !reading.cost.reaches(release, amount));
        let raised = latch.budget.is_some_and(|budget| amount > budget);
        if below && raised && reading.specified {
            return Fate::Released(ReleaseReason::BudgetRaised);
        }
        if step.restore == Restore::Hysteresis && below {
            let count = self.state.under.entry(step.id.clone()).or_default();
            *count = count.saturating_add(1);
            if *count >= step.release_after {
                return Fate::Released(ReleaseReason::Hysteresis);
            }
        } else {
            self.state.under.remove(&step.id);
        }
        Fate::Stays
    }

    /// Ends a latch that had taken something, and remembers that it did.
    pub(super) fn let_go(&mut self, latch: &Latch, reason: ReleaseReason) {
        self.count_release(&latch.step);
        self.state.under.remove(&latch.step);
        if matches!(
            reason,
            ReleaseReason::BudgetRaised | ReleaseReason::Hysteresis
        ) && let Some(step) = self.policy.step(&latch.step)
            && let Ok(until) = self.now().checked_add(step.cool_down)
        {
            self.state.cool.insert(latch.step.clone(), until);
        }
        self.decision.released.push(Release {
            step: latch.step.clone(),
            reason,
            mode: latch.mode,
        });
    }

    /// A latch of the period before was not released in this one.
    fn count_release(&mut self, step: &str) {
        if !self.decision.rolled {
            let epoch = self.state.epochs.entry(step.to_owned()).or_default();
            *epoch = epoch.saturating_add(1);
        }
    }
}

/// A notice may be given again in a new period, or when the budget was raised: when the cost it was given at is no longer
/// too much. Comparing that cost, and not the threshold, keeps edits of the budget from repeating notices by themselves.
fn notify_fate(latch: &Latch, step: Option<&Step>, reading: &Reading) -> Fate {
    let Some(step) = step.filter(|_| !reading.rolled) else {
        return Fate::Ends;
    };
    match (step.when, latch.cost.zip(reading.amount)) {
        (Trigger::Actual(share), Some((cost, amount))) if !cost.reaches(share, amount) => {
            Fate::Ends
        }
        _ => Fate::Stays,
    }
}
