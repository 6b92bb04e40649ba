//! What to do about one target, whatever it is there for.

use crate::{
    config::Config,
    decide::{Decision, Policy, Why, decide, release},
    desired::{Desired, desired},
    fleet::{Bound, Purpose},
    schedule::Setting,
};
use jiff::Timestamp;

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

/// Decides about `bound` at `at`. `waits_for` are the targets that must be up before it and are not.
pub fn judge(config: &Config, bound: &Bound, waits_for: Vec<String>, at: Timestamp) -> Judged {
    let without = |decision| Judged {
        desired: None,
        decision,
    };
    let seen = bound.observed(waits_for);
    let Some(schedule) = bound.schedule(config) else {
        return without(match &bound.purpose {
            Purpose::Release(mode) => release(&seen, *mode, None, false),
            Purpose::Left => Decision::Hold(Why::Left),
            Purpose::Misfit(why) => Decision::Refuse(Why::Misfit(why.clone())),
            // Checked when the configuration was read.
            Purpose::Follow => Decision::Refuse(Why::Misfit("it has no schedule".to_owned())),
        });
    };
    let desired = desired(schedule, &bound.words, at);
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
