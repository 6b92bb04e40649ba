//! Published vectors: schedule and instant in, level and rule out, computed by another program.
//!
//! `NIGHTSHIFT_SCALING_VECTORS` names another file of the same form, which is then read instead.

use jiff::Timestamp;
use scheduled_scaling::{
    desired::desired,
    overrides::{Kind, Override},
    schedule::{Level, Schedule},
};
use serde::Deserialize;
use std::{collections::BTreeMap, env, fs};

const PUBLISHED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/vectors.jsonl");
const SCHEDULES: &str = include_str!("../data/vectors.toml");

#[derive(Deserialize)]
struct Vector {
    id: String,
    schedule: String,
    at: Timestamp,
    local: String,
    min: u32,
    because: String,
}

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A boost to 5 in the afternoon and evening of a Monday, and a pin to 0 on Tuesday morning.
fn overrides_of_a() -> Vec<Override> {
    let word = |kind, from, until| Override {
        kind,
        from: instant(from),
        until: instant(until),
        by: None,
        reason: None,
    };
    let min = |min| Level::Set { min, max: None };
    vec![
        word(
            Kind::Boost(min(5)),
            "2026-03-09T20:00:00Z",
            "2026-03-10T04:00:00Z",
        ),
        word(
            Kind::Pin(min(0)),
            "2026-03-10T16:00:00Z",
            "2026-03-10T18:00:00Z",
        ),
    ]
}

#[test]
fn every_instant_of_the_vectors_has_the_published_level_and_rule() {
    let schedules: BTreeMap<String, Schedule> = toml::from_str(SCHEDULES).unwrap();
    let file = env::var("NIGHTSHIFT_SCALING_VECTORS").unwrap_or_else(|_| PUBLISHED.to_owned());
    let text = fs::read_to_string(&file).unwrap_or_else(|why| panic!("read {file}: {why}"));
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let vector: Vector = serde_json::from_str(line).unwrap();
        let (name, overrides) = match vector.schedule.strip_suffix("+o") {
            Some(name) => (name, overrides_of_a()),
            None => (vector.schedule.as_str(), Vec::new()),
        };
        let schedule = &schedules[name];
        let found = desired(schedule, &overrides, vector.at);
        let local = schedule
            .zone
            .local(vector.at)
            .strftime("%a %F %T %:z")
            .to_string();
        let min = found.level.floor();
        let because = found.rule.to_string();
        if (local.as_str(), min, because.as_str())
            != (
                vector.local.as_str(),
                Some(vector.min),
                vector.because.as_str(),
            )
        {
            wrong.push(format!(
                "{}: {local} {min:?} {because}; expected {line}",
                vector.id
            ));
        }
        count += 1;
    }
    assert!(count > 0, "{file} holds no vectors");
    assert!(
        wrong.is_empty(),
        "{} of {count}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
