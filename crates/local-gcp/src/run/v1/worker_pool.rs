//! Worker pools in the v1 form. gcloud lists them by it; it changes them by gRPC, which is not served.

use super::{
    form::{self, Form, KNATIVE, RUN},
    template,
};
use crate::{
    app::App,
    run::{
        names::{self, Kind},
        resource::Resource,
    },
};
use serde_json::{Value, json};

pub(super) const WORKER_POOLS: Form = Form {
    kind: Kind::WorkerPool,
    group: RUN,
    collection: "workerpools",
    list: "WorkerPoolList",
    to_v1,
};

fn to_v1(app: &App, pool: &Resource) -> Value {
    let (project, _) = names::project_and_region(&pool.name);
    let v2 = pool.json(app, Kind::WorkerPool);
    let of = v2["template"].as_object().cloned().unwrap_or_default();
    let template = template::never_idle_to_v1(&of, project);
    let revision = |field: &str| names::id(v2[field].as_str().unwrap_or_default()).to_owned();
    json!({
        "apiVersion": "run.googleapis.com/v1",
        "kind": "WorkerPool",
        "metadata": form::metadata(app, pool, KNATIVE),
        "spec": { "template": template, "instanceSplits": splits(&v2["instanceSplits"]) },
        "status": {
            "observedGeneration": pool.observed,
            "conditions": form::conditions(&v2),
            "latestCreatedRevisionName": revision("latestCreatedRevision"),
            "latestReadyRevisionName": revision("latestReadyRevision"),
            "instanceSplits": splits(&v2["instanceSplitStatuses"]),
        },
    })
}

fn splits(v2: &Value) -> Value {
    let splits = v2.as_array().into_iter().flatten().map(|split| {
        let mut new = json!({});
        if split["type"] == "INSTANCE_SPLIT_ALLOCATION_TYPE_LATEST" {
            new["latestRevision"] = true.into();
        }
        for (v2, v1) in [("percent", "percent"), ("revision", "revisionName")] {
            if let Some(value) = split.get(v2) {
                new[v1] = value.clone();
            }
        }
        new
    });
    splits.collect()
}
