//! What the levers of Cloud Run have in common: one resource, read whole, patched under its etag.

use super::{Seen, parts};
use crate::{
    action::{Family, Resource},
    google::{Api, CallError, Google, Pending},
};
use http::Method;
use serde_json::{Value, json};

/// Where a service or a worker pool is.
pub(super) fn path(resource: &Resource) -> String {
    let [project, region, name] = parts(resource);
    let collection = match resource.family {
        Family::Pool => "workerPools",
        _ => "services",
    };
    format!("/v2/projects/{project}/locations/{region}/{collection}/{name}")
}

/// One field of it, as `default` when it is absent.
pub(super) async fn field(
    google: &Google,
    resource: &Resource,
    name: &str,
    default: Value,
) -> Result<Seen, CallError> {
    let mut found = google.get(Api::Run, &path(resource)).await?;
    let value = match found[name].take() {
        Value::Null => default,
        value => value,
    };
    Ok(Seen {
        value,
        etag: found["etag"].take(),
    })
}

/// Replaces one field of what was seen; null clears it, as the mask names it and the body does not.
pub(super) async fn patch(
    google: &Google,
    resource: &Resource,
    (name, value): (&str, &Value),
    etag: &Value,
) -> Result<Option<Pending>, CallError> {
    let at = format!("{}?updateMask={name}", path(resource));
    let mut body = json!({ "etag": etag });
    if !value.is_null() {
        body[name] = value.clone();
    }
    let answer = google.change(Api::Run, Method::PATCH, &at, &body).await?;
    Ok(Pending::named(Api::Run, "v2", &answer))
}

/// Asks whether the patch would be accepted.
pub(super) async fn rehearse(
    google: &Google,
    resource: &Resource,
    (name, value): (&str, &Value),
) -> Result<(), CallError> {
    let at = format!("{}?updateMask={name}&validateOnly=true", path(resource));
    let body = json!({ name: value });
    let asked = google.change(Api::Run, Method::PATCH, &at, &body).await;
    asked.map(drop)
}
