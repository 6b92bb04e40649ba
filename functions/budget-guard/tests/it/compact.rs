//! The compact form in which policies are written beside the vectors: shares in basis points, times in seconds.

use budget_guard::{
    action::{Action, Family, Resource},
    money::{BasisPoints, Micros},
    period::Period,
    policy::{Class, Mode, Policy, Restore, Spike, Step, Trigger},
};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;

/// The policy that every vector begins with.
pub(crate) fn base() -> Value {
    serde_json::from_str(include_str!("../vectors/policy.json")).unwrap()
}

/// The policy of the vectors, as the program knows it.
pub(crate) fn policy(value: Value) -> Policy {
    let written: Written = serde_json::from_value(value).unwrap();
    written.into()
}

/// Only these steps of the policy of the vectors.
pub(crate) fn only(steps: &[&str]) -> Policy {
    let mut policy = policy(base());
    policy
        .steps
        .retain(|step| steps.contains(&step.id.as_str()));
    policy
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    account: String,
    budget: String,
    period: String,
    currency: String,
    amount_min: Option<String>,
    amount_max: Option<String>,
    mode: Mode,
    guard_project: String,
    protected: Vec<String>,
    cap: Cap,
    steps: Vec<WrittenStep>,
    #[serde(default, rename = "allow_predictive_throttle")]
    _allow_predictive_throttle: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cap {
    enabled: bool,
    #[serde(default)]
    projects: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenStep {
    id: String,
    class: Class,
    when: When,
    #[serde(default, rename = "do")]
    what: Vec<String>,
    mode: Option<Mode>,
    release_bp: Option<u32>,
    restore: Option<Restore>,
    release_after: Option<u32>,
    confirm: Option<u32>,
    confirm_min_s: Option<i64>,
    cool_down_s: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
enum When {
    Actual(u32),
    ActualAmount(String),
    GoogleForecast(u32),
    Pace(u32),
    RunwayH(u32),
    Spike {
        factor: u32,
        floor_bp: u32,
        min_buckets: usize,
    },
    Anomaly {
        min: String,
    },
}

impl From<When> for Trigger {
    fn from(when: When) -> Self {
        match when {
            When::Actual(share) => Self::Actual(BasisPoints::new(share)),
            When::ActualAmount(least) => Self::ActualAmount(least.parse().unwrap()),
            When::GoogleForecast(share) => Self::GoogleForecast(BasisPoints::new(share)),
            When::Pace(share) => Self::Pace(BasisPoints::new(share)),
            When::RunwayH(hours) => Self::RunwayHours(hours),
            When::Spike {
                factor,
                floor_bp,
                min_buckets,
            } => Self::Spike(Spike {
                factor,
                floor: BasisPoints::new(floor_bp),
                min_buckets,
            }),
            When::Anomaly { min } => Self::Anomaly {
                min: min.parse().unwrap(),
            },
        }
    }
}

impl From<WrittenStep> for Step {
    fn from(written: WrittenStep) -> Self {
        let mut step = Self::new(&written.id, written.class, written.when.into());
        let (actions, channels) = written
            .what
            .into_iter()
            .partition(|what| what.contains(':'));
        step.channels = channels;
        let actions: Vec<String> = actions;
        step.actions = actions
            .iter()
            .map(|action| action.parse::<Action>().unwrap())
            .collect();
        step.mode = written.mode.unwrap_or(step.mode);
        step.release = written.release_bp.map(BasisPoints::new);
        step.restore = written.restore.unwrap_or(step.restore);
        step.release_after = written.release_after.unwrap_or(step.release_after);
        step.confirm = written.confirm.unwrap_or(step.confirm);
        step.confirm_min = written
            .confirm_min_s
            .map_or(step.confirm_min, SignedDuration::from_secs);
        step.cool_down = written
            .cool_down_s
            .map_or(step.cool_down, SignedDuration::from_secs);
        step
    }
}

impl From<Written> for Policy {
    fn from(written: Written) -> Self {
        let amount = |text: Option<String>| text.map(|text| text.parse::<Micros>().unwrap());
        let steps: Vec<Step> = written.steps.into_iter().map(Into::into).collect();
        Self {
            account: written.account,
            budget: written.budget,
            period: match written.period.to_uppercase().as_str() {
                "MONTH" => Period::Month,
                "QUARTER" => Period::Quarter,
                "YEAR" => Period::Year,
                other => panic!("unknown period {other}"),
            },
            currency: written.currency,
            amount_min: amount(written.amount_min),
            amount_max: amount(written.amount_max),
            mode: written.mode,
            guard_project: written.guard_project,
            protected: written
                .protected
                .iter()
                .flat_map(|path| everything_at(path))
                .collect(),
            cap_projects: if written.cap.enabled {
                written.cap.projects
            } else {
                BTreeSet::new()
            },
            tell: vec!["slack".to_owned()],
            steps,
        }
    }
}

/// The compact form protects paths; the program protects resources.
pub(crate) fn everything_at(path: &str) -> impl Iterator<Item = Resource> + use<> {
    let path = path.to_owned();
    Family::all().filter_map(move |family| Resource::new(family, &path).ok())
}
