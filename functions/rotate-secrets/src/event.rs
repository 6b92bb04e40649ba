//! The names of the events that alert policies look for, as the field `event` of a log line.
//!
//! They are part of the contract with whoever watches: a policy filters on `jsonPayload.event`.

/// A step of a rotation was carried out, or looked at and found done; `step` says which.
pub const STEP: &str = "rotation.step";
/// A step did not work, or nobody knows whether it did; `code` and `why` say more.
pub const STEP_FAILED: &str = "rotation.step_failed";
/// The state was written; `phase` says which it is now.
pub const PHASE: &str = "rotation.phase";
/// The new value is published and in use, and the old one still good for its grace.
pub const PUBLISHED: &str = "rotation.published";
/// A rotation is complete.
pub const COMPLETED: &str = "rotation.completed";
/// A rotation went back to the old value, or a person has to put something right before it goes on.
pub const FAILED: &str = "rotation.failed";
/// Readers, target and consumers do not agree, and nothing was changed.
pub const NOTICED: &str = "rotation.noticed";
/// The value of a secret is older than it may be.
pub const TOO_OLD: &str = "rotation.too_old";
/// An event was none of ours; `why` says more.
pub const IGNORED: &str = "rotation.event_ignored";
/// Any other command failed.
pub const COMMAND_FAILED: &str = "rotation.command_failed";
