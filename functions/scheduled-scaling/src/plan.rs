//! What would happen over some days: timelines, changes, notes and money, for every target. It needs no permission and
//! touches nothing.

mod pending;

pub use pending::{Pending, pending};

use crate::{
    config::{Config, Target},
    findings::{Finding, findings},
    overrides::Override,
    price::{Baseline, Cost, Prices},
    schedule::{Level, Schedule},
    timeline::{Day, Timeline, timeline},
    zone,
};
use jiff::{Timestamp, civil::Date};
use serde::Serialize;

/// The plan of all targets.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// The release of the zone database.
    pub zone_data: &'static str,
    /// When the prices were read.
    pub prices_date: Date,
    /// Each target, in the order of the configuration.
    pub targets: Vec<TargetPlan>,
    /// What is saved a month at most, over the targets that are priced.
    pub saves_a_month_at_most: f64,
    /// The targets without a price, by name, and why.
    pub unpriced: Vec<Unpriced>,
    /// What `apply` would do now; null when no target was read.
    pub pending: Option<Vec<Pending>>,
    /// What could not be read, where there may be more targets.
    pub unread: Vec<String>,
}

/// A target without a price. Its price is not known, which is not zero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unpriced {
    /// Its name.
    pub target: String,
    /// Why.
    pub why: String,
}

/// The plan of one target.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TargetPlan {
    /// Its full name.
    pub target: String,
    /// Its name for people.
    #[serde(skip)]
    pub title: String,
    /// What it is.
    pub kind: crate::config::Kind,
    /// Where it is.
    pub region: Option<String>,
    /// The name of its schedule.
    pub schedule: String,
    /// The zone of its schedule.
    pub time_zone: String,
    /// What holds at the beginning.
    #[serde(serialize_with = "as_text")]
    pub first: Level,
    /// The days, as rows of half hours.
    pub days: Vec<Day>,
    /// The largest floor.
    pub peak: Option<u32>,
    /// Instances kept, times hours.
    pub instance_hours: Option<f64>,
    /// The stretches of time with one level by one rule.
    pub segments: Vec<SegmentPlan>,
    /// The segments that begin with another level than the one before.
    pub changes: Vec<ChangePlan>,
    /// What a person should know.
    pub notes: Vec<Finding>,
    /// What it costs; none where that is not known.
    pub cost: Option<Cost>,
    /// How instances are made up, for people.
    #[serde(skip)]
    pub made_of: Option<String>,
}

/// A stretch of time with one level by one rule.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SegmentPlan {
    /// Its first instant within the plan.
    pub from: Timestamp,
    /// The first instant after it, or the end of the plan.
    pub until: Timestamp,
    /// What holds.
    #[serde(serialize_with = "as_text")]
    pub level: Level,
    /// Instances that are always there, where the schedule says how many.
    pub min: Option<u32>,
    /// Instances that are never exceeded, where the schedule says how many.
    pub max: Option<u32>,
    /// The rule and its occurrence.
    pub rule: String,
    /// What it costs, in dollars; none where that is not known.
    pub cost: Option<f64>,
}

/// A change of level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangePlan {
    /// When.
    pub at: Timestamp,
    /// When, on the clocks of the schedule's zone.
    pub local: String,
    /// What held before.
    #[serde(serialize_with = "as_text")]
    pub before: Level,
    /// What holds from then on.
    #[serde(serialize_with = "as_text")]
    pub after: Level,
    /// The rule that says so.
    pub rule: String,
    /// When it ends, on the clocks of the schedule's zone; none when it never does.
    pub until: Option<String>,
}

fn as_text<S: serde::Serializer>(level: &Level, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(level)
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Range {
    /// The present, which says what day it is where no first day is given.
    pub now: Timestamp,
    /// The first day; today where none is given.
    pub first: Option<Date>,
    /// How many days.
    pub days: u16,
    /// What the money is compared with.
    pub baseline: Baseline,
}

/// Plans all targets of `config` without looking at any.
pub fn plan(config: &Config, prices: &Prices, range: Range) -> Plan {
    let mut unpriced = Vec::new();
    let mut targets = Vec::new();
    let mut saves = 0.0;
    for target in &config.targets {
        // Every target has a schedule: that was checked when the configuration was read.
        let Some(schedule) = config.schedule_of(target) else {
            continue;
        };
        let words = config.overrides_of(&target.name);
        let (planned, cost) = target_plan(target, schedule, &words, prices, range);
        match cost {
            Ok(cost) => {
                saves += crate::price::a_month(cost.saves_at_most, f64::from(range.days));
            }
            Err(why) => unpriced.push(Unpriced {
                target: target.name.clone(),
                why,
            }),
        }
        targets.push(planned);
    }
    Plan {
        zone_data: zone::database_version(),
        prices_date: prices.date,
        targets,
        saves_a_month_at_most: saves,
        unpriced,
        pending: None,
        unread: Vec::new(),
    }
}

fn target_plan(
    target: &Target,
    schedule: &Schedule,
    words: &[Override],
    prices: &Prices,
    range: Range,
) -> (TargetPlan, Result<Cost, String>) {
    let today = || schedule.zone.local(range.now).date();
    let first = range.first.unwrap_or_else(today);
    let original = target
        .estimate
        .as_ref()
        .and_then(|estimate| estimate.baseline);
    let timeline = timeline(schedule, words, original, first, range.days);
    let cost = prices.cost(target, &timeline, range.baseline);
    let rate = cost
        .as_ref()
        .ok()
        .map(|cost| cost.per_instance_hour / 3600.0);
    let level = |index: usize| {
        timeline
            .segments
            .get(index)
            .map(|segment| segment.desired.level)
    };
    let planned = TargetPlan {
        target: target.name.clone(),
        title: target.short_name().to_owned(),
        kind: target.kind,
        region: target.region().map(ToOwned::to_owned),
        schedule: target.schedule.clone(),
        time_zone: schedule.zone.name().to_owned(),
        first: level(0).unwrap_or(schedule.default),
        peak: timeline.peak(),
        instance_hours: timeline
            .instance_seconds(|floor| floor)
            .map(|seconds| seconds / 3600.0),
        segments: segment_plans(&timeline, rate),
        changes: change_plans(schedule, &timeline),
        notes: findings(schedule, first),
        cost: cost.clone().ok(),
        made_of: target.estimate.as_ref().map(|estimate| {
            let cpu = f64::from(estimate.milli_cpu) / 1000.0;
            format!("{cpu} vCPU, {}, {}", estimate.memory, estimate.billing)
        }),
        days: timeline.days,
    };
    (planned, cost)
}

fn segment_plans(timeline: &Timeline, rate: Option<f64>) -> Vec<SegmentPlan> {
    let segments = timeline.segments.iter().map(|segment| {
        let seconds = segment.until.duration_since(segment.from).as_secs_f64();
        let level = segment.desired.level;
        let (min, max) = match level {
            Level::Set { min, max } => (Some(min), max),
            Level::Manual(count) => (Some(count), Some(count)),
            Level::Keep | Level::Original | Level::AtLeast(_) | Level::Power(_) => (None, None),
        };
        SegmentPlan {
            from: segment.from,
            until: segment.until,
            level,
            min,
            max,
            rule: segment.desired.rule.to_string(),
            cost: rate
                .zip(segment.floor)
                .map(|(rate, floor)| rate * f64::from(floor) * seconds),
        }
    });
    segments.collect()
}

fn change_plans(schedule: &Schedule, timeline: &Timeline) -> Vec<ChangePlan> {
    let local = |at: Timestamp, form: &str| schedule.zone.local(at).strftime(form).to_string();
    let changes = timeline.changes().map(|(before, after)| ChangePlan {
        at: after.from,
        local: local(after.from, "%a %F %H:%M %Z"),
        before: before.desired.level,
        after: after.desired.level,
        rule: after.desired.rule.title(),
        until: after
            .desired
            .until
            .map(|until| local(until, "%a %F %H:%M %Z")),
    });
    changes.collect()
}
