//! The names of the events that alert policies look for, as the field `event` of a log line.

/// A command failed.
pub const COMMAND_FAILED: &str = "budget-guard.command_failed";
