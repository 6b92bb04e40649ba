//! How far an operation is.

use super::{ErrorCode, Place, Slot, Subject, VersionNumber};
use jiff::Timestamp;

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
