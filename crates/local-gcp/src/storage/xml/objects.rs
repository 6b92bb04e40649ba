//! Single objects of the XML API.

use super::{
    super::{
        bucket,
        checksum::Expected,
        copy::{self, Source},
        download::{goog, hashes},
        object::{Object, Settings, check_name},
        objects::{media, remove},
        precondition::Preconditions,
        write::{NewObject, receive, store},
    },
    etag,
};
use crate::{
    google::json::rfc3339,
    http::{Answer, ApiError, Call, Reply},
};
use axum::http::{Method, StatusCode, header::ETAG};
use percent_encoding::percent_decode_str;
use serde::Serialize;

pub(super) async fn get(call: Call) -> Answer {
    media(&call, &Method::GET, etag).await
}

pub(super) async fn head(call: Call) -> Answer {
    media(&call, &Method::HEAD, etag).await
}

pub(super) async fn delete(call: Call) -> Answer {
    remove(&call, &Preconditions::of_headers(&call)?)
}

pub(super) async fn put(call: Call) -> Answer {
    if let Some(source) = call.header("x-goog-copy-source").map(str::to_owned) {
        return copy(&call, &source).await;
    }
    let (bucket, name) = (
        call.param("bucket")?.to_owned(),
        call.param("object")?.to_owned(),
    );
    bucket::find(&call.app.store.view(), &bucket)?;
    check_name(&name)?;
    let (expected, preconditions) = (
        Expected::of_headers(&call)?,
        Preconditions::of_headers(&call)?,
    );
    let settings = settings(&call);
    let blob = receive(&call.app, call.take_stream(), 0).await?;
    let object = store(
        &call,
        NewObject {
            bucket,
            name,
            settings,
            blob,
            component_count: None,
            expected,
            preconditions,
        },
    )?;
    Ok(written(Reply::bare(StatusCode::OK), &object))
}

/// The headers of an answer to a write.
pub(super) fn written(reply: Reply, object: &Object) -> Reply {
    hashes(reply, &object.blob)
        .header(ETAG, etag(object))
        .header(goog("x-goog-generation"), object.generation.to_string())
        .header(
            goog("x-goog-metageneration"),
            object.metageneration.to_string(),
        )
        .header(
            goog("x-goog-stored-content-length"),
            object.blob.size.to_string(),
        )
}

/// An object's metadata as headers carry it.
pub(super) fn settings(call: &Call) -> Settings {
    let text = |name: &str| call.header(name).map(str::to_owned);
    let metadata = call.headers.iter().filter_map(|(name, value)| {
        let key = name.as_str().strip_prefix("x-goog-meta-")?;
        Some((key.to_owned(), value.to_str().ok()?.to_owned()))
    });
    Settings {
        content_type: text("content-type"),
        content_encoding: text("content-encoding"),
        content_language: text("content-language"),
        content_disposition: text("content-disposition"),
        cache_control: text("cache-control"),
        storage_class: text("x-goog-storage-class"),
        metadata: metadata.collect(),
        ..Settings::default()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct CopyObjectResult {
    last_modified: String,
    #[serde(rename = "ETag")]
    etag: String,
}

/// `source` is `BUCKET/NAME`, with or without a slash in front, percent-encoded.
async fn copy(call: &Call, source: &str) -> Answer {
    let bad = || {
        ApiError::invalid(format!(
            "x-goog-copy-source must be BUCKET/OBJECT, but is {source:?}"
        ))
    };
    let decoded = |text: &str| {
        percent_decode_str(text)
            .decode_utf8()
            .map(std::borrow::Cow::into_owned)
            .map_err(|_| bad())
    };
    let (from, name) = source
        .trim_start_matches('/')
        .split_once('/')
        .ok_or_else(bad)?;
    let (from, name) = (decoded(from)?, decoded(name)?);
    let number = |name: &str| Preconditions::header(call, name);
    let source = Source {
        bucket: &from,
        name: &name,
        generation: number("x-goog-copy-source-generation")?,
        preconditions: Preconditions {
            generation_match: number("x-goog-copy-source-if-generation-match")?,
            metageneration_match: number("x-goog-copy-source-if-metageneration-match")?,
            ..Preconditions::default()
        },
    };
    let replaces = call
        .header("x-goog-metadata-directive")
        .is_some_and(|directive| directive == "REPLACE");
    let settings = replaces.then(|| settings(call));
    let target = (call.param("bucket")?, call.param("object")?);
    let object = copy::duplicate(
        call,
        &source,
        target,
        settings,
        Preconditions::of_headers(call)?,
    )
    .await?;
    let result = CopyObjectResult {
        last_modified: rfc3339(object.updated),
        etag: etag(&object),
    };
    Ok(written(super::reply("CopyObjectResult", &result)?, &object))
}
