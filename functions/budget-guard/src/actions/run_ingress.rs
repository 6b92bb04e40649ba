//! Who reaches a Cloud Run service by network. Scheduler, Pub/Sub, Tasks and Eventarc still do when it is internal.

use super::{Lever, Seen, run};
use crate::{
    action::{Resource, Verb},
    google::{CallError, Google, Pending},
};
use async_trait::async_trait;
use serde_json::Value;

const INTERNAL: &str = "INGRESS_TRAFFIC_INTERNAL_ONLY";
const NONE: &str = "INGRESS_TRAFFIC_NONE";

pub(super) struct RunIngress;

#[async_trait]
impl Lever for RunIngress {
    fn name(&self) -> &'static str {
        "ingress"
    }

    fn target(&self, prior: &Value, _: Verb) -> Value {
        if *prior == NONE {
            prior.clone()
        } else {
            INTERNAL.into()
        }
    }

    async fn read(&self, google: &Google, resource: &Resource) -> Result<Seen, CallError> {
        run::field(google, resource, "ingress", "INGRESS_TRAFFIC_ALL".into()).await
    }

    async fn write(
        &self,
        google: &Google,
        resource: &Resource,
        seen: &Seen,
        target: &Value,
    ) -> Result<Option<Pending>, CallError> {
        run::patch(google, resource, ("ingress", target), &seen.etag).await
    }

    fn permissions(&self) -> &'static [&'static str] {
        &["run.services.get", "run.services.update"]
    }

    async fn rehearse(
        &self,
        google: &Google,
        resource: &Resource,
        target: &Value,
    ) -> Result<(), CallError> {
        run::rehearse(google, resource, ("ingress", target)).await
    }
}
