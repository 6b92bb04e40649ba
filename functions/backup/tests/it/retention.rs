//! The published vectors, and any other file of the same form.

use backup::retention::{Backup, Policy, Verdict, decide};
use jiff::Timestamp;
use nightshift_runtime::config::HumanDuration;
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

#[derive(Deserialize)]
struct Vector {
    name: String,
    now: Timestamp,
    tz: String,
    policy: BTreeMap<String, u32>,
    within_days: Option<f64>,
    oldest_fills: bool,
    min_keep: u32,
    max_delete_ratio: f64,
    backups: Vec<Given>,
    #[serde(default)]
    keep: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    delete: Vec<String>,
    #[serde(default)]
    skip: BTreeMap<String, String>,
    #[serde(default)]
    error: Option<String>,
}

#[derive(Deserialize)]
struct Given {
    id: String,
    t: Timestamp,
    state: String,
    #[serde(default)]
    verified: bool,
    #[serde(default)]
    pinned: bool,
    #[serde(default)]
    suspicious: bool,
    group: String,
}

impl Vector {
    fn policy(&self) -> Policy {
        let slots = |rule: &str| self.policy.get(rule).copied().unwrap_or_default();
        let within = |days: f64| HumanDuration::from(Duration::from_secs_f64(days * 86_400.0));
        Policy {
            last: slots("last"),
            hourly: slots("hourly"),
            daily: slots("daily"),
            weekly: slots("weekly"),
            monthly: slots("monthly"),
            yearly: slots("yearly"),
            within: self.within_days.map(within),
            time_zone: self.tz.clone(),
            oldest_fills: self.oldest_fills,
            min_keep: self.min_keep,
            max_delete_ratio: self.max_delete_ratio,
            ..Policy::default()
        }
    }

    fn backups(&self) -> Vec<Backup> {
        let backup = |given: &Given| Backup {
            id: given.id.clone(),
            group: given.group.clone(),
            at: given.t,
            complete: given.state == "complete",
            verified: given.verified,
            pinned: given.pinned,
            suspicious: given.suspicious,
        };
        self.backups.iter().map(backup).collect()
    }

    /// What differs from the expectation, a line each.
    fn differences(&self) -> Vec<String> {
        let decision = match decide(&self.policy(), self.backups(), self.now) {
            Ok(decision) => decision,
            Err(error) => {
                let expected = self.error.as_deref().unwrap_or("none");
                let as_said = error
                    .to_string()
                    .contains(expected.split(':').next().unwrap_or(expected));
                return if as_said {
                    vec![]
                } else {
                    vec![format!("error {error}, expected {expected}")]
                };
            }
        };
        let mut differences: Vec<String> = self
            .error
            .iter()
            .map(|error| format!("no error, expected {error}"))
            .collect();
        let delete: BTreeSet<&str> = self.delete.iter().map(String::as_str).collect();
        for (backup, verdict) in &decision {
            let id = backup.id.as_str();
            let as_said = match verdict {
                Verdict::Keep(reasons) => self.keep.get(id).is_some_and(|said| same(said, reasons)),
                Verdict::Delete(_) => delete.contains(id),
                Verdict::Skip(why) => self.skip.get(id).is_some_and(|said| said == why),
            };
            if !as_said {
                let said = (self.keep.get(id), delete.contains(id), self.skip.get(id));
                differences.push(format!(
                    "{id}: {verdict:?}, expected (keep, delete, skip) {said:?}"
                ));
            }
        }
        if decision.len() != self.backups.len() {
            differences.push(format!(
                "{} verdicts for {} backups",
                decision.len(),
                self.backups.len()
            ));
        }
        differences
    }
}

/// The same reasons in the same order. Ours may say more (`monthly (oldest)` where the vector says `monthly`).
fn same(said: &[String], ours: &[String]) -> bool {
    let words = |text: &str| -> BTreeSet<String> {
        text.split(|c: char| !c.is_alphanumeric())
            .filter(|w| !w.is_empty())
            .map(ToOwned::to_owned)
            .collect()
    };
    said.len() == ours.len()
        && said
            .iter()
            .zip(ours)
            .all(|(said, ours)| words(said).is_subset(&words(ours)))
}

/// `NIGHTSHIFT_RETENTION_VECTORS` names another file of the same form.
#[test]
fn retention_vectors_hold() {
    let file = std::env::var_os("NIGHTSHIFT_RETENTION_VECTORS").map_or_else(
        || concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/retention.json").into(),
        std::path::PathBuf::from,
    );
    let text = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let vectors: Vec<Vector> = serde_json::from_str(&text).unwrap();
    assert!(!vectors.is_empty(), "{} holds no vectors", file.display());
    let failures: Vec<String> = vectors
        .iter()
        .flat_map(|v| {
            v.differences()
                .into_iter()
                .map(|d| format!("{}\n    {d}", v.name))
        })
        .collect();
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn a_policy_without_rules_deletes_nothing() {
    let error = decide(&Policy::default(), vec![], Timestamp::UNIX_EPOCH).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("empty policy: nothing is deleted")
    );
}
