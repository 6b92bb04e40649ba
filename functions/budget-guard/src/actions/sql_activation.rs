//! Whether a Cloud SQL instance runs. Its storage and its address go on costing when it does not.

use super::{Lever, Seen, parts};
use crate::{
    action::{Resource, Verb},
    google::{Api, CallError, Google, Pending},
};
use async_trait::async_trait;
use http::Method;
use serde_json::{Value, json};

const NEVER: &str = "NEVER";

pub(super) struct SqlActivation;

pub(super) fn path(resource: &Resource) -> String {
    let [project, instance] = parts(resource);
    format!("/v1/projects/{project}/instances/{instance}")
}

#[async_trait]
impl Lever for SqlActivation {
    fn name(&self) -> &'static str {
        "activationPolicy"
    }

    fn target(&self, _: &Value, _: Verb) -> Value {
        NEVER.into()
    }

    async fn read(&self, google: &Google, resource: &Resource) -> Result<Seen, CallError> {
        let instance = google.get(Api::Sql, &path(resource)).await?;
        let unsuitable = |why| CallError::Unsuitable {
            resource: resource.to_string(),
            why,
        };
        if instance["masterInstanceName"].is_string() {
            return Err(unsuitable(
                "is a read replica, which Cloud SQL does not stop; name its primary",
            ));
        }
        if instance["replicaNames"]
            .as_array()
            .is_some_and(|names| !names.is_empty())
        {
            return Err(unsuitable(
                "has read replicas, and Cloud SQL stops no primary that has; delete or promote them first",
            ));
        }
        let settings = &instance["settings"];
        let policy = settings["activationPolicy"].as_str();
        let policy = policy.ok_or_else(|| CallError::Missing {
            resource: resource.to_string(),
            field: "settings.activationPolicy",
        })?;
        Ok(Seen {
            value: policy.into(),
            etag: settings["settingsVersion"].clone(),
        })
    }

    async fn write(
        &self,
        google: &Google,
        resource: &Resource,
        seen: &Seen,
        target: &Value,
    ) -> Result<Option<Pending>, CallError> {
        let body = json!({"settings": {"activationPolicy": target, "settingsVersion": seen.etag}});
        let answer = google
            .change(Api::Sql, Method::PATCH, &path(resource), &body)
            .await?;
        let [project, _] = parts(resource);
        let operation = answer["name"].as_str();
        Ok(operation.map(|name| {
            Pending::new(
                Api::Sql,
                format!("/v1/projects/{project}/operations/{name}"),
            )
        }))
    }

    fn permissions(&self) -> &'static [&'static str] {
        &["cloudsql.instances.get", "cloudsql.instances.update"]
    }
}
