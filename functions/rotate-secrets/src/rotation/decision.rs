//! The one next thing to do.

use super::state::{ErrorCode, Place, State, Subject, VersionNumber};
use jiff::Timestamp;
use std::time::Duration;

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Find something out; nothing changes.
    Look(Look),
    /// Change something outside. Safe to repeat.
    Do(Effect),
    /// Write the state under the etag.
    Write(Box<Write>),
    /// Wait that long in this call, then decide again.
    Pause(Duration),
    /// Nothing more in this call.
    Stop(Stop),
}

/// A question to the world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// Read the secret again: does it really say that the lease is ours? (The service documents no more than eventual
    /// consistency for metadata.)
    Confirm,
    /// Does the target accept the credential in this version?
    Probe(Subject),
    /// Does the credential in this version do what the application needs?
    Test(Subject),
    /// What is the newest version of the main secret, and which value does it hold? The candidate, if there is one, is
    /// to be recognised.
    Newest {
        /// The published version.
        current: VersionNumber,
        /// The candidate of the running operation.
        candidate: Option<Subject>,
    },
    /// Which versions can be taken as current: of the main secret the one `current` names, else the newest enabled
    /// one; of the side secret the newest enabled one.
    Adoptable,
    /// How far are the consumers from using this version?
    Consumers(VersionNumber),
    /// How many revisions with traffic or a tag, or running executions, refer to one of these versions?
    References(Vec<VersionNumber>),
    /// Is another member of the group rotating, or has one just done so?
    Group,
}

/// A change in the world. Each may be repeated, by anyone who holds the lease, with the same end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Make a candidate from base, add it where candidates wait, and read it back by number.
    Stage {
        /// The version it is made from.
        base: VersionNumber,
        /// The secret it is added to.
        place: Place,
        /// Whether it may be made from the configuration alone when base cannot be read.
        repair: bool,
    },
    /// Give the target the credential in this version.
    Apply(Subject),
    /// Make the newest version of the main secret hold the bytes of `from`.
    Publish {
        /// The version to copy.
        from: Subject,
        /// Whether it may have been added before, by someone whose answer was lost: then the newest version is looked
        /// at first, and adopted if it holds the same bytes.
        adopt: bool,
    },
    /// Bring one consumer to this version.
    Roll {
        /// The consumer's place in the configuration.
        consumer: usize,
        /// The version it is to use.
        version: VersionNumber,
    },
    /// Make the credential in this version useless at the target.
    Revoke(Subject),
    /// Disable a version of the main secret; destroy it later if the secret has a `version_destroy_ttl`.
    Retire(VersionNumber),
    /// Remove what an operation leaves behind: versions of `place` after `after`, up to `up_to`.
    Clear {
        /// Side: they are destroyed. Main: they are retired.
        place: Place,
        /// Not this one and those before it.
        after: VersionNumber,
        /// Not those after this one: they may belong to the next operation.
        up_to: VersionNumber,
    },
}

impl Effect {
    /// How long it may take at most. Whoever carries it out gives up then, so that nothing it began outlives its lease.
    pub fn time_limit(&self) -> Duration {
        Duration::from_secs(match self {
            Self::Retire(_) => 20,
            Self::Stage { .. }
            | Self::Apply(_)
            | Self::Publish { .. }
            | Self::Revoke(_)
            | Self::Clear { .. } => 30,
            Self::Roll { .. } => 60,
        })
    }

    /// The step's name in logs, metrics and runbooks.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Stage { .. } => "stage",
            Self::Apply(_) => "apply",
            Self::Publish { .. } => "publish",
            Self::Roll { .. } => "roll",
            Self::Revoke(_) => "revoke",
            Self::Retire(_) => "retire",
            Self::Clear { .. } => "clear",
        }
    }
}

/// A new state, to be written together with [`State::aliases`] in one conditional patch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// What it means.
    pub kind: WriteKind,
    /// The whole new state.
    pub state: State,
}

/// What a write means for the one who makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteKind {
    /// A secret is taken under management.
    Adopt,
    /// An operation begins.
    Claim,
    /// An operation enters its next phase.
    Advance,
    /// A waiting or orphaned operation is taken on.
    TakeOver,
    /// More time for the one who drives.
    Renew,
    /// The driver lets go, without a failure.
    Release,
    /// The driver lets go after a failure, and says when to try again.
    Park,
    /// Something is remembered for later: a request, a postponed rotation, a twin.
    Note,
    /// The operation has done what it was for.
    Complete,
    /// The operation has ended without.
    Fail,
}

/// Why nothing more is done in this call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// The rotation is complete.
    Rotated,
    /// All is well and nothing is due.
    Idle,
    /// The secret was taken under management.
    Adopted,
    /// It already is.
    AlreadyManaged,
    /// This rotation has been taken on before.
    Duplicate,
    /// The value is younger than the minimum gap.
    TooSoon {
        /// When a rotation may start.
        until: Timestamp,
    },
    /// The rotation is remembered, and starts later.
    Deferred {
        /// Not before.
        until: Timestamp,
    },
    /// A person's wish that has to wait; `force` overrides windows, groups and back-off, but not a lease.
    Held {
        /// When it may start.
        until: Timestamp,
    },
    /// Readers and consumers have the new value; the old one stays good for a while.
    WaitingForGrace {
        /// Until then.
        until: Timestamp,
    },
    /// A person has frozen the secret.
    Paused,
    /// Somebody else is at it. Come again: that somebody may die.
    Busy {
        /// When the lease ends.
        until: Timestamp,
    },
    /// Not now; it will pass.
    Retry {
        /// When to come again.
        at: Timestamp,
        /// What is in the way, if it is a failure.
        code: Option<ErrorCode>,
    },
    /// The operation went back. It is tried again later, unless an operator ended it.
    Failed(ErrorCode),
    /// It does not go on until somebody puts something right.
    Blocked(ErrorCode),
    /// Worth a person's attention; nothing was changed.
    Noticed(Notice),
    /// Not something that can be done here.
    Refused(Refusal),
}

/// What a look at an idle secret can find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// The target does not accept the published credential.
    CurrentRejected,
    /// The newest version is not `current`, and the target does not accept it: readers of `latest` fail.
    UnprovenNewest(VersionNumber),
    /// The newest version cannot be read: readers of `latest` fail.
    NewestUnusable(VersionNumber),
    /// A consumer uses something else than `current`.
    ConsumerBehind(usize),
}

/// Why a wish is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Google's own rotation looks after it.
    #[error("the secret is under Google's managed rotation, which nobody else may interfere with")]
    Managed,
    /// The annotation is not ours to rewrite.
    #[error(transparent)]
    Unreadable(#[from] super::state::Unreadable),
    /// Nothing is under way.
    #[error("no rotation is under way, so there is nothing to take back")]
    NothingUnderWay,
    /// It is not published yet.
    #[error("the candidate is not published yet: end the rotation with `abort`")]
    NotPublished,
    /// The old value is going away already.
    #[error("the old value is already being retired: rotate again instead")]
    TooLate,
    /// There is no enabled version.
    #[error("the secret has no enabled version to adopt: add one first")]
    NothingToAdopt,
}
