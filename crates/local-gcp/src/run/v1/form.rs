//! What services, jobs and worker pools have in common in the v1 form.

use super::annotations::{self, SERVICE};
use crate::{
    app::App,
    google::{json, schema::Object},
    run::{
        names::{self, Kind},
        resource::Resource,
    },
};
use serde_json::{Value, json};

pub(super) const LOCATION: &str = "cloud.googleapis.com/location";
pub(super) const KNATIVE: &str = "serving.knative.dev";
pub(super) const RUN: &str = "run.googleapis.com";
const LAUNCH_STAGE: &str = "run.googleapis.com/launch-stage";

/// Where a resource keeps the annotations that v2 has no place for.
pub(super) const OWN: &str = "annotations";

/// How v1 words one kind.
pub(super) struct Form {
    pub(super) kind: Kind,
    /// What its `apiVersion` begins with.
    pub(super) group: &'static str,
    /// The part of paths, and the kind in the answer to a deletion.
    pub(super) collection: &'static str,
    /// The kind of a list of them.
    pub(super) list: &'static str,
    pub(super) to_v1: fn(&App, &Resource) -> Value,
}

pub(super) fn kept(resource: &Resource, key: &str) -> Object {
    let kept: Option<&Object> = resource.v1.get(key).and_then(Value::as_object);
    kept.cloned().unwrap_or_default()
}

/// The metadata of a resource. `group` is that of the annotations that say who wrote it.
pub(super) fn metadata(app: &App, resource: &Resource, group: &str) -> Value {
    let (project, region) = names::project_and_region(&resource.name);
    let mut annotations = kept(resource, OWN);
    annotations::from_fields(&SERVICE, &resource.spec, &mut annotations);
    if annotations.get(LAUNCH_STAGE) == Some(&"GA".into()) {
        annotations.remove(LAUNCH_STAGE);
    }
    if let Some(Value::Object(own)) = resource.spec.get("annotations") {
        annotations.extend(own.clone());
    }
    for (key, writer) in [
        ("creator", &resource.creator),
        ("lastModifier", &resource.last_modifier),
    ] {
        annotations.insert(format!("{group}/{key}"), writer.as_str().into());
    }
    let labels = resource.spec.get("labels").and_then(Value::as_object);
    let mut labels = labels.cloned().unwrap_or_default();
    labels.insert(LOCATION.to_owned(), region.into());
    json!({
        "name": names::id(&resource.name),
        "namespace": app.identity.project_number(project).to_string(),
        "uid": resource.uid,
        "resourceVersion": resource.etag().trim_matches('"'),
        "generation": resource.generation,
        "creationTimestamp": json::rfc3339(resource.created),
        "labels": labels,
        "annotations": annotations,
    })
}

/// All conditions of a v2 resource.
pub(super) fn conditions(v2: &Value) -> Value {
    let terminal = v2.get("terminalCondition");
    let conditions = v2["conditions"].as_array().into_iter().flatten();
    terminal
        .into_iter()
        .chain(conditions)
        .map(condition)
        .collect()
}

/// One condition: true, false, or not known yet.
fn condition(v2: &Value) -> Value {
    let status = match v2["state"].as_str() {
        Some("CONDITION_SUCCEEDED") => "True",
        Some("CONDITION_FAILED") => "False",
        _ => "Unknown",
    };
    let mut v1 = json!({ "type": v2["type"], "status": status, "lastTransitionTime": v2["lastTransitionTime"] });
    if v2["executionReason"] == "CANCELLED" {
        v1["reason"] = "Cancelled".into();
    }
    v1
}

/// A 64-bit number of v2, which is a text there.
pub(super) fn number(of: &Value) -> Option<i64> {
    of.as_str()?.parse().ok()
}

pub(super) fn listed(group: &str, kind: &str, items: Vec<Value>, next: Option<String>) -> Value {
    let mut list = json!({ "apiVersion": format!("{group}/v1"), "kind": kind, "metadata": {} });
    list["items"] = items.into();
    if let Some(next) = next {
        list["metadata"]["continue"] = next.into();
    }
    list
}

/// The answer to a deletion: a Kubernetes status, of which Google's schema has no `kind`.
pub(super) fn deleted(group: &str, collection: &str, name: &str, uid: &str) -> Value {
    let details =
        json!({ "group": group, "kind": collection, "name": names::id(name), "uid": uid });
    json!({ "status": "Success", "details": details })
}
