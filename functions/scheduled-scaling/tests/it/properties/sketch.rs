//! Schedules and instants at random, mostly near changes of the clocks.

use jiff::{SignedDuration, Timestamp};
use proptest::{prelude::*, sample::Index};
use scheduled_scaling::{
    overrides::{Kind, Override},
    schedule::{Level, Schedule},
    zone::Zone,
};
use std::sync::OnceLock;

/// Zones that do something unusual, and two that do nothing.
const ZONES: [&str; 12] = [
    "America/Los_Angeles",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Pacific/Apia",
    "Africa/Cairo",
    "America/Santiago",
    "America/St_Johns",
    "Africa/Casablanca",
    "Antarctica/Troll",
    "America/Havana",
    "UTC",
];

/// Each zone with the instants at which its clocks change, or one instant where they never do.
fn clock_changes() -> &'static [(&'static str, Vec<Timestamp>)] {
    static CHANGES: OnceLock<Vec<(&str, Vec<Timestamp>)>> = OnceLock::new();
    CHANGES.get_or_init(|| {
        let from: Timestamp = "2005-01-01T00:00:00Z".parse().unwrap();
        let until = "2037-01-01T00:00:00Z".parse().unwrap();
        let changes = |name: &'static str| {
            let changes = Zone::named(name).unwrap().clock_changes(from, until);
            let instants: Vec<_> = changes.iter().map(|change| change.at).collect();
            (
                name,
                if instants.is_empty() {
                    vec![from]
                } else {
                    instants
                },
            )
        };
        ZONES.into_iter().map(changes).collect()
    })
}

/// An instant within three days of a change of the clocks, or any where they never change.
pub(super) fn instants() -> impl Strategy<Value = (&'static str, Timestamp)> {
    let places = (prop::sample::select(clock_changes()), any::<Index>());
    let day = 24 * 3600_i64;
    (places, -3 * day..3 * day, 0_i32..1_000_000_000).prop_map(
        |(((name, changes), index), seconds, nanos)| {
            (
                name,
                *index.get(&changes) + SignedDuration::new(seconds, nanos),
            )
        },
    )
}

fn days() -> impl Strategy<Value = &'static str> {
    prop::sample::select(
        &[
            "daily", "mon-fri", "sat,sun", "sun", "thu-sat", "sat-mon", "wed",
        ][..],
    )
}

fn clock() -> impl Strategy<Value = String> {
    (0_u32..24, 0_u32..4).prop_map(|(hour, quarter)| format!("{hour:02}:{:02}", quarter * 15))
}

/// The number, and sometimes a maximum above it.
fn value() -> impl Strategy<Value = String> {
    (0_u32..6, prop::option::weighted(0.3, 6_u32..9)).prop_map(|(min, max)| match max {
        Some(max) => format!("min = {min}\nmax = {max}\n"),
        None => format!("min = {min}\n"),
    })
}

fn window() -> impl Strategy<Value = String> {
    let times = (clock(), clock()).prop_filter("from is to", |(from, to)| from != to);
    let lead = prop::sample::select(&["0s", "10m", "5h"][..]);
    (days(), times, value(), lead, -1_i8..2).prop_map(|(days, (from, to), value, lead, priority)| {
        format!(
            "days = \"{days}\"\nfrom = \"{from}\"\nto = \"{to}\"\n{value}lead = \"{lead}\"\npriority = {priority}\n"
        )
    })
}

fn transition() -> impl Strategy<Value = String> {
    let crons = [
        "0 6 * * 1-5",
        "0 23 * * *",
        "30 2 * * 0",
        "15 */6 * * *",
        "0 0 1 * 1",
        "0 0 29 2 *",
    ];
    (prop::sample::select(crons.to_vec()), value())
        .prop_map(|(cron, value)| format!("at = \"{cron}\"\n{value}"))
}

fn effect() -> impl Strategy<Value = String> {
    let effects = prop_oneof![
        Just("closed = true\n".to_owned()),
        Just("as = \"sat\"\n".to_owned())
    ];
    prop_oneof![effects, value()]
}

/// A schedule of up to four windows, three transitions and three exceptions, and an instant at which its zone does
/// something.
pub(super) fn schedules() -> impl Strategy<Value = (Schedule, Timestamp)> {
    let windows = prop::collection::vec(window(), 0..5);
    let transitions = prop::collection::vec(transition(), 0..4);
    let exceptions = prop::collection::vec((-3_i64..4, effect()), 0..4);
    (instants(), windows, transitions, exceptions).prop_map(
        |((zone, at), windows, transitions, exceptions)| {
            let mut text = format!("time_zone = \"{zone}\"\ndefault = {{ min = 1 }}\n");
            for (number, window) in windows.iter().enumerate() {
                text.push_str(&format!("[[windows]]\nname = \"w{number}\"\n{window}"));
            }
            for transition in &transitions {
                text.push_str(&format!("[[transitions]]\n{transition}"));
            }
            for (days, effect) in &exceptions {
                let date = (at + SignedDuration::from_hours(24 * days)).strftime("%F");
                text.push_str(&format!("[[exceptions]]\ndates = [\"{date}\"]\n{effect}"));
            }
            let schedule = toml::from_str(&text).unwrap_or_else(|why| panic!("{why}\n{text}"));
            (schedule, at)
        },
    )
}

/// An override by its distance from some instant.
#[derive(Debug, Clone)]
pub(super) struct Word {
    kind: Kind,
    begins: SignedDuration,
    length: SignedDuration,
}

impl Word {
    /// The override, near `at`.
    pub(super) fn around(&self, at: Timestamp) -> Override {
        let from = at + self.begins;
        Override {
            kind: self.kind,
            from,
            until: from + self.length,
            by: None,
            reason: None,
        }
    }
}

/// Up to three overrides.
pub(super) fn words() -> impl Strategy<Value = Vec<Word>> {
    let level = (0_u32..8).prop_map(|min| Level::Set { min, max: None });
    let kinds = prop_oneof![
        Just(Kind::Hold),
        level.clone().prop_map(Kind::Pin),
        level.prop_map(Kind::Boost),
    ];
    let word = (kinds, -48_i64..48, 1_i64..60).prop_map(|(kind, begins, length)| Word {
        kind,
        begins: SignedDuration::from_hours(begins),
        length: SignedDuration::from_hours(length),
    });
    prop::collection::vec(word, 0..4)
}
