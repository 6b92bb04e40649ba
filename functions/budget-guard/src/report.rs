//! What each command says: a table for people, JSON for programs.
//!
//! Field names of the JSON forms are part of the command line's contract: they are added to, never changed. Money is a
//! string of micros, times are RFC 3339; what is not known is `null`, never zero.

pub mod checked;
pub mod evaluated;
pub mod history;
pub mod ordered;
pub mod simulated;
pub mod status;

use crate::{
    decision::Decision,
    state::document::{ItemRecord, ItemState, Operation},
};
use jiff::Timestamp;

/// An instant as tables show it.
pub(crate) fn when(at: Timestamp) -> String {
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

/// An item of a plan as tables show it: what, and how far.
fn item(item: &ItemRecord) -> (String, String) {
    let what = match item.op {
        Operation::Restore => format!("give back {}", item.action.resource),
        Operation::Do => format!("do {}", item.action),
        Operation::Set => format!("ease to {}", item.action),
    };
    let state = match item.state {
        ItemState::Planned => "planned",
        ItemState::Prepared => "begun",
        ItemState::Done => "done",
        ItemState::Failed => "FAILED",
        ItemState::Conflict => "left alone",
    };
    let note = item.note.as_deref().map(|note| format!(": {note}"));
    (what, format!("{state}{}", note.unwrap_or_default()))
}
