//! One resource that several budgets may hold down, and what it was before any of them did.
//!
//! The first holder remembers what was there, later ones never overwrite it: two budgets cannot record "already stopped"
//! as the original, nor give back what the other still wants stopped.

use crate::action::{Action, Resource};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// A resource that is held down; there is none for one that is not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// The version of this form.
    pub v: u32,
    /// Which resource.
    pub resource: Resource,
    /// The fields that are changed, as they were before anybody held it.
    pub prior: Value,
    /// The same fields as they were last written by us: where they differ from what is there, a person has been at it.
    #[serde(default)]
    pub written: Option<Value>,
    /// Which budget, as `ACCOUNT/BUDGET`, asks for what.
    pub holders: BTreeMap<String, Action>,
}

/// What follows from a change of holders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Due {
    /// This action is to be in force.
    Apply(Action),
    /// What was there before is to be put back, and the record deleted.
    Restore,
    /// It is in force already.
    Nothing,
}

impl Held {
    /// The record of the first holder, who has just seen `prior`.
    pub fn first(holder: &str, action: &Action, prior: Value) -> Self {
        Self {
            v: super::document::VERSION,
            resource: action.resource.clone(),
            prior,
            written: None,
            holders: [(holder.to_owned(), action.clone())].into(),
        }
    }

    /// The most severe action that any holder asks for.
    pub fn effective(&self) -> Option<&Action> {
        let mut holders = self.holders.values();
        let first = holders.next()?;
        Some(holders.fold(
            first,
            |most, action| if action.exceeds(most) { action } else { most },
        ))
    }

    /// Lets `holder` ask for `action` instead of whatever it asked for before.
    pub fn hold(&mut self, holder: &str, action: &Action) -> Due {
        self.change(|holders| {
            holders.insert(holder.to_owned(), action.clone());
        })
    }

    /// Lets `holder` ask for nothing.
    pub fn leave(&mut self, holder: &str) -> Due {
        self.change(|holders| {
            holders.remove(holder);
        })
    }

    fn change(&mut self, change: impl FnOnce(&mut BTreeMap<String, Action>)) -> Due {
        let before = self.effective().cloned();
        change(&mut self.holders);
        match self.effective() {
            None => Due::Restore,
            Some(action) if Some(action) == before.as_ref() => Due::Nothing,
            Some(action) => Due::Apply(action.clone()),
        }
    }

    /// Whether a person has changed what we wrote: then our right to undo it is gone.
    pub fn was_changed_by_hand(&self, live: &Value) -> bool {
        self.written.as_ref().is_some_and(|written| written != live) && *live != self.prior
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn action(text: &str) -> Action {
        text.parse().unwrap()
    }

    #[test]
    fn the_last_holder_to_leave_gives_back_what_the_first_one_found() {
        let (less, more) = (
            action("run.max_instances:web/eu/api=1"),
            action("run.disable:web/eu/api"),
        );
        let prior = json!({"scalingMode": "AUTOMATIC", "maxInstanceCount": 20});
        let mut held = Held::first("A/1", &less, prior.clone());
        assert_eq!(held.hold("A/2", &more), Due::Apply(more.clone()));
        assert_eq!(held.hold("A/1", &more), Due::Nothing);
        assert_eq!(held.hold("A/2", &less), Due::Nothing);
        assert_eq!(held.hold("A/1", &less), Due::Apply(less.clone()));
        assert_eq!(held.leave("A/1"), Due::Nothing);
        assert_eq!(held.leave("A/2"), Due::Restore);
        assert_eq!(held.prior, prior);
    }

    #[test]
    fn leaving_twice_still_gives_back() {
        let mut held = Held::first("A/1", &action("scheduler.pause:p/r/j"), json!("ENABLED"));
        assert_eq!(held.leave("A/1"), Due::Restore);
        assert_eq!(held.leave("A/1"), Due::Restore);
    }

    #[test]
    fn what_a_person_has_changed_is_left_alone() {
        let mut held = Held::first("A/1", &action("scheduler.pause:p/r/j"), json!("ENABLED"));
        assert!(
            !held.was_changed_by_hand(&json!("DISABLED")),
            "nothing of ours is there yet"
        );
        held.written = Some(json!("PAUSED"));
        assert!(!held.was_changed_by_hand(&json!("PAUSED")));
        assert!(
            !held.was_changed_by_hand(&json!("ENABLED")),
            "already as it was"
        );
        assert!(held.was_changed_by_hand(&json!("DISABLED")));
    }
}
