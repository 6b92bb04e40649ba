//! Names of topics and subscriptions.

use crate::http::ApiError;

/// What a subscription's `topic` says once its topic was deleted.
pub(crate) const DELETED_TOPIC: &str = "_deleted-topic_";

/// Checks `projects/{project}/{kind}/{id}`.
pub(super) fn check(name: &str, kind: &str) -> Result<(), ApiError> {
    let mut parts = name.split('/');
    let good = parts.next() == Some("projects")
        && parts.next().is_some_and(|project| !project.is_empty())
        && parts.next() == Some(kind)
        && parts.next().is_some_and(is_id)
        && parts.next().is_none();
    if good {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "Invalid [{kind}] name: (name={name}). It has the form projects/PROJECT/{kind}/ID, and ID must start with a \
         letter, hold 3 to 255 letters, digits, dashes, periods, underscores, tildes, plus or percent signs, and not \
         start with goog"
    )))
}

fn is_id(id: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || "-_.~+%".contains(c);
    (3..=255).contains(&id.len())
        && id.starts_with(|c: char| c.is_ascii_alphabetic())
        && id.chars().all(legal)
        && !id.starts_with("goog")
}

/// The last part of a name.
pub(super) fn id(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// The project of a name.
pub(super) fn project(name: &str) -> &str {
    name.split('/').nth(1).unwrap_or_default()
}

pub(super) fn missing(name: &str) -> ApiError {
    ApiError::not_found(format!("Resource not found (resource={}).", id(name)))
}

pub(super) fn taken(name: &str) -> ApiError {
    ApiError::already_exists(format!(
        "Resource already exists in the project (resource={}).",
        id(name)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_follow_googles_rules() {
        for good in ["abc", "a-b.c_d~e+f%g", &"x".repeat(255)] {
            assert!(
                check(&format!("projects/p/topics/{good}"), "topics").is_ok(),
                "{good}"
            );
        }
        for bad in ["ab", "1bc", "google", "a/b", "a b", "", &"x".repeat(256)] {
            assert!(
                check(&format!("projects/p/topics/{bad}"), "topics").is_err(),
                "{bad}"
            );
        }
    }
}
