//! What to do about one target, whatever it is there for.

use crate::{
    config::Config,
    decide::{Decision, Policy, Why, decide, release},
    desired::{Desired, desired},
    fleet::{Bound, Purpose},
    schedule::Setting,
};
use jiff::Timestamp;
use std::collections::HashMap;

/// What is wanted of a target, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// What its schedule wants; none where it follows none.
    pub desired: Option<Desired>,
    /// What to do.
    pub decision: Decision,
}

/// Which way a decision goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// More, or another mode with as much.
    Up,
    /// Less.
    Down,
    /// Only what is remembered changes.
    Note,
    /// Nothing is written.
    Still,
}

/// What schedules want at one instant. Each is asked once, however many targets go by it.
#[derive(Debug)]
pub struct Wants<'a> {
    config: &'a Config,
    at: Timestamp,
    by_schedule: HashMap<&'a str, Desired>,
}

impl<'a> Wants<'a> {
    /// What the schedules of `config` want at `at`.
    pub fn new(config: &'a Config, at: Timestamp) -> Self {
        Self {
            config,
            at,
            by_schedule: HashMap::new(),
        }
    }

    /// What `bound` is to be; none where it follows no schedule. Overrides are its own, and never another's answer.
    pub fn of(&mut self, bound: &Bound) -> Option<Desired> {
        let schedule = bound.schedule(self.config)?;
        if !bound.words.is_empty() {
            return Some(desired(schedule, &bound.words, self.at));
        }
        let (name, _) = self
            .config
            .schedules
            .get_key_value(&bound.target.schedule)?;
        let known = self.by_schedule.entry(name);
        let known = known.or_insert_with(|| desired(schedule, &[], self.at));
        Some(known.clone())
    }

    /// Decides about `bound`. `waits_for` are the targets that must be up before it and are not.
    pub fn judge(&mut self, bound: &Bound, waits_for: Vec<String>) -> Judged {
        let desired = self.of(bound);
        judge(self.config, bound, desired, waits_for, self.at)
    }
}

/// Decides about `bound` at `at`, where its schedule wants `desired`.
pub(super) fn judge(
    config: &Config,
    bound: &Bound,
    desired: Option<Desired>,
    waits_for: Vec<String>,
    at: Timestamp,
) -> Judged {
    let without = |decision| Judged {
        desired: None,
        decision,
    };
    let seen = bound.observed(waits_for);
    let (Some(schedule), Some(desired)) = (bound.schedule(config), desired) else {
        return without(match &bound.purpose {
            Purpose::Release(mode) => release(&seen, *mode, None, false),
            Purpose::Left => Decision::Hold(Why::Left),
            Purpose::Misfit(why) => Decision::Refuse(Why::Misfit(why.clone())),
            // Checked when the configuration was read.
            Purpose::Follow => Decision::Refuse(Why::Misfit("it has no schedule".to_owned())),
        });
    };
    let policy = Policy {
        on_drift: bound.target.on_drift,
        limits: schedule.limits,
    };
    let decision = decide(&desired, &seen, &policy, at);
    Judged {
        desired: Some(desired),
        decision,
    }
}

impl Judged {
    /// Which way it goes, from what the target is set to.
    pub fn way(&self, bound: &Bound) -> Way {
        let Decision::Write(change) = &self.decision else {
            return Way::Still;
        };
        let Some(set) = change.set else {
            return Way::Note;
        };
        if found(bound).is_some_and(|found| set.compare(found).is_lt()) {
            Way::Down
        } else {
            Way::Up
        }
    }
}

/// What a target is set to, where that is known.
pub fn found(bound: &Bound) -> Option<Setting> {
    bound.listed.as_ref()?.setting.as_ref().ok().copied()
}
