//! What each command says: a table for people, JSON for programs.
//!
//! Field names of the JSON forms are part of the command line's contract: they are added to, never changed. Money is a
//! string of micros, times are RFC 3339; what is not known is `null`, never zero.

pub mod evaluated;
pub mod simulated;

use crate::decision::Decision;
use jiff::Timestamp;

/// An instant as tables show it.
fn when(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%MZ").to_string()
}

/// The notices of a decision: `slack (thr+stop, reminder)`.
fn notices(decision: &Decision) -> Vec<String> {
    let notices = decision.notify.iter().map(|notice| {
        let topics: Vec<String> = notice.topics.iter().map(ToString::to_string).collect();
        format!("{} ({})", notice.channel, topics.join(", "))
    });
    notices.collect()
}
