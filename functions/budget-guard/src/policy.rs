//! What a budget's ladder is: validated, and free of where it was written.

use crate::{
    action::{Action, Resource},
    money::{BasisPoints, Micros},
    period::Period,
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, fmt};

/// Everything that is decided for one budget.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The billing account that owns the budget, such as `01D4EE-079462-DFD6EC`.
    pub account: String,
    /// The budget's id in it; display names can be changed and bind nothing.
    pub budget: String,
    /// How long its period is.
    pub period: Period,
    /// The ISO 4217 code that every amount must have.
    pub currency: String,
    /// Budgets below this are a mistake somewhere.
    pub amount_min: Option<Micros>,
    /// Budgets above this are a mistake somewhere.
    pub amount_max: Option<Micros>,
    /// Whether anything is really done.
    pub mode: Mode,
    /// The project the guard runs in: never a target.
    pub guard_project: String,
    /// What is left alone whatever it costs.
    pub protected: BTreeSet<Resource>,
    /// The projects whose billing may be unlinked: the first of two consents.
    pub cap_projects: BTreeSet<String>,
    /// The channels that hear what concerns no single step: holds, reminders, silence.
    pub tell: Vec<String>,
    /// The rungs, in the order they are written.
    pub steps: Vec<Step>,
}

impl Policy {
    /// The step of this id.
    pub fn step(&self, id: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == id)
    }

    /// Whether firing `step` is for real.
    pub fn mode_of(&self, step: &Step) -> Mode {
        match self.mode {
            Mode::DryRun => Mode::DryRun,
            Mode::Enforce => step.mode,
        }
    }

    /// What names the firing of a step for good: no two have the same.
    pub fn firing_key(&self, period: Timestamp, step: &str, epoch: u32) -> String {
        format!("{}/{}/{period}/{step}#{epoch}", self.account, self.budget)
    }
}

/// Whether decisions have effects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Decide everything, do nothing, and say so.
    #[default]
    DryRun,
    /// Act.
    Enforce,
}

/// How far a step goes; each class takes more away than the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Only says something.
    Notify,
    /// Makes things smaller.
    Throttle,
    /// Makes things stop.
    Stop,
    /// Takes the billing account away.
    Cap,
}

impl Class {
    /// Whether it changes anything, rather than only speaking.
    pub fn enforces(self) -> bool {
        self > Self::Notify
    }
}

/// One rung of the ladder.
#[derive(Debug, Clone)]
pub struct Step {
    /// Its name in this policy.
    pub id: String,
    /// How far it goes.
    pub class: Class,
    /// When it fires.
    pub when: Trigger,
    /// Whether it is for real when the policy is.
    pub mode: Mode,
    /// The channels that hear of it.
    pub channels: Vec<String>,
    /// What it does.
    pub actions: Vec<Action>,
    /// Below which share of the budget it lets go, when the budget is raised or by hysteresis.
    pub release: Option<BasisPoints>,
    /// When it lets go by itself.
    pub restore: Restore,
    /// How many messages in a row must be below `release` for hysteresis.
    pub release_after: u32,
    /// How many messages in a row must satisfy the trigger.
    pub confirm: u32,
    /// How far apart the first and the last of those must be.
    pub confirm_min: SignedDuration,
    /// How long it stays quiet after it let go inside a period.
    pub cool_down: SignedDuration,
}

impl Step {
    /// A step with nothing to do, and the default of everything that has one.
    pub fn new(id: &str, class: Class, when: Trigger) -> Self {
        Self {
            id: id.to_owned(),
            class,
            when,
            mode: Mode::Enforce,
            channels: Vec::new(),
            actions: Vec::new(),
            release: None,
            restore: Restore::Rollover,
            release_after: 2,
            confirm: 1,
            confirm_min: SignedDuration::ZERO,
            cool_down: if class.enforces() {
                SignedDuration::from_hours(1)
            } else {
                SignedDuration::ZERO
            },
        }
    }

    /// Whether it needs both consents.
    pub fn needs_arming(&self) -> bool {
        self.class == Class::Cap || self.actions.iter().any(Action::unlinks_billing)
    }
}

/// When a throttle or a stop lets go without a person; a cap never does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Restore {
    /// When the period ends, or the budget is raised.
    #[default]
    Rollover,
    /// Also when the cost falls below `release`, as it does when credits arrive.
    Hysteresis,
    /// Stays over the end of the period until a person releases it.
    Manual,
}

/// When a step fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// The cost has reached this share of the budget.
    Actual(BasisPoints),
    /// The cost has reached this amount.
    ActualAmount(Micros),
    /// Google's own forecast has passed a configured threshold of at least this share.
    GoogleForecast(BasisPoints),
    /// At the pace of the last 24 hours, the period will end at this share.
    Pace(BasisPoints),
    /// At the pace of the last 6 hours, the budget lasts at most so many hours.
    RunwayHours(u32),
    /// The last 6 hours cost far more than the usual 6 hours.
    Spike(Spike),
    /// Google reports an anomaly of at least this deviation.
    Anomaly {
        /// The smallest deviation from the expected spend that counts.
        min: Micros,
    },
}

impl Trigger {
    /// Whether it looks ahead: noise, early in a period, so nothing may be stopped for it.
    pub fn is_predictive(self) -> bool {
        !matches!(self, Self::Actual(_) | Self::ActualAmount(_))
    }

    /// The cost that fires it when the budget's amount is this; none for what hangs on no cost.
    pub fn cost_in(self, budget: Option<Micros>) -> Option<Micros> {
        match self {
            Self::Actual(share) => {
                let whole = i128::from(BasisPoints::WHOLE.get());
                Micros::narrow(budget?.wide() * i128::from(share.get()) / whole)
            }
            Self::ActualAmount(amount) => Some(amount),
            _ => None,
        }
    }
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Actual(share) => write!(f, "cost ≥ {share}"),
            Self::ActualAmount(least) => write!(f, "cost ≥ {least}"),
            Self::GoogleForecast(share) => write!(f, "Google's forecast ≥ {share}"),
            Self::Pace(share) => write!(f, "pace ≥ {share} at the end"),
            Self::RunwayHours(hours) => write!(f, "≤ {hours} h left at this pace"),
            Self::Spike(spike) => write!(f, "6 hours cost ≥ {} × the usual", spike.factor),
            Self::Anomaly { min } => write!(f, "anomaly ≥ {min}"),
        }
    }
}

/// What counts as a spike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spike {
    /// How many times the median.
    pub factor: u32,
    /// At least this share of the budget.
    pub floor: BasisPoints,
    /// How many closed buckets of 6 hours it takes to know what is usual.
    pub min_buckets: usize,
}

impl Default for Spike {
    fn default() -> Self {
        Self {
            factor: 4,
            floor: BasisPoints::new(200),
            min_buckets: 8,
        }
    }
}
