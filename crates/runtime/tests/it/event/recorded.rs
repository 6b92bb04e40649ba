//! Every push that was recorded, as it was sent.

use super::{parse, time};
use nightshift_runtime::{Event, event::Source};
use serde_json::{Value, json};
use std::{fs, path::Path};

/// The request in a fixture, read as an event.
fn recorded(name: &str) -> Event {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures/pubsub");
    let text = fs::read_to_string(folder.join(name)).unwrap();
    let request: Value = serde_json::from_str(&text).unwrap();
    let headers: Vec<(String, String)> =
        serde_json::from_value(request["headers"].clone()).unwrap();
    let headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let body = match (request.get("json"), request.get("text")) {
        (Some(json), _) => json.to_string(),
        (None, Some(text)) => text.as_str().unwrap().to_owned(),
        (None, None) => String::new(),
    };
    parse(&headers, body).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn from(subscription: &str) -> Source {
    Source::PubSub {
        subscription: Some(format!("projects/demo/subscriptions/{subscription}")),
        topic: None,
    }
}

#[test]
fn every_recorded_push_is_an_event_with_the_data_that_was_published() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures/pubsub");
    let mut seen = 0;
    for file in fs::read_dir(folder).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let event = recorded(&name);
        if name.contains("hello") {
            assert_eq!(event.data, "hello", "{name}");
        } else if name.contains("budget") {
            let budget: Value = event.json().unwrap();
            assert_eq!(budget["costAmount"], json!(120.01), "{name}");
            assert_eq!(budget["budgetDisplayName"], "monthly-cap", "{name}");
        } else if name.contains("attributes-only") || name == "matrix-wrap.json" {
            assert!(event.data.is_empty(), "{name}");
        } else {
            assert_eq!(
                event.json::<Value>().unwrap(),
                json!({"costAmount": 1, "budgetAmount": 2}),
                "{name}"
            );
        }
        let without_metadata = name.starts_with("nowrapper--") || name == "matrix-nowrap.json";
        assert_eq!(event.id.is_none(), without_metadata, "{name}");
        assert_eq!(event.time.is_none(), without_metadata, "{name}");
        seen += 1;
    }
    assert_eq!(seen, 22);
}

#[test]
fn a_wrapped_budget_push_keeps_everything_it_says() {
    let event = recorded("wrapped--budget.json");
    assert_eq!(event.id.as_ref().unwrap().as_str(), "1");
    assert_eq!(event.source, from("push-ok"));
    assert_eq!(event.time, Some(time("2026-11-21T02:04:29.131Z")));
    let attributes: Vec<_> = event.attributes.iter().collect();
    assert_eq!(
        attributes,
        [
            ("billingAccountId", "01D4EE-079462-DFD6EC"),
            ("budgetId", "de72f49d-779b-4945-a127-4d6ce8def0bb"),
            ("schemaVersion", "1.0"),
        ]
    );
}

#[test]
fn an_unwrapped_budget_push_says_the_same_in_headers() {
    let wrapped = recorded("wrapped--budget.json");
    let unwrapped = recorded("nowrapper-writemetadata--budget.json");
    assert_eq!(unwrapped.id, wrapped.id);
    assert_eq!(unwrapped.time, wrapped.time);
    assert_eq!(unwrapped.source, from("push-nowrap-md"));
    for (name, value) in wrapped.attributes.iter() {
        assert_eq!(unwrapped.attributes.get(name), Some(value));
    }
    assert_eq!(unwrapped.attributes.len(), wrapped.attributes.len());
}

#[test]
fn the_emulator_s_name_of_the_ordering_key_is_understood() {
    let event = recorded("nowrapper-writemetadata-deadletter--hello.json");
    assert_eq!(event.ordering_key.as_deref(), Some("kk"));
    assert_eq!(event.attributes.get("a"), Some("b"));
}

#[test]
fn an_attribute_called_like_one_of_a_cloud_event_does_not_make_it_one() {
    let event = recorded("nowrapper-writemetadata--hello.json");
    assert_eq!(event.source, from("push-nowrap-md"));
    assert_eq!(event.attributes.get("ce-type"), Some("x"));
}
