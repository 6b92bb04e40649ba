//! Which billing account pays for a project. Without one everything in it stops, and what is in it may be lost.

use super::{Lever, Seen};
use crate::{
    action::{Resource, Verb},
    google::{Api, CallError, Google, Pending},
};
use async_trait::async_trait;
use http::Method;
use serde_json::{Value, json};

const ACCOUNT: &str = "billingAccountName";

pub(super) struct BillingLink;

fn path(resource: &Resource) -> String {
    format!("/v1/projects/{}/billingInfo", resource.path)
}

#[async_trait]
impl Lever for BillingLink {
    fn name(&self) -> &'static str {
        ACCOUNT
    }

    fn target(&self, _: &Value, _: Verb) -> Value {
        "".into()
    }

    async fn read(&self, google: &Google, resource: &Resource) -> Result<Seen, CallError> {
        let info = google.get(Api::Billing, &path(resource)).await?;
        Ok(Seen {
            // A project without an account has no such field.
            value: info[ACCOUNT].as_str().unwrap_or_default().into(),
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
        let body = json!({ ACCOUNT: target });
        google
            .change(Api::Billing, Method::PUT, &path(resource), &body)
            .await?;
        Ok(None)
    }

    fn permissions(&self) -> &'static [&'static str] {
        &[
            "resourcemanager.projects.get",
            "resourcemanager.projects.deleteBillingAssignment",
        ]
    }
}
