//! The decision itself: guards first, then whatever the phase asks for.

mod adopt;
mod back;
mod driving;
mod forward;
mod idle;
mod publishing;

use super::{
    decision::{Decision, Refusal, Stop, Write, WriteKind},
    policy::Policy,
    run::Run,
    state::{ErrorCode, Operation, Phase, State},
    trigger::{Intent, TriggeredBy},
};
use driving::Driver;
use jiff::Timestamp;
use std::borrow::Cow;

/// Names the one next thing to do about a secret, given its rules, what is known, and the time.
///
/// The same arguments give the same decision. Carry it out, tell the [`Run`] what came of it, and ask again until it says
/// [`Decision::Stop`].
pub fn decide(policy: &Policy, run: &Run, now: Timestamp) -> Decision {
    if run.secret.managed {
        return refused(Refusal::Managed);
    }
    if run.secret.paused {
        return Decision::Stop(Stop::Paused);
    }
    match &run.secret.state {
        Err(unreadable) => refused(unreadable.clone().into()),
        Ok(None) => adopt::decide(policy, run, now),
        Ok(Some(state)) => {
            let state = &unsettled(policy, run, state);
            match &state.operation {
                None => idle::decide(policy, run, state, now),
                Some(operation) => under_way(&Driver {
                    policy,
                    run,
                    state,
                    operation,
                    now,
                }),
            }
        }
    }
}

/// The state as everything has to be decided and written: what this call sent out without an answer may still land, and
/// the secret does not say so before the next write.
fn unsettled<'a>(policy: &Policy, run: &Run, state: &'a State) -> Cow<'a, State> {
    let Some(lost_at) = run.lost_at else {
        return Cow::Borrowed(state);
    };
    let mut state = state.clone();
    state.quiet_after = state.quiet_after.max(Some(lost_at + policy.lease));
    Cow::Owned(state)
}

fn refused(why: Refusal) -> Decision {
    Decision::Stop(Stop::Refused(why))
}

fn write(kind: WriteKind, state: State) -> Decision {
    Decision::Write(Box::new(Write { kind, state }))
}

/// An operation is under way: hear what the caller wants, see whose turn it is, then go on with it.
fn under_way(driver: &Driver) -> Decision {
    if let Some(decision) = wish(driver) {
        return decision;
    }
    let now = driver.now;
    if let Some(until) = driver.held_by_another() {
        return Decision::Stop(Stop::Busy { until });
    }
    if let Some(failure) = driver.run.facts.failure {
        return driver.failed(failure);
    }
    if let Some(at) = driver.operation.next_try.filter(|at| *at > now)
        && (driver.run.parked || !driver.is_urgent())
    {
        return driver.put_off(at);
    }
    if matches!(driver.operation.phase, Phase::Undoing(_)) {
        return back::decide(driver);
    }
    if let Some(why) = driver.operation.undo {
        return driver.turn_around(why);
    }
    forward::decide(driver)
}

/// What the caller wants of the running operation, if it is something that has to be remembered or refused.
fn wish(driver: &Driver) -> Option<Decision> {
    let operation = driver.operation;
    match &driver.run.intent {
        Intent::Tick => None,
        Intent::Adopt => Some(Decision::Stop(Stop::AlreadyManaged)),
        Intent::Abort => take_back(driver, ErrorCode::Aborted),
        Intent::Rollback => match operation.phase {
            Phase::Claimed | Phase::Staged { .. } | Phase::Proven { .. }
                if operation.undo.is_none() =>
            {
                Some(refused(Refusal::NotPublished))
            }
            _ => take_back(driver, ErrorCode::RolledBack),
        },
        Intent::Rotate(request) => {
            if request.repair && !operation.repair {
                let mut state = driver.state.clone();
                if let Some(operation) = &mut state.operation {
                    operation.repair = true;
                }
                return Some(write(WriteKind::Note, state));
            }
            match request.by {
                TriggeredBy::Person => None,
                TriggeredBy::Schedule { due } => another_is_due(driver, due),
            }
        }
    }
}

/// Remembers that an operator wants to go back, where that is still possible.
fn take_back(driver: &Driver, why: ErrorCode) -> Option<Decision> {
    let Operation { phase, undo, .. } = driver.operation;
    match phase {
        Phase::Undoing(_) => None,
        Phase::Retiring { .. } => Some(refused(Refusal::TooLate)),
        _ if undo.is_some() => None,
        _ => {
            let mut state = driver.state.clone();
            if let Some(operation) = &mut state.operation {
                operation.undo = Some(why);
                // Whoever has the lease goes on at once; nobody is kept waiting by an old failure.
                operation.next_try = None;
            }
            Some(write(WriteKind::Note, state))
        }
    }
}

/// Remembers a later scheduled rotation that comes due while this one is under way.
fn another_is_due(driver: &Driver, due: Timestamp) -> Option<Decision> {
    let known = |other: Option<Timestamp>| other.is_some_and(|other| other >= due);
    let deferred = driver.state.next.as_ref().and_then(|next| next.due);
    if known(driver.state.last_due) || known(deferred) || driver.held_by_another().is_some() {
        return None;
    }
    let mut state = driver.state.clone();
    state.next = Some(super::state::Deferred {
        due: Some(due),
        at: driver.now,
    });
    Some(write(WriteKind::Note, state))
}
