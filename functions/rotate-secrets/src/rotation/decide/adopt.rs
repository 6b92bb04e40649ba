//! A secret without a state: new to us, or somebody has removed the annotation.
//!
//! It is never rotated in the same call. What the target accepts becomes `current`; if that is only the candidate of an
//! operation that was forgotten, the operation is taken up again where the target already has it.

use super::{refused, write};
use crate::rotation::{
    decision::{Decision, Look, Refusal, Stop, WriteKind},
    policy::Policy,
    run::{FailureKind, Run},
    state::{Candidate, ErrorCode, Operation, Origin, Phase, Place, State, Subject, VersionNumber},
};
use jiff::Timestamp;

pub(super) fn decide(policy: &Policy, run: &Run, now: Timestamp) -> Decision {
    let facts = &run.facts;
    if let Some(failure) = facts.failure {
        return Decision::Stop(match failure.kind {
            FailureKind::Permanent => Stop::Blocked(failure.code),
            FailureKind::Transient | FailureKind::Unknown => Stop::Retry {
                at: now + policy.lease,
                code: Some(failure.code),
            },
        });
    }
    let Some(adoptable) = facts.adoptable else {
        return Decision::Look(Look::Adoptable);
    };
    let Some(main) = adoptable.main else {
        return refused(Refusal::NothingToAdopt);
    };
    match facts.probes.get(&Subject::main(main)) {
        None => return Decision::Look(Look::Probe(Subject::main(main))),
        Some(true) => return write(WriteKind::Adopt, State::adopted(main)),
        Some(false) => {}
    }
    let Some(side) = adoptable.side else {
        return Decision::Stop(Stop::Blocked(ErrorCode::Drift));
    };
    match facts.probes.get(&Subject::side(side)) {
        None => Decision::Look(Look::Probe(Subject::side(side))),
        Some(true) => write(WriteKind::Adopt, forgotten(run, main, side, policy, now)),
        Some(false) => Decision::Stop(Stop::Blocked(ErrorCode::Drift)),
    }
}

/// The operation that must have been under way: the target has its candidate, readers do not.
fn forgotten(
    run: &Run,
    base: VersionNumber,
    side: VersionNumber,
    policy: &Policy,
    now: Timestamp,
) -> State {
    let candidate = Candidate {
        place: Place::Side,
        version: side,
        slot: None,
    };
    State {
        // Whoever drove it may still be at work.
        quiet_after: Some(now + policy.lease),
        operation: Some(Operation {
            id: run.spare_id.clone(),
            by: Origin::Tick,
            due: None,
            base,
            phase: Phase::Staged { candidate },
            since: now,
            lease: None,
            tries: 0,
            next_try: None,
            regenerations: 0,
            undo: None,
            repair: false,
        }),
        ..State::adopted(base)
    }
}
