//! Whether a Compute Engine instance runs. Its disks and addresses go on costing when it does not.

use super::{Lever, Seen, parts};
use crate::{
    action::{Resource, Verb},
    google::{Api, CallError, Google, Pending},
};
use async_trait::async_trait;
use http::Method;
use serde_json::{Value, json};

const RUNNING: &str = "RUNNING";
const TERMINATED: &str = "TERMINATED";

pub(super) struct ComputePower;

pub(super) fn path(resource: &Resource) -> String {
    let [project, zone, instance] = parts(resource);
    format!("/compute/v1/projects/{project}/zones/{zone}/instances/{instance}")
}

/// What an instance is on its way to, or is.
fn settled(status: &str) -> &str {
    match status {
        "PROVISIONING" | "STAGING" | RUNNING => RUNNING,
        "STOPPING" | TERMINATED => TERMINATED,
        other => other,
    }
}

fn is_of_a_group(instance: &Value) -> bool {
    let items = instance["metadata"]["items"].as_array();
    items
        .into_iter()
        .flatten()
        .any(|item| item["key"] == "created-by")
}

#[async_trait]
impl Lever for ComputePower {
    fn name(&self) -> &'static str {
        "status"
    }

    fn target(&self, prior: &Value, _: Verb) -> Value {
        if *prior == RUNNING {
            TERMINATED.into()
        } else {
            prior.clone()
        }
    }

    async fn read(&self, google: &Google, resource: &Resource) -> Result<Seen, CallError> {
        let instance = google.get(Api::Compute, &path(resource)).await?;
        if is_of_a_group(&instance) {
            return Err(CallError::Unsuitable {
                resource: resource.to_string(),
                why: "belongs to a managed group, which would start another; make the group smaller instead",
            });
        }
        let status = instance["status"].as_str();
        let status = status.ok_or_else(|| CallError::Missing {
            resource: resource.to_string(),
            field: "status",
        })?;
        Ok(Seen {
            value: settled(status).into(),
            etag: Value::Null,
        })
    }

    async fn write(
        &self,
        google: &Google,
        resource: &Resource,
        _: &Seen,
        target: &Value,
    ) -> Result<Option<Pending>, CallError> {
        let verb = if *target == RUNNING { "start" } else { "stop" };
        let at = format!("{}/{verb}", path(resource));
        let answer = google
            .change(Api::Compute, Method::POST, &at, &json!({}))
            .await?;
        let [project, zone, _] = parts(resource);
        let operation = answer["name"].as_str();
        Ok(operation.map(|name| {
            let path = format!("/compute/v1/projects/{project}/zones/{zone}/operations/{name}");
            Pending::new(Api::Compute, path)
        }))
    }

    fn permissions(&self) -> &'static [&'static str] {
        &[
            "compute.instances.get",
            "compute.instances.stop",
            "compute.instances.start",
        ]
    }
}
