//! The names of the events that alert policies look for, as the field `event` of a log line.

/// A command failed.
pub const COMMAND_FAILED: &str = "budget-guard.command_failed";
/// An event was judged; one line each.
pub const DECIDED: &str = "budget-guard.decided";
/// A resource was changed or given back, and seen to be.
pub const APPLIED: &str = "budget-guard.applied";
/// A person has changed a resource meanwhile; it was left alone.
pub const CONFLICT: &str = "budget-guard.conflict";
/// A resource cannot be changed as things are: a person must look.
pub const ACTION_FAILED: &str = "budget-guard.action_failed";
/// A resource could not be changed just now; it is tried again.
pub const ACTION_LATER: &str = "budget-guard.action_later";
/// A channel did not listen just now; it is told again.
pub const NOTICE_LATER: &str = "budget-guard.notice_later";
/// A notice is lost for a channel.
pub const NOTICE_LOST: &str = "budget-guard.notice_lost";
/// The memory of a budget is damaged: nothing is done until a person has looked.
pub const STATE_CORRUPT: &str = "budget-guard.state_corrupt";
