//! The XML API: objects by `/BUCKET/NAME`, lists, and uploads in parts.
//!
//! Served is what `object_store` asks for and what belongs to it. Not served: making and changing buckets, ACLs, resumable
//! uploads by `x-goog-resumable`, deletion of many at once, bucket names in the host.

mod error;
mod list;
mod multipart;
mod objects;

pub(super) use multipart::parts;

use super::{bucket::is_name, object::Object};
use crate::http::{Api, ApiError, Reply};
use axum::http::Method;
use serde::Serialize;

pub(super) fn methods(api: Api) -> Api {
    let bucket = "/{bucket}";
    let object = "/{bucket}/{object=**}";
    let api = api
        .errors(error::render)
        .only_where(|params| params.get("bucket").is_some_and(|bucket| is_bucket(bucket)))
        .table::<multipart::Upload>()
        .table::<multipart::Piece>()
        .get("storage.xml.objects.list", bucket, list::list)
        .method(Method::HEAD, "storage.xml.buckets.head", bucket, list::head)
        .get("storage.xml.objects.get", object, objects::get)
        .method(
            Method::HEAD,
            "storage.xml.objects.head",
            object,
            objects::head,
        )
        .put("storage.xml.objects.put", object, objects::put)
        .streams()
        .delete("storage.xml.objects.delete", object, objects::delete);
    api.post("storage.xml.uploads.start", object, multipart::start)
        .when(&["uploads"])
        .put("storage.xml.uploads.putPart", object, multipart::put_part)
        .when(&["uploadId", "partNumber"])
        .streams()
        .get(
            "storage.xml.uploads.listParts",
            object,
            multipart::list_parts,
        )
        .when(&["uploadId"])
        .post("storage.xml.uploads.complete", object, multipart::complete)
        .when(&["uploadId"])
        .delete("storage.xml.uploads.abort", object, multipart::abort)
        .when(&["uploadId"])
}

/// First parts of the paths of other APIs. Buckets of these names can be reached by the JSON API only.
const RESERVED: [&str; 10] = [
    "apis",
    "batch",
    "download",
    "favicon.ico",
    "oauth2",
    "resumable",
    "sql",
    "storage",
    "token",
    "upload",
];

fn is_bucket(name: &str) -> bool {
    is_name(name) && !RESERVED.contains(&name)
}

/// The MD5 in hexadecimal, as other object stores have it; for what has none, something that no MD5 looks like.
fn etag(object: &Object) -> String {
    match object.blob.md5 {
        Some(md5) => hex_etag(md5),
        None => format!("\"-{}\"", object.etag()),
    }
}

fn hex_etag(md5: [u8; 16]) -> String {
    format!("\"{:032x}\"", u128::from_be_bytes(md5))
}

fn reply(root: &str, value: &impl Serialize) -> Result<Reply, ApiError> {
    let xml = quick_xml::se::to_string_with_root(root, value);
    let xml = xml.map_err(|e| ApiError::internal(format!("cannot render the answer: {e}")))?;
    Ok(Reply::text(
        "application/xml; charset=UTF-8",
        format!("<?xml version='1.0' encoding='UTF-8'?>{xml}"),
    ))
}
