//! Holding the lease, and every way in which the state of an operation changes.

use super::{super::backoff::delay_after, write};
use crate::rotation::{
    decision::{Decision, Effect, Look, Stop, WriteKind},
    policy::{Policy, Staging},
    run::{Failure, FailureKind, Run},
    state::{
        Candidate, Deferred, ErrorCode, Lease, Operation, Phase, Place, State, Subject, Undo,
        VersionNumber,
    },
    trigger::{Intent, TriggeredBy},
};
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// What has to be left of the lease when an effect has used up its time: the clocks of two machines may differ.
const MARGIN: Duration = Duration::from_secs(30);

/// One operation, and all that bears on its next step.
pub(super) struct Driver<'a> {
    pub(super) policy: &'a Policy,
    pub(super) run: &'a Run,
    pub(super) state: &'a State,
    pub(super) operation: &'a Operation,
    pub(super) now: Timestamp,
}

impl Driver<'_> {
    fn is_ours(&self) -> bool {
        let lease = self.operation.lease.as_ref();
        lease.is_some_and(|lease| lease.who == self.run.me)
    }

    /// Until when somebody else keeps us away.
    pub(super) fn held_by_another(&self) -> Option<Timestamp> {
        let lease = self.operation.lease.as_ref()?;
        (!self.is_ours() && lease.is_alive(self.now)).then_some(lease.until)
    }

    /// A person or a newer request does not wait for a back-off.
    pub(super) fn is_urgent(&self) -> bool {
        match &self.run.intent {
            Intent::Abort | Intent::Rollback => true,
            Intent::Rotate(request) => request.by == TriggeredBy::Person,
            Intent::Tick | Intent::Adopt => false,
        }
    }

    /// Carries out `effect`, as soon as the lease is ours, confirmed, and long enough for it.
    pub(super) fn act(&self, effect: Effect) -> Decision {
        let needed = effect.time_limit() + MARGIN;
        if self.run.until < self.now + effect.time_limit() {
            return self.let_go(Stop::Retry {
                at: self.now,
                code: None,
            });
        }
        match &self.operation.lease {
            Some(lease) if self.is_ours() => {
                if lease.remaining(self.now) < signed(needed) {
                    self.with_lease(WriteKind::Renew)
                } else if self.run.facts.confirmed || self.is_past_return() {
                    Decision::Do(effect)
                } else {
                    Decision::Look(Look::Confirm)
                }
            }
            _ => self.with_lease(WriteKind::TakeOver),
        }
    }

    /// What retires the old value only repeats what others would do as well; it needs no confirmation.
    fn is_past_return(&self) -> bool {
        matches!(self.operation.phase, Phase::Retiring { .. })
    }

    fn with_lease(&self, kind: WriteKind) -> Decision {
        write(kind, self.changed(|_, _| {}))
    }

    /// The state with the lease in our hands and `change` made.
    ///
    /// Taking a lease that was not let go counts the fence up, and keeps a quiet time in which the other's last effect
    /// may still land.
    fn changed(&self, change: impl FnOnce(&mut State, &mut Operation)) -> State {
        let mut state = self.state.clone();
        let mut operation = self.operation.clone();
        if operation.lease.is_some() && !self.is_ours() {
            state.fence += 1;
            state.quiet_after = state.quiet_after.max(Some(self.now + self.policy.lease));
        }
        operation.lease = Some(Lease {
            who: self.run.me.clone(),
            until: self.now + self.policy.lease,
        });
        change(&mut state, &mut operation);
        state.operation = Some(operation);
        state
    }

    /// Enters the next phase. The step before it has been done and seen to be done.
    pub(super) fn advance(&self, phase: Phase) -> Decision {
        let waits =
            matches!(&phase, Phase::Rolled { retire_after, .. } if *retire_after > self.now);
        write(
            WriteKind::Advance,
            self.changed(|state, operation| {
                state.error = None;
                if let Phase::Promoted { main, .. } | Phase::Rolled { main, .. } = phase {
                    state.current = main;
                }
                operation.phase = phase;
                operation.since = self.now;
                operation.tries = 0;
                operation.next_try = None;
                if waits {
                    operation.lease = None;
                }
            }),
        )
    }

    /// Changes something about the operation without leaving its phase.
    pub(super) fn note(&self, change: impl FnOnce(&mut State, &mut Operation)) -> Decision {
        write(WriteKind::Advance, self.changed(change))
    }

    /// Begins the way back.
    pub(super) fn turn_around(&self, why: ErrorCode) -> Decision {
        let nothing_touched =
            matches!(self.operation.phase, Phase::Claimed) && self.policy.staging == Staging::Side;
        if nothing_touched {
            return self.end_in_failure(why);
        }
        let (candidate, main) = match &self.operation.phase {
            Phase::Promoted { candidate, main }
            | Phase::Rolled {
                candidate, main, ..
            } => (Some(candidate.clone()), Some(*main)),
            Phase::Staged { candidate } | Phase::Proven { candidate } => {
                let inline = (candidate.place == Place::Main).then_some(candidate.version);
                (Some(candidate.clone()), inline)
            }
            Phase::Claimed | Phase::Retiring { .. } | Phase::Undoing(_) => (None, None),
        };
        self.advance(Phase::Undoing(Undo {
            why,
            candidate,
            main,
            copy: None,
        }))
    }

    /// Lets go after a failure, and comes back later: nobody is affected, or nothing better can be done.
    pub(super) fn park(&self, failure: Failure) -> Decision {
        let tries = self.operation.tries + 1;
        let wait = delay_after(tries, &self.operation.id.to_string());
        let mut state = self.changed(|state, operation| {
            state.error = Some(failure.code);
            operation.tries = tries;
            operation.next_try = Some(self.now + wait);
        });
        release(&mut state);
        write(WriteKind::Park, state)
    }

    /// Parks with a code that only a person, or time, can clear.
    pub(super) fn blocked(&self, code: ErrorCode) -> Decision {
        self.park(Failure {
            kind: FailureKind::Transient,
            code,
        })
    }

    /// Until when something that a worker had begun may still land; none if all is quiet.
    pub(super) fn still_unquiet(&self) -> Option<Timestamp> {
        self.state.quiet_after.filter(|until| *until > self.now)
    }

    /// Lets go until a time that is known, which does not count as one more failure.
    pub(super) fn park_until(&self, until: Timestamp, code: ErrorCode) -> Decision {
        let mut state = self.changed(|state, operation| {
            state.error = Some(code);
            operation.next_try = Some(until);
        });
        release(&mut state);
        write(WriteKind::Park, state)
    }

    /// Lets go without a failure, then stops.
    pub(super) fn let_go(&self, stop: Stop) -> Decision {
        if !self.is_ours() {
            return Decision::Stop(stop);
        }
        let mut state = self.state.clone();
        release(&mut state);
        write(WriteKind::Release, state)
    }

    /// Something failed in this phase.
    pub(super) fn failed(&self, failure: Failure) -> Decision {
        match &self.operation.phase {
            Phase::Claimed if failure.kind == FailureKind::Permanent => {
                self.turn_around(failure.code)
            }
            Phase::Proven { .. } if self.publication_is_overdue() => {
                self.turn_around(ErrorCode::PublishTimeout)
            }
            _ => self.park(failure),
        }
    }

    /// It is not time yet to try again.
    pub(super) fn put_off(&self, at: Timestamp) -> Decision {
        Decision::Stop(match self.state.error {
            Some(
                code @ (ErrorCode::RetireBlocked
                | ErrorCode::ConsumerFailed
                | ErrorCode::Drift
                | ErrorCode::BaseUnusable
                | ErrorCode::TargetDenied
                | ErrorCode::SecretDenied),
            ) => Stop::Blocked(code),
            code => Stop::Retry { at, code },
        })
    }

    /// Nothing is under way any more, and the candidate's place has been cleared.
    fn ended(&self) -> State {
        let mut state = self.state.clone();
        let candidate = self.operation.phase.candidate();
        if let Some(candidate) = candidate.filter(|candidate| candidate.place == Place::Side) {
            state.swept = candidate.version;
        }
        state.operation = None;
        state
    }

    /// Destroys what has been added to the side secret up to the candidate, which was the last.
    pub(super) fn sweep(&self, candidate: &Candidate) -> Effect {
        Effect::Clear {
            place: Place::Side,
            after: self.state.swept,
            up_to: candidate.version,
        }
    }

    /// The rotation is complete.
    pub(super) fn complete(&self) -> Decision {
        let mut state = self.ended();
        state.error = None;
        state.failed = 0;
        // They held the bytes of base, and went with it.
        state.twins.clear();
        state.last_done = Some(self.now);
        write(WriteKind::Complete, state)
    }

    /// The operation is over and base is what readers get. It is tried again later, unless an operator ended it.
    pub(super) fn end_in_failure(&self, why: ErrorCode) -> Decision {
        let mut state = self.ended();
        state.error = Some(why);
        state.failed += 1;
        // Readers of an unproven version are helped by then; that is no reason for a rotation.
        let is_repair = why == ErrorCode::UnprovenNewest;
        if !why.is_by_operator() && !is_repair && state.next.is_none() {
            let wait = delay_after(state.failed, &self.operation.id.to_string());
            state.next = Some(Deferred {
                due: self.operation.due,
                at: self.now + wait,
            });
        }
        write(WriteKind::Fail, state)
    }

    /// Asks the target about a credential, unless it has been asked: then goes on with the answer.
    pub(super) fn probed(&self, subject: Subject) -> Result<bool, Decision> {
        let known = self.run.facts.probes.get(&subject).copied();
        known.ok_or(Decision::Look(Look::Probe(subject)))
    }

    /// Asks who refers to versions, unless that is known.
    pub(super) fn references(&self, versions: Vec<VersionNumber>) -> Result<usize, Decision> {
        if !self.policy.has_consumers {
            return Ok(0);
        }
        let known = self.run.facts.references.get(&versions).copied();
        known.ok_or(Decision::Look(Look::References(versions)))
    }
}

fn release(state: &mut State) {
    if let Some(operation) = &mut state.operation {
        operation.lease = None;
    }
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}
