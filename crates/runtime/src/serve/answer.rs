//! From outcomes to answers.

use crate::{Outcome, auth::Rejection};
use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
};
use serde_json::json;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// `{"error": {"code", "message"}}`.
pub(super) fn error(status: StatusCode, code: &str, message: &str) -> Response {
    let body = json!({ "error": { "code": code, "message": message } });
    with_json(status, body.to_string())
}

pub(super) fn with_json(status: StatusCode, body: String) -> Response {
    (status, [(CONTENT_TYPE, JSON)], Body::from(body)).into_response()
}

pub(super) fn to(outcome: &Outcome) -> Response {
    let status = outcome.status();
    let mut answer = match (outcome, outcome.problem()) {
        (_, Some(problem)) => error(status, problem.code, &problem.message),
        (Outcome::Answer(value), None) => with_json(status, value.to_string()),
        (_, None) => status.into_response(),
    };
    if let Outcome::Later {
        after: Some(after), ..
    } = outcome
    {
        // Whole seconds, and not too early.
        let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
        answer.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    answer
}

pub(super) fn to_rejected(rejection: &Rejection) -> Response {
    let status = rejection.status();
    let mut answer = error(status, rejection.code(), &rejection.to_string());
    if status == StatusCode::UNAUTHORIZED {
        let scheme = HeaderValue::from_static("Bearer");
        answer.headers_mut().insert(WWW_AUTHENTICATE, scheme);
    }
    answer
}
