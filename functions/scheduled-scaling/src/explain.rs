//! Why the answer is what it is: every rule, what it says, and why it wins or does not.

use crate::{
    cron::Cron,
    desired::{Rule, days_after, desired},
    overrides::{Kind, Override},
    schedule::{Effect, Schedule, Window},
};
use jiff::Timestamp;

/// How far ahead the next time of a silent rule is looked for, in days.
const AHEAD: i64 = 400;

/// What one rule says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The rule.
    pub rule: String,
    /// What it wants.
    pub level: String,
    /// What becomes of it.
    pub outcome: Outcome,
}

/// What becomes of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is what holds.
    Wins,
    /// It speaks, and something above it does too.
    Outranked,
    /// It wants no number of its own: it says which windows start on its day.
    Rules,
    /// It does not speak, and will do so then; none if not within 400 days.
    Silent(Option<Timestamp>),
    /// It is over.
    Over(Timestamp),
}

impl Outcome {
    /// The outcome in words, with instants as `local` shows them.
    pub fn describe(self, local: &impl Fn(Timestamp) -> String) -> String {
        match self {
            Self::Wins => "holds".to_owned(),
            Self::Outranked => "speaks, but a rule above it does too".to_owned(),
            Self::Rules => "decides which windows start".to_owned(),
            Self::Silent(Some(next)) => format!("not now; next {}", local(next)),
            Self::Silent(None) => format!("not now, nor in the next {AHEAD} days"),
            Self::Over(end) => format!("over since {}", local(end)),
        }
    }
}

/// What every rule of `schedule` and every override says at `at`, in the order of authority.
pub fn claims(schedule: &Schedule, overrides: &[Override], at: Timestamp) -> Vec<Claim> {
    let winner = desired(schedule, overrides, at).rule;
    let claim = |rule: String, level: String, outcome: Outcome| Claim {
        rule,
        level,
        outcome,
    };
    let mut claims = Vec::new();
    for word in overrides {
        let outcome = of_word(word, &winner, at);
        let level = match word.kind {
            Kind::Hold => "keep".to_owned(),
            Kind::Pin(level) => level.to_string(),
            Kind::Boost(level) => format!("at least {level}"),
        };
        claims.push(claim(word.kind.name().to_owned(), level, outcome));
    }
    let date = schedule.date(at);
    if let Some(exception) = schedule.exception_on(date) {
        let wins = speaking(winner == Rule::Exception { date });
        let (level, outcome) = match exception.effect {
            Effect::Closed => ("closed: no window starts".to_owned(), Outcome::Rules),
            Effect::As(day) => (format!("windows as on {day:?}"), Outcome::Rules),
            Effect::Level(level) => (level.to_string(), wins),
        };
        claims.push(claim(format!("exception {date}"), level, outcome));
    }
    for window in &schedule.windows {
        let (rule, outcome) = of_window(schedule, window, &winner, at);
        claims.push(claim(rule, window.level.to_string(), outcome));
    }
    for (index, transition) in schedule.transitions.iter().enumerate() {
        let (rule, outcome) = of_transition(schedule, index, &winner, at);
        claims.push(claim(rule, transition.level.to_string(), outcome));
    }
    let default = speaking(winner == Rule::Default);
    claims.push(claim(
        "default".to_owned(),
        schedule.default.to_string(),
        default,
    ));
    claims
}

fn speaking(wins: bool) -> Outcome {
    if wins {
        Outcome::Wins
    } else {
        Outcome::Outranked
    }
}

fn of_word(word: &Override, winner: &Rule, at: Timestamp) -> Outcome {
    if word.is_active(at) {
        let (kind, from) = (word.kind.name(), word.from);
        speaking(*winner == Rule::Override { kind, from })
    } else if word.until <= at {
        Outcome::Over(word.until)
    } else {
        Outcome::Silent(Some(word.from))
    }
}

/// The occurrence that speaks, or the window with its next one.
fn of_window(
    schedule: &Schedule,
    window: &Window,
    winner: &Rule,
    at: Timestamp,
) -> (String, Outcome) {
    let today = schedule.date(at);
    let mut next = None;
    for days in -2..AHEAD {
        let date = days_after(today, days);
        let Some(occurrence) = schedule.occurrence(window, date) else {
            continue;
        };
        if occurrence.contains(at) {
            let wins = matches!(winner, Rule::Window { name, date: won, .. }
                if *name == window.name && *won == date);
            let rule = format!("{}, {} ({date})", window.name, window.label());
            return (rule, speaking(wins));
        }
        if occurrence.from > at {
            next = Some(occurrence.from);
            break;
        }
    }
    let rule = format!("{}, {}", window.name, window.label());
    (rule, Outcome::Silent(next))
}

/// The last fire if no other came after it, or the expression with its next fire.
fn of_transition(
    schedule: &Schedule,
    index: usize,
    winner: &Rule,
    at: Timestamp,
) -> (String, Outcome) {
    let transition = &schedule.transitions[index];
    let reached = schedule.zone.reached(at);
    let fires = |cron: &Cron| Some(schedule.zone.resolve(cron.last_fire(reached)?));
    let latest = schedule
        .transitions
        .iter()
        .filter_map(|t| fires(&t.at))
        .max();
    let later = schedule.transitions.iter().skip(index + 1);
    let own = fires(&transition.at);
    let superseded = own != latest || later.map(|t| fires(&t.at)).any(|fired| fired == own);
    match own {
        Some(fired) if !superseded => {
            let cron = String::from(transition.at.clone()).into();
            let rule = Rule::Transition { cron, fired };
            (rule.to_string(), speaking(rule == *winner))
        }
        _ => {
            let next = transition.at.next_fire(reached);
            let next = next.map(|local| schedule.zone.resolve(local));
            (format!("cron {}", transition.at), Outcome::Silent(next))
        }
    }
}
