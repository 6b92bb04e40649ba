//! Why we were woken. A trigger only means "look at the secret and converge"; it carries no authority.

use jiff::Timestamp;

/// What a call is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intent {
    /// Go on with whatever is under way, start what was put off, and look whether all is well.
    Tick,
    /// Rotate, if that is due and allowed.
    Rotate(RotateRequest),
    /// End the running operation before it is published.
    Abort,
    /// Take the running operation back although it is published.
    Rollback,
    /// Take a secret under management without rotating it.
    Adopt,
}

/// A wish for a rotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RotateRequest {
    /// Whose wish.
    pub by: TriggeredBy,
    /// Disregard the minimum gap, the windows, the distance in the group and the back-off.
    pub force: bool,
    /// Give the candidate to a target that accepts neither of the credentials we know.
    pub repair: bool,
}

/// Who asked for a rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TriggeredBy {
    /// Secret Manager's schedule, for this due time.
    Schedule {
        /// When the rotation was due: `nextRotationTime − rotationPeriod` of the event, else its timestamp. An event
        /// may come minutes to hours after it, more than once, and after later ones.
        due: Timestamp,
    },
    /// A person.
    Person,
}

impl Intent {
    /// A scheduled rotation.
    pub fn scheduled(due: Timestamp) -> Self {
        Self::Rotate(RotateRequest {
            by: TriggeredBy::Schedule { due },
            force: false,
            repair: false,
        })
    }

    /// A rotation that a person wants.
    pub fn manual(force: bool, repair: bool) -> Self {
        Self::Rotate(RotateRequest {
            by: TriggeredBy::Person,
            force,
            repair,
        })
    }
}

/// The instant a `SECRET_ROTATE` event stands for.
///
/// The message holds the secret with its `nextRotationTime` already advanced, so the due time is one period before it.
/// After a one-time rotation there is no schedule left, and only the event's own `timestamp` remains.
pub fn due_time(
    next_rotation: Option<Timestamp>,
    period: Option<jiff::SignedDuration>,
    timestamp: Timestamp,
) -> Timestamp {
    next_rotation
        .zip(period)
        .and_then(|(next, period)| next.checked_sub(period).ok())
        .unwrap_or(timestamp)
}
