//! What programs beside local-gcp want to be seen: a line each, which the console shows.

use crate::http::ApiError;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// More than fit on a page are a mistake of whoever writes them.
const MOST_NOTES: usize = 16;
/// In characters; a line on a desk.
const LONGEST: usize = 200;

/// One line of one program.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Note {
    text: String,
    /// Whether all is well there.
    #[serde(default = "well")]
    good: bool,
}

fn well() -> bool {
    true
}

/// The lines by name. In memory alone: they are about processes that end with us.
#[derive(Debug, Default)]
pub(crate) struct Notes(Mutex<BTreeMap<String, Note>>);

impl Notes {
    /// Writes a line, in place of the one of that name.
    pub(crate) fn put(&self, name: String, note: Note) -> Result<(), ApiError> {
        for (field, found) in [("name", &name), ("text", &note.text)] {
            let length = found.chars().count();
            if length > LONGEST || found.contains(char::is_control) {
                return Err(ApiError::invalid(format!(
                    "{field}: {length} characters; up to {LONGEST} on one line are shown"
                )));
            }
        }
        let mut notes = self.locked();
        if notes.len() >= MOST_NOTES && !notes.contains_key(&name) {
            return Err(ApiError::invalid(format!(
                "there are {MOST_NOTES} notes already; DELETE /_local/notes/NAME takes one away"
            )));
        }
        notes.insert(name, note);
        Ok(())
    }

    pub(crate) fn remove(&self, name: &str) -> Result<(), ApiError> {
        let missing = || ApiError::not_found(format!("there is no note {name:?}"));
        self.locked().remove(name).map(drop).ok_or_else(missing)
    }

    pub(crate) fn all(&self) -> BTreeMap<String, Note> {
        self.locked().clone()
    }

    pub(crate) fn clear(&self) {
        self.locked().clear();
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<String, Note>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
