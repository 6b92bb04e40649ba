//! Services, worker pools and jobs: what their users want, and how far it has come.

use super::{
    names::{self, Kind},
    traffic::{INSTANCES, TRAFFIC},
};
use crate::{
    app::App,
    bench::levels,
    google::{etag, json, schema::Object},
    store::{Record, Tx},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A resource as it is stored. Its key is its name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Resource {
    pub(super) name: String,
    pub(super) uid: String,
    /// What users write, in the form of the API, with the defaults filled in.
    pub(super) spec: Object,
    /// Counts the desired states.
    pub(super) generation: u64,
    /// The last desired state that has come to be.
    pub(super) observed: u64,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    /// When the conditions last changed.
    pub(super) settled: Timestamp,
    pub(super) deleted: Option<Timestamp>,
    pub(super) creator: String,
    pub(super) last_modifier: String,
    /// How many revisions (or executions) there ever were.
    pub(super) made: u64,
    /// The newest revision (or execution), and the newest that is ready: full names, empty when there is none.
    pub(super) latest_created: String,
    pub(super) latest_ready: String,
    /// What a job says of its newest execution; null when there is none.
    #[serde(default)]
    pub(super) latest_execution: Value,
    /// What only the v1 form can say, such as annotations of clients; it lives beside the v2 form.
    #[serde(default)]
    pub(super) v1: Object,
}

impl Record for Resource {
    const TABLE: &'static str = "run.resources";
}

impl Resource {
    pub(super) fn is_reconciling(&self) -> bool {
        self.observed != self.generation || self.deleted.is_some()
    }

    /// Notes how many instances it is to have from now on. Jobs have none between their executions.
    pub(super) fn note_level(&self, tx: &mut Tx, kind: Kind, now: Timestamp) {
        let level = match self.deleted {
            Some(_) => Value::Null,
            None => levels::of_run(self.spec.get("scaling")),
        };
        if kind != Kind::Job {
            levels::note(tx, &self.name, level, now);
        }
    }

    /// Changes with every desired state, and not when it comes to be.
    pub(super) fn etag(&self) -> String {
        etag::of(&(&self.uid, self.generation, &self.spec, &self.v1))
    }

    /// Where requests go to.
    pub(super) fn uris(&self, app: &App) -> Vec<String> {
        let (project, region) = names::project_and_region(&self.name);
        let number = app.identity.project_number(project);
        let service = names::id(&self.name);
        let hash = crc32c::crc32c(format!("{project} {service}").as_bytes());
        let short: String = region.split('-').filter_map(|word| word.get(..1)).collect();
        vec![
            format!("https://{service}-{number}.{region}.run.app"),
            format!("https://{service}-{hash:010x}-{short}.a.run.app"),
        ]
    }

    /// In the form of the v2 API.
    pub(super) fn json(&self, app: &App, kind: Kind) -> Value {
        let mut of = self.spec.clone();
        let mut set = |key: &str, value: Value| drop(of.insert(key.to_owned(), value));
        set("name", self.name.as_str().into());
        set("uid", self.uid.as_str().into());
        set("generation", self.generation.to_string().into());
        set("observedGeneration", self.observed.to_string().into());
        set("createTime", json::rfc3339(self.created).into());
        set("updateTime", json::rfc3339(self.updated).into());
        set("creator", self.creator.as_str().into());
        set("lastModifier", self.last_modifier.as_str().into());
        set("etag", self.etag().into());
        if let Some(deleted) = self.deleted {
            set("deleteTime", json::rfc3339(deleted).into());
        }
        if self.is_reconciling() {
            set("reconciling", true.into());
        }
        set("terminalCondition", self.condition("Ready"));
        let conditions: &[&str] = match kind {
            Kind::Service => &["RoutesReady", "ConfigurationsReady"],
            Kind::WorkerPool => &["ConfigurationsReady"],
            Kind::Job => &["ResourcesAvailable"],
        };
        set(
            "conditions",
            conditions.iter().map(|t| self.condition(t)).collect(),
        );
        if kind != Kind::Job {
            set("latestCreatedRevision", self.latest_created.as_str().into());
            set("latestReadyRevision", self.latest_ready.as_str().into());
        }
        self.add_own(app, kind, &mut of);
        of.into()
    }

    /// What only one kind has.
    fn add_own(&self, app: &App, kind: Kind, of: &mut Object) {
        let mut set = |key: &str, value: Value| drop(of.insert(key.to_owned(), value));
        match kind {
            Kind::Service => {
                let uris = self.uris(app);
                let uri = uris.last().map(String::as_str).unwrap_or_default();
                let statuses = TRAFFIC.statuses(&self.spec, &self.latest_ready, uri);
                set("trafficStatuses", statuses.into());
                set("uri", uri.into());
                set("urls", uris.into());
            }
            Kind::WorkerPool => {
                let statuses = INSTANCES.statuses(&self.spec, &self.latest_ready, "");
                set("instanceSplitStatuses", statuses.into());
            }
            Kind::Job => {
                set("executionCount", self.made.into());
                if self.latest_execution.is_object() {
                    set("latestCreatedExecution", self.latest_execution.clone());
                }
            }
        }
    }

    fn condition(&self, r#type: &str) -> Value {
        let (state, at) = if self.is_reconciling() {
            ("CONDITION_RECONCILING", self.updated)
        } else {
            ("CONDITION_SUCCEEDED", self.settled)
        };
        condition(r#type, state, at)
    }
}

/// One condition.
pub(super) fn condition(r#type: &str, state: &str, at: Timestamp) -> Value {
    json!({ "type": r#type, "state": state, "lastTransitionTime": json::rfc3339(at) })
}

/// `value` as `google.protobuf.Any`.
pub(super) fn any(r#type: &str, mut value: Value) -> Value {
    value["@type"] = r#type.into();
    value
}
