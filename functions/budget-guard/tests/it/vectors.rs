//! The published vectors, and any other file of the same form.

use crate::compact;
use budget_guard::{
    decide,
    decision::Decision,
    input::{Command, Event, Input, Observed, Until, Wish},
    message::{Message, Received},
    policy::{Mode, Policy},
    state::State,
};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json, value::RawValue};
use std::collections::{BTreeMap, BTreeSet};

/// Names another file of vectors, one JSON object a line.
const VARIABLE: &str = "NIGHTSHIFT_BUDGET_VECTORS";

#[derive(Deserialize)]
struct Vector {
    id: String,
    title: String,
    policy: Map<String, Value>,
    events: Vec<Box<RawValue>>,
}

/// An event. Fields without a meaning here, such as remarks, are passed over; a difference shows the whole event.
#[derive(Deserialize)]
struct Step {
    #[serde(default = "budget")]
    kind: String,
    /// When the message was published.
    #[serde(rename = "pub")]
    published: Option<Timestamp>,
    /// When it is judged; the same, when absent.
    now: Option<Timestamp>,
    cost: Option<Box<RawValue>>,
    amount: Option<Box<RawValue>>,
    start: Option<String>,
    #[serde(alias = "currency")]
    cur: Option<String>,
    #[serde(rename = "type")]
    amount_type: Option<String>,
    id: Option<String>,
    #[serde(alias = "account_id", alias = "billing_account")]
    account: Option<String>,
    budget_id: Option<String>,
    #[serde(alias = "schema_version", alias = "schemaVersion", alias = "sv")]
    schema: Option<String>,
    #[serde(alias = "forecast", alias = "forecastThresholdExceeded")]
    fts: Option<Box<RawValue>>,
    #[serde(alias = "alert", alias = "alertThresholdExceeded")]
    ats: Option<Box<RawValue>>,
    #[serde(default)]
    armed: BTreeSet<String>,
    policy_patch: Option<PolicyPatch>,
    cmd: Option<String>,
    #[serde(rename = "step")]
    of: Option<String>,
    until: Option<String>,
    by: Option<String>,
    reason: Option<String>,
    #[serde(alias = "anomaly", alias = "anomaly_name", alias = "anomalyName")]
    name: Option<String>,
    #[serde(
        alias = "deviation_amount",
        alias = "deviationAmount",
        alias = "impact"
    )]
    deviation: Option<Box<RawValue>>,
    #[serde(alias = "attrs")]
    attributes: Option<BTreeMap<String, String>>,
    expect: Expectation,
}

fn budget() -> String {
    "budget".to_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyPatch {
    mode: Option<Mode>,
    drop_step: Option<String>,
    protect: Option<String>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Expectation {
    verdict: String,
    reason: Option<String>,
    level: String,
    rolled: bool,
    fired: Vec<String>,
    released: Vec<String>,
    suppressed: Vec<String>,
    plan: Vec<String>,
    notify: Vec<String>,
}

impl From<&Decision> for Expectation {
    fn from(decision: &Decision) -> Self {
        let dry = |mode| if mode == Mode::DryRun { ":dry" } else { "" };
        let topics = decision.notify.iter().flat_map(|notice| {
            let said = |topic| format!("{}({topic})", notice.channel);
            notice.topics.iter().map(said)
        });
        Self {
            verdict: decision.verdict.word().to_owned(),
            reason: decision.verdict.reason().map(ToOwned::to_owned),
            level: decision.level.to_string(),
            rolled: decision.rolled,
            fired: decision
                .fired
                .iter()
                .map(|f| format!("{}#{}{}", f.step, f.epoch, dry(f.mode)))
                .collect(),
            released: decision
                .released
                .iter()
                .map(|r| format!("{}:{}", r.step, r.reason))
                .collect(),
            suppressed: decision
                .suppressed
                .iter()
                .map(|s| format!("{}:{}", s.step, s.reason))
                .collect(),
            plan: decision.plan.iter().map(ToString::to_string).collect(),
            notify: topics.collect(),
        }
        .sorted()
    }
}

impl Expectation {
    /// In which order different channels and topics are listed means nothing; the order of the plan does.
    fn sorted(mut self) -> Self {
        self.notify.sort();
        self
    }
}

impl Vector {
    fn policy(&self) -> Policy {
        let mut written = compact::base();
        for (key, value) in &self.policy {
            match key.as_str() {
                "only" => {
                    let steps = written["steps"].as_array_mut().unwrap();
                    let only = value.as_array().unwrap();
                    steps.retain(|step| only.contains(&step["id"]));
                }
                "steps" if value.is_object() => {
                    for step in written["steps"].as_array_mut().unwrap() {
                        let Some(patch) = value.get(step["id"].as_str().unwrap()) else {
                            continue;
                        };
                        let patch = patch.as_object().unwrap().clone();
                        step.as_object_mut().unwrap().extend(patch);
                    }
                }
                _ => match (&mut written[key], value) {
                    (Value::Object(fields), Value::Object(more)) => fields.extend(more.clone()),
                    (field, value) => *field = value.clone(),
                },
            }
        }
        compact::policy(written)
    }

    /// What differs from the expectations, a line each.
    fn differences(&self) -> Vec<String> {
        let policy = self.policy();
        let mut state = State::default();
        let mut differences = Vec::new();
        for (number, raw) in self.events.iter().enumerate() {
            let event: Step = match serde_json::from_str(raw.get()) {
                Ok(event) => event,
                Err(error) => return vec![format!("event {number}: {error}")],
            };
            let policy = event.patched(&policy);
            let (next, decision) = decide(&policy, &state, &event.event(number));
            let (ours, expected) = (Expectation::from(&decision), event.expect.sorted());
            if ours != expected {
                let text = raw.get();
                differences.push(format!(
                    "event {number}: {text}\n  ours     {ours:?}\n  expected {expected:?}"
                ));
            }
            state = through_storage(&next);
        }
        differences
    }
}

/// A restart between any two events must change nothing.
fn through_storage(state: &State) -> State {
    let stored = serde_json::to_string(state).unwrap();
    let read = serde_json::from_str(&stored).unwrap();
    assert_eq!(*state, read, "{stored}");
    read
}

impl Step {
    fn patched(&self, policy: &Policy) -> Policy {
        let mut policy = policy.clone();
        let Some(patch) = &self.policy_patch else {
            return policy;
        };
        policy.mode = patch.mode.unwrap_or(policy.mode);
        policy
            .steps
            .retain(|step| Some(&step.id) != patch.drop_step.as_ref());
        let protected = patch
            .protect
            .iter()
            .flat_map(|path| compact::everything_at(path));
        policy.protected.extend(protected);
        policy
    }

    fn event(&self, number: usize) -> Event {
        let now = self.now.or(self.published).expect("a time");
        let input = match self.kind.as_str() {
            "tick" => Input::Tick,
            "command" => Input::Command(self.command()),
            _ => self.message(number).into(),
        };
        Event {
            input,
            observed: Observed {
                armed: self.armed.clone(),
                ..Observed::at(now)
            },
        }
    }

    fn command(&self) -> Command {
        let until = || self.until.clone().unwrap_or("period_end".to_owned());
        Command {
            wish: match self.cmd.as_deref() {
                Some("snooze") => Wish::Snooze {
                    until: until().parse().unwrap(),
                },
                Some("release") => Wish::Release {
                    step: self.of.clone().expect("step"),
                    until: match until().as_str() {
                        "period_end" => Until::PeriodEnd,
                        instant => Until::At(instant.parse().unwrap()),
                    },
                },
                Some("resume") => Wish::Resume,
                other => panic!("unknown command {other:?}"),
            },
            by: self.by.clone().unwrap_or_default(),
            reason: self.reason.clone(),
        }
    }

    /// The message as it would arrive: what the vector says is written into JSON digit by digit, and parsed.
    fn message(&self, number: usize) -> Message {
        let base = compact::base();
        let text =
            |given: &Option<String>, default: &str| given.clone().unwrap_or(default.to_owned());
        let account = text(&self.account, base["account"].as_str().unwrap());
        let (attributes, data) = match self.kind.as_str() {
            "budget" => {
                let attributes = [
                    ("billingAccountId", account),
                    (
                        "budgetId",
                        text(&self.budget_id, base["budget"].as_str().unwrap()),
                    ),
                    ("schemaVersion", text(&self.schema, "1.0")),
                ];
                (attributes.to_vec(), self.budget_data())
            }
            "anomaly" => {
                let attributes = [
                    ("billingAccountName", format!("billingAccounts/{account}")),
                    ("resourceName", "projects/123456".to_owned()),
                    ("SchemaVersion", "1.0".to_owned()),
                ];
                (attributes.to_vec(), self.anomaly_data())
            }
            // Of no kind that anybody knows.
            _ => (Vec::new(), self.budget_data()),
        };
        let given = attributes
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value));
        let attributes = self.attributes.clone().unwrap_or_else(|| given.collect());
        let id = text(&self.id, &format!("generated-{number}"));
        let received = Received {
            message_id: &id,
            publish_time: self.published.or(self.now).expect("pub"),
            attributes: &attributes,
            data: data.as_bytes(),
        };
        Message::read(&received).unwrap()
    }

    fn budget_data(&self) -> String {
        let raw =
            |value: &Option<Box<RawValue>>| value.as_ref().map(|value| value.get().to_owned());
        let quoted = |text: &str| json!(text).to_string();
        let or = |given: &Option<String>, default: &str| {
            Some(quoted(given.as_deref().unwrap_or(default)))
        };
        object(&[
            ("costAmount", raw(&self.cost)),
            ("costIntervalStart", or(&self.start, "2026-10-01T07:00:00Z")),
            (
                "budgetAmount",
                raw(&self.amount).or(Some("1000".to_owned())),
            ),
            (
                "budgetAmountType",
                or(&self.amount_type, "SPECIFIED_AMOUNT"),
            ),
            ("currencyCode", or(&self.cur, "USD")),
            ("forecastThresholdExceeded", raw(&self.fts)),
            ("alertThresholdExceeded", raw(&self.ats)),
        ])
    }

    fn anomaly_data(&self) -> String {
        // An amount may be given as text, as in the policy, or as a number.
        let deviation = self.deviation.as_ref().or(self.amount.as_ref());
        let digits = deviation.map(|raw| raw.get().trim_matches('"').to_owned());
        object(&[
            (
                "anomalyName",
                self.name
                    .as_ref()
                    .or(self.id.as_ref())
                    .map(|name| json!(name).to_string()),
            ),
            ("deviationAmount", digits),
        ])
    }
}

fn object(fields: &[(&str, Option<String>)]) -> String {
    let present = fields
        .iter()
        .filter_map(|(name, value)| Some((name, value.as_ref()?)));
    let written: Vec<String> = present
        .map(|(name, value)| format!("\"{name}\":{value}"))
        .collect();
    format!("{{{}}}", written.join(","))
}

#[test]
fn all_vectors_are_decided_as_published() {
    let lines = match std::env::var(VARIABLE) {
        Ok(path) => {
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
        }
        Err(_) => include_str!("../vectors/budget.jsonl").to_owned(),
    };
    let (mut vectors, mut events, mut wrong) = (0, 0, Vec::new());
    for line in lines.lines().filter(|line| !line.trim().is_empty()) {
        let vector: Vector =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        vectors += 1;
        events += vector.events.len();
        let differences = vector.differences();
        if !differences.is_empty() {
            wrong.push(format!(
                "{} {}\n{}",
                vector.id,
                vector.title,
                differences.join("\n")
            ));
        }
    }
    assert!(vectors > 0, "no vectors");
    assert!(
        wrong.is_empty(),
        "{} of {vectors} vectors differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    println!("{vectors} vectors, {events} events");
}
