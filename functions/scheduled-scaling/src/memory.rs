//! What we remember about a target, on the target itself: no database exists, and `gcloud … describe` shows it.
//!
//! | key | content | written | removed |
//! | --- | --- | --- | --- |
//! | `nightshift-scaling-original` | `min=1 max=20` | once, together with our first change | on release |
//! | `nightshift-scaling-applied` | `min=4 since=… until=… rule=…` | once for each segment | on release |
//! | `nightshift-scaling-override` | `boost min=5 from=… until=… by=… reason=…` | when a person asks | with the first write after its end |
//!
//! Services and worker pools have annotations for it; databases have labels only, whose values are short and plain
//! (`labels`). What cannot be read is never taken for absent: an original that is forgotten would be overwritten with what
//! we set ourselves.

mod annotations;
mod labels;
mod words;

use crate::{config::Kind, decide::Stamp, overrides::Override, schedule::Setting};
use std::collections::HashMap;

/// The key of what was there before us.
pub const ORIGINAL: &str = "nightshift-scaling-original";
/// The key of what we wrote last.
pub const APPLIED: &str = "nightshift-scaling-applied";
/// The key of a person's override.
pub const OVERRIDE: &str = "nightshift-scaling-override";

/// What is remembered about one target.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Memory {
    /// What was there before us.
    pub original: Option<Setting>,
    /// What we wrote last.
    pub applied: Option<Stamp>,
    /// Whether its label bound it when we wrote last, so that it is given back when the label goes.
    pub by_label: bool,
    /// What a person wants for a while.
    pub word: Option<Override>,
}

/// Why what is remembered cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{key} is {found:?}, which cannot be read: {why}; remove it to start anew from what the target is set to"
)]
pub struct Unreadable {
    key: &'static str,
    found: String,
    why: String,
}

impl Memory {
    /// Reads what is remembered in `notes`: the annotations of a target of this kind, or its labels.
    pub fn read(kind: Kind, notes: &HashMap<String, String>) -> Result<Self, Unreadable> {
        match kind {
            Kind::Service | Kind::WorkerPool => annotations::read(notes),
            Kind::Sql => labels::read(notes),
        }
    }

    /// `notes` with this remembered in them instead of what was.
    #[must_use]
    pub fn written_to(
        &self,
        kind: Kind,
        mut notes: HashMap<String, String>,
    ) -> HashMap<String, String> {
        match kind {
            Kind::Service | Kind::WorkerPool => annotations::write(self, &mut notes),
            Kind::Sql => labels::write(self, &mut notes),
        }
        notes
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.original.is_none() && self.applied.is_none() && self.word.is_none()
    }
}

/// Whether there is anything of ours in `notes`.
pub(crate) fn is_marked(notes: &HashMap<String, String>) -> bool {
    [ORIGINAL, APPLIED, OVERRIDE]
        .iter()
        .any(|key| note(notes, key).is_some())
}

/// What stands at `key`. A label that was cleared is there still, and empty.
fn note<'a>(notes: &'a HashMap<String, String>, key: &str) -> Option<&'a str> {
    notes
        .get(key)
        .map(String::as_str)
        .filter(|note| !note.is_empty())
}

fn unreadable(key: &'static str, found: &str) -> impl FnOnce(String) -> Unreadable {
    let found = found.to_owned();
    move |why| Unreadable { key, found, why }
}

#[cfg(test)]
mod tests;
