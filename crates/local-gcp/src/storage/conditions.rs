//! The conditions of HTTP itself (RFC 9110, section 13): by entity tag and by time.

use super::{error, object::Object};
use crate::http::{ApiError, Call};
use jiff::{Timestamp, fmt::rfc2822};

/// Which state of an object a read wants to see, or has already.
#[derive(Debug, Default)]
#[expect(
    clippy::struct_field_names,
    reason = "the fields have the names of the headers"
)]
pub(super) struct Conditions<'a> {
    if_match: Option<&'a str>,
    if_none_match: Option<&'a str>,
    if_modified_since: Option<Timestamp>,
    if_unmodified_since: Option<Timestamp>,
}

impl<'a> Conditions<'a> {
    pub(super) fn of(call: &'a Call) -> Result<Self, ApiError> {
        let time = |name: &str| {
            let parse = |text: &str| {
                let parsed = rfc2822::DateTimeParser::new().parse_timestamp(text);
                parsed.map_err(|_| {
                    ApiError::invalid(format!("The header {name} must be a date, but is {text:?}"))
                })
            };
            call.header(name).map(parse).transpose()
        };
        Ok(Self {
            if_match: call.header("if-match"),
            if_none_match: call.header("if-none-match"),
            if_modified_since: time("if-modified-since")?,
            if_unmodified_since: time("if-unmodified-since")?,
        })
    }

    /// Refuses with 412 what is not as wanted, and with 304 what the caller has already. Tags go before times.
    pub(super) fn check(&self, object: &Object, etag: &str) -> Result<(), ApiError> {
        // HTTP dates have whole seconds.
        let second = object.updated.as_second();
        let wanted = match (self.if_match, self.if_unmodified_since) {
            (Some(tags), _) => names(tags, etag),
            (None, Some(time)) => second <= time.as_second(),
            (None, None) => true,
        };
        if !wanted {
            return Err(error::condition_not_met());
        }
        let known = match (self.if_none_match, self.if_modified_since) {
            (Some(tags), _) => names(tags, etag),
            (None, Some(time)) => second <= time.as_second(),
            (None, None) => false,
        };
        if known {
            Err(error::not_modified())
        } else {
            Ok(())
        }
    }
}

/// Whether a list of tags names this one. Cloud Storage's clients leave the quotes away at times.
fn names(tags: &str, etag: &str) -> bool {
    tags.trim() == "*"
        || tags
            .split(',')
            .any(|tag| tag.trim().trim_matches('"') == etag.trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_compared_with_and_without_quotes() {
        assert!(names("\"a\", \"b\"", "\"b\""));
        assert!(names("b", "\"b\""));
        assert!(names("*", "\"b\""));
        assert!(!names("\"a\"", "\"b\""));
    }
}
