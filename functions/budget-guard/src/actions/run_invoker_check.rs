//! Whether a Cloud Run service checks its invokers at all; while it does not, who they are means nothing.

use super::{Lever, Seen, run};
use crate::{
    action::{Resource, Verb},
    google::{CallError, Google, Pending},
};
use async_trait::async_trait;
use serde_json::Value;

const DISABLED: &str = "invokerIamDisabled";

pub(super) struct RunInvokerCheck;

#[async_trait]
impl Lever for RunInvokerCheck {
    fn name(&self) -> &'static str {
        DISABLED
    }

    fn target(&self, _: &Value, _: Verb) -> Value {
        false.into()
    }

    async fn read(&self, google: &Google, resource: &Resource) -> Result<Seen, CallError> {
        run::field(google, resource, DISABLED, false.into()).await
    }

    async fn write(
        &self,
        google: &Google,
        resource: &Resource,
        seen: &Seen,
        target: &Value,
    ) -> Result<Option<Pending>, CallError> {
        run::patch(google, resource, (DISABLED, target), &seen.etag).await
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
        run::rehearse(google, resource, (DISABLED, target)).await
    }
}
