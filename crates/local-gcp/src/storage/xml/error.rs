//! The refusals of the XML API.

use crate::http::{ApiError, Reply};
use axum::http::StatusCode;
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Body<'a> {
    code: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<&'a str>,
}

pub(super) fn render(error: &ApiError) -> Reply {
    let status = error.http_status();
    if status == StatusCode::NOT_MODIFIED {
        return Reply::bare(status);
    }
    let (code, message) = worded(error);
    let details = (message != error.message).then_some(error.message.as_str());
    match super::reply(
        "Error",
        &Body {
            code,
            message,
            details,
        },
    ) {
        Ok(reply) => reply.with_status(status),
        Err(_) => Reply::bare(status),
    }
}

/// Code and general message; what is particular goes into the details.
fn worded(error: &ApiError) -> (&'static str, &str) {
    match (error.reason, error.http) {
        (Some("badDigest"), _) => (
            "BadDigest",
            "The MD5 or CRC32C that you specified did not match what was received.",
        ),
        (Some("noSuchUpload"), _) => ("NoSuchUpload", "The requested upload was not found."),
        (Some("invalidPart"), _) => (
            "InvalidPart",
            "One or more of the parts could not be found.",
        ),
        (Some("invalidPartOrder"), _) => (
            "InvalidPartOrder",
            "The list of parts was not in ascending order.",
        ),
        (Some("entityTooSmall"), _) => (
            "EntityTooSmall",
            "Your proposed upload is smaller than the minimum object size.",
        ),
        (Some("malformedXML"), _) => ("MalformedXML", "The XML you provided was not well-formed."),
        (Some("objectUnderActiveHold"), _) => ("ObjectUnderActiveHold", &error.message),
        (Some("retentionPolicyNotMet"), _) => ("RetentionPolicyNotMet", &error.message),
        (_, 403) => ("AccessDenied", "Access denied."),
        (_, 404) if error.message.starts_with("No such object") => {
            ("NoSuchKey", "The specified key does not exist.")
        }
        (_, 404) => ("NoSuchBucket", &error.message),
        (_, 409) => ("OperationAborted", &error.message),
        (_, 412) => ("PreconditionFailed", &error.message),
        (_, 416) => ("InvalidRange", "The requested range cannot be satisfied."),
        (_, 429) => ("TooManyRequests", &error.message),
        (_, 501) => ("NotImplemented", &error.message),
        (_, 503) => ("ServiceUnavailable", &error.message),
        (_, 500..) => ("InternalError", &error.message),
        _ => ("InvalidArgument", &error.message),
    }
}
