//! Etags: a fingerprint of what a resource says.

use crate::http::ApiError;
use serde::Serialize;

/// The etag of a resource, with the quotes that Google's etags carry. Leave the etag field itself out of `resource`.
pub(crate) fn of(resource: &impl Serialize) -> String {
    let text = serde_json::to_vec(resource).unwrap_or_default();
    let low = crc32c::crc32c(&text);
    let high = crc32c::crc32c_append(low ^ 0x5bd1_e995, &text);
    format!("\"{high:08x}{low:08x}\"")
}

/// Refuses with `ABORTED` when the caller sent an etag and it is not the current one.
pub(crate) fn check(sent: Option<&str>, current: &str) -> Result<(), ApiError> {
    match sent.filter(|sent| !sent.is_empty()) {
        Some(sent) if sent != current => Err(ApiError::aborted(format!(
            "The etag {sent} does not match the current etag {current}: the resource was changed in between"
        ))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_etag_that_was_sent_and_is_old_is_refused() {
        let current = of(&"resource");
        assert_ne!(current, of(&"other"));
        for sent in [None, Some(""), Some(current.as_str())] {
            assert!(check(sent, &current).is_ok(), "{sent:?}");
        }
        assert!(check(Some("\"0\""), &current).is_err());
    }
}
