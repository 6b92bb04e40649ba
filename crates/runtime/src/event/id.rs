use super::{EventError, error::quote};
use std::fmt;

/// Longer than any id that Google gives.
const MAX_ID: usize = 1024;

/// What tells an event from all others of its source, and a repeated delivery from a new event.
///
/// Pub/Sub's message id, a CloudEvent's id, or `JOB@TIME` for Cloud Scheduler. 1 to 1024 bytes without control
/// characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(String);

impl EventId {
    pub(super) fn new(field: &str, id: String) -> Result<Self, EventError> {
        if id.is_empty() || id.len() > MAX_ID || id.contains(char::is_control) {
            return Err(EventError::Unexpected {
                field: field.to_owned(),
                found: quote(&id),
                expected: "1 to 1024 bytes without control characters",
            });
        }
        Ok(Self(id))
    }

    /// The id as the sender wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
