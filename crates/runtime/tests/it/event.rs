//! Everything that can wake us, in all the forms it comes in.

mod cloud_events;
mod others;
mod properties;
mod recorded;
mod unwrapped;
mod wrapped;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use nightshift_runtime::{Event, EventError};

fn header_map(headers: &[(&str, &str)]) -> HeaderMap {
    headers
        .iter()
        .map(|(name, value)| {
            (
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_bytes(value.as_bytes()).unwrap(),
            )
        })
        .fold(HeaderMap::new(), |mut headers, (name, value)| {
            headers.append(name, value);
            headers
        })
}

fn parse(headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Result<Event, EventError> {
    Event::parse(&header_map(headers), Bytes::copy_from_slice(body.as_ref()))
}

/// What the answer says when this is refused.
fn refusal(headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> String {
    match parse(headers, body) {
        Ok(event) => panic!("accepted as {event:?}"),
        Err(error) => error.to_string(),
    }
}

const JSON: (&str, &str) = ("content-type", "application/json");

fn time(text: &str) -> jiff::Timestamp {
    text.parse().unwrap()
}
