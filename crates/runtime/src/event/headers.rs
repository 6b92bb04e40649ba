//! Headers that say something about an event, and those that only say something about its transport.

use super::{EventError, error::quote, json};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// The headers of one request.
#[derive(Clone, Copy)]
pub(super) struct Headers<'a>(pub(super) &'a HeaderMap);

/// Headers that HTTP, proxies and Google's front ends write. They are never an attribute, and some are a credential.
const TRANSPORT: [&str; 24] = [
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "authorization",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "date",
    "expect",
    "forwarded",
    "from",
    "host",
    "keep-alive",
    "te",
    "traceparent",
    "tracestate",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
];

const TRANSPORT_PREFIXES: [&str; 8] = [
    "proxy-",
    "x-appengine-",
    "x-cloud-trace-context",
    "x-forwarded-",
    "x-goog-",
    "x-google-",
    "x-request-id",
    "x-serverless-authorization",
];

impl Headers<'_> {
    pub(super) fn has(self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The value of a header that has one at most.
    pub(super) fn get(self, name: &str) -> Result<Option<String>, EventError> {
        let mut values = self.0.get_all(name).iter();
        let (Some(value), rest) = (values.next(), values.next()) else {
            return Ok(None);
        };
        if rest.is_some() {
            return Err(EventError::Twice { field: field(name) });
        }
        text(name, value).map(Some)
    }

    /// The value of a header that has to be there, and not empty.
    pub(super) fn require(self, name: &str) -> Result<String, EventError> {
        self.get(name)?
            .filter(|value| !value.is_empty())
            .ok_or_else(|| EventError::Missing { field: field(name) })
    }

    pub(super) fn time(self, name: &str) -> Result<Option<Timestamp>, EventError> {
        self.get(name)?
            .map(|text| json::time(&field(name), &text))
            .transpose()
    }

    /// [`media_type`] of the body.
    pub(super) fn media_type(self) -> Result<Option<String>, EventError> {
        let content_type = self.get(header::CONTENT_TYPE.as_str())?;
        Ok(content_type.map(|value| media_type(&value)))
    }

    /// The headers that an unwrapped message's attributes became. One that is there twice has both values, as RFC 9110
    /// (5.3) joins them.
    pub(super) fn attributes(self) -> Result<BTreeMap<String, String>, EventError> {
        let mut attributes = BTreeMap::<String, String>::new();
        for (name, value) in self.0.iter().filter(|(name, _)| !is_transport(name)) {
            let value = text(name.as_str(), value)?;
            attributes
                .entry(name.as_str().to_owned())
                .and_modify(|earlier| {
                    earlier.push_str(", ");
                    earlier.push_str(&value);
                })
                .or_insert(value);
        }
        Ok(attributes)
    }
}

/// A content type without its parameters, in lower case.
pub(super) fn media_type(content_type: &str) -> String {
    let name = content_type.split(';').next().unwrap_or_default();
    name.trim().to_ascii_lowercase()
}

/// Whether a media type says that something is JSON.
pub(super) fn is_json(media_type: &str) -> bool {
    media_type == "application/json" || media_type.ends_with("+json") || media_type == "text/json"
}

fn is_transport(name: &HeaderName) -> bool {
    let name = name.as_str();
    TRANSPORT.contains(&name)
        || TRANSPORT_PREFIXES
            .iter()
            .any(|prefix| name.starts_with(prefix))
}

/// How errors name a header.
pub(super) fn field(name: &str) -> String {
    format!("header `{}`", name.to_ascii_lowercase())
}

fn text(name: &str, value: &HeaderValue) -> Result<String, EventError> {
    match str::from_utf8(value.as_bytes()) {
        Ok(text) => Ok(text.to_owned()),
        Err(_) => Err(EventError::Unexpected {
            field: field(name),
            found: quote(&String::from_utf8_lossy(value.as_bytes())),
            expected: "UTF-8",
        }),
    }
}
