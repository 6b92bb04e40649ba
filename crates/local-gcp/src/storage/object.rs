//! Objects: what is known of one, and how it looks in JSON.

use super::{checksum::crc32c_text, error, protection};
use crate::{
    google::json::{self, int64, rfc3339, time},
    http::ApiError,
    store::{Record, View, blobs::Blob},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::{collections::BTreeMap, sync::Arc};

/// A live object. Its key is `bucket NUL name`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Object {
    pub(super) bucket: String,
    pub(super) name: String,
    pub(super) generation: u64,
    pub(super) metageneration: u64,
    pub(super) blob: Blob,
    pub(super) settings: Settings,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    /// How many parts it was composed of.
    pub(super) component_count: Option<u32>,
    /// When an event-based hold ended, from which the bucket's retention then counts.
    pub(super) hold_released: Option<Timestamp>,
}

impl Record for Object {
    const TABLE: &'static str = "storage.objects";
}

/// An object that is no longer live. Its key is `bucket NUL name NUL generation`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Past {
    pub(super) object: Object,
    pub(super) deleted: Timestamp,
    /// Until when it can be restored; absent for a noncurrent version.
    pub(super) gone_after: Option<Timestamp>,
}

impl Record for Past {
    const TABLE: &'static str = "storage.past";
}

/// What users set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Settings {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content_encoding: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content_language: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content_disposition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cache_control: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) storage_class: Option<String>,
    #[serde(with = "time::option", skip_serializing_if = "Option::is_none")]
    pub(super) custom_time: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) temporary_hold: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) event_based_hold: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) retention: Option<Retention>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) contexts: Option<Value>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) metadata: BTreeMap<String, String>,
}

/// The retention of a single object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Retention {
    pub(super) mode: String,
    #[serde(with = "time")]
    pub(super) retain_until_time: Timestamp,
}

const SETTABLE: [&str; 12] = [
    "contentType",
    "contentEncoding",
    "contentLanguage",
    "contentDisposition",
    "cacheControl",
    "storageClass",
    "customTime",
    "temporaryHold",
    "eventBasedHold",
    "retention",
    "contexts",
    "metadata",
];

/// What only the service sets, or what has no meaning here; clients that send a whole resource send these along.
const IGNORED: [&str; 25] = [
    "acl",
    "bucket",
    "componentCount",
    "crc32c",
    "customerEncryption",
    "etag",
    "generation",
    "hardDeleteTime",
    "id",
    "kind",
    "kmsKeyName",
    "md5Hash",
    "mediaLink",
    "metageneration",
    "name",
    "owner",
    "restoreToken",
    "retentionExpirationTime",
    "selfLink",
    "size",
    "softDeleteTime",
    "timeCreated",
    "timeDeleted",
    "timeFinalized",
    "updated",
];

impl Settings {
    /// The settings in an object resource.
    pub(super) fn of(resource: &Value) -> Result<Self, ApiError> {
        Self::default().patched(resource)
    }

    /// These settings after a JSON merge patch: `null` removes.
    pub(super) fn patched(&self, patch: &Value) -> Result<Self, ApiError> {
        let mut whole =
            serde_json::to_value(self).map_err(|e| ApiError::internal(e.to_string()))?;
        let fields = patch
            .as_object()
            .ok_or_else(|| ApiError::invalid("An object's metadata is a JSON object"))?;
        for (key, value) in fields {
            let known = IGNORED.contains(&key.as_str()) || key == "timeStorageClassUpdated";
            if !known && !SETTABLE.contains(&key.as_str()) {
                return Err(
                    ApiError::invalid(format!("Unknown field {key:?} in an object"))
                        .with_reason("parseError"),
                );
            }
            if !known && let Value::Object(whole) = &mut whole {
                patch_field(whole, key, value);
            }
        }
        json::decode_value(whole)
    }
}

impl Settings {
    /// What a copy takes over: holds and retention stay with the original.
    pub(super) fn without_protection(&self) -> Self {
        Self {
            temporary_hold: None,
            event_based_hold: None,
            retention: None,
            ..self.clone()
        }
    }
}

fn patch_field(whole: &mut Map<String, Value>, key: &str, value: &Value) {
    match (key, value) {
        (_, Value::Null) => drop(whole.remove(key)),
        ("metadata", Value::Object(entries)) => {
            let metadata = whole
                .entry("metadata")
                .or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(metadata) = metadata {
                for (name, value) in entries {
                    patch_field(metadata, name, value);
                }
            }
        }
        (_, value) => drop(whole.insert(key.to_owned(), value.clone())),
    }
}

pub(super) fn key(bucket: &str, name: &str) -> String {
    format!("{bucket}\0{name}")
}

pub(super) fn past_key(object: &Object) -> String {
    format!(
        "{}\0{}\0{:020}",
        object.bucket, object.name, object.generation
    )
}

/// The live object of that name, or that generation of it, live or noncurrent.
pub(super) fn find(
    view: &View,
    bucket: &str,
    name: &str,
    generation: Option<u64>,
) -> Result<Arc<Object>, ApiError> {
    super::bucket::find(view, bucket)?;
    let missing = || error::no_object(bucket, name);
    let live = view.get::<Object>(&key(bucket, name));
    let Some(generation) = generation else {
        return live.ok_or_else(missing);
    };
    if let Some(live) = live.filter(|live| live.generation == generation) {
        return Ok(live);
    }
    let past = find_past(view, bucket, name, generation).filter(|past| past.gone_after.is_none());
    past.map(|past| Arc::new(past.object.clone()))
        .ok_or_else(missing)
}

pub(super) fn find_past(
    view: &View,
    bucket: &str,
    name: &str,
    generation: u64,
) -> Option<Arc<Past>> {
    view.get::<Past>(&format!("{bucket}\0{name}\0{generation:020}"))
}

/// The etag of a state: base64 of a protocol buffer with both numbers, which is what Google's are.
pub(super) fn etag(generation: u64, metageneration: u64) -> String {
    let mut bytes = vec![];
    for (tag, mut number) in [(0x08, generation), (0x10, metageneration)] {
        if number == 0 {
            continue;
        }
        bytes.push(tag);
        while number >= 0x80 {
            bytes.push(u8::try_from(number & 0x7f).unwrap_or(0) | 0x80);
            number >>= 7;
        }
        bytes.push(u8::try_from(number).unwrap_or(0));
    }
    STANDARD.encode(bytes)
}

/// As `storage#object`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    kind: &'static str,
    id: String,
    self_link: String,
    media_link: String,
    name: &'a str,
    bucket: &'a str,
    #[serde(with = "int64")]
    generation: u64,
    #[serde(with = "int64")]
    metageneration: u64,
    #[serde(with = "int64")]
    size: u64,
    crc32c: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    md5_hash: Option<String>,
    etag: String,
    time_created: String,
    updated: String,
    time_storage_class_updated: String,
    time_finalized: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    component_count: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retention_expiration_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_deleted: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    soft_delete_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hard_delete_time: Option<String>,
    #[serde(flatten)]
    settings: &'a Settings,
}

impl Object {
    pub(super) fn etag(&self) -> String {
        etag(self.generation, self.metageneration)
    }

    pub(super) fn json(&self, view: &View, url: &str) -> Result<Value, ApiError> {
        self.shown(view, url, None)
    }

    fn shown(&self, view: &View, url: &str, past: Option<&Past>) -> Result<Value, ApiError> {
        let escaped = utf8_percent_encode(&self.name, NON_ALPHANUMERIC);
        let path = format!("storage/v1/b/{}/o/{escaped}", self.bucket);
        let bucket = view.get::<super::bucket::Bucket>(&self.bucket);
        let retained = bucket.and_then(|bucket| protection::retained_until(&bucket, self));
        let soft = past.and_then(|past| past.gone_after.map(|end| (past.deleted, end)));
        let noncurrent = past.filter(|past| past.gone_after.is_none());
        let shown = Shown {
            kind: "storage#object",
            id: format!("{}/{}/{}", self.bucket, self.name, self.generation),
            self_link: format!("{url}/{path}"),
            media_link: format!(
                "{url}/download/{path}?generation={}&alt=media",
                self.generation
            ),
            name: &self.name,
            bucket: &self.bucket,
            generation: self.generation,
            metageneration: self.metageneration,
            size: self.blob.size,
            crc32c: crc32c_text(self.blob.crc32c),
            md5_hash: self.blob.md5.map(|md5| STANDARD.encode(md5)),
            etag: self.etag(),
            time_created: rfc3339(self.created),
            updated: rfc3339(self.updated),
            time_storage_class_updated: rfc3339(self.created),
            time_finalized: rfc3339(self.created),
            component_count: self.component_count,
            retention_expiration_time: retained.map(rfc3339),
            time_deleted: noncurrent.map(|past| rfc3339(past.deleted)),
            soft_delete_time: soft.map(|(begin, _)| rfc3339(begin)),
            hard_delete_time: soft.map(|(_, end)| rfc3339(end)),
            settings: &self.settings,
        };
        serde_json::to_value(shown).map_err(|e| ApiError::internal(e.to_string()))
    }
}

impl Past {
    pub(super) fn json(&self, view: &View, url: &str) -> Result<Value, ApiError> {
        self.object.shown(view, url, Some(self))
    }
}

/// Refuses names that Cloud Storage refuses.
pub(super) fn check_name(name: &str) -> Result<(), ApiError> {
    let problem = match name {
        "" => "Required parameter: name".to_owned(),
        "." | ".." => format!("Disallowed object name: {name:?}"),
        name if name.len() > 1024 => {
            format!("The name is {} bytes long; 1024 are possible", name.len())
        }
        name if name.contains(['\r', '\n']) => "The name must not hold line breaks".to_owned(),
        name if name.contains('\0') => "The name must not hold NUL characters".to_owned(),
        _ => return Ok(()),
    };
    Err(ApiError::invalid(problem).with_reason(if name.is_empty() {
        "required"
    } else {
        "invalid"
    }))
}
