//! How many instances a Cloud Run worker pool has.

use super::{Lever, Seen, run};
use crate::{
    action::{Resource, Verb},
    google::{CallError, Google, Pending},
};
use async_trait::async_trait;
use serde_json::{Value, json};

const COUNT: &str = "manualInstanceCount";

pub(super) struct PoolScaling;

#[async_trait]
impl Lever for PoolScaling {
    fn name(&self) -> &'static str {
        "pool_scaling"
    }

    fn target(&self, prior: &Value, verb: Verb) -> Value {
        let mut target = prior.clone();
        if let Verb::PoolInstances(most) = verb {
            // A pool that says no count has one instance.
            let before = prior[COUNT].as_u64().unwrap_or(1);
            target[COUNT] = before.min(most.into()).into();
        }
        target
    }

    async fn read(&self, google: &Google, resource: &Resource) -> Result<Seen, CallError> {
        run::field(google, resource, "scaling", json!({})).await
    }

    async fn write(
        &self,
        google: &Google,
        resource: &Resource,
        seen: &Seen,
        target: &Value,
    ) -> Result<Option<Pending>, CallError> {
        run::patch(google, resource, ("scaling", target), &seen.etag).await
    }

    fn permissions(&self) -> &'static [&'static str] {
        &["run.workerpools.get", "run.workerpools.update"]
    }

    async fn rehearse(
        &self,
        google: &Google,
        resource: &Resource,
        target: &Value,
    ) -> Result<(), CallError> {
        run::rehearse(google, resource, ("scaling", target)).await
    }
}
