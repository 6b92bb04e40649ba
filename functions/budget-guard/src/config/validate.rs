//! From what is written to what is meant, refusing what can do nothing and what could do too much.

use super::{BudgetConfig, Config, I_KNOW, StepConfig, Text, Threshold, WhenConfig};
use crate::{
    action::{Action, InvalidAction, Resource},
    money::{BasisPoints, Micros},
    policy::{Class, Policy, Restore, Spike, Step, Trigger},
};
use jiff::SignedDuration;
use nightshift_runtime::config::HumanDuration;
use std::{collections::BTreeSet, fmt, time::Duration};

/// What is wrong with a policy, and where.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("configuration {place}: {problem}")]
pub struct PolicyError {
    /// Where.
    pub place: Place,
    /// What.
    pub problem: Problem,
}

/// A place in the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A key at the top.
    Key(&'static str),
    /// A key of the n-th budget, counted from 0.
    Budget(usize, &'static str),
    /// A key of a step of the n-th budget.
    Step(usize, String, &'static str),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => write!(f, "`{key}`"),
            Self::Budget(index, key) => write!(f, "`budget[{index}].{key}`"),
            Self::Step(index, id, key) => write!(f, "`budget[{index}]`, step `{id}`, `{key}`"),
        }
    }
}

/// What is wrong.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// Nothing to guard.
    #[error("there is none; a policy needs at least one")]
    Empty,
    /// Something that must be said.
    #[error("is empty; write {0}")]
    Missing(&'static str),
    /// Not of the right form.
    #[error("`{found}` is not {right}")]
    Form {
        /// What was found.
        found: String,
        /// What would be right.
        right: &'static str,
    },
    /// Said twice.
    #[error("`{0}` is there twice")]
    Twice(String),
    /// Bounds that hold nothing.
    #[error("min {min} is above max {max}")]
    Bounds {
        /// The lower bound.
        min: String,
        /// The upper bound.
        max: String,
    },
    /// Unlinking without knowing what it does.
    #[error("unlinking billing can destroy what is in a project; write i_know = \"{I_KNOW}\"")]
    NotKnown,
    /// Enforcing on a forecast.
    #[error("looks ahead, and forecasts are noise early in a period: a {0} must not hang on it{hint}", hint = throttle_hint(*.0))]
    Predictive(&'static str),
    /// A cap that would come too early.
    #[error("a cap below 100% of the budget would unlink billing within it")]
    CapTooEarly,
    /// A release that would flap.
    #[error("release {release} must be below the step's own threshold {threshold}")]
    ReleaseTooHigh {
        /// Where it lets go.
        release: BasisPoints,
        /// Where it fires.
        threshold: BasisPoints,
    },
    /// Hysteresis without a lower bound.
    #[error("restore = \"hysteresis\" needs a `release`, such as \"90%\"")]
    ReleaseMissing,
    /// A key without effect.
    #[error("has no effect on a {0}; leave it out")]
    NoEffect(&'static str),
    /// Less than one.
    #[error("must be at least 1")]
    Zero,
    /// A step of this class that can do nothing.
    #[error("names no action, and a {0} needs one")]
    NoAction(&'static str),
    /// A step of this class that could do too much.
    #[error("`{action}` belongs into a step of another class than {class}")]
    WrongClass {
        /// The action.
        action: Action,
        /// The step's class.
        class: &'static str,
    },
    /// Not an action.
    #[error(transparent)]
    Action(#[from] InvalidAction),
    /// The guard would harm itself.
    #[error("`{0}` is in the guard's own project, which is never a target")]
    GuardProject(Action),
    /// Contradiction.
    #[error("`{0}` is about a resource that is protected")]
    Protected(Action),
    /// Nobody to tell.
    #[error("there is no channel `{0}`; describe it as [channel.{0}]")]
    NoChannel(String),
    /// The guard would hear itself.
    #[error("a channel publishes to the very topic that the budgets publish to, `feed.topic`")]
    Loop,
    /// The first consent is for other projects.
    #[error("`{0}`: its project is not in cap_billing.projects")]
    NotListed(Action),
}

fn throttle_hint(class: &str) -> &'static str {
    if class == "throttle" {
        " unless allow_predictive_throttle = true"
    } else {
        ""
    }
}

const fn word(class: Class) -> &'static str {
    match class {
        Class::Notify => "notify",
        Class::Throttle => "throttle",
        Class::Stop => "stop",
        Class::Cap => "cap",
    }
}

pub(super) fn policies(config: &Config) -> Result<Vec<Policy>, PolicyError> {
    let at = |key, problem| PolicyError {
        place: Place::Key(key),
        problem,
    };
    if config.guard_project.trim().is_empty() {
        let project = "the id of the project this runs in";
        return Err(at("guard_project", Problem::Missing(project)));
    }
    if config.budgets.is_empty() {
        return Err(at("budget", Problem::Empty));
    }
    if config.cap_billing.enabled && config.cap_billing.i_know != I_KNOW {
        return Err(at("cap_billing.i_know", Problem::NotKnown));
    }
    let mut bound = BTreeSet::new();
    let mut policies = Vec::new();
    for (index, budget) in config.budgets.iter().enumerate() {
        if !bound.insert((&budget.account, &budget.id)) {
            return Err(PolicyError {
                place: Place::Budget(index, "id"),
                problem: Problem::Twice(format!("{}/{}", budget.account, budget.id)),
            });
        }
        policies.push(policy(config, index, budget)?);
    }
    Ok(policies)
}

fn policy(config: &Config, index: usize, budget: &BudgetConfig) -> Result<Policy, PolicyError> {
    identity(budget).map_err(|(key, problem)| PolicyError {
        place: Place::Budget(index, key),
        problem,
    })?;
    let mut steps: Vec<Step> = Vec::new();
    for written in &budget.steps {
        let at = |(key, problem)| PolicyError {
            place: Place::Step(index, written.id.clone(), key),
            problem,
        };
        if steps.iter().any(|step| step.id == written.id) {
            return Err(at(("id", Problem::Twice(written.id.clone()))));
        }
        let step = step(written).map_err(at)?;
        may(config, &step).map_err(at)?;
        steps.push(step);
    }
    let first = steps.iter().find_map(|step| step.channels.first().cloned());
    let tell = budget.tell.clone().unwrap_or(first.into_iter().collect());
    if tell.is_empty() {
        return Err(PolicyError {
            place: Place::Budget(index, "tell"),
            problem: Problem::Missing("the channels that hear of holds and reminders"),
        });
    }
    Ok(Policy {
        account: budget.account.clone(),
        budget: budget.id.clone(),
        period: budget.period,
        currency: budget.currency.clone(),
        amount_min: budget.amount.min.map(|Text(min)| min),
        amount_max: budget.amount.max.map(|Text(max)| max),
        mode: config.mode,
        guard_project: config.guard_project.clone(),
        protected: protected(config),
        cap_projects: if config.cap_billing.enabled {
            config.cap_billing.projects.clone()
        } else {
            BTreeSet::new()
        },
        tell,
        steps,
    })
}

fn protected(config: &Config) -> BTreeSet<Resource> {
    let resources = config.protected.iter();
    resources.map(|Text(resource)| resource.clone()).collect()
}

type Refused = (&'static str, Problem);

fn identity(budget: &BudgetConfig) -> Result<(), Refused> {
    let form = |found: &str, right| Problem::Form {
        found: found.to_owned(),
        right,
    };
    let parts: Vec<&str> = budget.account.split('-').collect();
    let hexadecimal =
        |part: &&str| part.len() == 6 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    if parts.len() != 3 || !parts.iter().all(hexadecimal) {
        let right = "the id of a billing account such as 01D4EE-079462-DFD6EC";
        return Err(("account", form(&budget.account, right)));
    }
    if budget.id.is_empty() || budget.id.contains(['/', '#', ' ']) {
        let right = "the id of a budget such as de72f49d-779b-4945-a127-4d6ce8def0bb";
        return Err(("id", form(&budget.id, right)));
    }
    if budget.currency.len() != 3 || !budget.currency.bytes().all(|b| b.is_ascii_uppercase()) {
        return Err((
            "currency",
            form(&budget.currency, "an ISO 4217 code such as USD"),
        ));
    }
    for bound in [budget.amount.min, budget.amount.max] {
        if let Some(Text(bound)) = bound.filter(|Text(bound)| *bound <= Micros::new(0)) {
            let right = "an amount above 0, without which no budget is judged";
            return Err(("amount", form(&bound.to_string(), right)));
        }
    }
    if let (Some(Text(min)), Some(Text(max))) = (budget.amount.min, budget.amount.max)
        && min > max
    {
        let (min, max) = (min.to_string(), max.to_string());
        return Err(("amount", Problem::Bounds { min, max }));
    }
    if budget.steps.is_empty() {
        return Err(("step", Problem::Empty));
    }
    Ok(())
}

/// The step that is meant, when it can do anything.
fn step(written: &StepConfig) -> Result<Step, Refused> {
    if written.id.is_empty()
        || written
            .id
            .contains(|c: char| c.is_whitespace() || "/#+:".contains(c))
    {
        let right = "a name without spaces or any of / # + :";
        let found = written.id.clone();
        return Err(("id", Problem::Form { found, right }));
    }
    let mut step = Step::new(&written.id, written.class, trigger(&written.when));
    for what in &written.what {
        if what.contains([':', '.']) {
            step.actions.push(
                what.parse()
                    .map_err(|wrong: InvalidAction| ("do", wrong.into()))?,
            );
        } else {
            step.channels.push(what.clone());
        }
    }
    has_effect(written, &step)?;
    step.mode = written.mode.unwrap_or(step.mode);
    step.release = written.release.map(|Text(release)| release);
    step.restore = written.restore.unwrap_or(step.restore);
    step.release_after = written.release_after.unwrap_or(step.release_after);
    step.confirm = written.confirm.unwrap_or(step.confirm);
    step.confirm_min = written.confirm_min.map_or(step.confirm_min, seconds);
    step.cool_down = written.cool_down.map_or(step.cool_down, seconds);
    Ok(step)
}

fn seconds(given: HumanDuration) -> SignedDuration {
    SignedDuration::try_from(Duration::from(given)).unwrap_or(SignedDuration::MAX)
}

/// Whether everything that is written means something.
fn has_effect(written: &StepConfig, step: &Step) -> Result<(), Refused> {
    let class = word(step.class);
    if step.class.enforces() && step.actions.is_empty() {
        return Err(("do", Problem::NoAction(class)));
    }
    // A notice takes nothing away, and a cap is only ever given back by a person.
    let returns = matches!(step.class, Class::Throttle | Class::Stop);
    for (key, given) in [
        ("release", written.release.is_some()),
        ("restore", written.restore.is_some()),
        ("release_after", written.release_after.is_some()),
        ("cool_down", written.cool_down.is_some()),
    ] {
        if given && !returns {
            return Err((key, Problem::NoEffect(class)));
        }
    }
    for (key, count) in [
        ("confirm", written.confirm),
        ("release_after", written.release_after),
    ] {
        if count == Some(0) {
            return Err((key, Problem::Zero));
        }
    }
    Ok(())
}

fn trigger(when: &WhenConfig) -> Trigger {
    match when {
        WhenConfig::Actual(Text(Threshold::Share(share))) => Trigger::Actual(*share),
        WhenConfig::Actual(Text(Threshold::Amount(amount))) => Trigger::ActualAmount(*amount),
        WhenConfig::GoogleForecast(Text(share)) => Trigger::GoogleForecast(*share),
        WhenConfig::Pace(Text(share)) => Trigger::Pace(*share),
        WhenConfig::RunwayHours(hours) => Trigger::RunwayHours(*hours),
        WhenConfig::Spike(spike) => {
            let usual = Spike::default();
            Trigger::Spike(Spike {
                factor: spike.factor.unwrap_or(usual.factor),
                floor: spike.floor.map_or(usual.floor, |Text(floor)| floor),
                min_buckets: spike.min_buckets.unwrap_or(usual.min_buckets),
            })
        }
        WhenConfig::Anomaly { min: Text(min) } => Trigger::Anomaly { min: *min },
    }
}

/// Whether a step may do what it would.
fn may(config: &Config, step: &Step) -> Result<(), Refused> {
    let class = word(step.class);
    let allowed = step.class == Class::Throttle && config.allow_predictive_throttle;
    if step.when.is_predictive() && step.class.enforces() && !allowed {
        return Err(("when", Problem::Predictive(class)));
    }
    if let Trigger::Actual(threshold) = step.when {
        if step.class == Class::Cap && threshold < BasisPoints::WHOLE {
            return Err(("when", Problem::CapTooEarly));
        }
        if let Some(release) = step.release.filter(|release| *release >= threshold) {
            return Err(("release", Problem::ReleaseTooHigh { release, threshold }));
        }
    }
    if step.restore == Restore::Hysteresis && step.release.is_none() {
        return Err(("restore", Problem::ReleaseMissing));
    }
    step.actions
        .iter()
        .try_for_each(|action| may_act(config, step, action).map_err(|problem| ("do", problem)))
}

fn may_act(config: &Config, step: &Step, action: &Action) -> Result<(), Problem> {
    let cap = step.class == Class::Cap;
    if step.class == Class::Notify || cap != action.unlinks_billing() {
        let class = word(step.class);
        let action = action.clone();
        return Err(Problem::WrongClass { action, class });
    }
    if action.resource.project() == config.guard_project {
        return Err(Problem::GuardProject(action.clone()));
    }
    if protected(config).contains(&action.resource) {
        return Err(Problem::Protected(action.clone()));
    }
    let listed = config
        .cap_billing
        .projects
        .contains(action.resource.project());
    if cap && config.cap_billing.enabled && !listed {
        return Err(Problem::NotListed(action.clone()));
    }
    Ok(())
}
