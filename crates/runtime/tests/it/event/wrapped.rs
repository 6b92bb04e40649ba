//! Pub/Sub messages in their wrapper.

use super::{JSON, parse, refusal, time};
use nightshift_runtime::{
    Event, EventError,
    event::{MAX_BODY, Source},
};
use serde_json::{Value, json};

/// A message with everything in it, as the real service sends it to a subscription with ordering and a dead-letter topic.
fn envelope() -> Value {
    json!({
        "message": {
            "attributes": { "eventType": "SECRET_ROTATE" },
            "data": "aGVsbG8=",
            "messageId": "11",
            "message_id": "11",
            "orderingKey": "key",
            "publishTime": "2026-11-01T00:00:00.123456789Z",
            "publish_time": "2026-11-01T00:00:00.123456789Z",
        },
        "subscription": "projects/p/subscriptions/s",
        "deliveryAttempt": 5,
    })
}

/// [`envelope`] with another value at `pointer`, or without it.
fn with(pointer: &str, value: Option<Value>) -> String {
    let mut body = envelope();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = body
        .pointer_mut(parent)
        .and_then(Value::as_object_mut)
        .unwrap();
    match value {
        Some(value) => parent.insert(key.to_owned(), value),
        None => parent.remove(key),
    };
    body.to_string()
}

fn accepted(body: impl AsRef<[u8]>) -> Event {
    parse(&[JSON], body).unwrap()
}

#[test]
fn everything_the_real_service_sends_is_read() {
    let event = accepted(envelope().to_string());
    assert_eq!(event.id.as_ref().unwrap().to_string(), "11");
    assert_eq!(
        event.source,
        Source::PubSub {
            subscription: Some("projects/p/subscriptions/s".to_owned()),
            topic: None
        }
    );
    assert_eq!(event.time, Some(time("2026-11-01T00:00:00.123456789Z")));
    assert_eq!(event.attributes.get("eventType"), Some("SECRET_ROTATE"));
    assert_eq!(event.attributes.get("eventtype"), None);
    assert_eq!(event.data, "hello");
    assert_eq!(event.delivery_attempt, Some(5));
    assert_eq!(event.ordering_key.as_deref(), Some("key"));
}

#[test]
fn absent_null_and_empty_data_are_no_data() {
    for data in [None, Some(Value::Null), Some(json!(""))] {
        assert!(accepted(with("/message/data", data)).data.is_empty());
    }
}

#[test]
fn absent_null_and_empty_attributes_are_none() {
    for attributes in [None, Some(Value::Null), Some(json!({}))] {
        let event = accepted(with("/message/attributes", attributes));
        assert!(event.attributes.is_empty());
    }
}

#[test]
fn either_spelling_of_id_and_time_is_enough() {
    for key in ["messageId", "message_id", "publishTime", "publish_time"] {
        assert_eq!(
            accepted(with(&format!("/message/{key}"), None)),
            accepted(envelope().to_string())
        );
    }
}

#[test]
fn spellings_that_differ_are_refused() {
    assert_eq!(
        refusal(&[JSON], with("/message/message_id", Some(json!("12")))),
        "`message.messageId` and `message.message_id` differ"
    );
    assert_eq!(
        refusal(
            &[JSON],
            with("/message/publishTime", Some(json!("2026-11-01T00:00:00Z")))
        ),
        "`message.publishTime` and `message.publish_time` differ"
    );
}

#[test]
fn base64_comes_in_either_alphabet_with_and_without_padding() {
    let forms = [
        ("+/8=", &b"\xfb\xff"[..]),
        ("+/8", b"\xfb\xff"),
        ("-_8=", b"\xfb\xff"),
        ("-_8", b"\xfb\xff"),
        ("aGVsbG8", b"hello"),
        ("YQ==", b"a"),
        ("YQ", b"a"),
    ];
    for (text, data) in forms {
        let event = accepted(with("/message/data", Some(json!(text))));
        assert_eq!(event.data, data, "{text}");
    }
    let escaped = with("/message/data", Some(json!("+/8="))).replace('/', "\\/");
    assert_eq!(accepted(escaped).data, &b"\xfb\xff"[..]);
}

#[test]
fn what_is_not_base64_is_refused_without_being_repeated() {
    let forms = [
        ("+_8=", "byte 0 does not belong there"),
        ("hunter2!", "byte 7 does not belong there"),
        ("aGVs bG8=", "byte 4 does not belong there"),
        ("aGVsbG8\n", "byte 7 does not belong there"),
        ("aGVsb", "5 is an impossible length"),
        ("YR==", "its last bits are not zero"),
        ("YQ===", "byte 2 does not belong there"),
    ];
    for (text, why) in forms {
        let refused = refusal(&[JSON], with("/message/data", Some(json!(text))));
        let expected = format!(
            "`message.data` is not base64 ({why}), expected base64 in one of its two alphabets"
        );
        assert_eq!(refused, expected, "{text}");
    }
}

#[test]
fn what_is_always_there_must_be_there() {
    let missing = [
        ("/subscription", "`subscription` is missing"),
        (
            "/message/attributes/eventType",
            "`message.attributes.eventType` is null, expected a string",
        ),
    ];
    for (pointer, why) in missing {
        assert_eq!(refusal(&[JSON], with(pointer, Some(Value::Null))), why);
    }
    let mut body = envelope();
    let message = body["message"].as_object_mut().unwrap();
    message.remove("messageId");
    message.remove("message_id");
    assert_eq!(
        refusal(&[JSON], body.to_string()),
        "`message.messageId` is missing"
    );
    let message = r#"{"message":{"messageId":"1"},"subscription":"s"}"#;
    assert_eq!(
        refusal(&[JSON], message),
        "`message.publishTime` is missing"
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn values_of_another_type_are_refused_by_name() {
    let wrong = [
        (
            "/message",
            json!("x"),
            "`message` is a string, expected an object",
        ),
        (
            "/message",
            json!([]),
            "`message` is an array, expected an object",
        ),
        (
            "/message/data",
            json!(1),
            "`message.data` is a number, expected a string",
        ),
        (
            "/message/data",
            json!({}),
            "`message.data` is an object, expected a string",
        ),
        (
            "/message/messageId",
            json!(11),
            "`message.messageId` is a number, expected a string",
        ),
        (
            "/message/messageId",
            json!(""),
            "`message.messageId` is empty, expected a string with something in it",
        ),
        (
            "/message/attributes",
            json!("x"),
            "`message.attributes` is a string, expected an object",
        ),
        (
            "/message/attributes/eventType",
            json!(true),
            "`message.attributes.eventType` is true or false, expected a string",
        ),
        (
            "/message/orderingKey",
            json!(false),
            "`message.orderingKey` is true or false, expected a string",
        ),
        (
            "/subscription",
            json!(7),
            "`subscription` is a number, expected a string",
        ),
        (
            "/deliveryAttempt",
            json!("5"),
            "`deliveryAttempt` is a string, expected a whole number",
        ),
        (
            "/deliveryAttempt",
            json!(-1),
            "`deliveryAttempt` is a number, expected a whole number",
        ),
        (
            "/deliveryAttempt",
            json!(1.5),
            "`deliveryAttempt` is a number, expected a whole number",
        ),
    ];
    for (pointer, value, why) in wrong {
        assert_eq!(refusal(&[JSON], with(pointer, Some(value))), why);
    }
}

#[test]
fn a_time_that_is_none_is_refused_and_quoted() {
    let mut body = envelope();
    body["message"]["publishTime"] = json!("yesterday\u{1b}[2J");
    body["message"]["publish_time"] = json!("yesterday\u{1b}[2J");
    assert_eq!(
        refusal(&[JSON], body.to_string()),
        r#"`message.publishTime` is "yesterday\u{1b}[2J", expected a time such as 2026-11-01T00:00:00Z"#
    );
}

#[test]
fn an_id_that_would_break_a_log_is_refused() {
    for id in ["1\n2".to_owned(), "1".repeat(1025)] {
        let mut body = envelope();
        body["message"]["messageId"] = json!(id);
        body["message"]["message_id"] = json!(id);
        let refused = refusal(&[JSON], body.to_string());
        assert!(
            refused.ends_with("expected 1 to 1024 bytes without control characters"),
            "{refused}"
        );
        assert!(refused.len() < 200, "{refused}");
    }
}

#[test]
fn nobody_counting_deliveries_is_not_the_zeroth_one() {
    for nobody in [None, Some(Value::Null), Some(json!(0))] {
        let event = accepted(with("/deliveryAttempt", nobody));
        assert_eq!(event.delivery_attempt, None);
    }
}

#[test]
fn keys_that_are_not_known_yet_are_passed_over() {
    accepted(with("/message/newKey", Some(json!({ "deep": [1, 2] }))));
    accepted(with("/newKey", Some(json!(1))));
    // Where another emulator puts it.
    let event = accepted(with("/message/deliveryAttempt", Some(json!(9))));
    assert_eq!(event.delivery_attempt, Some(5));
}

#[test]
fn keys_that_are_there_twice_are_refused() {
    let body = envelope().to_string();
    let twice = [
        (
            "\"subscription\":",
            "\"subscription\":\"x\",\"subscription\":",
        ),
        ("\"message\":", "\"message\":{},\"message\":"),
        ("\"data\":", "\"data\":\"\",\"data\":"),
        ("\"eventType\":", "\"eventType\":\"x\",\"eventType\":"),
        ("\"eventType\":", "\"event\\u0054ype\":\"x\",\"eventType\":"),
    ];
    for (key, both) in twice {
        let refused = refusal(&[JSON], body.replacen(key, both, 1));
        assert!(
            refused.contains("duplicate field") || refused.ends_with("is there twice"),
            "{refused}"
        );
        // Whether or not the sender says that it is JSON.
        refusal(&[], body.replacen(key, both, 1));
    }
}

#[test]
fn text_that_is_not_utf_8_is_refused() {
    let mut body = envelope().to_string().into_bytes();
    let at = body
        .windows(6)
        .position(|window| window == b"SECRET")
        .unwrap();
    body[at] = 0xff;
    assert_eq!(parse(&[JSON], &body), Err(EventError::NotUtf8 { at }));
    let half = envelope().to_string().replace("SECRET", "\\ud800");
    assert_eq!(
        refusal(&[JSON], half),
        "`message.attributes.eventType` is a string with half of a character, expected Unicode text"
    );
}

#[test]
fn a_body_cut_short_is_refused() {
    let body = envelope().to_string();
    for end in 1..body.len() {
        let refused = refusal(&[JSON], &body[..end]);
        assert!(
            refused.starts_with("the body is not the JSON expected: EOF while parsing"),
            "{refused}"
        );
    }
    refusal(&[JSON], "");
    refusal(&[JSON], format!("{body}{body}"));
}

#[test]
fn sixteen_mebibytes_are_read_and_one_byte_more_is_not() {
    let empty = with("/message/data", Some(json!(""))).len();
    let length = (MAX_BODY - empty) / 4 * 4;
    let body = with("/message/data", Some(json!("A".repeat(length))));
    let padding = " ".repeat(MAX_BODY - body.len());
    let body = body + &padding;
    assert_eq!(body.len(), MAX_BODY);
    assert_eq!(accepted(&body).data.len(), length / 4 * 3);
    assert_eq!(
        parse(&[JSON], body + " "),
        Err(EventError::TooLarge {
            found: MAX_BODY + 1
        })
    );
}

#[test]
fn depth_neither_overflows_the_stack_nor_takes_long() {
    for depth in [200, 4_000_000] {
        let bomb = "[".repeat(depth) + &"]".repeat(depth);
        let nested = "{\"a\":".repeat(depth) + "1" + &"}".repeat(depth);
        for bomb in [bomb.as_str(), nested.as_str()] {
            if bomb.len() > MAX_BODY {
                continue;
            }
            let plain = envelope().to_string();
            // In a place that nobody looks into it is passed over.
            accepted(plain.replacen('{', &format!("{{\"new\":{bomb},"), 1));
            // In a place with a meaning it is not what should be there.
            refusal(&[JSON], plain.replacen("\"aGVsbG8=\"", bomb, 1));
            // And as data it is whatever its receiver makes of it.
            let event = accepted(bomb);
            let error = event.json::<Value>().unwrap_err();
            assert!(error.to_string().contains("recursion limit"), "{error}");
        }
        refusal(&[JSON], "[".repeat(depth));
        refusal(&[JSON], "{\"message\":".repeat(depth));
    }
}
