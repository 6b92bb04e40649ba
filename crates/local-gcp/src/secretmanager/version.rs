//! A version, in the form of the API, and its payload.

use super::{
    names,
    secret::{Kept, Number, Secret, encrypted},
};
use crate::{
    google::json,
    http::ApiError,
    store::{Record, Tx, View},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

/// The largest payload, in bytes.
const LARGEST: usize = 64 * 1024;

/// Whether a version can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum State {
    Enabled,
    Disabled,
    Destroyed,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Enabled => "ENABLED",
            Self::Disabled => "DISABLED",
            Self::Destroyed => "DESTROYED",
        }
    }
}

/// A version as the API shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Version {
    pub(super) name: String,
    #[serde(with = "json::time")]
    pub(super) create_time: Timestamp,
    #[serde(
        with = "json::time::option",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub(super) destroy_time: Option<Timestamp>,
    pub(super) state: State,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) replication_status: Option<Value>,
    pub(super) etag: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) client_specified_payload_checksum: bool,
    #[serde(
        with = "json::time::option",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub(super) scheduled_destroy_time: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) customer_managed_encryption: Option<Value>,
}

impl Record for Version {
    const TABLE: &'static str = "secretmanager.versions";
}

/// What is secret about a secret; without `Debug` for that reason. Gone once the version is destroyed.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Payload {
    /// Base64.
    #[serde(default)]
    pub(super) data: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) data_crc32c: Option<Checksum>,
}

/// A CRC32C; 64 bits wide in the API.
#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Checksum(#[serde(with = "json::int64")] i64);

impl Record for Payload {
    const TABLE: &'static str = "secretmanager.payloads";
}

impl Payload {
    pub(super) fn of_text(text: &str) -> Self {
        Self {
            data: STANDARD.encode(text),
            data_crc32c: None,
        }
    }

    /// Checks size and checksum, and gives the payload the checksum that reads will carry.
    fn checked(self) -> Result<Self, ApiError> {
        let standard = self.data.replace('-', "+").replace('_', "/");
        let bytes = base64::engine::general_purpose::STANDARD_NO_PAD
            .decode(standard.trim_end_matches('='))
            .map_err(|_| {
                ApiError::invalid(
                    "Invalid value at 'payload.data' (TYPE_BYTES), Base64 decoding failed",
                )
            })?;
        if bytes.is_empty() {
            return Err(ApiError::invalid("Secret Payload cannot be empty."));
        }
        if bytes.len() > LARGEST {
            return Err(ApiError::invalid(format!(
                "The payload is {} bytes, but must be at most {LARGEST} bytes.",
                bytes.len()
            )));
        }
        let checksum = Checksum(i64::from(crc32c::crc32c(&bytes)));
        if self.data_crc32c.is_some_and(|sent| sent != checksum) {
            return Err(ApiError::invalid(
                "The payload's data_crc32c does not match the checksum of its data: it was corrupted on its way.",
            ));
        }
        Ok(Self {
            data: STANDARD.encode(bytes),
            data_crc32c: Some(checksum),
        })
    }
}

/// Adds a version to a secret.
pub(super) fn add(
    tx: &mut Tx,
    kept: &Kept,
    payload: Payload,
    now: Timestamp,
) -> Result<Version, ApiError> {
    let client_specified = payload.data_crc32c.is_some();
    let payload = payload.checked()?;
    let secret = &kept.secret;
    let number = kept.last_version + 1;
    let version = Version {
        name: names::version(&secret.name, number),
        create_time: now,
        destroy_time: None,
        state: State::Enabled,
        replication_status: secret.replication_status(),
        etag: names::new_etag(),
        client_specified_payload_checksum: client_specified,
        scheduled_destroy_time: None,
        customer_managed_encryption: secret
            .customer_managed_encryption
            .as_ref()
            .map(|key| encrypted(Some(key))["customerManagedEncryption"].clone()),
    };
    tx.put(&version.name, payload);
    tx.put(&version.name, version.clone());
    tx.put(
        &secret.name,
        Kept {
            last_version: number,
            ..kept.clone()
        },
    );
    Ok(version)
}

/// A version and its secret. The (numbered) name ends in a number, in `latest`, or in an alias.
pub(super) fn find(view: &View, name: &str) -> Result<(Arc<Version>, Arc<Kept>), ApiError> {
    let (secret, which) = names::split_version(name)?;
    let kept = view
        .get::<Kept>(secret)
        .filter(|kept| kept.last_version > 0)
        .ok_or_else(|| {
            ApiError::not_found(format!("Secret [{secret}] not found or has no versions."))
        })?;
    let number = match (which, which.parse()) {
        (_, Ok(number)) => Some(number),
        ("latest", _) => Some(kept.last_version),
        (alias, _) => kept.secret.version_aliases.get(alias).map(|n| n.0),
    };
    let version = number.and_then(|n| view.get::<Version>(&names::version(secret, n)));
    Ok((version.ok_or_else(|| names::no_version(name))?, kept))
}

/// All versions of a secret, the newest first, with keys that sort so.
pub(super) fn newest_first(view: &View, secret: &str) -> Vec<(String, Arc<Version>)> {
    let prefix = format!("{secret}/versions/");
    let mut versions: Vec<(String, Arc<Version>)> = view
        .with_prefix::<Version>(&prefix)
        .map(|(key, version)| {
            let number: u64 = key[prefix.len()..].parse().unwrap_or(0);
            (format!("{:020}", u64::MAX - number), version.clone())
        })
        .collect();
    versions.sort_by(|a, b| a.0.cmp(&b.0));
    versions
}

/// Refuses aliases of versions that never were. A destroyed one may be named.
pub(super) fn check_aliases(view: &View, secret: &Secret) -> Result<(), ApiError> {
    for (alias, Number(number)) in &secret.version_aliases {
        let name = names::version(&secret.name, *number);
        if view.get::<Version>(&name).is_none() {
            return Err(ApiError::precondition(format!(
                "The version alias {alias} names Secret Version [{name}], which does not exist."
            )));
        }
    }
    Ok(())
}

/// The payload and its checksum are gone for good.
pub(super) fn destroy(tx: &mut Tx, version: &Version, now: Timestamp) -> Version {
    let destroyed = Version {
        state: State::Destroyed,
        destroy_time: Some(now),
        scheduled_destroy_time: None,
        etag: names::new_etag(),
        ..version.clone()
    };
    tx.delete::<Payload>(&version.name);
    tx.put(&version.name, destroyed.clone());
    destroyed
}

/// What says that a version is in no state for what is asked.
pub(super) fn is_in_state(version: &Version) -> ApiError {
    let Version { name, state, .. } = version;
    ApiError::precondition(format!(
        "Secret Version [{name}] is in {} state.",
        state.word()
    ))
}
