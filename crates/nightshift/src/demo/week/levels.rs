//! What was kept when, as local-gcp remembers it, told as it happens and held against the plan.

use super::stage::Plan;
use crate::{
    Error,
    screen::Screen,
    up::{Google, scaling::ZONE},
};
use jiff::{SignedDuration, Timestamp};
use nightshift_runtime::report::count;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// A tick comes at least this often.
const TICK: SignedDuration = SignedDuration::from_mins(5);

/// A change of one resource.
#[derive(Debug, Clone, Deserialize)]
struct Level {
    name: String,
    at: Timestamp,
    set: Value,
}

impl Level {
    /// In the words of `plan`.
    fn words(&self) -> String {
        let number = |field: &str| self.set[field].as_u64();
        match (&self.set["activationPolicy"], number("manualInstanceCount")) {
            (Value::String(policy), _) if policy == "ALWAYS" => "on".to_owned(),
            (Value::String(_), _) => "off".to_owned(),
            (_, Some(manual)) => format!("manual {manual}"),
            (_, None) => format!("min {}", number("minInstanceCount").unwrap_or(0)),
        }
    }

    /// Instances that are kept, which cost whether there is traffic or not.
    fn instances(&self) -> u64 {
        let words = self.words();
        match words.split(' ').next_back() {
            Some("on") => 1,
            Some(number) => number.parse().unwrap_or(0),
            None => 0,
        }
    }
}

/// All changes so far, by resource.
#[derive(Debug, Default)]
pub(super) struct Levels(BTreeMap<String, Vec<Level>>);

impl Levels {
    pub(super) async fn read(google: &Google) -> Result<Self, Error> {
        let path = "/_local/levels";
        let read = google.look(path).await?;
        let read: Vec<Level> =
            serde_json::from_value(read).map_err(|source| Error::Unreadable {
                command: format!("GET {path}"),
                source,
            })?;
        let mut levels = Self::default();
        for level in read {
            levels.0.entry(level.name.clone()).or_default().push(level);
        }
        Ok(levels)
    }

    /// Reads again, and tells what is new.
    pub(super) async fn tell(&mut self, google: &Google, screen: Screen) -> Result<(), Error> {
        let read = Self::read(google).await?;
        let mut lines: Vec<(Timestamp, String)> = vec![];
        for (name, levels) in &read.0 {
            let known = self.0.get(name).map_or(0, Vec::len);
            for pair in levels.windows(2).skip(known.saturating_sub(1)) {
                lines.push((pair[1].at, line(&pair[0], &pair[1])));
            }
        }
        lines.sort_by_key(|(at, _)| *at);
        *self = read;
        lines.iter().try_for_each(|(_, line)| screen.block(line))
    }

    /// Whether the resource whose id this is has this level now.
    pub(super) fn expect(&self, id: &str, words: &str) -> Result<(), Error> {
        let found = self.0.iter().find(|(name, _)| is_called(name, id));
        let found = found
            .and_then(|(_, levels)| levels.last())
            .map(Level::words);
        if found.as_deref() == Some(words) {
            return Ok(());
        }
        let found = found.unwrap_or_else(|| "not there".to_owned());
        Err(Error::Unproven(format!(
            "{id} is {found}, expected {words}"
        )))
    }

    /// Holds what was against the plan: each of its segments is there within a tick, or when the trigger came back. Returns how
    /// many there are.
    pub(super) fn hold(&self, plan: &Plan, silent: (Timestamp, Timestamp)) -> Result<usize, Error> {
        let mut held = 0;
        for target in &plan.targets {
            for segment in &target.segments {
                let in_silence = (silent.0..silent.1).contains(&segment.from);
                let begun = if in_silence { silent.1 } else { segment.from };
                let found = self.words_at(&target.target, begun + TICK);
                if found.as_deref() != Some(&segment.level) {
                    return Err(Error::Unproven(format!(
                        "{} is {found:?} after {begun}, and the plan says {}",
                        target.target, segment.level
                    )));
                }
                held += 1;
            }
        }
        Ok(held)
    }

    fn words_at(&self, name: &str, at: Timestamp) -> Option<String> {
        let levels = self.0.get(name)?;
        let before = levels.iter().rev().find(|level| level.at <= at);
        before.map(Level::words)
    }

    /// How many hours instances were kept between two instants, of those that were kept before the schedules came.
    pub(super) fn rested(&self, from: Timestamp, until: Timestamp) -> String {
        let changed = self.0.iter().filter(|(_, levels)| levels.len() > 1);
        let lines = changed.map(|(name, levels)| {
            let ends = levels.iter().skip(1).map(|level| level.at).chain([until]);
            let kept = levels.iter().zip(ends).map(|(level, end)| {
                let minutes = end.min(until).duration_since(level.at.max(from)).as_mins();
                level.instances() * minutes.max(0).unsigned_abs()
            });
            let kept = kept.sum::<u64>() / 60;
            let week = until.duration_since(from).as_hours().unsigned_abs();
            let before = levels.first().map_or(0, Level::instances) * week;
            format!(
                "{:<10} {:>4} instance-hours, and {} without a schedule",
                name.rsplit('/').next().unwrap_or_default(),
                count(kept),
                count(before)
            )
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

fn is_called(name: &str, id: &str) -> bool {
    name.ends_with(&format!("/{id}")) && !name.contains("/us-central1/")
}

fn line(before: &Level, after: &Level) -> String {
    let when = after.at.in_tz(ZONE).map_or_else(
        |_| after.at.to_string(),
        |zoned| zoned.strftime("%a %H:%M").to_string(),
    );
    let name = after.name.rsplit('/').next().unwrap_or_default();
    format!("{when}  {name:<11} {} → {}", before.words(), after.words())
}
