//! What was really saved: out of the log lines about each target, which say what it was set to after each run.
//!
//! Between two lines about a target its floor is what the first one said; what was held or failed counts as it was. Before
//! the first line, nothing is known and nothing is counted.

use crate::event;
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Why a log cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum NotOurLog {
    /// It is not JSON.
    #[error("line {line} of the log is not JSON")]
    NotJson {
        /// Which line.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// There is nothing of ours in it.
    #[error(
        "there is no line with event = \"{}\" in the log; read the log of the service that runs `scheduled-scaling serve`, as JSON",
        event::TARGET
    )]
    Nothing,
}

/// What one target was, over the time that was looked at.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct History {
    /// The floors it had, each from the time on.
    floors: Vec<(Timestamp, u32)>,
    /// Its floor before us.
    original: Option<u32>,
    /// How often it was written.
    pub writes: u32,
    /// How often a run said that it failed or was refused.
    pub failures: u32,
}

/// Instance-hours of one target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hours {
    /// Kept.
    pub kept: f64,
    /// That would have been kept without us; none when nobody wrote down what there was.
    pub without: Option<f64>,
}

/// Reads a log: lines of JSON, or the array that `gcloud logging read --format json` prints.
pub fn read(text: &str) -> Result<BTreeMap<String, History>, NotOurLog> {
    let mut entries = Vec::new();
    if text.trim_start().starts_with('[') {
        let all: Vec<Value> = serde_json::from_str(text).map_err(|source| NotOurLog::NotJson {
            line: source.line(),
            source,
        })?;
        entries.extend(all);
    } else {
        for (index, line) in text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty())
        {
            let entry = serde_json::from_str(line);
            entries.push(entry.map_err(|source| NotOurLog::NotJson {
                line: index + 1,
                source,
            })?);
        }
    }
    let mut histories: BTreeMap<String, History> = BTreeMap::new();
    for entry in &entries {
        let Some((at, fields)) = ours(entry) else {
            continue;
        };
        let Some(target) = fields.get("target").and_then(Value::as_str) else {
            continue;
        };
        histories
            .entry(target.to_owned())
            .or_default()
            .add(at, fields);
    }
    if histories.is_empty() {
        return Err(NotOurLog::Nothing);
    }
    for history in histories.values_mut() {
        history.floors.sort_unstable();
    }
    Ok(histories)
}

/// The fields of a line about a target, and its time. Cloud Logging wraps what we wrote.
fn ours(entry: &Value) -> Option<(Timestamp, &Map<String, Value>)> {
    let fields = entry.get("jsonPayload").unwrap_or(entry).as_object()?;
    if fields.get("event")?.as_str()? != event::TARGET {
        return None;
    }
    let at = entry
        .get("timestamp")
        .or_else(|| fields.get("time"))?
        .as_str()?;
    Some((at.parse().ok()?, fields))
}

impl History {
    fn add(&mut self, at: Timestamp, fields: &Map<String, Value>) {
        let count = |key: &str| {
            fields
                .get(key)
                .and_then(Value::as_u64)
                .and_then(|n| u32::try_from(n).ok())
        };
        if let Some(floor) = count("floor") {
            self.floors.push((at, floor));
        }
        self.original = count("original_floor").or(self.original);
        match fields.get("decision").and_then(Value::as_str) {
            Some("written" | "accepted" | "released") => self.writes += 1,
            Some("failed" | "refused") => self.failures += 1,
            _ => {}
        }
    }

    /// Instance-hours between two instants. None when nothing is known of the time between.
    pub fn hours(&self, since: Timestamp, until: Timestamp) -> Option<Hours> {
        let mut kept = 0.0;
        let mut known = 0.0;
        let ends = self.floors.iter().skip(1).map(|(at, _)| *at).chain([until]);
        for ((from, floor), to) in self.floors.iter().zip(ends) {
            let (from, to) = ((*from).max(since), to.min(until));
            let hours = to.duration_since(from).as_secs_f64() / 3600.0;
            if hours > 0.0 {
                known += hours;
                kept += f64::from(*floor) * hours;
            }
        }
        (known > 0.0).then(|| Hours {
            kept,
            without: self.original.map(|original| f64::from(original) * known),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(at: &str, rest: &str) -> String {
        format!(r#"{{"time":"{at}","event":"scaling.target","target":"projects/p/x",{rest}}}"#)
    }

    #[test]
    fn floors_are_summed_up_from_line_to_line_as_they_really_were() {
        let log = [
            line(
                "2026-03-02T08:00:00Z",
                r#""decision":"written","floor":0,"original_floor":3"#,
            ),
            line(
                "2026-03-02T16:00:00Z",
                r#""decision":"failed","floor":0,"original_floor":3"#,
            ),
            line(
                "2026-03-02T16:05:00Z",
                r#""decision":"written","floor":3,"original_floor":3"#,
            ),
        ];
        let histories = read(&log.join("\n")).unwrap();
        let history = &histories["projects/p/x"];
        assert_eq!((history.writes, history.failures), (2, 1));
        let at = |text: &str| text.parse().unwrap();
        let hours = history
            .hours(at("2026-03-02T00:00:00Z"), at("2026-03-02T17:05:00Z"))
            .unwrap();
        assert!((hours.kept - 3.0).abs() < 1e-9, "{hours:?}");
        assert!((hours.without.unwrap() - 27.25).abs() < 1e-9, "{hours:?}");
    }

    #[test]
    fn the_form_of_cloud_logging_is_read_too() {
        let log = r#"[{"timestamp":"2026-03-02T08:00:00Z","jsonPayload":{"event":"scaling.target","target":"x","decision":"held","floor":5}}]"#;
        let histories = read(log).unwrap();
        let at = |text: &str| text.parse().unwrap();
        let hours = histories["x"]
            .hours(at("2026-03-02T07:00:00Z"), at("2026-03-02T09:00:00Z"))
            .unwrap();
        assert!(
            (hours.kept - 5.0).abs() < 1e-9 && hours.without.is_none(),
            "{hours:?}"
        );
    }

    #[test]
    fn a_log_without_a_line_of_ours_is_refused() {
        assert!(matches!(
            read(r#"{"event":"request"}"#),
            Err(NotOurLog::Nothing)
        ));
        assert!(matches!(
            read("hello"),
            Err(NotOurLog::NotJson { line: 1, .. })
        ));
    }
}
