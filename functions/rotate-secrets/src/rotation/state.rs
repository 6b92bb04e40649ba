//! What is remembered about a secret between two calls: one annotation, written only under the secret's etag.

mod wire;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;

pub use wire::{MAX_BYTES, Unreadable};

/// The annotation that holds the state. Secret Manager's keys have no slash.
pub const STATE_ANNOTATION: &str = "nightshift-rotation";

/// The annotation by which a person freezes a secret: `true` means touch nothing.
pub const PAUSE_ANNOTATION: &str = "nightshift-pause";

/// The alias that readers follow.
pub const CURRENT_ALIAS: &str = "current";

/// The alias of the value before `current`, while it is still good.
pub const PREVIOUS_ALIAS: &str = "previous";

/// The alias of a candidate that is staged in the main secret itself.
pub const PENDING_ALIAS: &str = "pending";

/// How many versions of one kind the state lists at most, which bounds its size.
pub const MAX_LISTED: usize = 16;

/// The number of a secret's version; they start at 1 and only grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VersionNumber(pub u64);

impl fmt::Display for VersionNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Which of the two secrets a version belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// The secret that applications read.
    Main,
    /// Its companion `<id>-next`, which only the rotator reads.
    Side,
}

/// One version of one of the two secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    /// Which secret.
    pub place: Place,
    /// Which of its versions.
    pub version: VersionNumber,
}

impl Subject {
    /// A version of the main secret.
    pub fn main(version: VersionNumber) -> Self {
        let place = Place::Main;
        Self { place, version }
    }

    /// A version of the side secret.
    pub fn side(version: VersionNumber) -> Self {
        let place = Place::Side;
        Self { place, version }
    }
}

/// Why something did not go on, as it is remembered: never free text, which might quote a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ErrorCode {
    /// The target cannot be asked.
    TargetUnreachable,
    /// The target's policy refused the candidate, and its successors.
    TargetRefused,
    /// The target does not let us change anything.
    TargetDenied,
    /// The target took the candidate, but then did not let it do what the application needs.
    TestFailed,
    /// The target accepts neither base nor candidate: somebody else changed it.
    Drift,
    /// The base version is disabled, destroyed, or not what the target expects.
    BaseUnusable,
    /// Secret Manager does not let us.
    SecretDenied,
    /// Secret Manager cannot be asked.
    SecretUnavailable,
    /// A call went out and nothing came back.
    OutcomeUnknown,
    /// A consumer did not start on the candidate.
    ConsumerFailed,
    /// The consumers did not become ready in time.
    ConsumerTimeout,
    /// Consumers cannot be asked, or do not let us.
    ConsumerUnavailable,
    /// Something still refers to the value that is to be retired.
    RetireBlocked,
    /// The publication did not succeed in time for a target that holds only one credential.
    PublishTimeout,
    /// An operator ended it before it was published.
    Aborted,
    /// An operator took it back after it was published.
    RolledBack,
    /// The newest version of the main secret is not one that the target accepts.
    UnprovenNewest,
    /// Written by a newer program.
    #[serde(other)]
    Other,
}

impl ErrorCode {
    /// Whether it is no failure but what a person wanted.
    pub fn is_by_operator(self) -> bool {
        matches!(self, Self::Aborted | Self::RolledBack)
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// Everything that is remembered about one secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The published version: what `current` names.
    pub current: VersionNumber,
    /// Other enabled versions of the main secret with the same bytes as `current` (as base, while an operation runs);
    /// they retire with it.
    pub twins: Vec<VersionNumber>,
    /// How often a lease has changed hands by expiry; grows only.
    pub fence: u64,
    /// Up to when a worker that lost its lease may still finish what it had begun. Going back, giving up a candidate for
    /// another, and starting anew wait for it; going forward need not.
    pub quiet_after: Option<Timestamp>,
    /// The due time of the newest scheduled rotation that was taken on.
    pub last_due: Option<Timestamp>,
    /// When the last rotation was complete.
    pub last_done: Option<Timestamp>,
    /// How many operations have failed since the last that succeeded.
    pub failed: u32,
    /// Why the last one failed, or why the running one does not go on.
    pub error: Option<ErrorCode>,
    /// A published version that the target refused when it was last asked, while nothing was under way.
    pub refused: Option<Refused>,
    /// A rotation that was put off: to the next window, or after a failure.
    pub next: Option<Deferred>,
    /// The running operation; none is `idle`.
    pub operation: Option<Operation>,
}

/// A version that the target has refused. Asking again and again would be a login that fails each time, and enough of
/// those lock an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    /// Which version of the main secret.
    pub version: VersionNumber,
    /// How often.
    pub times: u32,
    /// Not to be asked about before.
    pub until: Timestamp,
}

/// A rotation that is to start later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deferred {
    /// The scheduled time it stands for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub due: Option<Timestamp>,
    /// Not before.
    pub at: Timestamp,
}

/// One rotation under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Its name in logs, reports, the target's advisory locks and provider-side ids.
    pub id: OperationId,
    /// What started it.
    pub by: Origin,
    /// The scheduled time it stands for.
    pub due: Option<Timestamp>,
    /// The version that was published when it began.
    pub base: VersionNumber,
    /// How far it is.
    pub phase: Phase,
    /// When it entered that phase.
    pub since: Timestamp,
    /// Who drives it; none while it waits.
    pub lease: Option<Lease>,
    /// How often it was tried in vain since it entered the phase.
    pub tries: u32,
    /// Not to be tried before.
    pub next_try: Option<Timestamp>,
    /// How many candidates the target has refused.
    pub regenerations: u8,
    /// What an operator has asked for meanwhile.
    pub undo: Option<ErrorCode>,
    /// Whether a target that accepts neither credential is to be given the candidate all the same.
    pub repair: bool,
}

/// What started an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// Secret Manager's schedule.
    Schedule,
    /// A person.
    Manual,
    /// The safety tick, which found something to put right.
    Tick,
}

/// The name of an operation: 26 letters and digits at most, chosen by whoever claims it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct OperationId(String);

/// The name of a worker: unique to one call on one instance.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct WorkerId(String);

/// Which of a target's two accounts a credential is for, such as the `b` of `app_b`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Slot(String);

/// A name that is too long for the annotation, or has characters that do not belong in a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{what} of {length} characters: it has to be 1 to {max} letters, digits, dots, hyphens, underscores or slashes"
)]
pub struct BadName {
    what: &'static str,
    length: usize,
    max: usize,
}

fn checked(what: &'static str, name: String, max: usize) -> Result<String, BadName> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    if (1..=max).contains(&name.len()) && name.chars().all(plain) {
        return Ok(name);
    }
    let length = name.chars().count();
    Err(BadName { what, length, max })
}

macro_rules! name {
    ($type:ident, $what:literal, $max:literal) => {
        impl TryFrom<String> for $type {
            type Error = BadName;

            fn try_from(name: String) -> Result<Self, BadName> {
                checked($what, name, $max).map(Self)
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(OperationId, "the name of an operation", 26);
name!(WorkerId, "the name of a worker", 100);
name!(Slot, "the name of an account", 63);

/// The right to drive an operation, for a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lease {
    /// Who has it.
    pub who: WorkerId,
    /// Until when, by Secret Manager's clock.
    pub until: Timestamp,
}

impl Lease {
    /// What is left of it.
    pub fn remaining(&self, now: Timestamp) -> SignedDuration {
        self.until.duration_since(now)
    }

    /// Whether it still keeps others away.
    pub fn is_alive(&self, now: Timestamp) -> bool {
        self.until > now
    }
}

/// A new credential that is durable but not published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Where it waits: beside the main secret, or in it.
    pub place: Place,
    /// Its number there.
    pub version: VersionNumber,
    /// The account it is for, where there are two.
    pub slot: Option<Slot>,
}

impl Candidate {
    /// The version that holds it.
    pub fn subject(&self) -> Subject {
        Subject {
            place: self.place,
            version: self.version,
        }
    }
}

/// How far an operation is, with what is known by then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// The lease is taken; nothing has been touched.
    Claimed,
    /// The candidate is durable and recorded; from here on the target may hold it.
    Staged {
        /// What the target is to be given.
        candidate: Candidate,
    },
    /// The target holds the candidate, and it does what the application needs.
    Proven {
        /// What the target holds.
        candidate: Candidate,
    },
    /// Readers get the candidate.
    Promoted {
        /// What was promoted.
        candidate: Candidate,
        /// The number it has in the main secret.
        main: VersionNumber,
    },
    /// Every consumer uses it.
    Rolled {
        /// What was promoted.
        candidate: Candidate,
        /// The number it has in the main secret.
        main: VersionNumber,
        /// The end of the grace.
        retire_after: Timestamp,
    },
    /// The old value is going away; there is no way back.
    Retiring {
        /// What was promoted.
        candidate: Candidate,
        /// The number it has in the main secret.
        main: VersionNumber,
    },
    /// Going back to base.
    Undoing(Undo),
}

/// An operation on its way back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undo {
    /// What made it turn around.
    pub why: ErrorCode,
    /// The candidate to discard.
    pub candidate: Option<Candidate>,
    /// The version of the main secret that must not stay the newest.
    pub main: Option<VersionNumber>,
    /// The copy of base that took its place.
    pub copy: Option<VersionNumber>,
}

impl Phase {
    /// The word for it, in the annotation, logs and reports.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Claimed => "claimed",
            Self::Staged { .. } => "staged",
            Self::Proven { .. } => "proven",
            Self::Promoted { .. } => "promoted",
            Self::Rolled { .. } => "rolled",
            Self::Retiring { .. } => "retiring",
            Self::Undoing(_) => "undoing",
        }
    }

    /// The candidate, once there is one.
    pub fn candidate(&self) -> Option<&Candidate> {
        match self {
            Self::Claimed => None,
            Self::Staged { candidate }
            | Self::Proven { candidate }
            | Self::Promoted { candidate, .. }
            | Self::Rolled { candidate, .. }
            | Self::Retiring { candidate, .. } => Some(candidate),
            Self::Undoing(undo) => undo.candidate.as_ref(),
        }
    }
}

impl State {
    /// The state of a secret that has just been taken under management.
    pub fn adopted(current: VersionNumber) -> Self {
        Self {
            current,
            twins: Vec::new(),
            fence: 0,
            quiet_after: None,
            last_due: None,
            last_done: None,
            failed: 0,
            error: None,
            refused: None,
            next: None,
            operation: None,
        }
    }

    /// The word for how things stand: `idle` or the phase of the operation.
    pub fn phase_name(&self) -> &'static str {
        self.operation
            .as_ref()
            .map_or("idle", |operation| operation.phase.name())
    }

    /// The aliases that readers and operators follow in this state. Aliases of other names are not ours to touch.
    pub fn aliases(&self) -> Vec<(&'static str, VersionNumber)> {
        let mut aliases = vec![(CURRENT_ALIAS, self.current)];
        let Some(operation) = &self.operation else {
            return aliases;
        };
        match &operation.phase {
            Phase::Staged { candidate } | Phase::Proven { candidate }
                if candidate.place == Place::Main =>
            {
                aliases.push((PENDING_ALIAS, candidate.version));
            }
            Phase::Promoted { .. } | Phase::Rolled { .. } => {
                aliases.push((PREVIOUS_ALIAS, operation.base));
            }
            _ => {}
        }
        aliases
    }

    /// Lists a version among the twins. Beyond [`MAX_LISTED`] the oldest is forgotten, and stays enabled for good.
    pub(super) fn add_twin(&mut self, version: VersionNumber) {
        if !self.publishes(version) {
            self.twins.push(version);
            let surplus = self.twins.len().saturating_sub(MAX_LISTED);
            self.twins.drain(..surplus);
        }
    }

    /// Whether `version` is known to hold the credential of `current`. Of an idle secret.
    pub fn publishes(&self, version: VersionNumber) -> bool {
        version == self.current || self.twins.contains(&version)
    }
}
