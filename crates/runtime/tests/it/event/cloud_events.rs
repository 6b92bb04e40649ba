//! CloudEvents, from Eventarc and from others.

use super::{parse, refusal, time};
use nightshift_runtime::{Event, event::Source};
use serde_json::{Value, json};

const STRUCTURED: (&str, &str) = (
    "content-type",
    "application/cloudevents+json; charset=utf-8",
);

const BINARY: [(&str, &str); 5] = [
    ("ce-id", "e-1"),
    ("ce-source", "//storage.googleapis.com/projects/_/buckets/b"),
    ("ce-specversion", "1.0"),
    ("ce-type", "google.cloud.storage.object.v1.finalized"),
    ("ce-time", "2026-11-01T00:00:00Z"),
];

/// What Eventarc sends for a Pub/Sub message.
const FROM_PUBSUB: [(&str, &str); 6] = [
    ("ce-id", "11"),
    ("ce-source", "//pubsub.googleapis.com/projects/p/topics/t"),
    ("ce-specversion", "1.0"),
    ("ce-type", "google.cloud.pubsub.topic.v1.messagePublished"),
    ("ce-time", "2026-11-01T00:00:00.5Z"),
    ("content-type", "application/json"),
];

fn with<'a>(
    headers: &[(&'a str, &'a str)],
    more: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let kept = headers
        .iter()
        .filter(|(name, _)| !more.iter().any(|(other, _)| name == other));
    kept.chain(more).copied().collect()
}

fn message() -> Value {
    json!({
        "message": {
            "data": "aGVsbG8=",
            "messageId": "11",
            "publishTime": "2026-11-01T00:00:00Z",
            "attributes": { "a": "b" },
        },
        "subscription": "projects/p/subscriptions/eventarc-s",
    })
}

fn structured(more: &Value) -> Value {
    let mut event = json!({
        "specversion": "1.0",
        "id": "e-1",
        "source": "/mine",
        "type": "com.example.made",
    });
    event
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    event
}

fn accepted(more: &Value) -> Event {
    parse(&[STRUCTURED], structured(more).to_string()).unwrap()
}

#[test]
fn a_binary_event_has_its_attributes_in_headers() {
    let headers = with(&BINARY, &[("ce-subject", "objects/x"), ("ce-bucket", "b")]);
    let event = parse(&headers, r#"{"name":"x"}"#).unwrap();
    assert_eq!(event.id.unwrap().as_str(), "e-1");
    assert_eq!(
        event.source,
        Source::CloudEvent {
            source: "//storage.googleapis.com/projects/_/buckets/b".to_owned(),
            kind: "google.cloud.storage.object.v1.finalized".to_owned(),
            subject: Some("objects/x".to_owned()),
        }
    );
    assert_eq!(event.time, Some(time("2026-11-01T00:00:00Z")));
    assert_eq!(
        event.attributes.iter().collect::<Vec<_>>(),
        [("bucket", "b")]
    );
    assert_eq!(event.data, r#"{"name":"x"}"#);
}

#[test]
fn headers_are_freed_of_quotes_and_percent_signs() {
    for (written, meant) in [
        ("Euro%20%E2%82%AC", "Euro €"),
        ("\"in \\\"quotes\\\"\"", "in \"quotes\""),
        ("100%", "100%"),
        ("\"", "\""),
    ] {
        let event = parse(&with(&BINARY, &[("ce-x", written)]), "").unwrap();
        assert_eq!(event.attributes.get("x"), Some(meant), "{written}");
    }
    assert_eq!(
        refusal(&with(&BINARY, &[("ce-x", "%ff")]), ""),
        "header `ce-x` is \"%ff\", expected UTF-8 behind its percent signs"
    );
}

#[test]
fn a_message_inside_an_event_is_the_message() {
    let event = parse(&FROM_PUBSUB, message().to_string()).unwrap();
    assert_eq!(event.id.as_ref().unwrap().as_str(), "11");
    assert_eq!(
        event.source,
        Source::PubSub {
            subscription: Some("projects/p/subscriptions/eventarc-s".to_owned()),
            topic: Some("projects/p/topics/t".to_owned()),
        }
    );
    assert_eq!(event.time, Some(time("2026-11-01T00:00:00Z")));
    assert_eq!(event.data, "hello");
    assert_eq!(event.attributes.get("a"), Some("b"));

    let whole = structured(&json!({
        "id": "11",
        "source": FROM_PUBSUB[1].1,
        "type": FROM_PUBSUB[3].1,
        "datacontenttype": "application/json",
        "data": message(),
    }));
    assert_eq!(parse(&[STRUCTURED], whole.to_string()).unwrap(), event);
}

#[test]
fn a_message_inside_an_event_must_be_one() {
    assert_eq!(
        refusal(
            &with(&FROM_PUBSUB, &[("ce-id", "12")]),
            message().to_string()
        ),
        "the CloudEvent's `id` and `message.messageId` differ"
    );
    assert_eq!(
        refusal(&FROM_PUBSUB, "[]"),
        "the event's data is no object, expected a Pub/Sub message with its wrapper"
    );
    assert_eq!(refusal(&FROM_PUBSUB, "{}"), "`message` is missing");
    assert_eq!(
        refusal(&FROM_PUBSUB, b"\xff"),
        "the body is not UTF-8 from byte 0 on"
    );
}

#[test]
fn a_structured_event_has_everything_in_its_body() {
    let event = accepted(&json!({
        "subject": "s",
        "time": "2026-11-01T01:00:00+01:00",
        "dataschema": "https://example.com/schema",
        "count": 3,
        "urgent": true,
        "nothing": null,
        "data": { "name": "x" },
    }));
    assert_eq!(event.time, Some(time("2026-11-01T00:00:00Z")));
    assert_eq!(
        event.attributes.iter().collect::<Vec<_>>(),
        [("count", "3"), ("urgent", "true")]
    );
    assert_eq!(event.json::<Value>().unwrap(), json!({ "name": "x" }));
}

#[test]
fn the_data_of_a_structured_event_comes_in_four_ways() {
    let data = [
        (json!({}), ""),
        (json!({ "data": null }), ""),
        (json!({ "data": "text" }), "\"text\""),
        (
            json!({ "data": "text", "datacontenttype": "text/plain" }),
            "text",
        ),
        (
            json!({ "data": [1], "datacontenttype": "application/x+json" }),
            "[1]",
        ),
        (json!({ "data_base64": "aGVsbG8" }), "hello"),
    ];
    for (more, expected) in data {
        assert_eq!(accepted(&more).data, expected, "{more}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn what_is_not_a_cloud_event_is_refused() {
    let wrong = [
        (
            json!({ "specversion": "0.3" }),
            "the CloudEvent's `specversion` is \"0.3\", expected \"1.0\"",
        ),
        (
            json!({ "specversion": null }),
            "the CloudEvent's `specversion` is missing",
        ),
        (json!({ "id": "" }), "the CloudEvent's `id` is missing"),
        (
            json!({ "source": null }),
            "the CloudEvent's `source` is missing",
        ),
        (
            json!({ "type": null }),
            "the CloudEvent's `type` is missing",
        ),
        (
            json!({ "time": "noon" }),
            "the CloudEvent's `time` is \"noon\", expected a time such as 2026-11-01T00:00:00Z",
        ),
        (
            json!({ "x": {} }),
            "the CloudEvent's `x` is an object, expected a string, a whole number, true or false",
        ),
        (
            json!({ "x": 1.5 }),
            "the CloudEvent's `x` is a number, expected a string, a whole number, true or false",
        ),
        (
            json!({ "data": 1, "data_base64": "" }),
            "`data` and `data_base64` differ",
        ),
        (
            json!({ "data_base64": 1 }),
            "`data_base64` is a number, expected a string",
        ),
    ];
    for (more, why) in wrong {
        assert_eq!(refusal(&[STRUCTURED], structured(&more).to_string()), why);
    }
    assert_eq!(
        refusal(&[STRUCTURED], r#"{"id":"1","id":"2"}"#),
        "`id` is there twice"
    );
    for body in ["", "[]", "null", "{"] {
        let refused = refusal(&[STRUCTURED], body);
        assert!(
            refused.starts_with("the body is not the JSON expected"),
            "{refused}"
        );
    }
    for name in ["ce-id", "ce-source", "ce-type"] {
        let without: Vec<_> = BINARY
            .into_iter()
            .filter(|(other, _)| *other != name)
            .collect();
        assert_eq!(
            refusal(&without, ""),
            format!("the CloudEvent's `{}` is missing", &name[3..])
        );
    }
    assert_eq!(
        refusal(&with(&BINARY, &[("ce-specversion", "2.0")]), ""),
        "the CloudEvent's `specversion` is \"2.0\", expected \"1.0\""
    );
}

#[test]
fn a_batch_is_refused() {
    assert_eq!(
        refusal(
            &[("content-type", "application/cloudevents-batch+json")],
            "[]"
        ),
        "header `content-type` is a batch of CloudEvents, expected one event a request"
    );
}
