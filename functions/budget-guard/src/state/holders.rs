//! One resource that several budgets may hold down, and what it was before any of them did.
//!
//! The first holder remembers what was there, later ones never overwrite it: two budgets cannot record "already stopped"
//! as the original, nor give back what the other still wants stopped. What there is to remember is a value per lever, such
//! as `scaling`, because one action after another may move different ones.

use crate::{
    action::{Action, Resource},
    actions::{Lever, lever, levers_of},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// The version of the form.
const VERSION: u32 = 1;

/// A value per lever.
pub type Values = BTreeMap<String, Value>;

/// Who holds a resource down, and what it was before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Held {
    /// The version of this form.
    v: u32,
    /// Which resource.
    pub resource: Resource,
    /// What was there before anybody held it; empty when nobody does.
    pub prior: Values,
    /// What we have last seen in force after we wrote it.
    #[serde(default)]
    pub written: Values,
    /// What we are about to write, or may have written before we died.
    #[serde(default)]
    pub writing: Values,
    /// Which budget, as `ACCOUNT/BUDGET`, asks for what.
    pub holders: BTreeMap<String, Action>,
}

/// Why a stored record is not used.
#[derive(Debug, thiserror::Error)]
pub enum HeldError {
    /// Not what was written.
    #[error("the record of what `{resource}` was is damaged")]
    Damaged {
        /// Of which resource.
        resource: Resource,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// A version or a resource that is not ours.
    #[error("the record of what `{0}` was is of another version or resource")]
    Foreign(Resource),
}

/// What a lever is to be moved to.
#[derive(Debug, Clone, PartialEq)]
pub struct Move {
    /// The lever's name.
    pub lever: String,
    /// What should be there.
    pub target: Value,
}

impl Held {
    /// The record of a resource that nobody holds.
    pub fn nobody(resource: &Resource) -> Self {
        Self {
            v: VERSION,
            resource: resource.clone(),
            prior: Values::new(),
            written: Values::new(),
            writing: Values::new(),
            holders: BTreeMap::new(),
        }
    }

    /// Reads what was stored about `resource`.
    pub fn read(resource: &Resource, stored: &[u8]) -> Result<Self, HeldError> {
        let held: Self = serde_json::from_slice(stored).map_err(|source| HeldError::Damaged {
            resource: resource.clone(),
            source,
        })?;
        if held.v != VERSION || held.resource != *resource {
            return Err(HeldError::Foreign(resource.clone()));
        }
        Ok(held)
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

    /// The levers that are or will be moved: those that are remembered, and the one of what is in force.
    pub fn levers(&self) -> Vec<&'static dyn Lever> {
        let mut levers: Vec<&'static dyn Lever> =
            self.prior.keys().filter_map(|name| lever(name)).collect();
        if let Some(action) = self.effective() {
            let own = levers_of(action.verb).iter();
            levers.extend(own.filter(|lever| !self.prior.contains_key(lever.name())));
        }
        levers
    }

    /// Remembers what is there of a lever that nobody has moved yet.
    pub fn capture(&mut self, lever: &str, live: &Value) {
        self.prior
            .entry(lever.to_owned())
            .or_insert_with(|| live.clone());
    }

    /// Whether a person has changed what we wrote: it is neither what was there, nor what we wrote or were about to.
    pub fn was_changed_by_hand(&self, lever: &dyn Lever, live: &Value) -> bool {
        let name = lever.name();
        let known = [&self.prior, &self.written, &self.writing];
        let mut known = known
            .into_iter()
            .filter_map(|values| values.get(name))
            .peekable();
        known.peek().is_some() && !known.any(|value| lever.agrees(live, value))
    }

    /// Whether we may have begun to write `target`.
    pub fn has_begun(&self, lever: &str, target: &Value) -> bool {
        self.writing.get(lever) == Some(target)
    }

    /// Gives up the right to undo a lever.
    pub fn forget(&mut self, lever: &str) {
        self.prior.remove(lever);
        self.written.remove(lever);
        self.writing.remove(lever);
    }

    /// What should be there now, lever by lever.
    pub fn targets(&self) -> Vec<Move> {
        let effective = self.effective();
        let target = |(name, prior): (&String, &Value)| {
            let moved = effective.and_then(|action| {
                let mut own = levers_of(action.verb).iter();
                let lever = own.find(|lever| lever.name() == name)?;
                Some(lever.target(prior, action.verb))
            });
            Move {
                lever: name.clone(),
                target: moved.unwrap_or_else(|| prior.clone()),
            }
        };
        self.prior.iter().map(target).collect()
    }

    /// Remembers again what we knew when we changed it, after another instance had looked and found nothing to give back.
    ///
    /// What has been remembered since may be our own doing. Where somebody else holds the resource, it is theirs.
    pub fn recall(&mut self, ours: &Self) {
        if self.holders.is_empty() {
            self.prior.extend(ours.prior.clone());
            self.writing.extend(ours.writing.clone());
        }
    }

    /// Remembers what is about to be written.
    pub fn begin(&mut self, moves: &[Move]) {
        self.writing = values(moves);
    }

    /// Remembers that all is as it should be; when nobody holds the resource any more, there is nothing to remember.
    pub fn settle(&mut self) {
        if self.holders.is_empty() {
            *self = Self::nobody(&self.resource);
        } else {
            self.written = values(&self.targets());
            self.writing.clear();
        }
    }
}

fn values(moves: &[Move]) -> Values {
    let pairs = moves.iter();
    pairs
        .map(|one| (one.lever.clone(), one.target.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const API: &str = "run:web/eu/api";

    fn held(holders: &[(&str, &str)]) -> Held {
        let mut held = Held::nobody(&API.parse().unwrap());
        held.prior.insert(
            "scaling".to_owned(),
            json!({"minInstanceCount": 1, "maxInstanceCount": 20}),
        );
        for (holder, action) in holders {
            held.holders
                .insert((*holder).to_owned(), action.parse().unwrap());
        }
        held
    }

    fn scaling(held: &Held) -> Value {
        held.targets().remove(0).target
    }

    #[test]
    fn the_most_severe_holder_counts_and_the_last_one_to_leave_gives_back_what_the_first_one_found()
    {
        let mut held = held(&[
            ("A/1", "run.max_instances:web/eu/api=1"),
            ("A/2", "run.disable:web/eu/api"),
        ]);
        held.capture("scaling", &json!({"scalingMode": "MANUAL"}));
        assert_eq!(
            scaling(&held),
            json!({"scalingMode": "MANUAL", "manualInstanceCount": 0})
        );
        held.holders.remove("A/2");
        assert_eq!(
            scaling(&held),
            json!({"minInstanceCount": 1, "maxInstanceCount": 1})
        );
        held.holders.remove("A/1");
        assert_eq!(
            scaling(&held),
            json!({"minInstanceCount": 1, "maxInstanceCount": 20})
        );
        held.settle();
        assert_eq!(held, Held::nobody(&API.parse().unwrap()));
    }

    #[test]
    fn an_action_on_another_lever_puts_the_first_one_back() {
        let mut held = held(&[("A/1", "run.close_door:web/eu/api")]);
        let names: Vec<_> = held.levers().iter().map(|lever| lever.name()).collect();
        assert_eq!(names, ["scaling", "door", "invokerIamDisabled"]);
        held.capture("door", &json!({"public": ["allUsers"]}));
        let moves = held.targets();
        assert_eq!(moves[0].lever, "door");
        assert_eq!(moves[0].target["public"], json!([]));
        assert_eq!(moves[1].target["maxInstanceCount"], 20);
    }

    #[test]
    fn what_a_person_has_changed_is_told_from_what_we_did() {
        let mut held = held(&[("A/1", "run.disable:web/eu/api")]);
        let lever = lever("scaling").unwrap();
        let off = json!({"scalingMode": "MANUAL", "manualInstanceCount": 0});
        let by_hand = json!({"minInstanceCount": 3});
        assert!(!held.was_changed_by_hand(lever, &held.prior["scaling"]));
        assert!(
            held.was_changed_by_hand(lever, &off),
            "we were not about to"
        );
        let moves = held.targets();
        held.begin(&moves);
        assert!(!held.was_changed_by_hand(lever, &off));
        held.settle();
        assert!(!held.was_changed_by_hand(lever, &off));
        assert!(held.was_changed_by_hand(lever, &by_hand));
        held.forget("scaling");
        assert!(
            !held.was_changed_by_hand(lever, &by_hand),
            "we know of nothing"
        );
    }

    #[test]
    fn a_record_of_something_else_is_refused() {
        let resource: Resource = API.parse().unwrap();
        let other = Held::nobody(&"run:web/eu/other".parse().unwrap());
        let stored = serde_json::to_vec(&other).unwrap();
        assert!(matches!(
            Held::read(&resource, &stored),
            Err(HeldError::Foreign(_))
        ));
        assert!(matches!(
            Held::read(&resource, b"{"),
            Err(HeldError::Damaged { .. })
        ));
        let newer = serde_json::to_string(&Held::nobody(&resource))
            .unwrap()
            .replace("\"v\":1", "\"v\":2");
        assert!(matches!(
            Held::read(&resource, newer.as_bytes()),
            Err(HeldError::Foreign(_))
        ));
    }
}
