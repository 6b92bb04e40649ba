//! A secret, in the form of the API, and how it is kept.

use crate::{
    google::json,
    http::ApiError,
    store::{Record, View},
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc};

/// A secret. Unknown fields are refused, as Google does.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(
    clippy::struct_field_names,
    reason = "the fields have the names of the API"
)]
pub(crate) struct Secret {
    /// With the project's number.
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) replication: Option<Replication>,
    #[serde(with = "json::time::option", skip_serializing_if = "Option::is_none")]
    pub(super) create_time: Option<Timestamp>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) labels: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) topics: Vec<Topic>,
    pub(super) etag: String,
    #[serde(with = "json::time::option", skip_serializing_if = "Option::is_none")]
    pub(super) expire_time: Option<Timestamp>,
    /// Input only: becomes `expire_time`.
    #[serde(
        with = "json::option_duration",
        skip_serializing_if = "Option::is_none"
    )]
    pub(super) ttl: Option<SignedDuration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rotation: Option<Rotation>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) version_aliases: BTreeMap<String, Number>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) annotations: BTreeMap<String, String>,
    #[serde(
        with = "json::option_duration",
        skip_serializing_if = "Option::is_none"
    )]
    pub(super) version_destroy_ttl: Option<SignedDuration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) customer_managed_encryption: Option<Encryption>,
    /// Input only: bound to the resource, not shown by it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) tags: BTreeMap<String, String>,
    #[serde(
        deserialize_with = "secret_type",
        skip_serializing_if = "Option::is_none"
    )]
    pub(super) secret_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) policy_member: Option<Value>,
}

/// A version's number.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Number(#[serde(with = "json::int64")] pub(super) u64);

/// Where to tell of changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Topic {
    pub(super) name: String,
}

/// When to tell that it is time to rotate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(
    clippy::struct_field_names,
    reason = "the fields have the names of the API"
)]
pub(super) struct Rotation {
    #[serde(with = "json::time::option", skip_serializing_if = "Option::is_none")]
    pub(super) next_rotation_time: Option<Timestamp>,
    #[serde(
        with = "json::option_duration",
        skip_serializing_if = "Option::is_none"
    )]
    pub(super) rotation_period: Option<SignedDuration>,
    /// Of Google's own rotation, which does not happen here; can be seeded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) managed_rotation_status: Option<Value>,
}

/// Where the payloads are kept: exactly one of the two.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Replication {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) automatic: Option<Automatic>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user_managed: Option<UserManaged>,
}

/// Google chooses the places.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Automatic {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) customer_managed_encryption: Option<Encryption>,
}

/// The places are chosen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct UserManaged {
    pub(super) replicas: Vec<Replica>,
}

/// One place.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Replica {
    pub(super) location: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) customer_managed_encryption: Option<Encryption>,
}

/// A key of Cloud KMS. It is noted, not used.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Encryption {
    pub(super) kms_key_name: String,
}

/// A secret as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(super) secret: Secret,
    /// Versions are numbered from 1, and no number is given twice.
    pub(super) last_version: u64,
}

impl Record for Kept {
    const TABLE: &'static str = "secretmanager.secrets";
}

/// The secret of that (numbered) name.
pub(super) fn find(view: &View, name: &str) -> Result<Arc<Kept>, ApiError> {
    view.get::<Kept>(name)
        .ok_or_else(|| super::names::no_secret(name))
}

impl Secret {
    /// As the API shows it.
    pub(super) fn shown(&self) -> Value {
        json!(Self {
            tags: BTreeMap::new(),
            ttl: None,
            ..self.clone()
        })
    }

    /// Takes the place of `ttl`, which is counted from `now`.
    pub(super) fn settle_expiry(&mut self, now: Timestamp) -> Result<(), ApiError> {
        if let Some(ttl) = self.ttl.take() {
            let at = now
                .checked_add(ttl)
                .map_err(|_| ApiError::invalid(format!("The secret's ttl {ttl:#} is too long.")))?;
            self.expire_time = Some(at);
        }
        Ok(())
    }

    /// What a new version says of where its payload is.
    pub(super) fn replication_status(&self) -> Option<Value> {
        let replication = self.replication.as_ref()?;
        if let Some(chosen) = &replication.user_managed {
            let replicas = chosen.replicas.iter().map(|replica| {
                let mut status = encrypted(replica.customer_managed_encryption.as_ref());
                status["location"] = replica.location.clone().into();
                status
            });
            return Some(json!({ "userManaged": { "replicas": replicas.collect::<Vec<_>>() } }));
        }
        let automatic = replication.automatic.as_ref()?;
        Some(json!({ "automatic": encrypted(automatic.customer_managed_encryption.as_ref()) }))
    }
}

/// `customerManagedEncryption` as a version shows it, in an object of its own.
pub(super) fn encrypted(by: Option<&Encryption>) -> Value {
    by.map_or_else(
        || json!({}),
        |key| {
            let name = format!("{}/cryptoKeyVersions/1", key.kms_key_name);
            json!({ "customerManagedEncryption": { "kmsKeyVersionName": name } })
        },
    )
}

const SECRET_TYPES: [&str; 6] = [
    "SECRET_TYPE_UNSPECIFIED",
    "CLOUD_SQL_DB_CREDENTIALS",
    "ACCESS_KEY",
    "CERTIFICATE",
    "OTHER_DB_CREDENTIALS",
    "OTHER",
];

/// The type by its name, or by its number, which is what Google's Rust and Python clients send.
fn secret_type<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let value = Value::deserialize(from)?;
    let known = match &value {
        Value::Null => return Ok(None),
        Value::String(name) => SECRET_TYPES.iter().position(|known| known == name),
        other => other.as_u64().and_then(|n| usize::try_from(n).ok()),
    };
    match known.and_then(|n| SECRET_TYPES.get(n).map(|name| (n, *name))) {
        Some((0, _)) => Ok(None),
        Some((_, name)) => Ok(Some(name.to_owned())),
        None => Err(D::Error::custom(format!(
            "{value} is not a secret type; there are {}",
            SECRET_TYPES[1..].join(", ")
        ))),
    }
}
