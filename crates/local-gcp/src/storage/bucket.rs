//! Buckets: what they say, and which of it matters here.

use super::error;
use crate::{
    google::json::rfc3339,
    http::ApiError,
    store::{Record, View},
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// What users may set. All but the policies below is kept as it came.
const SETTINGS: [&str; 23] = [
    "acl",
    "autoclass",
    "billing",
    "cors",
    "customPlacementConfig",
    "defaultEventBasedHold",
    "defaultObjectAcl",
    "encryption",
    "hierarchicalNamespace",
    "iamConfiguration",
    "ipFilter",
    "labels",
    "lifecycle",
    "location",
    "logging",
    "objectRetention",
    "retentionPolicy",
    "rpo",
    "softDeletePolicy",
    "storageClass",
    "versioning",
    "website",
    "encryptionEnforcementConfig",
];

/// What only the service sets; clients that send a whole resource back send these along.
const OUTPUT: [&str; 15] = [
    "etag",
    "generation",
    "hardDeleteTime",
    "id",
    "kind",
    "locationType",
    "metageneration",
    "name",
    "owner",
    "projectNumber",
    "satisfiesPZI",
    "satisfiesPZS",
    "selfLink",
    "softDeleteTime",
    "timeCreated",
];

/// Seven days, the policy of a bucket that names none.
const SOFT_DELETE_SECONDS: i64 = 604_800;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Bucket {
    pub(super) name: String,
    pub(super) project_number: u64,
    pub(super) metageneration: u64,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    settings: Map<String, Value>,
}

impl Record for Bucket {
    const TABLE: &'static str = "storage.buckets";
}

/// The bucket of that name, or a 404.
pub(super) fn find(view: &View, name: &str) -> Result<Arc<Bucket>, ApiError> {
    view.get::<Bucket>(name).ok_or_else(error::no_bucket)
}

impl Bucket {
    pub(super) fn new(
        name: &str,
        project_number: u64,
        settings: &Value,
        now: Timestamp,
    ) -> Result<Self, ApiError> {
        check_name(name)?;
        let mut bucket = Self {
            name: name.to_owned(),
            project_number,
            metageneration: 1,
            created: now,
            updated: now,
            settings: Map::new(),
        };
        bucket.merge(settings, now)?;
        bucket
            .settings
            .entry("location")
            .or_insert_with(|| "US".into());
        bucket
            .settings
            .entry("storageClass")
            .or_insert_with(|| "STANDARD".into());
        bucket.settings.entry("softDeletePolicy").or_insert_with(|| {
            json!({ "retentionDurationSeconds": SOFT_DELETE_SECONDS.to_string(), "effectiveTime": rfc3339(now) })
        });
        let location = bucket
            .settings
            .get("location")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let location = location.to_ascii_uppercase();
        bucket
            .settings
            .insert("location".to_owned(), location.into());
        Ok(bucket)
    }

    /// Changes settings: those named, with `null` to remove one (a JSON merge patch).
    pub(super) fn patched(&self, patch: &Value, now: Timestamp) -> Result<Self, ApiError> {
        let mut bucket = self.clone();
        bucket.merge(patch, now)?;
        bucket.metageneration += 1;
        bucket.updated = now;
        Ok(bucket)
    }

    /// Replaces all settings, except for the place and the retention policy once that is locked.
    pub(super) fn replaced(&self, settings: &Value, now: Timestamp) -> Result<Self, ApiError> {
        let mut whole = json!({});
        for key in self
            .settings
            .keys()
            .filter(|key| *key != "location" && *key != "storageClass")
        {
            whole[key] = Value::Null;
        }
        for (key, value) in settings.as_object().into_iter().flatten() {
            whole[key] = value.clone();
        }
        self.patched(&whole, now)
    }

    fn merge(&mut self, patch: &Value, now: Timestamp) -> Result<(), ApiError> {
        let Some(fields) = patch.as_object() else {
            return Err(ApiError::invalid("A bucket is a JSON object"));
        };
        for (key, value) in fields {
            match key.as_str() {
                "retentionPolicy" => self.set_retention(value, now)?,
                "softDeletePolicy" => self.set_soft_delete(value, now)?,
                "updated" => {}
                key if OUTPUT.contains(&key) => {}
                key if SETTINGS.contains(&key) => merge_patch(&mut self.settings, key, value),
                key => {
                    return Err(
                        ApiError::invalid(format!("Unknown field {key:?} in a bucket"))
                            .with_reason("parseError"),
                    );
                }
            }
        }
        Ok(())
    }

    fn set_retention(&mut self, policy: &Value, now: Timestamp) -> Result<(), ApiError> {
        let old = self.retention_period();
        let new = match policy.get("retentionPeriod") {
            None | Some(Value::Null) => None,
            Some(period) => Some(seconds("retentionPolicy.retentionPeriod", period)?),
        };
        if self.retention_is_locked() && new < old.map(|period| period.as_secs()) {
            let message = format!(
                "Cannot reduce retention duration of a locked Retention Policy for bucket '{}'.",
                self.name
            );
            return Err(error::forbidden("forbidden", message));
        }
        match new.filter(|period| *period > 0) {
            None => drop(self.settings.remove("retentionPolicy")),
            // Effective is a policy from when it was set; sending it again changes nothing.
            Some(period) if old == Some(SignedDuration::from_secs(period)) => {}
            Some(period) => {
                let mut policy =
                    json!({ "retentionPeriod": period.to_string(), "effectiveTime": rfc3339(now) });
                if self.retention_is_locked() {
                    policy["isLocked"] = true.into();
                }
                self.settings.insert("retentionPolicy".to_owned(), policy);
            }
        }
        Ok(())
    }

    fn set_soft_delete(&mut self, policy: &Value, now: Timestamp) -> Result<(), ApiError> {
        let length = match policy.get("retentionDurationSeconds") {
            None | Some(Value::Null) => 0,
            Some(length) => seconds("softDeletePolicy.retentionDurationSeconds", length)?,
        };
        if length != 0 && !(SOFT_DELETE_SECONDS..=90 * 86_400).contains(&length) {
            return Err(ApiError::invalid(
                "softDeletePolicy.retentionDurationSeconds must be 0, or between 604800 (7 days) and 7776000 (90 days)",
            ));
        }
        let mut policy = json!({ "retentionDurationSeconds": length.to_string() });
        if length > 0 {
            policy["effectiveTime"] = rfc3339(now).into();
        }
        self.settings.insert("softDeletePolicy".to_owned(), policy);
        Ok(())
    }

    /// Makes the retention policy one that can only grow.
    pub(super) fn locked(&self, now: Timestamp) -> Result<Self, ApiError> {
        let mut bucket = self.clone();
        let Some(policy) = bucket.settings.get_mut("retentionPolicy") else {
            return Err(ApiError::invalid(format!(
                "Bucket '{}' has no Retention Policy to lock.",
                self.name
            )));
        };
        policy["isLocked"] = true.into();
        bucket.metageneration += 1;
        bucket.updated = now;
        Ok(bucket)
    }

    pub(super) fn retention_period(&self) -> Option<SignedDuration> {
        let period = self
            .settings
            .get("retentionPolicy")?
            .get("retentionPeriod")?
            .as_str()?;
        period.parse().ok().map(SignedDuration::from_secs)
    }

    fn retention_is_locked(&self) -> bool {
        self.settings
            .get("retentionPolicy")
            .and_then(|p| p.get("isLocked"))
            .and_then(Value::as_bool)
            .unwrap_or(false)
    }

    /// How long deleted objects can be restored; `None` when they cannot.
    pub(super) fn soft_delete(&self) -> Option<SignedDuration> {
        let length = self
            .settings
            .get("softDeletePolicy")?
            .get("retentionDurationSeconds")?
            .as_str()?;
        length
            .parse()
            .ok()
            .filter(|length| *length > 0)
            .map(SignedDuration::from_secs)
    }

    pub(super) fn keeps_versions(&self) -> bool {
        self.settings
            .get("versioning")
            .and_then(|v| v.get("enabled"))
            .and_then(Value::as_bool)
            .unwrap_or(false)
    }

    pub(super) fn holds_new_objects(&self) -> bool {
        self.settings
            .get("defaultEventBasedHold")
            .and_then(Value::as_bool)
            .unwrap_or(false)
    }

    pub(super) fn storage_class(&self) -> &str {
        self.settings
            .get("storageClass")
            .and_then(Value::as_str)
            .unwrap_or("STANDARD")
    }

    pub(super) fn location(&self) -> &str {
        self.settings
            .get("location")
            .and_then(Value::as_str)
            .unwrap_or("US")
    }

    pub(super) fn location_type(&self) -> &'static str {
        match self.location() {
            "US" | "EU" | "ASIA" => "multi-region",
            _ => "region",
        }
    }

    /// As `storage#bucket`.
    pub(super) fn json(&self, url: &str) -> Value {
        let mut json = json!({
            "kind": "storage#bucket",
            "id": self.name,
            "name": self.name,
            "selfLink": format!("{url}/storage/v1/b/{}", self.name),
            "projectNumber": self.project_number.to_string(),
            "metageneration": self.metageneration.to_string(),
            "locationType": self.location_type(),
            "timeCreated": rfc3339(self.created),
            "updated": rfc3339(self.updated),
            "etag": super::object::etag(0, self.metageneration),
        });
        for (key, value) in &self.settings {
            json[key] = value.clone();
        }
        json
    }
}

/// A merge patch of one setting: objects are merged field by field, `null` removes.
fn merge_patch(target: &mut Map<String, Value>, key: &str, patch: &Value) {
    match patch {
        Value::Null => drop(target.remove(key)),
        Value::Object(fields) => {
            let inner = target.entry(key).or_insert_with(|| json!({}));
            if !inner.is_object() {
                *inner = json!({});
            }
            if let Value::Object(inner) = inner {
                for (key, value) in fields {
                    merge_patch(inner, key, value);
                }
            }
        }
        value => drop(target.insert(key.to_owned(), value.clone())),
    }
}

fn seconds(field: &str, value: &Value) -> Result<i64, ApiError> {
    let number = value
        .as_i64()
        .or_else(|| value.as_str()?.parse().ok())
        .filter(|number| *number >= 0);
    number.ok_or_else(|| {
        ApiError::invalid(format!(
            "{field} must be a number of seconds, but is {value}"
        ))
    })
}

/// Whether a bucket may have this name.
pub(super) fn is_name(name: &str) -> bool {
    let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b);
    let edge = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let bytes = name.as_bytes();
    let longest = if name.contains('.') { 222 } else { 63 };
    (3..=longest).contains(&name.len())
        && bytes.iter().all(|b| legal(*b))
        && edge(bytes.first())
        && edge(bytes.last())
}

fn check_name(name: &str) -> Result<(), ApiError> {
    if is_name(name) {
        return Ok(());
    }
    Err(ApiError::invalid(format!("Invalid bucket name: '{name}'")))
}
