//! IAM policies: kept and given back, without effect on who may do what here.

use super::etag;
use crate::{
    http::ApiError,
    store::{Record, Tx, View},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The policy of a resource, by whose full name it is found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Policy {
    /// `version` and `bindings`; the etag follows from them.
    value: Value,
    /// Counts changes, so that a policy that comes back has an etag of its own.
    changes: u64,
}

impl Record for Policy {
    const TABLE: &'static str = "iam.policies";
}

/// The policy of a resource; one without bindings if none was set.
pub(crate) fn get(view: &View, resource: &str) -> Value {
    shown(view.get::<Policy>(resource).as_deref())
}

fn shown(policy: Option<&Policy>) -> Value {
    let Some(policy) = policy else {
        return json!({ "version": 1, "etag": "ACAB" });
    };
    let mut value = policy.value.clone();
    value["etag"] = tag(policy).into();
    value
}

fn tag(policy: &Policy) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    STANDARD.encode(etag::of(policy).trim_matches('"'))
}

/// Replaces the policy of a resource, if `policy` has no etag or the current one.
pub(crate) fn set(tx: &mut Tx, resource: &str, policy: &Value) -> Result<Value, ApiError> {
    let old = tx.get::<Policy>(resource);
    let sent = policy
        .get("etag")
        .and_then(Value::as_str)
        .filter(|sent| !sent.is_empty());
    let current = shown(old.as_deref());
    if sent.is_some_and(|sent| current["etag"] != sent) {
        return Err(ApiError::aborted(
            "There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff.",
        ));
    }
    let mut value =
        json!({ "version": policy.get("version").cloned().unwrap_or_else(|| 1.into()) });
    if let Some(bindings) = policy
        .get("bindings")
        .filter(|bindings| bindings.as_array().is_some_and(|b| !b.is_empty()))
    {
        check(bindings)?;
        value["bindings"] = bindings.clone();
    }
    let new = Policy {
        value,
        changes: old.map_or(0, |old| old.changes) + 1,
    };
    let answer = shown(Some(&new));
    tx.put(resource, new);
    Ok(answer)
}

fn check(bindings: &Value) -> Result<(), ApiError> {
    for binding in bindings.as_array().into_iter().flatten() {
        let role = binding
            .get("role")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if !role.contains("roles/") {
            return Err(ApiError::invalid(format!(
                "Role {role:?} is not a role; write roles/NAME"
            )));
        }
        for member in binding
            .get("members")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let member = member.as_str().unwrap_or_default();
            if !member.contains(':') && member != "allUsers" && member != "allAuthenticatedUsers" {
                return Err(ApiError::invalid(format!(
                    "The member {member} is of an unknown type; write user:EMAIL"
                )));
            }
        }
    }
    Ok(())
}

/// The resource is gone, and so is its policy.
pub(crate) fn forget(tx: &mut Tx, resource: &str) {
    tx.delete::<Policy>(resource);
}
