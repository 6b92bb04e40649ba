//! Who speaks at an instant, and who wins.

use super::{calendar::days_after, rule::Rule};
use crate::{
    overrides::{Kind, Override},
    schedule::{Level, Schedule, Window},
};
use jiff::{SignedDuration, Timestamp, civil::Date};

/// How long the last fire of a transition is remembered: 400 days. A yearly one is, a forgotten one is not for ever.
pub(super) const TRANSITION_MEMORY: SignedDuration = SignedDuration::from_hours(400 * 24);

/// All that may speak.
#[derive(Clone, Copy)]
pub(super) struct Authority<'a> {
    pub(super) schedule: &'a Schedule,
    pub(super) overrides: &'a [Override],
}

/// The kind of rule that won below the overrides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tier {
    Day,
    Transition,
    Default,
}

impl<'a> Authority<'a> {
    /// What holds at `at`, and by which rule.
    pub(super) fn verdict(self, at: Timestamp) -> (Level, Rule) {
        if let Some(word) = self.commanding(at) {
            let level = match word.kind {
                Kind::Pin(level) => level,
                Kind::Hold | Kind::Boost(_) => Level::Keep,
            };
            return (level, rule_of(word));
        }
        let (level, rule, _) = self.base(at);
        let mut raised = (level, rule);
        for word in self.active(at) {
            let Kind::Boost(boost) = word.kind else {
                continue;
            };
            let higher = raised.0.boosted(boost);
            if higher != raised.0 {
                raised = (higher, rule_of(word));
            }
        }
        raised
    }

    /// The override that leaves the schedule no say: a hold, else the newest pin.
    pub(super) fn commanding(self, at: Timestamp) -> Option<&'a Override> {
        let hold = self.active(at).find(|word| word.kind == Kind::Hold);
        let pins = self
            .active(at)
            .filter(|word| matches!(word.kind, Kind::Pin(_)));
        hold.or_else(|| pins.max_by_key(|pin| pin.from))
    }

    pub(super) fn active(self, at: Timestamp) -> impl Iterator<Item = &'a Override> {
        self.overrides.iter().filter(move |word| word.is_active(at))
    }

    /// What the schedule says by itself.
    pub(super) fn base(self, at: Timestamp) -> (Level, Rule, Tier) {
        let schedule = self.schedule;
        let date = schedule.date(at);
        if let Some(level) = schedule.level_of_day(date) {
            return (level, Rule::Exception { date }, Tier::Day);
        }
        if let Some((level, rule)) = self.windows(date, at) {
            return (level, rule, Tier::Day);
        }
        if let Some((level, rule)) = self.transition(at) {
            return (level, rule, Tier::Transition);
        }
        (schedule.default, Rule::Default, Tier::Default)
    }

    /// The windows active at `at`, each with the date it started on.
    pub(super) fn active_windows(
        self,
        date: Date,
        at: Timestamp,
    ) -> impl Iterator<Item = (&'a Window, Date)> {
        let schedule = self.schedule;
        // Windows end on the day after their date at the latest; a lead makes them begin up to a day before it. One more on
        // either side is for days of unusual length.
        (-2..=2).flat_map(move |days| {
            let started = days_after(date, days);
            schedule
                .windows
                .iter()
                .filter(move |window| {
                    schedule
                        .occurrence(window, started)
                        .is_some_and(|occurrence| occurrence.contains(at))
                })
                .map(move |window| (window, started))
        })
    }

    /// The highest priority wins; among equals the largest minimum, and the largest maximum.
    fn windows(self, date: Date, at: Timestamp) -> Option<(Level, Rule)> {
        let mut winner: Option<(&Window, Date)> = None;
        let mut merged = None;
        for (window, started) in self.active_windows(date, at) {
            let Some((best, _)) = winner else {
                (winner, merged) = (Some((window, started)), Some(window.level));
                continue;
            };
            if window.priority < best.priority {
                continue;
            }
            if window.priority > best.priority {
                (winner, merged) = (Some((window, started)), Some(window.level));
                continue;
            }
            if window.level.is_larger_than(best.level) {
                winner = Some((window, started));
            }
            merged = merged.map(|level: Level| level.or_larger(window.level));
        }
        let (window, date) = winner?;
        let rule = Rule::Window {
            name: window.name.clone(),
            label: window.label(),
            date,
        };
        Some((merged?, rule))
    }

    fn transition(self, at: Timestamp) -> Option<(Level, Rule)> {
        let (fired, index) = self.last_fire(at)?;
        if at.duration_since(fired) >= TRANSITION_MEMORY {
            return None;
        }
        let transition = self.schedule.transitions.get(index)?;
        let cron = String::from(transition.at.clone()).into();
        Some((transition.level, Rule::Transition { cron, fired }))
    }

    /// The latest fire of any transition at or before `at`; of several at one instant that of the later line.
    pub(super) fn last_fire(self, at: Timestamp) -> Option<(Timestamp, usize)> {
        let reached = self.schedule.zone.reached(at);
        let fires = self.schedule.transitions.iter().enumerate();
        fires
            .filter_map(|(index, transition)| {
                let local = transition.at.last_fire(reached)?;
                Some((self.schedule.zone.resolve(local), index))
            })
            .max()
    }

    /// The first fire of any transition after `at`.
    pub(super) fn next_fire(self, at: Timestamp) -> Option<Timestamp> {
        let reached = self.schedule.zone.reached(at);
        let transitions = self.schedule.transitions.iter();
        transitions
            .filter_map(|transition| transition.at.next_fire(reached))
            .map(|local| self.schedule.zone.resolve(local))
            .min()
    }
}

fn rule_of(word: &Override) -> Rule {
    Rule::Override {
        kind: word.kind.name(),
        from: word.from,
    }
}
