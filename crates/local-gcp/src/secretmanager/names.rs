//! Names of secrets and versions.
//!
//! Callers may write a project's id or its number; answers, events and the tables here have the number, as Google's do.

use crate::{app::App, http::ApiError};

/// What a path or a body calls a resource, with the project's number in place of its id.
pub(super) fn numbered(app: &App, name: &str) -> String {
    let Some((project, rest)) = name
        .strip_prefix("projects/")
        .map(|rest| rest.split_once('/').unwrap_or((rest, "")))
    else {
        return name.to_owned();
    };
    let number = app.identity.project_number(project);
    if rest.is_empty() {
        format!("projects/{number}")
    } else {
        format!("projects/{number}/{rest}")
    }
}

/// Whether a secret of that name (or of that parent) lives in one region.
pub(super) fn is_regional(name: &str) -> bool {
    name.split('/').nth(2) == Some("locations")
}

/// Checks the id of a new secret.
pub(super) fn check_id(id: &str) -> Result<(), ApiError> {
    let legal = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if (1..=255).contains(&id.len()) && id.bytes().all(legal) {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "The provided Secret ID [{id}] does not match the expected format [[a-zA-Z_0-9]+]: 1 to 255 letters, digits, \
         dashes and underscores"
    )))
}

/// Checks a seeded name: `projects/PROJECT/secrets/ID`, or with a location.
pub(super) fn check(name: &str) -> Result<(), ApiError> {
    match name.split('/').collect::<Vec<_>>()[..] {
        ["projects", project, "secrets", id] if !project.is_empty() => check_id(id),
        ["projects", project, "locations", place, "secrets", id]
            if !project.is_empty() && !place.is_empty() =>
        {
            check_id(id)
        }
        _ => Err(ApiError::invalid(format!(
            "{name:?} is not the name of a secret; write projects/PROJECT/secrets/ID or \
             projects/PROJECT/locations/REGION/secrets/ID"
        ))),
    }
}

/// The secret of a version, and what stands for the version: a number, an alias or `latest`.
pub(super) fn split_version(name: &str) -> Result<(&str, &str), ApiError> {
    name.rsplit_once("/versions/")
        .ok_or_else(|| ApiError::invalid(format!("{name:?} is not the name of a version")))
}

pub(super) fn version(secret: &str, number: u64) -> String {
    format!("{secret}/versions/{number}")
}

pub(super) fn no_secret(name: &str) -> ApiError {
    ApiError::not_found(format!("Secret [{name}] not found."))
}

pub(super) fn no_version(name: &str) -> ApiError {
    ApiError::not_found(format!("Secret Version [{name}] not found."))
}

pub(super) fn etag_mismatch() -> ApiError {
    ApiError::precondition(
        "The etag provided in the request does not match the etag of the current resource.",
    )
}

/// A fresh etag: never one that a resource of this name had before, even when the clock stands still.
pub(super) fn new_etag() -> String {
    format!("\"16{:012x}\"", rand::random::<u64>() >> 16)
}

/// Refuses a condition that does not hold; an absent or empty etag is none.
pub(super) fn check_etag(sent: Option<&str>, current: &str) -> Result<(), ApiError> {
    match sent.filter(|sent| !sent.is_empty()) {
        Some(sent) if sent != current => Err(etag_mismatch()),
        _ => Ok(()),
    }
}
