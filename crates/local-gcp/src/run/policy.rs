//! IAM policies of services, worker pools and jobs: kept and shown. Nothing is refused because of one: local-gcp knows no
//! callers.

use super::{
    names::{self, Kind},
    quota,
    resource::Resource,
    schema,
};
use crate::{
    google::{iam, json, mask::FieldMask},
    http::{Answer, ApiError, Call, Reply},
    store::View,
};
use serde::Deserialize;
use serde_json::{Value, json};

fn existing<'a>(view: &View, call: &'a Call, kind: Kind) -> Result<&'a str, ApiError> {
    let name = call.param("resource")?;
    let there = view.get::<Resource>(name).is_some();
    there
        .then_some(name)
        .ok_or_else(|| names::missing(kind, name))
}

pub(super) fn get(call: &Call, kind: Kind) -> Answer {
    let view = call.view();
    let name = existing(&view, call, kind)?;
    Reply::json(&iam::get(&view, name))
}

/// Without a mask, bindings and etag are taken from the request, as the API documents.
pub(super) fn set(call: &Call, kind: Kind) -> Answer {
    let mut request = schema().body("GoogleIamV1SetIamPolicyRequest", call)?;
    let sent = request.remove("policy").unwrap_or_else(|| json!({}));
    let mask = request.get("updateMask").and_then(Value::as_str);
    let mask = FieldMask::parse(mask.filter(|m| !m.is_empty()).unwrap_or("bindings,version"))?;
    let policy = call.write(|tx| {
        let name = existing(tx, call, kind)?;
        quota::take(call, tx, names::location(name))?;
        let mut policy = iam::get(tx, name);
        mask.apply(&mut policy, &sent);
        policy["etag"] = sent.get("etag").cloned().unwrap_or_default();
        iam::set(tx, name, &policy)
    })?;
    Reply::json(&policy)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Test {
    #[serde(default)]
    permissions: Vec<String>,
}

/// All that is asked for is allowed.
pub(super) fn test(call: &Call, _: Kind) -> Answer {
    let test: Test = json::decode(&call.body)?;
    if let Some(bad) = test.permissions.iter().find(|p| p.contains('*')) {
        return Err(ApiError::invalid(format!(
            "Permission {bad} is not valid for this resource: wildcards are not allowed"
        )));
    }
    Reply::json(&json!({ "permissions": test.permissions }))
}
