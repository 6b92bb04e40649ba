//! What is remembered about a secret between two calls: one annotation, written only under the secret's etag.

mod error_code;
mod name;
mod phase;
mod version;
mod wire;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use error_code::ErrorCode;
pub use name::{BadName, OperationId, Slot, WorkerId};
pub use phase::{Candidate, Phase, Undo};
pub use version::{Place, Subject, VersionNumber};
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

/// Everything that is remembered about one secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The published version: what `current` names.
    pub current: VersionNumber,
    /// Other enabled versions of the main secret with the same bytes as `current` (as base, while an operation runs);
    /// they retire with it.
    pub twins: Vec<VersionNumber>,
    /// Everything in the side secret up to this version has been destroyed; 0 if that is not known. Numbers only grow, so
    /// what an operation leaves there are the ones after it.
    pub swept: VersionNumber,
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

/// The right to drive an operation, for a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lease {
    /// Who has it.
    pub who: WorkerId,
    /// Until when, by the clock of the machine that took it (see [`crate::time::Time`]).
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

impl State {
    /// The state of a secret that has just been taken under management.
    pub fn adopted(current: VersionNumber) -> Self {
        Self {
            current,
            twins: Vec::new(),
            swept: VersionNumber(0),
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
