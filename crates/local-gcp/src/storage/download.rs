//! Content on its way out, whole or a range of it.

use super::{checksum::crc32c_text, object::Object};
use crate::{
    http::{Answer, ApiError, Call, Reply},
    store::blobs::Blob,
};
use axum::http::{
    HeaderName, Method, StatusCode,
    header::{
        ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE,
        CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, LAST_MODIFIED,
    },
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::fmt::rfc2822;
use std::ops::Range;

/// Answers with an object's content. `etag` differs between the two APIs.
pub(super) async fn content(call: &Call, method: &Method, object: &Object, etag: String) -> Answer {
    let size = object.blob.size;
    let (status, range) = match call.header("range") {
        None => (StatusCode::OK, 0..size),
        Some(header) => match requested(header, size) {
            Some(Ok(range)) => (StatusCode::PARTIAL_CONTENT, range),
            Some(Err(())) => return Err(unsatisfiable(header, size)),
            // Ranges in other units, or several at once, are served whole.
            None => (StatusCode::OK, 0..size),
        },
    };
    let length = range.end - range.start;
    let reply = if *method == Method::HEAD {
        Reply::bare(status)
    } else {
        Reply::stream(
            status,
            call.app.blobs.read(&object.blob.id, range.clone()).await?,
        )
    };
    let reply = described(reply, object, etag).header(CONTENT_LENGTH, length.to_string());
    Ok(if status == StatusCode::PARTIAL_CONTENT {
        reply.header(
            CONTENT_RANGE,
            format!("bytes {}-{}/{size}", range.start, range.end - 1),
        )
    } else {
        reply
    })
}

/// The bytes that a `Range` header asks for; `None` when the header is to be ignored.
fn requested(header: &str, size: u64) -> Option<Result<Range<u64>, ()>> {
    let (first, last) = header.strip_prefix("bytes=")?.trim().split_once('-')?;
    let range = match (first, last) {
        ("", suffix) => size.saturating_sub(suffix.parse().ok()?)..size,
        (first, "") => first.parse().ok()?..size,
        (first, last) => first.parse().ok()?..last.parse::<u64>().ok()?.saturating_add(1).min(size),
    };
    Some(if range.is_empty() { Err(()) } else { Ok(range) })
}

fn unsatisfiable(header: &str, size: u64) -> ApiError {
    let message = format!("The requested range cannot be satisfied: {header} of {size} bytes");
    ApiError::status(416, message).with_reason("requestedRangeNotSatisfiable")
}

/// Adds the headers that describe an object.
fn described(reply: Reply, object: &Object, etag: String) -> Reply {
    let settings = &object.settings;
    let mut reply = identified(reply, object, etag);
    for (name, value) in [
        (CACHE_CONTROL, &settings.cache_control),
        (CONTENT_DISPOSITION, &settings.content_disposition),
        (CONTENT_ENCODING, &settings.content_encoding),
        (CONTENT_LANGUAGE, &settings.content_language),
    ] {
        if let Some(value) = value {
            reply = reply.header(name, value);
        }
    }
    if let Some(count) = object.component_count {
        reply = reply.header(goog("x-goog-component-count"), count.to_string());
    }
    for (key, value) in &settings.metadata {
        if let Ok(name) = format!("x-goog-meta-{key}").parse() {
            reply = reply.header(name, value);
        }
    }
    reply
}

/// Adds the headers that every object has.
fn identified(reply: Reply, object: &Object, etag: String) -> Reply {
    let settings = &object.settings;
    let content_type = settings
        .content_type
        .clone()
        .unwrap_or_else(|| "application/octet-stream".to_owned());
    hashes(reply, &object.blob)
        .header(CONTENT_TYPE, content_type)
        .header(ETAG, etag)
        .header(LAST_MODIFIED, http_date(object))
        .header(ACCEPT_RANGES, "bytes")
        .header(goog("x-goog-generation"), object.generation.to_string())
        .header(
            goog("x-goog-metageneration"),
            object.metageneration.to_string(),
        )
        .header(
            goog("x-goog-stored-content-length"),
            object.blob.size.to_string(),
        )
        .header(
            goog("x-goog-stored-content-encoding"),
            settings
                .content_encoding
                .clone()
                .unwrap_or_else(|| "identity".to_owned()),
        )
        .header(
            goog("x-goog-storage-class"),
            settings
                .storage_class
                .clone()
                .unwrap_or_else(|| "STANDARD".to_owned()),
        )
}

/// The checksums of a blob, in one header and without a space: Google's Rust client reads the first header only, and the one
/// for Python overlooks what follows the space that joins two.
pub(super) fn hashes(reply: Reply, blob: &Blob) -> Reply {
    let mut hashes = format!("crc32c={}", crc32c_text(blob.crc32c));
    if let Some(md5) = blob.md5 {
        hashes = format!("{hashes},md5={}", STANDARD.encode(md5));
    }
    reply.header(goog("x-goog-hash"), hashes)
}

pub(super) const fn goog(name: &'static str) -> HeaderName {
    HeaderName::from_static(name)
}

fn http_date(object: &Object) -> String {
    let printer = rfc2822::DateTimePrinter::new();
    // Times before year 0 have no such form, and no object is that old.
    printer
        .timestamp_to_rfc9110_string(&object.updated)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_http_defines_them() {
        assert_eq!(requested("bytes=0-3", 10), Some(Ok(0..4)));
        assert_eq!(requested("bytes=4-", 10), Some(Ok(4..10)));
        assert_eq!(requested("bytes=-3", 10), Some(Ok(7..10)));
        assert_eq!(requested("bytes=-30", 10), Some(Ok(0..10)));
        assert_eq!(requested("bytes=8-99", 10), Some(Ok(8..10)));
        assert_eq!(requested("bytes=10-", 10), Some(Err(())));
        assert_eq!(requested("bytes=0-", 0), Some(Err(())));
        assert_eq!(requested("lines=0-3", 10), None);
        assert_eq!(requested("bytes=0-1,3-4", 10), None);
    }
}
