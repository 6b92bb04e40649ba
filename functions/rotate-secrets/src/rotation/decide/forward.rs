//! The way forward up to the point where readers see something: claimed, staged, proven.

use super::{driving::Driver, publishing};
use crate::rotation::{
    decision::{Decision, Effect, Look, Stop},
    policy::{OnDrift, Overlap, Staging},
    run::{Applied, Tested},
    state::{Candidate, Deferred, ErrorCode, Phase, Place, Subject, VersionNumber},
};
use std::time::Duration;

/// After how long a target that takes its time is asked again whether it accepts a credential by now. The time doubles
/// from one question to the next: each is a login that fails, and enough of those can lock an account.
const PROBE_INTERVAL: Duration = Duration::from_secs(2);

pub(super) fn decide(driver: &Driver) -> Decision {
    match &driver.operation.phase {
        Phase::Claimed => driver.claimed(),
        Phase::Staged { candidate } => driver.staged(candidate).unwrap_or_else(|decision| decision),
        Phase::Proven { candidate } => driver.proven(candidate),
        Phase::Promoted { candidate, main } => publishing::promoted(driver, candidate, *main),
        Phase::Rolled {
            candidate,
            main,
            retire_after,
        } => publishing::rolled(driver, candidate, *main, *retire_after),
        Phase::Retiring { candidate, main } => publishing::retiring(driver, candidate, *main),
        Phase::Undoing(_) => super::back::decide(driver),
    }
}

impl Driver<'_> {
    /// Makes the candidate durable, then records it: from then on the target may hold it.
    fn claimed(&self) -> Decision {
        let place = match self.policy.staging {
            Staging::Side => Place::Side,
            Staging::Inline => Place::Main,
        };
        if let Some(staged) = &self.run.facts.staged {
            return self.advance(Phase::Staged {
                candidate: Candidate {
                    place,
                    version: staged.version,
                    slot: staged.slot.clone(),
                },
            });
        }
        // Two members of a group may have claimed at the same instant, each seeing the other idle.
        if self.policy.group.is_some() && self.operation.regenerations == 0 {
            match self.run.facts.rival {
                None => return Decision::Look(Look::Group),
                Some(rival) if rival.running => return self.give_way(),
                Some(_) => {}
            }
        }
        // A version that an earlier attempt adds to the main secret late would stay its newest for good. Before the
        // candidate it is only one more to clear away, so it is waited for; nobody is without a credential meanwhile.
        if self.is_inline()
            && let Some(until) = self.still_unquiet()
        {
            return self.park_until(until, self.state.error.unwrap_or(ErrorCode::OutcomeUnknown));
        }
        self.act(Effect::Stage {
            base: self.operation.base,
            place,
            repair: self.operation.repair,
        })
    }

    fn give_way(&self) -> Decision {
        let mut state = self.state.clone();
        let due = self.operation.due;
        state.operation = None;
        state.next = Some(Deferred {
            due,
            at: self.now + Duration::from_mins(5),
        });
        super::write(crate::rotation::WriteKind::Note, state)
    }

    /// Finds out what the target holds, and gives it the candidate if it holds base.
    ///
    /// Of two credentials one of which fails, at most one is tried in vain: failed logins can lock an account.
    fn staged(&self, candidate: &Candidate) -> Result<Decision, Decision> {
        let base = Subject::main(self.operation.base);
        let candidate = candidate.subject();
        if let Some((_, Applied::Refused)) = self.run.facts.applied {
            return Ok(self.refused_by_policy());
        }
        if self.run.facts.applied.is_none() {
            // This call staged the candidate itself, so the target cannot have it yet.
            let unseen = self.run.entered && self.operation.tries == 0;
            if !(unseen && self.probed(base)?) {
                if self.probed(candidate)? {
                    return Ok(self.tested(candidate));
                }
                if !self.probed(base)? && !self.may_repair() {
                    return Ok(self.turn_around(ErrorCode::Drift));
                }
            }
            return Ok(self.act(Effect::Apply(candidate)));
        }
        if self.probed(candidate)? {
            return Ok(self.tested(candidate));
        }
        Ok(self.wait_for_propagation())
    }

    fn may_repair(&self) -> bool {
        self.operation.repair || self.policy.on_drift == OnDrift::Repair
    }

    /// The target took the credential but does not accept it yet. Polled to a deadline, not slept through.
    fn wait_for_propagation(&self) -> Decision {
        let applied_at = self.run.facts.applied_at.unwrap_or(self.now);
        let waited = self.now.duration_since(applied_at).unsigned_abs();
        let left = self.policy.propagation.saturating_sub(waited);
        if left.is_zero() {
            self.turn_around(ErrorCode::TestFailed)
        } else {
            Decision::Pause(waited.max(PROBE_INTERVAL).min(left))
        }
    }

    fn tested(&self, candidate: Subject) -> Decision {
        match self.run.facts.tested {
            None => Decision::Look(Look::Test(candidate)),
            Some(Tested::Failed) => self.turn_around(ErrorCode::TestFailed),
            Some(Tested::Passed) => self.advance_to_proven(),
        }
    }

    fn advance_to_proven(&self) -> Decision {
        match self.operation.phase.candidate() {
            Some(candidate) => self.advance(Phase::Proven {
                candidate: candidate.clone(),
            }),
            None => Decision::Stop(Stop::Blocked(ErrorCode::Other)),
        }
    }

    /// The target's policy definitely did not take the candidate, so another one may be made.
    ///
    /// But not while somebody's earlier attempt may still land: policies are relaxed, and then the target would hold a
    /// credential that is recorded nowhere. Discarding a candidate is a way back like any other, and waits as they do.
    fn refused_by_policy(&self) -> Decision {
        if let Some(until) = self.still_unquiet() {
            return self.park_until(until, ErrorCode::TargetRefused);
        }
        let refusals = self.operation.regenerations + 1;
        let inline = self.policy.staging == Staging::Inline;
        if inline || refusals >= self.policy.max_candidates {
            return self.turn_around(ErrorCode::TargetRefused);
        }
        self.note(|_, operation| {
            operation.phase = Phase::Claimed;
            operation.since = self.now;
            operation.regenerations = refusals;
        })
    }

    /// Gives the main secret the proven value, then moves `current`: that order, so that an alias never waits for bytes.
    fn proven(&self, candidate: &Candidate) -> Decision {
        if candidate.place == Place::Main {
            return self.promote(candidate, candidate.version);
        }
        match self.run.facts.published {
            Some(main) => self.promote(candidate, main),
            None => self.act(Effect::Publish {
                from: candidate.subject(),
                adopt: !self.run.entered || self.run.facts.lost_publications > 0,
            }),
        }
    }

    fn promote(&self, candidate: &Candidate, main: VersionNumber) -> Decision {
        let candidate = candidate.clone();
        if self.policy.has_consumers {
            return self.advance(Phase::Promoted { candidate, main });
        }
        // Nothing has to be rolled.
        self.advance(Phase::Rolled {
            candidate,
            main,
            retire_after: self.now + self.policy.grace,
        })
    }

    /// Whether readers have been without a working credential for too long.
    pub(super) fn publication_is_overdue(&self) -> bool {
        self.policy.overlap == Overlap::Single
            && self.operation.since + self.policy.publish_deadline <= self.now
    }
}
