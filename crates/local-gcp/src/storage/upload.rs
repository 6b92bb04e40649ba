//! Uploads of the JSON API: media alone, media with metadata, and the start of a resumable one.

use super::{
    bucket,
    checksum::Expected,
    multipart_related::{self, Part},
    object::{Settings, check_name},
    precondition::Preconditions,
    resumable,
    write::{NewObject, receive, store},
};
use crate::http::{Answer, ApiError, Call, Reply};
use axum::body::to_bytes;
use serde_json::{Value, json};

/// Multipart uploads stand in memory; clients use them for a few megabytes.
const LARGEST_MULTIPART: usize = 1 << 30;

pub(super) async fn insert(call: Call) -> Answer {
    match call.query.get("uploadType") {
        Some("media") => media(call).await,
        Some("multipart") => multipart(call).await,
        Some("resumable") => resumable::start(call).await,
        other => Err(ApiError::invalid(format!(
            "uploadType must be media, multipart or resumable, but is {}",
            other.unwrap_or("absent")
        ))),
    }
}

async fn media(call: Call) -> Answer {
    let name = call.query.get("name").unwrap_or_default().to_owned();
    check(&call, &name)?;
    let blob = receive(&call.app, call.take_stream(), 0).await?;
    let settings = Settings {
        content_type: Some(content_type(call.header("content-type"))),
        content_encoding: call.query.get("contentEncoding").map(str::to_owned),
        ..Settings::default()
    };
    let expected = Expected::of_headers(&call)?;
    finish(
        &call,
        NewObject {
            bucket: call.param("bucket")?.to_owned(),
            name,
            settings,
            blob,
            component_count: None,
            expected,
            preconditions: Preconditions::of_query(&call)?,
        },
    )
}

async fn multipart(call: Call) -> Answer {
    let body = to_bytes(call.take_stream(), LARGEST_MULTIPART).await;
    let body = body.map_err(|e| ApiError::invalid(format!("cannot read the request body: {e}")))?;
    let parts = multipart_related::parse(call.header("content-type").unwrap_or_default(), &body)?;
    let [metadata, media, trailing @ ..] = &parts[..] else {
        return Err(ApiError::invalid(format!(
            "A multipart upload has two parts at least, this one has {}",
            parts.len()
        )));
    };
    let resource = resource(metadata.body)?;
    let name = name(&call, &resource)?;
    check(&call, &name)?;
    let mut settings = Settings::of(&resource)?;
    settings
        .content_type
        .get_or_insert_with(|| content_type(media.content_type));
    let mut expected = Expected::of_resource(&resource)?.or(Expected::of_headers(&call)?);
    for Part { body, .. } in trailing {
        expected = expected.or(Expected::of_resource(&self::resource(body)?)?);
    }
    let blob = call.app.blobs.put(media.body).await?;
    let reply = finish(
        &call,
        NewObject {
            bucket: call.param("bucket")?.to_owned(),
            name,
            settings,
            blob,
            component_count: None,
            expected,
            preconditions: Preconditions::of_query(&call)?,
        },
    )?;
    Ok(reply.noting(resource, Value::Null))
}

/// Refuses what can be refused before the bytes are read.
fn check(call: &Call, name: &str) -> Result<(), ApiError> {
    bucket::find(&call.app.store.view(), call.param("bucket")?)?;
    check_name(name)
}

fn finish(call: &Call, new: NewObject) -> Answer {
    let object = store(call, new)?;
    Reply::json(&object.json(&call.app.store.view(), &call.app.url)?)
}

pub(super) fn resource(body: &[u8]) -> Result<Value, ApiError> {
    if body.is_empty() {
        return Ok(json!({}));
    }
    crate::google::json::decode(body)
}

/// The object's name: the query's, else the resource's.
pub(super) fn name(call: &Call, resource: &Value) -> Result<String, ApiError> {
    let name = call
        .query
        .get("name")
        .or_else(|| resource.get("name")?.as_str());
    name.map(str::to_owned)
        .ok_or_else(|| ApiError::invalid("Required parameter: name").with_reason("required"))
}

pub(super) fn content_type(header: Option<&str>) -> String {
    header.unwrap_or("application/octet-stream").to_owned()
}
