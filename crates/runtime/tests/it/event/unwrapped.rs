//! Pub/Sub messages without a wrapper: the body is the data.

use super::{JSON, header_map, parse, refusal, time};
use bytes::Bytes;
use http::HeaderValue;
use nightshift_runtime::{Event, event::Source};

const METADATA: [(&str, &str); 3] = [
    ("x-goog-pubsub-message-id", "7"),
    ("x-goog-pubsub-publish-time", "2026-11-01T00:00:00Z"),
    (
        "x-goog-pubsub-subscription-name",
        "projects/p/subscriptions/s",
    ),
];

fn with<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&METADATA, more].concat()
}

#[test]
fn metadata_is_read_from_headers() {
    let headers = with(&[("x-goog-pubsub-ordering-key", "k"), ("budgetId", "b")]);
    let event = parse(&headers, b"\xff\x00").unwrap();
    assert_eq!(event.id.unwrap().as_str(), "7");
    assert_eq!(event.time, Some(time("2026-11-01T00:00:00Z")));
    assert_eq!(
        event.source,
        Source::PubSub {
            subscription: Some("projects/p/subscriptions/s".to_owned()),
            topic: None
        }
    );
    assert_eq!(event.ordering_key.as_deref(), Some("k"));
    assert_eq!(event.attributes.get("budgetId"), Some("b"));
    assert_eq!(event.data, &b"\xff\x00"[..]);
}

#[test]
fn data_that_looks_like_something_else_stays_data_when_there_is_metadata() {
    for body in [
        r#"{"message":{"data":"aGVsbG8="},"subscription":"x"}"#,
        r#"{"command":"run"}"#,
        r#"{"truncated":"#,
    ] {
        let event = parse(&with(&[JSON]), body).unwrap();
        assert_eq!(event.data, body);
        assert_eq!(event.source.name(), "pubsub");
    }
}

#[test]
fn credentials_and_transport_are_no_attributes() {
    let event = parse(
        &with(&[
            ("authorization", "Bearer secret"),
            ("x-serverless-authorization", "Bearer secret"),
            ("cookie", "secret"),
            ("host", "example.com"),
            ("x-forwarded-for", "192.0.2.1"),
            ("traceparent", "00-…"),
            ("mine", "yes"),
        ]),
        "",
    )
    .unwrap();
    assert_eq!(
        event.attributes.iter().collect::<Vec<_>>(),
        [("mine", "yes")]
    );
    assert!(!format!("{event:?}").contains("secret"));
}

#[test]
fn an_attribute_that_is_there_twice_has_both_values() {
    let event = parse(&with(&[("Colour", "red"), ("colour", "blue")]), "").unwrap();
    assert_eq!(event.attributes.get("COLOUR"), Some("red, blue"));
}

#[test]
fn metadata_that_is_there_twice_or_incomplete_is_refused() {
    for (name, value) in METADATA {
        let field = format!("header `{name}`");
        assert_eq!(
            refusal(&with(&[(name, value)]), ""),
            format!("{field} is there twice")
        );
        if name != METADATA[0].0 {
            let without: Vec<_> = METADATA
                .into_iter()
                .filter(|(other, _)| *other != name)
                .collect();
            assert_eq!(refusal(&without, ""), format!("{field} is missing"));
        }
    }
    assert_eq!(
        refusal(
            &with(&[
                ("x-goog-pubsub-ordering-key", "a"),
                ("x-goog-ordering-key", "b")
            ]),
            ""
        ),
        "header `x-goog-pubsub-ordering-key` and header `x-goog-ordering-key` differ"
    );
    assert_eq!(
        refusal(
            &[
                METADATA[0],
                METADATA[2],
                ("x-goog-pubsub-publish-time", "soon")
            ],
            ""
        ),
        "header `x-goog-pubsub-publish-time` is \"soon\", expected a time such as 2026-11-01T00:00:00Z"
    );
}

#[test]
fn attributes_are_utf_8() {
    let mut headers = header_map(&with(&[("city", "Zürich")]));
    let event = Event::parse(&headers, Bytes::new()).unwrap();
    assert_eq!(event.attributes.get("city"), Some("Zürich"));
    headers.insert("city", HeaderValue::from_bytes(b"Z\xfcrich").unwrap());
    assert_eq!(
        Event::parse(&headers, Bytes::new())
            .unwrap_err()
            .to_string(),
        "header `city` is \"Z\u{fffd}rich\", expected UTF-8"
    );
}

#[test]
fn without_metadata_anything_is_data_of_nobody_in_particular() {
    let bodies: [&[u8]; 9] = [
        b"",
        b"hello",
        b"\xff\xfe",
        b"{\"costAmount\": 1}",
        b"{not json",
        b"{\xff",
        b"[1, 2]",
        b"{\"message\": \"a line of a log\"}",
        b"{\"subscription\": \"monthly\"}",
    ];
    for body in bodies {
        let event = parse(
            &[("content-type", "application/x-www-form-urlencoded")],
            body,
        )
        .unwrap();
        assert_eq!(event.data, body);
        assert_eq!(event.id, None);
        assert_eq!(
            event.source,
            Source::PubSub {
                subscription: None,
                topic: None
            }
        );
    }
}
