//! The refusals of Cloud Storage's JSON API, which carry a reason and no canonical status.

use crate::http::{ApiError, Code, Reply, error};

pub(super) fn render(error: &ApiError) -> Reply {
    if error.http == 304 {
        return Reply::bare(error.http_status());
    }
    error::with_reason(error)
}

pub(super) fn no_bucket() -> ApiError {
    ApiError::not_found("The specified bucket does not exist.").with_reason("notFound")
}

pub(super) fn no_object(bucket: &str, name: &str) -> ApiError {
    ApiError::not_found(format!("No such object: {bucket}/{name}")).with_reason("notFound")
}

pub(super) fn condition_not_met() -> ApiError {
    let message = "At least one of the pre-conditions you specified did not hold.";
    ApiError {
        http: 412,
        ..ApiError::new(Code::FailedPrecondition, message)
    }
    .with_reason("conditionNotMet")
}

/// A read whose precondition says that the caller has the newest already.
pub(super) fn not_modified() -> ApiError {
    ApiError {
        http: 304,
        ..ApiError::new(Code::FailedPrecondition, "Not Modified")
    }
    .with_reason("notModified")
}

pub(super) fn conflict(message: impl Into<String>) -> ApiError {
    ApiError {
        http: 409,
        ..ApiError::new(Code::AlreadyExists, message)
    }
    .with_reason("conflict")
}

pub(super) fn forbidden(reason: &'static str, message: impl Into<String>) -> ApiError {
    ApiError::new(Code::PermissionDenied, message).with_reason(reason)
}
