//! What `status` says.

use super::{minute, or_dash, short_name};
use crate::{
    apply::{Wants, found},
    config::{Config, Kind},
    decide::{Decision, Why},
    fleet::{Bound, Fleet, Purpose},
    overrides::Override,
    schedule::Setting,
};
use jiff::Timestamp;
use nightshift_runtime::{
    ExitStatus, Report,
    report::{Column, Table},
};
use serde::Serialize;

/// What every target is set to, and what it should be.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    at: Timestamp,
    targets: Vec<TargetStatus>,
    unread: Vec<String>,
}

#[derive(Debug, Clone, Serialize)]
struct TargetStatus {
    target: String,
    kind: Kind,
    schedule: Option<String>,
    bound_by: &'static str,
    /// What it is set to; null when it could not be read.
    now: Option<String>,
    /// The floor of its revision, which counts besides.
    revision_floor: Option<u32>,
    /// The larger of both floors; null when not known.
    effective_floor: Option<u32>,
    /// What its schedule wants.
    wanted: Option<String>,
    rule: Option<String>,
    until: Option<Timestamp>,
    original: Option<String>,
    #[serde(rename = "override")]
    word: Option<Word>,
    /// What Google says of its last change, where that has failed.
    last_error: Option<String>,
    /// Who changed it last.
    last_writer: Option<String>,
    /// `as_wanted`, `pending`, `held`, `deferred`, `refused` or `unread`.
    state: &'static str,
    reason: Option<String>,
    #[serde(skip)]
    place_is_unread: bool,
}

#[derive(Debug, Clone, Serialize)]
struct Word {
    wants: String,
    until: Timestamp,
    by: Option<String>,
    reason: Option<String>,
}

impl Status {
    /// How things are at `at`.
    pub fn new(config: &Config, fleet: &Fleet, at: Timestamp) -> Self {
        let mut wants = Wants::new(config, at);
        let targets = fleet.bound.values();
        let targets = targets.map(|bound| status(&mut wants, bound, at));
        let unread = fleet
            .unread
            .iter()
            .map(|(place, why)| format!("{place}: {why}"));
        Self {
            at,
            targets: targets.collect(),
            unread: unread.collect(),
        }
    }
}

impl Status {
    /// How `status` ends: well when everything could be read.
    pub fn exit(&self) -> ExitStatus {
        let read = self.targets.iter().any(|target| target.now.is_some());
        match (self.unread.is_empty(), read) {
            (true, _) => ExitStatus::Done,
            (false, true) => ExitStatus::Partial,
            (false, false) => ExitStatus::Failed,
        }
    }
}

fn status(wants: &mut Wants<'_>, bound: &Bound, at: Timestamp) -> TargetStatus {
    let judged = wants.judge(bound, Vec::new());
    let desired = judged.desired.as_ref();
    let listed = bound.listed.as_ref();
    let memory = listed.and_then(|listed| listed.memory.as_ref().ok());
    let now = found(bound);
    let revision_floor = listed.and_then(|listed| listed.revision_floor);
    let (state, reason) = state(&judged.decision);
    let active = bound.words.iter().filter(|word| word.is_active(at));
    TargetStatus {
        target: bound.target.name.clone(),
        kind: bound.target.kind,
        schedule: Some(bound.target.schedule.clone()).filter(|name| !name.is_empty()),
        bound_by: match bound.purpose {
            Purpose::Follow | Purpose::Misfit(_) if bound.by_label => "label",
            Purpose::Follow | Purpose::Misfit(_) => "configuration",
            Purpose::Release(_) | Purpose::Left => "nothing",
        },
        now: now.map(|setting| setting.to_string()),
        revision_floor,
        effective_floor: now
            .map(Setting::floor)
            .max(revision_floor.filter(|_| now.is_some())),
        wanted: desired.map(|desired| desired.level.to_string()),
        rule: desired.map(|desired| desired.rule.to_string()),
        until: desired.and_then(|desired| desired.until),
        original: memory
            .and_then(|memory| memory.original)
            .map(|setting| setting.to_string()),
        word: active.max_by_key(|word| word.from).map(word),
        last_error: listed.and_then(|listed| listed.last_error.clone()),
        last_writer: listed.and_then(|listed| listed.last_writer.clone()),
        state,
        reason,
        place_is_unread: bound.unread.is_some(),
    }
}

fn word(word: &Override) -> Word {
    Word {
        wants: word.kind.to_string(),
        until: word.until,
        by: word.by.clone(),
        reason: word.reason.clone(),
    }
}

fn state(decision: &Decision) -> (&'static str, Option<String>) {
    match decision {
        Decision::Nothing => ("as_wanted", None),
        Decision::Write(change) if change.set.is_none() => ("as_wanted", None),
        Decision::Write(change) => (
            "pending",
            change
                .drift
                .map(|drift| format!("somebody changed {} to {}", drift.expected, drift.found)),
        ),
        Decision::Hold(why) => ("held", Some(why.to_string())),
        Decision::Defer(why) => ("deferred", Some(why.to_string())),
        Decision::Refuse(why @ Why::Unreadable(_)) => ("unread", Some(why.to_string())),
        Decision::Refuse(why) => ("refused", Some(why.to_string())),
    }
}

impl TargetStatus {
    /// The place that could not be read is told once, below all targets in it.
    fn told_reason(&self) -> Option<&str> {
        if self.place_is_unread {
            return Some("not read, so left as it is: see below");
        }
        self.reason.as_deref().or(self.last_error.as_deref())
    }
}

impl Word {
    fn told(&self) -> String {
        let until = self.until.strftime("%F %H:%MZ");
        match &self.by {
            Some(by) => format!("{} until {until} by {by}", self.wants),
            None => format!("{} until {until}", self.wants),
        }
    }
}

impl Report for Status {
    fn table(&self) -> String {
        let columns = [
            "TARGET", "SCHEDULE", "NOW", "REVISION", "WANTED", "RULE", "UNTIL", "STATE",
            "OVERRIDE", "REASON",
        ];
        let mut table = Table::new(columns.map(Column::text));
        for target in &self.targets {
            let revision = target.revision_floor.map(|floor| format!("min {floor}"));
            table.row([
                short_name(&target.target),
                or_dash(target.schedule.as_deref()),
                target.now.as_deref().unwrap_or("?"),
                or_dash(revision.as_deref()),
                or_dash(target.wanted.as_deref()),
                or_dash(target.rule.as_deref()),
                or_dash(minute(target.until).as_deref()),
                &target.state.replace('_', " "),
                or_dash(target.word.as_ref().map(Word::told).as_deref()),
                or_dash(target.told_reason()),
            ]);
        }
        let mut text = if self.targets.is_empty() {
            "no targets: name them as [[targets]], or let [discover] find them by their label\n"
                .to_owned()
        } else {
            format!("{table}\n")
        };
        for unread in &self.unread {
            text.push_str(&format!("! {unread}\n"));
        }
        text
    }
}
