//! What a person may tell the guard.

use super::Turn;
use crate::{
    decision::{Rejection, ReleaseReason, Topic, Verdict},
    input::{Command, Until, Wish},
    policy::Class,
    state::{Block, Snooze},
};
use jiff::{SignedDuration, Timestamp};

/// No snooze is longer: whoever forgets it has three days of spend, not a month.
const LONGEST_SNOOZE: SignedDuration = SignedDuration::from_hours(72);

impl Turn<'_> {
    pub(super) fn command(&mut self, command: &Command) -> Verdict {
        let obeyed = match &command.wish {
            Wish::Snooze { until } => self.snooze(*until, command),
            Wish::Release { step, until } => self.release_by_hand(step, *until, command),
            Wish::Resume => {
                self.state.snooze = None;
                self.state.blocks.clear();
                self.tell(&Topic::Resumed);
                Ok(())
            }
        };
        match obeyed {
            Ok(()) => {
                self.plan();
                self.remind();
                Verdict::Accepted
            }
            Err(rejection) => Verdict::Rejected(rejection),
        }
    }

    fn snooze(&mut self, until: Timestamp, command: &Command) -> Result<(), Rejection> {
        let reason = said(command).ok_or(Rejection::ReasonRequired)?;
        let now = self.now();
        if until <= now {
            return Err(Rejection::UntilInThePast);
        }
        let latest = now.checked_add(LONGEST_SNOOZE).unwrap_or(until);
        let until = whole_seconds(until.min(latest));
        self.state.snooze = Some(Snooze {
            until,
            by: command.by.clone(),
            reason,
            told: false,
        });
        self.tell(&Topic::Snoozed { until });
        Ok(())
    }

    /// Gives back what a step took, and keeps it from firing again: the next message would, within half an hour.
    fn release_by_hand(
        &mut self,
        id: &str,
        until: Until,
        command: &Command,
    ) -> Result<(), Rejection> {
        let latched = self.state.latch(id).map(|latch| latch.class);
        let class = latched.or_else(|| self.policy.step(id).map(|step| step.class));
        if class.ok_or(Rejection::UnknownStep)? == Class::Notify {
            return Err(Rejection::NothingToRelease);
        }
        let until = self.end_of(until).ok_or(Rejection::UntilInThePast)?;
        let block = Block {
            until,
            by: command.by.clone(),
            reason: said(command),
        };
        self.state.blocks.insert(id.to_owned(), block);
        self.state.confirm.remove(id);
        let latches = &mut self.state.latches;
        if let Some(index) = latches.iter().position(|latch| latch.step == id) {
            let latch = latches.remove(index);
            self.let_go(&latch, ReleaseReason::Operator);
            self.tell(&Topic::Released);
        }
        Ok(())
    }

    fn end_of(&self, until: Until) -> Option<Timestamp> {
        let end = match until {
            Until::At(instant) => instant,
            Until::PeriodEnd => {
                let period = self.policy.period;
                let start = self.state.period.or_else(|| period.start_of(self.now()));
                period.end_of(start?)?
            }
        };
        (end > self.now()).then_some(end)
    }
}

/// Nobody reads nanoseconds.
fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

fn said(command: &Command) -> Option<String> {
    let reason = command.reason.as_deref().map(str::trim).unwrap_or_default();
    (!reason.is_empty()).then(|| reason.to_owned())
}
