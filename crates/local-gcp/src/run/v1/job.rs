//! Jobs in the v1 form, and what they are made of: templates of executions and of tasks.

use super::{
    form::{self, Form, RUN},
    template,
};
use crate::{
    app::App,
    google::{json, schema::Object},
    run::{
        names::{self, Kind},
        resource::Resource,
    },
};
use serde_json::{Value, json};

pub(super) const JOBS: Form = Form {
    kind: Kind::Job,
    group: RUN,
    collection: "jobs",
    list: "JobsList",
    to_v1,
};

fn to_v1(app: &App, job: &Resource) -> Value {
    let (project, _) = names::project_and_region(&job.name);
    let v2 = job.json(app, Kind::Job);
    let (metadata, spec) = template_to_v1(&v2["template"], project);
    let mut own = form::metadata(app, job, RUN);
    own["labels"]["run.googleapis.com/lastUpdatedTime"] = json::rfc3339(job.updated).into();
    let mut status = json!({
        "observedGeneration": job.observed,
        "conditions": form::conditions(&v2),
        "executionCount": job.made,
    });
    let latest = &v2["latestCreatedExecution"];
    for (field, named) in [
        ("name", "name"),
        ("completionStatus", "completionStatus"),
        ("createTime", "creationTimestamp"),
        ("completionTime", "completionTimestamp"),
    ] {
        if let Some(value) = latest.get(field) {
            status["latestCreatedExecution"][named] = value.clone();
        }
    }
    json!({
        "apiVersion": "run.googleapis.com/v1",
        "kind": "Job",
        "metadata": own,
        "spec": { "template": { "metadata": metadata, "spec": spec } },
        "status": status,
    })
}

/// Metadata (labels and annotations) and specification of an execution, from a v2 execution or the template of one.
pub(super) fn template_to_v1(v2: &Value, project: &str) -> (Value, Value) {
    let mut of = v2["template"].as_object().cloned().unwrap_or_default();
    for field in ["labels", "annotations"] {
        of.extend(v2.get(field).map(|value| (field.to_owned(), value.clone())));
    }
    let (metadata, task) = task_to_v1(&of, project);
    let mut spec = json!({ "template": { "spec": task } });
    for field in ["taskCount", "parallelism"] {
        if let Some(value) = v2.get(field) {
            spec[field] = value.clone();
        }
    }
    (metadata, spec)
}

/// Metadata and specification of a task, from a v2 task or the template of one.
pub(super) fn task_to_v1(v2: &Object, project: &str) -> (Value, Value) {
    let mut of = template::never_idle_to_v1(v2, project);
    let mut take = |field| of.remove(field).unwrap_or_default();
    let (metadata, mut spec) = (take("metadata"), take("spec"));
    if let Some(retries) = v2.get("maxRetries") {
        spec["maxRetries"] = retries.clone();
    }
    if let Some(seconds) = spec["timeoutSeconds"].as_i64() {
        spec["timeoutSeconds"] = seconds.to_string().into();
    }
    (metadata, spec)
}
