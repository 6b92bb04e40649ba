//! IAM policies of any resource: `getIamPolicy`, `setIamPolicy`, `testIamPermissions`. Policies are kept and shown, but
//! nothing here is refused because of one: local-gcp knows no callers.

use super::{
    etag, json,
    mask::FieldMask,
    schema::{Object, Schema},
};
use crate::{
    http::{Answer, ApiError, Call, Code, Reply},
    store::{Record, Tx, View},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The policy of one resource, whose name is the key.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Policy {
    version: i64,
    bindings: Value,
    audit_configs: Value,
}

impl Record for Policy {
    const TABLE: &'static str = "iam.policies";
}

impl Policy {
    fn json(&self) -> Value {
        let mut policy = Object::new();
        for (key, value) in [
            ("bindings", &self.bindings),
            ("auditConfigs", &self.audit_configs),
        ] {
            if value.as_array().is_some_and(|list| !list.is_empty()) {
                policy.insert(key.to_owned(), value.clone());
            }
        }
        if self.version != 0 {
            policy.insert("version".to_owned(), self.version.into());
        }
        policy.insert("etag".to_owned(), self.etag().into());
        policy.into()
    }

    /// Unlike other etags, that of a policy is `bytes`.
    fn etag(&self) -> String {
        STANDARD.encode(etag::of(self))
    }
}

fn current(view: &View, resource: &str) -> Policy {
    let found = view.get::<Policy>(resource);
    found.map_or_else(Policy::default, |policy| (*policy).clone())
}

/// Forgets the policy of a resource that is deleted.
pub(crate) fn forget(tx: &mut Tx, resource: &str) {
    tx.delete::<Policy>(resource);
}

/// `getIamPolicy` of the resource that the path names, which the caller has found to exist.
pub(crate) fn get(call: &Call, resource: &str) -> Answer {
    Reply::json(&current(&call.view(), resource).json())
}

/// `setIamPolicy`; `message` is the API's name for `SetIamPolicyRequest`.
pub(crate) fn set(call: &Call, schema: &Schema, message: &str, resource: &str) -> Answer {
    let request = schema.body(message, call)?;
    let sent = request.get("policy").cloned().unwrap_or_default();
    let mask = match request.get("updateMask").and_then(Value::as_str) {
        None | Some("") => FieldMask::parse("bindings,etag")?,
        Some(mask) => FieldMask::parse(mask)?,
    };
    let policy = call.write(|tx| {
        let old = current(tx, resource);
        check_etag(&sent, &old)?;
        let mut value = old.json();
        mask.apply(&mut value, &sent);
        let list = |key: &str| value.get(key).cloned().unwrap_or_else(|| json!([]));
        let policy = Policy {
            version: sent["version"].as_i64().unwrap_or(old.version),
            bindings: list("bindings"),
            audit_configs: list("auditConfigs"),
        };
        tx.put(resource, policy.clone());
        Ok::<_, ApiError>(policy)
    })?;
    Reply::json(&policy.json())
}

fn check_etag(sent: &Value, old: &Policy) -> Result<(), ApiError> {
    match sent["etag"].as_str().filter(|etag| !etag.is_empty()) {
        Some(etag) if etag != old.etag() => Err(ApiError::new(
            Code::Aborted,
            "There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff. \
             The request's ETag did not match the current policy's ETag",
        )),
        _ => Ok(()),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Test {
    #[serde(default)]
    permissions: Vec<String>,
}

/// `testIamPermissions`: all that is asked for is allowed.
pub(crate) fn test(call: &Call) -> Answer {
    let test: Test = json::decode(&call.body)?;
    if let Some(bad) = test.permissions.iter().find(|p| p.contains('*')) {
        return Err(ApiError::invalid(format!(
            "Permission {bad} is not valid for this resource: wildcards are not allowed"
        )));
    }
    Reply::json(&json!({ "permissions": test.permissions }))
}
