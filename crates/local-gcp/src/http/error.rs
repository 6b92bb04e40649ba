//! What a Google API answers when it refuses: canonical codes and the JSON error body.

use super::Reply;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Canonical error codes of `google.rpc.Code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(
    missing_docs,
    reason = "the names are Google's and documented at google/rpc/code.proto"
)]
pub enum Code {
    Cancelled,
    Unknown,
    InvalidArgument,
    DeadlineExceeded,
    NotFound,
    AlreadyExists,
    PermissionDenied,
    ResourceExhausted,
    FailedPrecondition,
    Aborted,
    OutOfRange,
    Unimplemented,
    Internal,
    Unavailable,
    DataLoss,
    Unauthenticated,
}

impl Code {
    /// The HTTP status that `google/rpc/code.proto` maps this code to.
    pub fn http(self) -> u16 {
        match self {
            Self::InvalidArgument | Self::FailedPrecondition | Self::OutOfRange => 400,
            Self::Unauthenticated => 401,
            Self::PermissionDenied => 403,
            Self::NotFound => 404,
            Self::AlreadyExists | Self::Aborted => 409,
            Self::ResourceExhausted => 429,
            Self::Cancelled => 499,
            Self::Unknown | Self::Internal | Self::DataLoss => 500,
            Self::Unimplemented => 501,
            Self::Unavailable => 503,
            Self::DeadlineExceeded => 504,
        }
    }

    /// The code's number, as gRPC and `google.rpc.Status` carry it.
    pub fn number(self) -> i32 {
        match self {
            Self::Cancelled => 1,
            Self::Unknown => 2,
            Self::InvalidArgument => 3,
            Self::DeadlineExceeded => 4,
            Self::NotFound => 5,
            Self::AlreadyExists => 6,
            Self::PermissionDenied => 7,
            Self::ResourceExhausted => 8,
            Self::FailedPrecondition => 9,
            Self::Aborted => 10,
            Self::OutOfRange => 11,
            Self::Unimplemented => 12,
            Self::Internal => 13,
            Self::Unavailable => 14,
            Self::DataLoss => 15,
            Self::Unauthenticated => 16,
        }
    }

    /// The canonical code that Google sends with an HTTP status.
    pub fn from_http(status: u16) -> Self {
        match status {
            401 => Self::Unauthenticated,
            403 => Self::PermissionDenied,
            404 => Self::NotFound,
            409 => Self::Aborted,
            412 => Self::FailedPrecondition,
            429 => Self::ResourceExhausted,
            499 => Self::Cancelled,
            501 => Self::Unimplemented,
            502 | 503 => Self::Unavailable,
            504 => Self::DeadlineExceeded,
            400..=499 => Self::InvalidArgument,
            _ => Self::Internal,
        }
    }
}

/// A refusal, before it is rendered in the manner of the API that was called.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// The canonical code.
    pub code: Code,
    /// The HTTP status where it is not the code's own (storage answers 412, for instance).
    pub http: u16,
    /// What went wrong, in one sentence.
    pub message: String,
    /// The short machine-readable reason that storage and SQL send beside the message.
    pub reason: Option<&'static str>,
    /// `google.rpc.*` details, each with its `@type`.
    pub details: Vec<Value>,
    /// Seconds for a `Retry-After` header.
    pub retry_after: Option<u64>,
}

impl ApiError {
    /// A refusal with the HTTP status that belongs to `code`.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        let http = code.http();
        Self {
            code,
            http,
            message: message.into(),
            reason: None,
            details: vec![],
            retry_after: None,
        }
    }

    /// A refusal of which the HTTP status is given and the code follows.
    pub fn status(http: u16, message: impl Into<String>) -> Self {
        Self {
            http,
            ..Self::new(Code::from_http(http), message)
        }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidArgument, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(Code::NotFound, message)
    }

    pub(crate) fn already_exists(message: impl Into<String>) -> Self {
        Self::new(Code::AlreadyExists, message)
    }

    pub(crate) fn precondition(message: impl Into<String>) -> Self {
        Self::new(Code::FailedPrecondition, message)
    }

    /// The etag sent with a change is not that of the resource: Google answers `ABORTED`.
    pub(crate) fn aborted(message: impl Into<String>) -> Self {
        Self::new(Code::Aborted, message)
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(Code::Internal, message)
    }

    pub(crate) fn with_reason(mut self, reason: &'static str) -> Self {
        self.reason = Some(reason);
        self
    }

    /// Adds a `google.rpc.ErrorInfo`, the machine-readable reason of the newer APIs.
    pub(crate) fn with_info(mut self, reason: &str, domain: &str) -> Self {
        self.details.push(json!({
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": reason,
            "domain": domain,
        }));
        self
    }

    /// The `google.rpc.Status` of this error, as operations carry it.
    pub(crate) fn rpc_status(&self) -> Value {
        json!({ "code": self.code.number(), "message": self.message, "details": self.details })
    }

    pub(crate) fn http_status(&self) -> StatusCode {
        StatusCode::from_u16(self.http).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// How an API words its refusals.
pub(crate) type RenderError = fn(&ApiError) -> Reply;

/// The error body of nearly all Google APIs.
pub(crate) fn google(error: &ApiError) -> Reply {
    let mut body = json!({
        "code": error.http,
        "message": error.message,
        "status": error.code,
    });
    if !error.details.is_empty() {
        body["details"] = Value::Array(error.details.clone());
    }
    Reply::json_with(error.http_status(), json!({ "error": body }))
}

/// The error body of the older APIs (storage, SQL), which has a reason and no canonical status.
pub(crate) fn with_reason(error: &ApiError) -> Reply {
    let reason = error.reason.unwrap_or(match error.http {
        400 => "invalid",
        401 => "authError",
        403 => "forbidden",
        404 => "notFound",
        409 => "conflict",
        412 => "conditionNotMet",
        416 => "requestedRangeNotSatisfiable",
        429 => "rateLimitExceeded",
        _ => "backendError",
    });
    let item = json!({ "domain": "global", "reason": reason, "message": error.message });
    let body = json!({ "code": error.http, "message": error.message, "errors": [item] });
    Reply::json_with(error.http_status(), json!({ "error": body }))
}
