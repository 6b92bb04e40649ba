//! The names of the events that alert policies look for, as the field `event` of a log line.
//!
//! They are part of the contract with whoever watches: a policy filters on `jsonPayload.event` and on `outcome`, which is
//! one of the words below.

/// A backup was made and published.
pub const COMPLETED: &str = "backup.completed";
/// `run` ended without a backup that can be trusted.
pub const FAILED: &str = "backup.failed";
/// A backup was verified; `outcome` says with what result.
pub const VERIFIED: &str = "backup.verified";
/// Old backups and debris were deleted; `outcome` says whether all that should.
pub const PRUNED: &str = "backup.pruned";
/// The backups were judged, which only `serve` tells as an event.
pub const STATUS: &str = "backup.status";
/// Any other command failed.
pub const COMMAND_FAILED: &str = "backup.command_failed";

/// All is as it should be.
pub const SUCCESS: &str = "success";
/// It did not work, or what was looked at is wrong.
pub const FAILURE: &str = "failure";
/// It worked, and a person has to look at the result.
pub const SUSPICIOUS: &str = "suspicious";
