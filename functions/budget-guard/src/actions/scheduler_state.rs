//! Whether a Cloud Scheduler job starts by itself. Only an enabled job is paused, and only what was enabled is resumed.

use super::{Lever, Seen, parts};
use crate::{
    action::{Resource, Verb},
    google::{Api, CallError, Google, Pending},
};
use async_trait::async_trait;
use http::Method;
use serde_json::{Value, json};

const ENABLED: &str = "ENABLED";
const PAUSED: &str = "PAUSED";

pub(super) struct SchedulerState;

fn path(resource: &Resource) -> String {
    let [project, region, job] = parts(resource);
    format!("/v1/projects/{project}/locations/{region}/jobs/{job}")
}

#[async_trait]
impl Lever for SchedulerState {
    fn name(&self) -> &'static str {
        "state"
    }

    fn target(&self, prior: &Value, _: Verb) -> Value {
        if *prior == ENABLED {
            PAUSED.into()
        } else {
            prior.clone()
        }
    }

    async fn read(&self, google: &Google, resource: &Resource) -> Result<Seen, CallError> {
        let job = google.get(Api::Scheduler, &path(resource)).await?;
        let state = job["state"].as_str().ok_or_else(|| CallError::Missing {
            resource: resource.to_string(),
            field: "state",
        })?;
        Ok(Seen {
            value: state.into(),
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
        let verb = if *target == PAUSED { "pause" } else { "resume" };
        let at = format!("{}:{verb}", path(resource));
        google
            .change(Api::Scheduler, Method::POST, &at, &json!({}))
            .await?;
        Ok(None)
    }

    fn permissions(&self) -> &'static [&'static str] {
        &[
            "cloudscheduler.jobs.get",
            "cloudscheduler.jobs.pause",
            "cloudscheduler.jobs.enable",
        ]
    }
}
