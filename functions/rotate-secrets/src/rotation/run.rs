//! What one call knows: why it was made, what the secret said, and what has been found out since.

use super::{
    decision::{Decision, Effect, Look, Write, WriteKind},
    state::{ErrorCode, OperationId, Slot, State, Subject, Unreadable, VersionNumber, WorkerId},
    trigger::Intent,
};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// The memory of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Our name on the lease.
    pub me: WorkerId,
    /// What the call is for.
    pub intent: Intent,
    /// The name of the operation that this call may begin.
    pub spare_id: OperationId,
    /// When the call has to end.
    pub until: Timestamp,
    /// What the secret says.
    pub secret: SecretView,
    pub(super) facts: Facts,
    /// Whether this call itself wrote the present phase, so that nobody can have acted in it before.
    pub(super) entered: bool,
    /// Whether this call has parked the operation: it does not try again.
    pub(super) parked: bool,
    /// When an effect of this call last went out and nothing came back: it may still land. Unlike [`Facts`], never
    /// forgotten while the call lasts, whatever the secret says when it is read again.
    pub(super) lost_at: Option<Timestamp>,
    /// How the operation that this call drove has ended, if it has.
    pub(super) ended: Option<WriteKind>,
}

/// The secret, as far as decisions depend on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretView {
    /// Whether Google's managed rotation looks after it.
    pub managed: bool,
    /// Whether a person has frozen it.
    pub paused: bool,
    /// The annotation; none if there is none.
    pub state: Result<Option<State>, Unreadable>,
}

/// What has been found out since the state was last written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) failure: Option<Failure>,
    pub(super) confirmed: bool,
    pub(super) staged: Option<Staged>,
    pub(super) probes: BTreeMap<Subject, bool>,
    pub(super) applied: Option<(Subject, Applied)>,
    pub(super) applied_at: Option<Timestamp>,
    pub(super) tested: Option<Tested>,
    pub(super) published: Option<VersionNumber>,
    pub(super) lost_publications: u8,
    pub(super) newest: Option<Newest>,
    pub(super) adoptable: Option<Adoptable>,
    pub(super) consumers: Option<Consumers>,
    pub(super) references: BTreeMap<Vec<VersionNumber>, usize>,
    pub(super) rival: Option<Rival>,
    /// Consumers that were rolled since they were last waited for.
    pub(super) rolled: BTreeSet<usize>,
    pub(super) rolled_at: Option<Timestamp>,
    pub(super) watched_from: Option<Timestamp>,
    pub(super) revoked: BTreeSet<Subject>,
    pub(super) retired: BTreeSet<VersionNumber>,
    pub(super) cleared: bool,
}

/// What came of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// To [`Look::Confirm`].
    Secret(Box<SecretView>),
    /// To [`Look::Probe`].
    Probed(Probe),
    /// To [`Look::Test`].
    Tested(Tested),
    /// To [`Look::Newest`].
    Newest(Newest),
    /// To [`Look::Adoptable`].
    Adoptable(Adoptable),
    /// To [`Look::Consumers`].
    Consumers(Consumers),
    /// To [`Look::References`].
    References(usize),
    /// To [`Look::Group`].
    Rival(Rival),
    /// To [`Effect::Stage`].
    Staged(Staged),
    /// To [`Effect::Apply`].
    Applied(Applied),
    /// To [`Effect::Publish`].
    Published(Added),
    /// To every other effect.
    Done,
    /// It did not work, or nobody knows whether it did.
    Failed(Failure),
}

/// Whether the target accepts a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    /// It does.
    Works,
    /// It says that it does not.
    Rejected,
    /// It did not say: not the same as rejected.
    Unreachable,
}

/// Whether a credential that is accepted does what the application needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tested {
    /// It does.
    Passed,
    /// It does not, and waiting will not help.
    Failed,
}

/// What the target did with a credential it was given. Anything else is a [`Failure`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// It took it.
    Taken,
    /// Its policy refuses this very value; another may do.
    Refused,
}

/// A candidate that has been added and read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staged {
    /// Its number.
    pub version: VersionNumber,
    /// The account it is for, where there are two.
    pub slot: Option<Slot>,
}

/// A version of the main secret that holds what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Added(pub VersionNumber);

/// The newest version of the main secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Newest {
    /// Its number.
    pub version: VersionNumber,
    /// What it holds.
    pub value: NewestValue,
}

/// What the newest version holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewestValue {
    /// The bytes of `current`.
    Current,
    /// The bytes of the candidate.
    Candidate,
    /// Something else.
    Other,
    /// Nobody can read it: it is disabled or destroyed.
    Unusable,
}

/// Versions that can be taken as current.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Adoptable {
    /// Of the main secret.
    pub main: Option<VersionNumber>,
    /// Of the side secret: a candidate whose operation was forgotten.
    pub side: Option<VersionNumber>,
}

/// How far the consumers are. Of several answers the first of this order counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consumers {
    /// This one did not start.
    Failed(usize),
    /// This one uses something else.
    Behind(usize),
    /// At least one is starting.
    Rolling,
    /// All are ready, as far as it is ours to make them.
    Ready,
}

/// The member of the group that is nearest in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rival {
    /// Whether a member has an operation that goes before ours: one that is past `claimed`, or whose name sorts first.
    pub running: bool,
    /// When a member was last rotated.
    pub last_done: Option<Timestamp>,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// What may be assumed.
    pub kind: FailureKind,
    /// What is remembered of it.
    pub code: ErrorCode,
}

/// What may be assumed after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// It was not done; later it may work.
    Transient,
    /// It was not done, and will not work until somebody changes something.
    Permanent,
    /// It may have been done, or may still be: only a look can tell.
    Unknown,
}

impl Run {
    /// The beginning of a call, with the secret just read.
    pub fn new(
        me: WorkerId,
        spare_id: OperationId,
        intent: Intent,
        secret: SecretView,
        until: Timestamp,
    ) -> Self {
        Self {
            me,
            intent,
            spare_id,
            until,
            secret,
            facts: Facts::default(),
            entered: false,
            parked: false,
            lost_at: None,
            ended: None,
        }
    }

    /// Takes in what came of `decision`.
    pub fn learn(&mut self, decision: &Decision, answer: Answer, now: Timestamp) {
        if let (Decision::Do(_), Answer::Failed(failure)) = (decision, &answer)
            && failure.kind == FailureKind::Unknown
        {
            self.lost_at = Some(now);
        }
        match (decision, answer) {
            (Decision::Do(Effect::Publish { .. }), Answer::Failed(failure))
                if failure.kind == FailureKind::Unknown && self.facts.lost_publications < 2 =>
            {
                self.facts.lost_publications += 1;
            }
            (_, Answer::Failed(failure)) => self.facts.failure = Some(failure),
            (Decision::Look(look), answer) => self.saw(look, answer, now),
            (Decision::Do(effect), answer) => self.did(effect, answer, now),
            _ => {}
        }
    }

    fn saw(&mut self, look: &Look, answer: Answer, now: Timestamp) {
        let facts = &mut self.facts;
        match (look, answer) {
            (Look::Confirm, Answer::Secret(view)) if *view == self.secret => facts.confirmed = true,
            (_, Answer::Secret(view)) => self.reread(*view),
            (_, Answer::Probed(Probe::Unreachable)) => {
                facts.failure = Some(Failure {
                    kind: FailureKind::Transient,
                    code: ErrorCode::TargetUnreachable,
                });
            }
            (Look::Probe(subject), Answer::Probed(probe)) => {
                facts.probes.insert(*subject, probe == Probe::Works);
            }
            (Look::References(versions), Answer::References(count)) => {
                facts.references.insert(versions.clone(), count);
            }
            (_, Answer::Tested(tested)) => facts.tested = Some(tested),
            (_, Answer::Newest(newest)) => facts.newest = Some(newest),
            (_, Answer::Adoptable(adoptable)) => facts.adoptable = Some(adoptable),
            (_, Answer::Consumers(consumers)) => {
                facts.consumers = Some(consumers);
                facts.watched_from.get_or_insert(now);
            }
            (_, Answer::Rival(rival)) => facts.rival = Some(rival),
            _ => {}
        }
    }

    fn did(&mut self, effect: &Effect, answer: Answer, now: Timestamp) {
        let facts = &mut self.facts;
        match (effect, answer) {
            (_, Answer::Staged(staged)) => facts.staged = Some(staged),
            (Effect::Apply(subject), Answer::Applied(applied)) => {
                // What was known of the target is no longer true.
                facts.probes.clear();
                facts.applied = Some((*subject, applied));
                facts.applied_at.get_or_insert(now);
            }
            (_, Answer::Published(Added(version))) => facts.published = Some(version),
            (Effect::Roll { consumer, .. }, _) => {
                facts.consumers = None;
                facts.rolled.insert(*consumer);
                facts.rolled_at.get_or_insert(now);
            }
            (Effect::Revoke(subject), _) => {
                facts.revoked.insert(*subject);
            }
            (Effect::Retire(version), _) => {
                facts.retired.insert(*version);
            }
            (Effect::Clear { .. }, _) => facts.cleared = true,
            _ => {}
        }
    }

    /// A [`Decision::Pause`] is over: whatever is in motion has to be looked at again.
    pub fn waited(&mut self) {
        self.facts.consumers = None;
        self.facts.rolled.clear();
        self.facts.probes.clear();
    }

    /// The write has been made.
    pub fn written(&mut self, write: &Write) {
        self.secret.state = Ok(Some(write.state.clone()));
        match write.kind {
            WriteKind::Renew => return,
            WriteKind::Complete | WriteKind::Fail | WriteKind::Adopt => {
                self.ended = Some(write.kind);
            }
            WriteKind::Park => self.parked = true,
            _ => {}
        }
        // A lease that we already had and have confirmed stays confirmed while the operation moves on.
        let confirmed = self.facts.confirmed && write.kind == WriteKind::Advance;
        self.entered = matches!(write.kind, WriteKind::Claim | WriteKind::Advance);
        self.facts = Facts {
            confirmed,
            ..Facts::default()
        };
    }

    /// The write did not match the etag, or its answer was lost, and this is what the secret says now: it may be what
    /// we wanted to write.
    ///
    /// If it says what it said before, the write may still land. What was found out is kept, so that the next decision is
    /// to write the same again: whichever of the two lands, the other fails.
    pub fn conflicted(&mut self, write: &Write, secret: SecretView) {
        if matches!(&secret.state, Ok(Some(state)) if *state == write.state) {
            self.written(write);
        } else if secret != self.secret {
            self.reread(secret);
        }
    }

    fn reread(&mut self, secret: SecretView) {
        self.secret = secret;
        self.facts = Facts::default();
        self.entered = false;
    }
}
