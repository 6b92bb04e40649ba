//! What holds for every input.

use super::{JSON, parse};
use base64::{Engine, engine::general_purpose};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use nightshift_runtime::{Event, EventId, event::Source};
use proptest::{collection, prelude::*, sample::select};
use serde_json::{Value, json};

/// Headers that mean something, with values that mostly do not.
fn headers() -> impl Strategy<Value = HeaderMap> {
    let name = select(vec![
        "ce-id",
        "ce-source",
        "ce-specversion",
        "ce-time",
        "ce-type",
        "content-type",
        "x-cloudscheduler",
        "x-cloudscheduler-jobname",
        "x-cloudscheduler-scheduletime",
        "x-goog-pubsub-message-id",
        "x-goog-pubsub-publish-time",
        "x-goog-pubsub-subscription-name",
        "other",
    ]);
    let value = prop_oneof![
        select(vec![
            "1.0",
            "application/json",
            "application/cloudevents+json",
            "google.cloud.pubsub.topic.v1.messagePublished",
            "2026-11-01T00:00:00Z",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
        collection::vec(any::<u8>(), 0..20),
    ];
    collection::vec((name, value), 0..8).prop_map(|pairs| {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                headers.append(HeaderName::from_static(name), value);
            }
        }
        headers
    })
}

/// JSON with the keys that mean something, in places where they mostly do not.
fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        select(vec![
            "1.0",
            "aGVsbG8=",
            "2026-11-01T00:00:00Z",
            "text/plain"
        ])
        .prop_map(Value::from),
    ];
    let key = prop_oneof![
        select(vec![
            "message",
            "subscription",
            "deliveryAttempt",
            "command",
            "data",
            "data_base64",
            "attributes",
            "messageId",
            "message_id",
            "publishTime",
            "orderingKey",
            "id",
            "source",
            "specversion",
            "type",
            "time",
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    leaf.prop_recursive(4, 32, 8, move |inner| {
        prop_oneof![
            collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            collection::hash_map(key.clone(), inner, 0..8)
                .prop_map(|map| map.into_iter().collect::<Value>()),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_are_answered_without_a_panic(
        headers in headers(),
        body in collection::vec(any::<u8>(), 0..200),
    ) {
        let _ = Event::parse(&headers, Bytes::from(body));
    }

    #[test]
    fn any_json_is_answered_without_a_panic(headers in headers(), body in json_value()) {
        let _ = Event::parse(&headers, Bytes::from(body.to_string()));
    }

    #[test]
    fn whatever_is_published_arrives(
        data in collection::vec(any::<u8>(), 0..300),
        attributes in collection::btree_map(any::<String>(), any::<String>(), 0..5),
        id in "[0-9]{1,20}",
        attempt in 1..u32::MAX,
        key in "\\PC{1,20}",
    ) {
        for engine in [
            general_purpose::STANDARD,
            general_purpose::STANDARD_NO_PAD,
            general_purpose::URL_SAFE,
            general_purpose::URL_SAFE_NO_PAD,
        ] {
            let body = json!({
                "message": {
                    "data": engine.encode(&data),
                    "attributes": attributes,
                    "messageId": id,
                    "publishTime": "2026-11-01T00:00:00Z",
                    "orderingKey": key,
                },
                "subscription": "projects/p/subscriptions/s",
                "deliveryAttempt": attempt,
            });
            let event = parse(&[JSON], body.to_string()).unwrap();
            prop_assert_eq!(&event.data[..], &data[..]);
            prop_assert_eq!(event.id.as_ref().map(EventId::as_str), Some(id.as_str()));
            prop_assert_eq!(event.delivery_attempt, Some(attempt));
            prop_assert_eq!(event.ordering_key.as_deref(), Some(key.as_str()));
            prop_assert_eq!(event.attributes.len(), attributes.len());
            for (name, value) in &attributes {
                prop_assert_eq!(event.attributes.get(name), Some(value.as_str()));
            }
        }
    }

    #[test]
    fn whatever_is_published_without_a_wrapper_arrives(data in collection::vec(any::<u8>(), 0..300)) {
        let headers = [
            ("x-goog-pubsub-message-id", "1"),
            ("x-goog-pubsub-publish-time", "2026-11-01T00:00:00Z"),
            ("x-goog-pubsub-subscription-name", "projects/p/subscriptions/s"),
        ];
        let event = parse(&headers, &data).unwrap();
        prop_assert_eq!(&event.data[..], &data[..]);
        let is_pubsub = matches!(event.source, Source::PubSub { .. });
        prop_assert!(is_pubsub);
    }
}
