//! Everything that the ladder may touch, as Google's API shows it.

use crate::{
    Error,
    up::{Google, PROJECT},
};
use nightshift_runtime::report::{Column, Table};
use serde_json::{Map, Value};

/// What any write changes, and what only says when it was.
const COUNTERS: [&str; 8] = [
    "etag",
    "generation",
    "observedGeneration",
    "updateTime",
    "lastModifier",
    "terminalCondition",
    "conditions",
    "reconciling",
];

/// A resource at one moment.
#[derive(Debug)]
struct Thing {
    name: &'static str,
    /// What the table shows.
    shown: String,
    /// All of it, without counters.
    whole: Value,
}

/// All of them.
#[derive(Debug)]
pub(super) struct World(Vec<Thing>);

impl World {
    pub(super) async fn read(google: &Google) -> Result<Self, Error> {
        let quota = "services/bigquery.googleapis.com/consumerQuotaMetrics/\
                     bigquery.googleapis.com%2Fquota%2Fquery%2Fusage/limits/%2Fd%2Fproject";
        let places = [
            (
                "search",
                format!("/v2/projects/{PROJECT}/locations/us-central1/services/search"),
                "/scaling",
            ),
            (
                "storefront (America)",
                format!("/v2/projects/{PROJECT}/locations/us-central1/services/storefront"),
                "/scaling",
            ),
            (
                "nightly-report",
                format!("/v1/projects/{PROJECT}/locations/europe-west1/jobs/nightly-report"),
                "/state",
            ),
            (
                "reports-db",
                format!("/v1/projects/{PROJECT}/instances/reports-db"),
                "/settings/activationPolicy",
            ),
            (
                "render-box",
                format!("/compute/v1/projects/{PROJECT}/zones/us-central1-a/instances/render-box"),
                "/status",
            ),
            (
                "BigQuery a day",
                format!("/v1beta1/projects/{PROJECT}/{quota}"),
                "/quotaBuckets/0/effectiveLimit",
            ),
            // Protected: it must not even flinch.
            (
                "storefront (Europe)",
                format!("/v2/projects/{PROJECT}/locations/europe-west1/services/storefront"),
                "/scaling",
            ),
        ];
        let mut things = vec![];
        for (name, path, pointer) in places {
            let whole = google.look(&path).await?;
            let shown = whole.pointer(pointer).map_or_else(|| "-".to_owned(), words);
            let whole = without_counters(name, whole);
            things.push(Thing { name, shown, whole });
        }
        Ok(Self(things))
    }

    /// The names of what is not alike.
    pub(super) fn differences(&self, other: &Self) -> Vec<&'static str> {
        let pairs = self.0.iter().zip(&other.0);
        let unlike = pairs.filter(|(one, other)| one.whole != other.whole);
        unlike.map(|(one, _)| one.name).collect()
    }

    /// Three moments beside each other.
    pub(super) fn table(before: &Self, held: &Self, after: &Self) -> String {
        let columns = ["RESOURCE", "BEFORE", "IN LATE OCTOBER", "NOW"];
        let mut table = Table::new(columns.map(Column::text));
        for ((before, held), after) in before.0.iter().zip(&held.0).zip(&after.0) {
            let shown = [&before.shown, &held.shown, &after.shown].map(Clone::clone);
            let [before_shown, held_shown, after_shown] = shown;
            table.row([
                before.name.to_owned(),
                before_shown,
                held_shown,
                after_shown,
            ]);
        }
        table.to_string()
    }
}

/// `min 1, max 20`, or what is there.
fn words(value: &Value) -> String {
    match value {
        Value::String(text) => text.to_lowercase(),
        Value::Object(scaling) => {
            let number = |field: &str| scaling.get(field).and_then(Value::as_u64);
            let counts = [
                ("manual", number("manualInstanceCount")),
                ("min", number("minInstanceCount")),
                ("max", number("maxInstanceCount")),
            ];
            let said: Vec<String> = counts
                .iter()
                .filter_map(|(word, count)| Some(format!("{word} {}", (*count)?)))
                .collect();
            if said.is_empty() {
                "automatic".to_owned()
            } else {
                said.join(", ")
            }
        }
        other => other.to_string(),
    }
}

/// A database shows counters of its own deeper down, a job when it ran last; of both only what the ladder moves is its business.
fn without_counters(name: &str, whole: Value) -> Value {
    match (name, whole) {
        ("nightly-report", Value::Object(mut job)) => {
            job.retain(|field, _| {
                ![
                    "lastAttemptTime",
                    "scheduleTime",
                    "status",
                    "userUpdateTime",
                ]
                .contains(&field.as_str())
            });
            Value::Object(job)
        }
        ("reports-db", Value::Object(mut instance)) => {
            if let Some(Value::Object(settings)) = instance.get_mut("settings") {
                settings.remove("settingsVersion");
            }
            Value::Object(without(instance))
        }
        (_, Value::Object(resource)) => Value::Object(without(resource)),
        (_, other) => other,
    }
}

fn without(mut resource: Map<String, Value>) -> Map<String, Value> {
    resource.retain(|field, _| !COUNTERS.contains(&field.as_str()));
    resource
}
