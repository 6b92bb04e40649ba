//! The names of the events that alert policies look for, as the field `event` of a log line.
//!
//! They are part of the contract with whoever watches. Silence is a failure to alert on, too: there is one `scaling.tick` for
//! each run, so none for 15 minutes means that nothing is scaled.

/// A run ended; with counts.
pub const TICK: &str = "scaling.tick";
/// What became of one target, unless there was nothing to do.
pub const TARGET: &str = "scaling.target";
/// A target will be lowered soon.
pub const NOTICE: &str = "scaling.notice";
/// A person's override has ended.
pub const OVERRIDE_ENDED: &str = "scaling.override_ended";
/// Any command failed.
pub const COMMAND_FAILED: &str = "scaling.command_failed";
