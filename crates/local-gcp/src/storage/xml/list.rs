//! Lists of the XML API, in both versions (`list-type=2` and the older one with markers).

use super::{
    super::{
        bucket,
        listing::{self, Entry, Request},
    },
    etag,
};
use crate::{
    google::json::rfc3339,
    http::{Answer, Call, Reply},
};
use axum::http::StatusCode;
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ListBucketResult<'a> {
    #[serde(rename = "@xmlns")]
    xmlns: &'static str,
    name: &'a str,
    prefix: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_count: Option<usize>,
    max_keys: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    delimiter: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_after: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    continuation_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_continuation_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<&'a str>,
    is_truncated: bool,
    contents: Vec<Contents<'a>>,
    common_prefixes: Vec<CommonPrefix<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Contents<'a> {
    key: &'a str,
    generation: u64,
    meta_generation: u64,
    last_modified: String,
    #[serde(rename = "ETag")]
    etag: String,
    size: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct CommonPrefix<'a> {
    prefix: &'a str,
}

pub(super) async fn head(call: Call) -> Answer {
    bucket::find(&call.view(), call.param("bucket")?)?;
    Ok(Reply::bare(StatusCode::OK))
}

pub(super) async fn list(call: Call) -> Answer {
    let given = |name: &str| call.query.get(name).filter(|value| !value.is_empty());
    let second = call.query.get("list-type") == Some("2");
    let after = given(if second { "start-after" } else { "marker" });
    // No name holds a NUL, so this is the first name after that one.
    let start = after.map(|after| format!("{after}\0")).unwrap_or_default();
    let request = Request {
        bucket: call.param("bucket")?,
        prefix: given("prefix").unwrap_or_default(),
        delimiter: given("delimiter").unwrap_or_default(),
        start: &start,
        most: listing::page_size(&call, "max-keys")?,
        token: given("continuation-token"),
        ..Request::default()
    };
    let view = call.view();
    bucket::find(&view, request.bucket)?;
    let found = listing::list(&view, &request)?;
    super::reply(
        "ListBucketResult",
        &ListBucketResult {
            xmlns: "http://doc.s3.amazonaws.com/2006-03-01",
            name: request.bucket,
            prefix: request.prefix,
            key_count: second.then_some(found.entries.len() + found.prefixes.len()),
            max_keys: request.most,
            delimiter: given("delimiter"),
            start_after: after.filter(|_| second),
            continuation_token: request.token,
            next_continuation_token: found.next.as_deref().filter(|_| second),
            marker: after.filter(|_| !second),
            next_marker: last(&found).filter(|_| found.next.is_some() && !second),
            is_truncated: found.next.is_some(),
            contents: found.entries.iter().map(contents).collect(),
            common_prefixes: found
                .prefixes
                .iter()
                .map(|prefix| CommonPrefix { prefix })
                .collect(),
        },
    )
}

/// The last name of a page, be it an object's or a prefix.
fn last(found: &listing::Listing) -> Option<&str> {
    let object = found.entries.last();
    let object = object.map(|entry| entry.object().name.as_str());
    object.max(found.prefixes.last().map(String::as_str))
}

fn contents(entry: &Entry) -> Contents<'_> {
    let object = entry.object();
    Contents {
        key: &object.name,
        generation: object.generation,
        meta_generation: object.metageneration,
        last_modified: rfc3339(object.updated),
        etag: etag(object),
        size: object.blob.size,
    }
}
