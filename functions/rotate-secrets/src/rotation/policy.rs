//! How a secret is to be rotated, as the decisions need it.

use super::window::Windows;
use std::time::Duration;

/// The rules of one secret.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Whether the target accepts the old and the new credential side by side.
    pub overlap: Overlap,
    /// Where a candidate waits.
    pub staging: Staging,
    /// Whether the old credential is made useless at the target when it retires, where it would live on.
    pub revoke: bool,
    /// Whether any service refers to the secret.
    pub has_consumers: bool,
    /// No scheduled rotation starts sooner after the last.
    pub min_gap: Duration,
    /// How long the old value stays good after every consumer uses the new one.
    pub grace: Duration,
    /// How long a worker may be silent before another takes over.
    pub lease: Duration,
    /// How long the target may take to accept a credential that it was given.
    pub propagation: Duration,
    /// How long consumers may take to become ready.
    pub rollout_deadline: Duration,
    /// How long readers of a target with a single credential may be without it when Secret Manager does not take it.
    pub publish_deadline: Duration,
    /// How many candidates the target may refuse before the operation fails.
    pub max_candidates: u8,
    /// When rotations may start.
    pub windows: Windows,
    /// The secrets it must not rotate together with.
    pub group: Option<Group>,
    /// What to do when somebody else has changed target or secret.
    pub on_drift: OnDrift,
}

/// Whether two credentials can be valid at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overlap {
    /// Readers of either value get in.
    Both,
    /// The new one ends the old one: between apply and publication new logins fail.
    Single,
}

/// Where a candidate waits until it is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Staging {
    /// In a secret of its own that only the rotator reads.
    Side,
    /// In the main secret. Readers of `latest` get it unproven, so there must be none.
    Inline,
}

/// What to do about changes that somebody else made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDrift {
    /// Say so and touch nothing.
    Report,
    /// Make target and readers agree again.
    Repair,
}

/// Secrets that must not change at about the same time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The least time between the end of one's rotation and the start of another's.
    pub distance: Duration,
}
