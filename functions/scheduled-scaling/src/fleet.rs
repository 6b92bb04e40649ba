//! The targets there are: those that the configuration names, and those whose label names a schedule. Each with what was
//! seen of it, and what is wrong with it; one bad target never stops the others.

use crate::{
    config::{Config, Interrupt, Kind, Target},
    decide::{Observed, OnDrift, Reading, Release},
    observe::{Listed, Place, Survey},
    overrides::Override,
    schedule::Schedule,
};
use std::collections::BTreeMap;

/// One target, with the schedule it goes by.
#[derive(Debug, Clone)]
pub struct Bound {
    /// The target. One that was discovered is as if it were written.
    pub target: Target,
    /// Whether its label binds it.
    pub by_label: bool,
    /// What it is there for.
    pub purpose: Purpose,
    /// What persons want for a while.
    pub words: Vec<Override>,
    /// As it was listed; none when it was not.
    pub listed: Option<Listed>,
    /// Why it was not listed.
    pub unread: Option<String>,
}

/// What is done with a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// It follows its schedule.
    Follow,
    /// Its label has gone, and it is given back.
    Release(Release),
    /// It cannot follow its schedule, because of this.
    Misfit(String),
    /// It has our marks, and nothing binds it: said, and left alone. It may be another's.
    Left,
}

/// All targets.
#[derive(Debug, Clone, Default)]
pub struct Fleet {
    /// By full name, so that every report has the same order.
    pub bound: BTreeMap<String, Bound>,
    /// Places that could not be read, where there may be more.
    pub unread: BTreeMap<Place, String>,
}

impl Bound {
    /// Its schedule, where it follows one.
    pub fn schedule<'a>(&self, config: &'a Config) -> Option<&'a Schedule> {
        match self.purpose {
            Purpose::Follow => config.schedules.get(&self.target.schedule),
            Purpose::Release(_) | Purpose::Misfit(_) | Purpose::Left => None,
        }
    }

    /// Whether it was seen ready to be used.
    pub fn is_ready(&self) -> bool {
        self.listed.as_ref().is_some_and(|listed| listed.is_ready)
    }

    /// What was seen of it, for deciding.
    pub fn observed(&self, waits_for: Vec<String>) -> Observed {
        let Some(listed) = &self.listed else {
            let why = self.unread.clone();
            return Observed::Unreadable(why.unwrap_or_else(|| "it was not read".to_owned()));
        };
        match (&listed.setting, &listed.memory) {
            (Err(why), _) | (_, Err(why)) => Observed::Unreadable(why.clone()),
            (Ok(setting), Ok(memory)) => Observed::Read(Reading {
                setting: *setting,
                applied: memory.applied.clone(),
                original: memory.original,
                reconciling_since: listed.reconciling_since,
                revision_floor: listed.revision_floor,
                waits_for,
                last_writer: listed.last_writer.clone(),
            }),
        }
    }

    /// The same target, read anew.
    #[must_use]
    pub fn read_anew(&self, config: &Config, listed: Listed) -> Self {
        Self {
            words: words(config, Some(&listed), &self.target.name),
            listed: Some(listed),
            unread: None,
            ..self.clone()
        }
    }
}

impl Fleet {
    /// Holds what was read against the configuration.
    pub fn new(config: &Config, survey: Survey) -> Self {
        let Survey { mut listed, failed } = survey;
        let mut fleet = Self::default();
        for target in &config.targets {
            let own = listed.remove(&target.name);
            let place = Place::of(target.kind, &target.name);
            let unread = match (&own, failed.get(&place)) {
                (Some(_), _) => None,
                (None, Some(refused)) => Some(refused.to_string()),
                (None, None) => Some(format!(
                    "there is none of that name among the {place}; remove it from the configuration, or correct its name"
                )),
            };
            let bound = Bound {
                words: words(config, own.as_ref(), &target.name),
                target: target.clone(),
                by_label: false,
                purpose: Purpose::Follow,
                listed: own,
                unread,
            };
            fleet.bound.insert(target.name.clone(), bound);
        }
        for (name, listed) in listed {
            fleet.bound.insert(name, discovered(config, listed));
        }
        let unread = failed.into_iter();
        fleet.unread = unread
            .map(|(place, why)| (place, why.to_string()))
            .collect();
        fleet
    }

    /// The targets that must be up before this one: those of its `after`.
    pub fn needed_by<'a>(&'a self, bound: &'a Bound) -> impl Iterator<Item = &'a str> {
        bound.target.after.iter().map(String::as_str)
    }

    /// The targets that need this one.
    pub fn users_of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Bound> {
        let uses = move |bound: &&Bound| bound.target.after.iter().any(|needed| needed == name);
        self.bound.values().filter(uses)
    }
}

/// The overrides of a target: those that are written, and the one it carries itself.
fn words(config: &Config, listed: Option<&Listed>, name: &str) -> Vec<Override> {
    let own = listed.and_then(|listed| listed.memory.as_ref().ok()?.word.clone());
    let mut words = config.overrides_of(name);
    words.extend(own);
    words
}

/// A target that the configuration does not name.
fn discovered(config: &Config, listed: Listed) -> Bound {
    let target = Target {
        kind: listed.kind,
        name: listed.name.clone(),
        schedule: listed.label.clone().unwrap_or_default(),
        after: Vec::new(),
        interrupt: (listed.may_interrupt && listed.kind == Kind::WorkerPool)
            .then_some(Interrupt::Ok),
        on_drift: OnDrift::default(),
        release: Release::default(),
        estimate: listed.made_of.clone(),
    };
    Bound {
        words: words(config, Some(&listed), &target.name),
        purpose: purpose(config, &target, &listed),
        by_label: listed.label.is_some(),
        target,
        listed: Some(listed),
        unread: None,
    }
}

fn purpose(config: &Config, target: &Target, listed: &Listed) -> Purpose {
    let Some(label) = &listed.label else {
        let was_bound = listed.memory.as_ref().is_ok_and(|memory| memory.by_label);
        return match &config.discover {
            Some(discover) if was_bound => Purpose::Release(discover.release),
            _ => Purpose::Left,
        };
    };
    let Some(schedule) = config.schedules.get(label) else {
        let known: Vec<&str> = config.schedules.keys().map(String::as_str).collect();
        return Purpose::Misfit(format!(
            "its label names the schedule {label:?}, and there is no [schedules.{label}]; there are {}",
            known.join(", ")
        ));
    };
    match target.check_schedule(schedule) {
        Ok(()) => Purpose::Follow,
        Err(why) => Purpose::Misfit(why),
    }
}
