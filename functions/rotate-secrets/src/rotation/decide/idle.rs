//! Nothing is under way: start a rotation, put it off, or look whether all is well.

use super::{refused, write};
use crate::rotation::{
    backoff::delay_after,
    decision::{Decision, Look, Notice, Refusal, Stop, WriteKind},
    policy::{OnDrift, Policy},
    run::{Consumers, FailureKind, Newest, NewestValue, Run},
    state::{
        Deferred, ErrorCode, Lease, Operation, Origin, Phase, Refused, State, Subject, Undo,
        VersionNumber,
    },
    trigger::{Intent, RotateRequest, TriggeredBy},
};
use jiff::Timestamp;
use std::time::Duration;

/// How long to stand back from another member of the group that is rotating.
const GROUP_PATIENCE: Duration = Duration::from_mins(5);

pub(super) fn decide(policy: &Policy, run: &Run, state: &State, now: Timestamp) -> Decision {
    match run.ended {
        Some(WriteKind::Complete) => return Decision::Stop(Stop::Rotated),
        Some(WriteKind::Fail) => {
            let code = state.error.unwrap_or(ErrorCode::Other);
            return Decision::Stop(Stop::Failed(code));
        }
        Some(WriteKind::Adopt) => return adopted(run, now),
        _ => {}
    }
    if let Some(failure) = run.facts.failure {
        return Decision::Stop(match failure.kind {
            FailureKind::Permanent => Stop::Blocked(failure.code),
            FailureKind::Transient | FailureKind::Unknown => Stop::Retry {
                at: now + GROUP_PATIENCE,
                code: Some(failure.code),
            },
        });
    }
    let idle = Idle {
        policy,
        run,
        state,
        now,
    };
    match &run.intent {
        Intent::Adopt => Decision::Stop(Stop::AlreadyManaged),
        Intent::Abort | Intent::Rollback => refused(Refusal::NothingUnderWay),
        Intent::Rotate(request) => idle.requested(request),
        Intent::Tick => idle.tick(),
    }
}

/// A secret is not rotated by the call that adopts it; a scheduled rotation comes back for it.
fn adopted(run: &Run, now: Timestamp) -> Decision {
    Decision::Stop(match run.intent {
        Intent::Rotate(_) => Stop::Retry {
            at: now,
            code: None,
        },
        _ => Stop::Adopted,
    })
}

/// Why a rotation does not start now.
enum Hold {
    /// It is to start at this time.
    Until(Timestamp),
    /// It first has to be found out whether another member of the group is in the way.
    Ask,
}

struct Idle<'a> {
    policy: &'a Policy,
    run: &'a Run,
    state: &'a State,
    now: Timestamp,
}

impl Idle<'_> {
    fn requested(&self, request: &RotateRequest) -> Decision {
        match request.by {
            TriggeredBy::Schedule { due } => self.scheduled(due, request),
            TriggeredBy::Person => match self.hold(request.force) {
                Some(Hold::Ask) => Decision::Look(Look::Group),
                Some(Hold::Until(until)) => Decision::Stop(Stop::Held { until }),
                None => self.claim(Origin::Manual, None, request.repair),
            },
        }
    }

    fn scheduled(&self, due: Timestamp, request: &RotateRequest) -> Decision {
        if self.state.last_due.is_some_and(|last| due <= last) {
            return Decision::Stop(Stop::Duplicate);
        }
        if let Some(until) = self.is_fresh_for(due) {
            return Decision::Stop(Stop::TooSoon { until });
        }
        match self.hold(request.force) {
            Some(Hold::Ask) => Decision::Look(Look::Group),
            Some(Hold::Until(until)) => self.defer(due, until),
            None => self.claim(Origin::Schedule, Some(due), request.repair),
        }
    }

    /// Until when the present value is young enough to satisfy a rotation that was due then. Measured by the due time,
    /// so that an event answers the same however late it comes.
    fn is_fresh_for(&self, due: Timestamp) -> Option<Timestamp> {
        let until = self.state.last_done? + self.policy.min_gap;
        (due < until).then_some(until)
    }

    fn defer(&self, due: Timestamp, until: Timestamp) -> Decision {
        let noted = self.state.next.as_ref();
        if noted.is_some_and(|next| next.due >= Some(due)) {
            return Decision::Stop(Stop::Deferred { until });
        }
        let mut state = self.state.clone();
        state.next = Some(Deferred {
            due: Some(due),
            at: until,
        });
        write(WriteKind::Note, state)
    }

    /// What keeps a rotation from starting now. `force` overrides everything but the quiet time after an unclean
    /// takeover, which is a matter of safety.
    fn hold(&self, force: bool) -> Option<Hold> {
        let quiet = self.state.quiet_after.filter(|until| *until > self.now);
        if quiet.is_some() || force {
            return quiet.map(Hold::Until);
        }
        let backing_off = self.state.next.as_ref().map(|next| next.at);
        let young = self.state.last_done.map(|done| done + self.policy.min_gap);
        let opens = self.policy.windows.opens(self.now);
        // A window that never opens is a mistake that `check` reports; ask again tomorrow.
        let window = opens.unwrap_or(self.now + Duration::from_hours(24));
        let until = [backing_off, young, Some(window)]
            .into_iter()
            .flatten()
            .max();
        match until.filter(|until| *until > self.now) {
            Some(until) => Some(Hold::Until(until)),
            None => self.hold_for_group(),
        }
    }

    fn hold_for_group(&self) -> Option<Hold> {
        let group = self.policy.group.as_ref()?;
        let Some(rival) = self.run.facts.rival else {
            return Some(Hold::Ask);
        };
        let until = if rival.running {
            self.now + GROUP_PATIENCE
        } else {
            rival.last_done? + group.distance
        };
        (until > self.now).then_some(Hold::Until(until))
    }

    fn claim(&self, by: Origin, due: Option<Timestamp>, repair: bool) -> Decision {
        let deferred = self.state.next.as_ref().and_then(|next| next.due);
        let due = due.max(deferred);
        let mut state = self.begin(by, due, Phase::Claimed, repair);
        state.last_due = state.last_due.max(due);
        state.next = None;
        write(WriteKind::Claim, state)
    }

    fn begin(&self, by: Origin, due: Option<Timestamp>, phase: Phase, repair: bool) -> State {
        let mut state = self.state.clone();
        state.error = None;
        state.refused = None;
        state.operation = Some(Operation {
            id: self.run.spare_id.clone(),
            by,
            due,
            base: self.state.current,
            phase,
            since: self.now,
            lease: Some(Lease {
                who: self.run.me.clone(),
                until: self.now + self.policy.lease,
            }),
            tries: 0,
            next_try: None,
            regenerations: 0,
            undo: None,
            repair,
        });
        state
    }

    /// Starts what was put off; else checks that readers get what the target accepts.
    fn tick(&self) -> Decision {
        if let Some(next) = &self.state.next {
            let satisfied = next.due.and_then(|due| self.is_fresh_for(due)).is_some();
            if satisfied && self.state.failed == 0 {
                let mut state = self.state.clone();
                state.next = None;
                return write(WriteKind::Note, state);
            }
            match self.hold(false) {
                None => {
                    let by = next.due.map_or(Origin::Tick, |_| Origin::Schedule);
                    return self.claim(by, next.due, false);
                }
                Some(Hold::Ask) => return Decision::Look(Look::Group),
                Some(Hold::Until(_)) => {}
            }
        }
        match self.run.facts.newest {
            None => Decision::Look(Look::Newest {
                current: self.state.current,
                candidate: None,
            }),
            Some(newest) => self.compare(newest),
        }
    }

    fn compare(&self, newest: Newest) -> Decision {
        let version = newest.version;
        match newest.value {
            _ if self.state.publishes(version) => self.check_current(),
            NewestValue::Current => {
                let mut state = self.state.clone();
                state.add_twin(version);
                write(WriteKind::Note, state)
            }
            NewestValue::Unusable => self.repair(version, Notice::NewestUnusable(version)),
            NewestValue::Candidate | NewestValue::Other => match self.accepts(version) {
                Err(decision) => decision,
                Ok(true) => self.adopt_by_hand(version),
                Ok(false) => self.repair(version, Notice::UnprovenNewest(version)),
            },
        }
    }

    /// Whether the target accepts a version: asked, unless it has refused it a short while ago. Ticks come every few
    /// minutes for as long as nobody does anything about it, so the time between two questions doubles.
    fn accepts(&self, version: VersionNumber) -> Result<bool, Decision> {
        let before = self.state.refused.as_ref();
        let before = before.filter(|refused| refused.version == version);
        if before.is_some_and(|refused| refused.until > self.now) {
            return Ok(false);
        }
        let asked = self.run.facts.probes.get(&Subject::main(version));
        let accepted = *asked.ok_or(Decision::Look(Look::Probe(Subject::main(version))))?;
        if accepted && before.is_none() {
            return Ok(true);
        }
        let mut state = self.state.clone();
        let times = before.map_or(0, |refused| refused.times) + 1;
        state.refused = (!accepted).then(|| Refused {
            version,
            times,
            until: self.now + delay_after(times, &version.to_string()),
        });
        Err(write(WriteKind::Note, state))
    }

    /// Somebody has changed the target and added a version: that counts as a rotation.
    fn adopt_by_hand(&self, version: VersionNumber) -> Decision {
        let mut state = self.state.clone();
        state.current = version;
        state.twins.clear();
        state.refused = None;
        state.last_done = Some(self.now);
        state.failed = 0;
        state.error = None;
        write(WriteKind::Note, state)
    }

    /// The newest version is not good. Readers of `latest` are helped by a copy of `current` in front of it, if that is
    /// ours to decide.
    fn repair(&self, newest: VersionNumber, notice: Notice) -> Decision {
        let is_quiet = self.state.quiet_after.is_some_and(|until| until > self.now);
        if self.policy.on_drift == OnDrift::Report || is_quiet {
            return Decision::Stop(Stop::Noticed(notice));
        }
        let phase = Phase::Undoing(Undo {
            why: ErrorCode::UnprovenNewest,
            candidate: None,
            main: Some(newest),
            copy: None,
        });
        write(
            WriteKind::Claim,
            self.begin(Origin::Tick, None, phase, false),
        )
    }

    /// Somebody has changed the target. A rotation gives it a credential that readers get as well, if that is ours to
    /// decide.
    fn current_rejected(&self) -> Decision {
        let may_start = self.hold(true).is_none();
        if self.policy.on_drift == OnDrift::Repair && may_start {
            return self.claim(Origin::Tick, None, true);
        }
        Decision::Stop(Stop::Noticed(Notice::CurrentRejected))
    }

    fn check_current(&self) -> Decision {
        let current = self.state.current;
        match self.accepts(current) {
            Err(decision) => return decision,
            Ok(false) => return self.current_rejected(),
            Ok(true) => {}
        }
        if !self.policy.has_consumers {
            return Decision::Stop(Stop::Idle);
        }
        match self.run.facts.consumers {
            None => Decision::Look(Look::Consumers(current)),
            Some(Consumers::Behind(consumer) | Consumers::Failed(consumer)) => {
                Decision::Stop(Stop::Noticed(Notice::ConsumerBehind(consumer)))
            }
            Some(Consumers::Rolling | Consumers::Ready) => Decision::Stop(Stop::Idle),
        }
    }
}
