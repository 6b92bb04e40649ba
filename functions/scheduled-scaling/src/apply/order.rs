//! Which target comes before which.

use super::{
    judge::{Judged, Wants, Way, found},
    step::{Ended, Outcome, left},
};
use crate::{
    config::{Config, Kind},
    decide::{Decision, Why},
    desired::Desired,
    fleet::{Bound, Fleet},
    schedule::{Power, Setting},
};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// The targets of a run, and what has become of them so far.
pub(super) struct Order {
    fleet: Fleet,
    depths: BTreeMap<String, usize>,
    judged: BTreeMap<String, Judged>,
    outcomes: BTreeMap<String, Outcome>,
}

/// A target whose turn it is.
pub(super) struct Due {
    pub(super) bound: Bound,
    /// What its schedule wants of it.
    pub(super) desired: Option<Desired>,
    /// The targets that must be up before it and are not.
    pub(super) waits_for: Vec<String>,
}

impl Order {
    pub(super) fn new(config: &Config, fleet: Fleet, at: Timestamp) -> Self {
        let mut wants = Wants::new(config, at);
        let judged = fleet.bound.iter().map(|(name, bound)| {
            let judged = wants.judge(bound, Vec::new());
            (name.clone(), judged)
        });
        let judged = judged.collect();
        let depths = fleet
            .bound
            .keys()
            .map(|name| (name.clone(), depth(&fleet, name)));
        let depths = depths.collect();
        Self {
            fleet,
            depths,
            judged,
            outcomes: BTreeMap::new(),
        }
    }

    /// How many targets the longest chain of needs has, less one.
    pub(super) fn deepest(&self) -> usize {
        self.depths.values().copied().max().unwrap_or(0)
    }

    /// The targets of this depth that are to be raised, each with those it waits for.
    pub(super) fn next_up(&self, depth: usize) -> Vec<Due> {
        let bound = self.going(Way::Up).filter(|bound| self.is_at(bound, depth));
        bound
            .map(|bound| {
                let needed = self.fleet.needed_by(bound);
                let waits_for = needed.filter(|name| !self.is_up(name)).map(str::to_owned);
                self.due(bound, waits_for.collect())
            })
            .collect()
    }

    fn due(&self, bound: &Bound, waits_for: Vec<String>) -> Due {
        let judged = self.judged.get(&bound.target.name);
        Due {
            bound: bound.clone(),
            desired: judged.and_then(|judged| judged.desired.clone()),
            waits_for,
        }
    }

    /// The targets of this depth that are to be lowered and that nobody needs any more; the others wait.
    pub(super) fn next_down(&mut self, depth: usize) -> Vec<Due> {
        let bound = self
            .going(Way::Down)
            .filter(|bound| self.is_at(bound, depth));
        let all: Vec<Bound> = bound.cloned().collect();
        let mut free = Vec::new();
        for bound in all {
            let users = self.users_in_the_way(&bound);
            if users.is_empty() {
                free.push(self.due(&bound, Vec::new()));
                continue;
            }
            let name = bound.target.name.clone();
            if let Some(judged) = self.judged.get(&name).cloned() {
                self.record(Outcome {
                    bound,
                    judged,
                    ended: Ended::Deferred(Why::WaitsFor(users)),
                    writes: 0,
                });
            }
        }
        free
    }

    /// The targets of which only what is remembered changes.
    pub(super) fn last_notes(&self) -> Vec<Due> {
        self.going(Way::Note)
            .map(|bound| self.due(bound, Vec::new()))
            .collect()
    }

    pub(super) fn record(&mut self, outcome: Outcome) {
        self.outcomes
            .insert(outcome.bound.target.name.clone(), outcome);
    }

    /// What has become of all, those that were not written included.
    pub(super) fn outcomes(self) -> BTreeMap<String, Outcome> {
        let Self {
            fleet,
            mut judged,
            mut outcomes,
            ..
        } = self;
        for (name, bound) in fleet.bound {
            if outcomes.contains_key(&name) {
                continue;
            }
            if let Some(judged) = judged.remove(&name) {
                let outcome = Outcome {
                    ended: left(&judged.decision),
                    bound,
                    judged,
                    writes: 0,
                };
                outcomes.insert(name, outcome);
            }
        }
        outcomes
    }

    fn going(&self, way: Way) -> impl Iterator<Item = &Bound> {
        let all = self.fleet.bound.iter();
        all.filter(move |(name, bound)| self.judged[*name].way(bound) == way)
            .map(|(_, bound)| bound)
    }

    fn is_at(&self, bound: &Bound, depth: usize) -> bool {
        self.depths.get(&bound.target.name) == Some(&depth)
    }

    /// What a target is set to, as far as is known and carried out.
    fn now(&self, name: &str) -> Option<Setting> {
        if let Some(outcome) = self.outcomes.get(name) {
            return outcome.now().filter(|_| outcome.is_settled());
        }
        let bound = self.fleet.bound.get(name)?;
        // One whose turn has yet to come counts as it was found.
        let goes = matches!(self.judged.get(name)?.decision, Decision::Write(_));
        found(bound).filter(|_| goes || bound.is_ready())
    }

    /// Whether a target is what its schedule wants, or more; a database, whether it runs.
    fn is_up(&self, name: &str) -> bool {
        let (Some(bound), Some(now)) = (self.fleet.bound.get(name), self.now(name)) else {
            return false;
        };
        if bound.target.kind == Kind::Sql {
            return now == Setting::Power(Power::On);
        }
        let desired = self
            .judged
            .get(name)
            .and_then(|judged| judged.desired.as_ref());
        let needed = desired
            .and_then(|desired| desired.level.floor())
            .unwrap_or(0);
        now.floor() >= needed
    }

    /// The users of a target for which it must not be lowered: those nobody knows about, those that were to be lowered first
    /// and were not, and, where nothing of it would be left, those that are not at nothing themselves.
    fn users_in_the_way(&self, bound: &Bound) -> Vec<String> {
        let name = &bound.target.name;
        let wanted = self
            .judged
            .get(name)
            .and_then(|judged| match &judged.decision {
                Decision::Write(change) => change.set,
                _ => None,
            });
        let ends = wanted
            .is_some_and(|set| matches!(set, Setting::Power(Power::Off) | Setting::Manual(0)));
        let in_the_way = self.fleet.users_of(name).filter(|user| {
            let user = &user.target.name;
            let Some(now) = self.now(user) else {
                return true;
            };
            let lowered = self
                .judged
                .get(user)
                .and_then(|judged| match &judged.decision {
                    Decision::Write(change) => change.set,
                    _ => None,
                });
            let pending = lowered.is_some_and(|set| set.compare(now).is_lt());
            pending || (ends && now.floor() > 0)
        });
        in_the_way.map(|user| user.target.name.clone()).collect()
    }
}

/// How many targets must be up before this one, one after the other. The configuration has no circles.
fn depth(fleet: &Fleet, name: &str) -> usize {
    let needed = fleet
        .bound
        .get(name)
        .into_iter()
        .flat_map(|bound| fleet.needed_by(bound));
    needed
        .map(|needed| depth(fleet, needed) + 1)
        .max()
        .unwrap_or(0)
}
