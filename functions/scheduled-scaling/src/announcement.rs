//! What a run did, told: a line for each target that is not as it was, one line for the run, and a topic where one is
//! configured.
//!
//! A tick comes every five minutes and mostly finds what the last one found. The log says so each time, for whoever looks at
//! one run; the topic is told what is new. What is new is remembered in the process only: after a restart the topic may be
//! told again.

use crate::{
    apply::{Outcome, Run, Wants},
    config::Config,
    event,
    fleet::Purpose,
    report::run::{RunReport, TargetReport},
    schedule::{Level, Power, Setting},
};
use jiff::{SignedDuration, Timestamp};
use nightshift_runtime::{gcp::Gcp, pubsub::Outcomes};
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// How long a run waits for the topic before it ends without knowing.
const PATIENCE: Duration = Duration::from_secs(3);

/// Tells the log, and the topic where one is configured.
#[derive(Debug, Default)]
pub struct Announcer {
    outcomes: Option<Outcomes>,
    told: Mutex<Told>,
}

/// What has been told already.
#[derive(Debug, Default)]
struct Told {
    /// Of each target, how it ended last and why.
    ended: BTreeMap<String, (&'static str, Option<String>)>,
    /// Notices of what is going to be lowered.
    notices: BTreeSet<String>,
    /// Overrides that were seen, by target, with their end.
    overrides: BTreeMap<String, Timestamp>,
}

/// What the topic is told about one target.
#[derive(Debug, Serialize)]
struct News<'a> {
    event: &'static str,
    at: Timestamp,
    #[serde(flatten)]
    target: &'a TargetReport,
}

/// What the topic is told before a target is lowered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notice {
    event: &'static str,
    /// The same for every telling of the same notice.
    pub id: String,
    /// The target.
    pub target: String,
    /// When it will be lowered.
    pub at: Timestamp,
    /// What it is set to.
    pub from: String,
    /// What it will be set to.
    pub to: String,
    /// What to do about it.
    pub next: String,
}

impl Announcer {
    /// For the topic that `config` names. One that cannot be told is no reason not to scale: that is logged.
    pub async fn new(config: &Config, gcp: &Gcp) -> Self {
        let Some(topic) = &config.publish.topic else {
            return Self::default();
        };
        let outcomes = Outcomes::to(gcp, topic).await;
        let outcomes = outcomes.inspect_err(|error| {
            let error = error.to_string();
            tracing::warn!(
                event = "publish.failed",
                topic,
                error,
                "nobody will be told"
            );
        });
        Self {
            outcomes: outcomes.ok(),
            told: Mutex::default(),
        }
    }

    /// Tells how a run ended, and waits a moment until the topic knows.
    pub async fn tell(&self, config: &Config, run: &Run, report: &RunReport) {
        for target in &report.targets {
            log(target);
        }
        for unread in &report.unread {
            tracing::error!(
                event = event::TARGET,
                place = unread.place,
                "{}",
                unread.why
            );
        }
        log_tick(report);
        self.publish(config, run, report);
        if let Some(outcomes) = &self.outcomes {
            outcomes.flush(PATIENCE).await;
        }
    }

    fn send(&self, event: &'static str, about: &str, what: &impl Serialize) {
        if let Some(outcomes) = &self.outcomes {
            outcomes.publish(event, about, what);
        }
    }

    fn publish(&self, config: &Config, run: &Run, report: &RunReport) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        for target in report.targets.iter().filter(|target| told.is_new(target)) {
            let news = News {
                event: event::TARGET,
                at: report.at,
                target,
            };
            self.send(event::TARGET, &target.target, &news);
        }
        for (target, until) in told.ended_overrides(run) {
            tracing::info!(event = event::OVERRIDE_ENDED, target, until = %until, "an override has ended");
            let ended = serde_json::json!({
                "event": event::OVERRIDE_ENDED, "at": run.at, "target": target, "until": until,
            });
            self.send(event::OVERRIDE_ENDED, &target, &ended);
        }
        for notice in notices(config, run) {
            if told.notices.insert(notice.id.clone()) {
                tracing::info!(event = event::NOTICE, target = notice.target, at = %notice.at, to = notice.to, "will be lowered");
                self.send(event::NOTICE, &notice.target, &notice);
            }
        }
        told.notices.retain(|id| !is_over(id, run.at));
    }
}

impl Told {
    /// Whether this was not said already, and is worth saying. A note in the margin is not.
    fn is_new(&mut self, target: &TargetReport) -> bool {
        let ended = (target.decision, target.reason.clone());
        let quiet = matches!(target.decision, "nothing" | "noted");
        let before = self.ended.insert(target.target.clone(), ended.clone());
        let wrote = matches!(target.decision, "written" | "accepted" | "released");
        !quiet && (wrote || before != Some(ended))
    }

    /// Overrides that were there and have ended since.
    fn ended_overrides(&mut self, run: &Run) -> Vec<(String, Timestamp)> {
        for (name, outcome) in &run.outcomes {
            let active = outcome
                .bound
                .words
                .iter()
                .filter(|word| word.is_active(run.at));
            if let Some(until) = active.map(|word| word.until).max() {
                self.overrides.insert(name.clone(), until);
            }
        }
        let ended = self.overrides.iter().filter(|(_, until)| **until <= run.at);
        let ended: Vec<_> = ended.map(|(name, until)| (name.clone(), *until)).collect();
        for (name, _) in &ended {
            self.overrides.remove(name);
        }
        ended
    }
}

/// The targets that will be lowered within the time that the configuration wants to be told before.
pub fn notices(config: &Config, run: &Run) -> Vec<Notice> {
    let Some(before) = config.publish.notify_before else {
        return Vec::new();
    };
    let before = SignedDuration::try_from(Duration::from(before)).unwrap_or(SignedDuration::MAX);
    let mut ends: BTreeMap<Timestamp, Wants<'_>> = BTreeMap::new();
    let soon = |(name, outcome): (&String, &Outcome)| {
        let until = outcome.judged.desired.as_ref()?.until?;
        if until.duration_since(run.at) > before || outcome.bound.purpose != Purpose::Follow {
            return None;
        }
        let end = ends.entry(until);
        let wants = end.or_insert_with(|| Wants::new(config, until));
        let next = wants.of(&outcome.bound)?;
        let then = match next.level {
            Level::Power(power) => u32::from(power == Power::On),
            level => level.floor()?,
        };
        let now = outcome.now()?;
        (then < now.floor()).then(|| notice(name, now, &next.level.to_string(), until))
    };
    run.outcomes.iter().filter_map(soon).collect()
}

fn notice(name: &str, now: Setting, to: &str, at: Timestamp) -> Notice {
    Notice {
        event: event::NOTICE,
        id: format!("{name}@{at}"),
        target: name.to_owned(),
        at,
        from: now.to_string(),
        to: to.to_owned(),
        next: format!(
            "to keep it: scheduled-scaling override {name} --{} --for 2h --reason WHY",
            match now {
                Setting::Automatic { min, .. } => format!("min {min}"),
                other => other.to_string(),
            }
        ),
    }
}

fn is_over(id: &str, now: Timestamp) -> bool {
    let at = id
        .rsplit('@')
        .next()
        .and_then(|at| at.parse::<Timestamp>().ok());
    at.is_none_or(|at| at < now)
}

fn log(target: &TargetReport) {
    macro_rules! tell {
        ($level:ident) => {
            tracing::$level!(
                event = event::TARGET,
                target = target.target,
                decision = target.decision,
                from = target.from,
                to = target.to,
                rule = target.rule,
                since = target.since.map(tracing::field::display),
                until = target.until.map(tracing::field::display),
                drift = target.drift,
                lag_s = target.lag_s,
                operation = target.operation,
                floor = target.floor,
                original_floor = target.original_floor,
                reason = target.reason,
                "{} {}",
                target.decision,
                target.target,
            )
        };
    }
    match target.decision {
        "nothing" => tell!(debug),
        "failed" => tell!(error),
        "refused" => tell!(warn),
        _ => tell!(info),
    }
}

fn log_tick(report: &RunReport) {
    tracing::info!(
        event = event::TICK,
        at = %report.at,
        targets = report.targets.len(),
        writes = report.writes,
        nothing = report.count("nothing"),
        written = report.count("written") + report.count("accepted") + report.count("released"),
        held = report.count("held"),
        deferred = report.count("deferred"),
        refused = report.count("refused"),
        failed = report.count("failed"),
        unread = report.unread.len(),
        "{} targets, {} writes",
        report.targets.len(),
        report.writes,
    );
}
