//! IAM policies of secrets.

use super::{names, secret};
use crate::{
    google::iam,
    http::{Answer, ApiError, Call, Reply},
};
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) async fn get(call: Call) -> Answer {
    let name = names::numbered(&call.app, call.param("resource")?);
    let view = call.view();
    secret::find(&view, &name)?;
    Reply::json(&iam::get(&view, &name))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Set {
    policy: Option<Value>,
    #[serde(default, rename = "updateMask")]
    _update_mask: Option<String>,
    #[serde(default, rename = "resource")]
    _resource: Option<String>,
}

pub(super) async fn set(call: Call) -> Answer {
    let name = names::numbered(&call.app, call.param("resource")?);
    let policy = call.json::<Set>()?.policy;
    let policy = policy.ok_or_else(|| ApiError::invalid("The request has no policy."))?;
    let policy = call.write(|tx| {
        secret::find(tx, &name)?;
        iam::set(tx, &name, &policy)
    })?;
    Reply::json(&policy)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Test {
    #[serde(default)]
    permissions: Vec<String>,
    #[serde(default, rename = "resource")]
    _resource: Option<String>,
}

/// Everybody may do everything here, but nobody anything with a secret that is not there: that is no error at Google's.
pub(super) async fn test(call: Call) -> Answer {
    let name = names::numbered(&call.app, call.param("resource")?);
    let test: Test = call.json()?;
    if let Some(wild) = test.permissions.iter().find(|p| p.contains('*')) {
        return Err(ApiError::invalid(format!(
            "Permission {wild} is not valid: wildcards are not allowed."
        )));
    }
    if test.permissions.is_empty() || secret::find(&call.view(), &name).is_err() {
        return Ok(Reply::empty_json());
    }
    Reply::json(&json!({ "permissions": test.permissions }))
}
