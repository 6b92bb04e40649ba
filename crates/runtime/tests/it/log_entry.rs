//! Lines of the log against Google's schema of what they become: a `LogEntry` of Cloud Logging.
//!
//! Which field of a line becomes which of the entry is said at
//! <https://docs.cloud.google.com/logging/docs/structured-logging#structured_logging_special_fields>.

use serde_json::{Map, Value, json};

const SCHEMAS: &str = include_str!("fixtures/logging/log_entry.json");

/// Fields of a line that leave `jsonPayload`.
const SPECIAL: [(&str, &str); 8] = [
    ("severity", "severity"),
    ("time", "timestamp"),
    ("httpRequest", "httpRequest"),
    ("logging.googleapis.com/labels", "labels"),
    ("logging.googleapis.com/sourceLocation", "sourceLocation"),
    ("logging.googleapis.com/spanId", "spanId"),
    ("logging.googleapis.com/trace", "trace"),
    ("logging.googleapis.com/trace_sampled", "traceSampled"),
];

/// The entry that Cloud Logging makes of `line`, as its schema has it.
///
/// Panics with what is wrong where the schema does not have it.
pub(crate) fn entry(line: &Value) -> Value {
    let mut payload = line.as_object().expect("an object").clone();
    let mut entry = Map::new();
    for (field, name) in SPECIAL {
        if let Some(value) = payload.remove(field) {
            entry.insert(name.to_owned(), value);
        }
    }
    let unplaced = payload
        .keys()
        .find(|key| key.starts_with("logging.googleapis.com/"));
    assert_eq!(
        unplaced, None,
        "a special field that there is not, in {line}"
    );
    assert!(payload["message"].is_string(), "{line}");
    entry.insert("jsonPayload".to_owned(), payload.into());
    let entry = Value::Object(entry);
    let schemas: Value = serde_json::from_str(SCHEMAS).unwrap();
    if let Err(wrong) = conforms(&entry, &json!({ "$ref": "LogEntry" }), &schemas["schemas"]) {
        panic!("{wrong}, in {line}");
    }
    entry
}

/// Whether `value` is as a schema of a discovery document says.
fn conforms(value: &Value, schema: &Value, schemas: &Value) -> Result<(), String> {
    if let Some(name) = schema["$ref"].as_str() {
        return conforms(value, &schemas[name], schemas);
    }
    let wrong = |what: &str| Err(format!("{value} is not {what} as {schema} asks"));
    match schema["type"].as_str().unwrap() {
        "boolean" if !value.is_boolean() => wrong("true or false"),
        "integer"
            if value
                .as_i64()
                .is_none_or(|value| i32::try_from(value).is_err()) =>
        {
            wrong("a small integer")
        }
        "any" | "boolean" | "integer" => Ok(()),
        "string" => text(value, schema),
        "object" => object(value, schema, schemas),
        "array" => wrong("known to this check"),
        other => panic!("the schema has a type {other}"),
    }
}

fn object(value: &Value, schema: &Value, schemas: &Value) -> Result<(), String> {
    let Some(fields) = value.as_object() else {
        return Err(format!("{value} is not an object"));
    };
    for (name, value) in fields {
        let property = match schema["properties"].get(name) {
            Some(property) => property,
            None => &schema["additionalProperties"],
        };
        if property.is_null() {
            return Err(format!("there is no field {name}"));
        }
        conforms(value, property, schemas).map_err(|wrong| format!("{name}: {wrong}"))?;
    }
    Ok(())
}

fn text(value: &Value, schema: &Value) -> Result<(), String> {
    let Some(text) = value.as_str() else {
        return Err(format!("{value} is not text"));
    };
    let seconds = |text: &str| {
        text.strip_suffix('s')
            .is_some_and(|n| n.parse::<f64>().is_ok())
    };
    let well_formed = match schema["format"].as_str() {
        None => true,
        Some("int64") => text.parse::<i64>().is_ok(),
        Some("google-datetime") => text.parse::<jiff::Timestamp>().is_ok(),
        Some("google-duration") => seconds(text),
        Some(other) => panic!("the schema has a format {other}"),
    };
    let listed = schema["enum"].as_array();
    if well_formed && listed.is_none_or(|listed| listed.contains(value)) {
        return Ok(());
    }
    Err(format!("{value} is not as {schema} asks"))
}

#[test]
fn what_is_wrong_is_found() {
    let good =
        json!({ "severity": "INFO", "time": "2026-03-29T01:02:03.5Z", "message": "m", "n": 1 });
    entry(&good);
    for (field, value) in [
        ("severity", json!("WARN")),
        ("time", json!("now")),
        ("message", json!(1)),
        ("httpRequest", json!({ "status": "204" })),
        ("httpRequest", json!({ "requestSize": 18 })),
        ("httpRequest", json!({ "latency": "1.5" })),
        ("httpRequest", json!({ "url": "/" })),
        ("logging.googleapis.com/labels", json!({ "n": 1 })),
        (
            "logging.googleapis.com/sourceLocation",
            json!({ "line": 7 }),
        ),
        ("logging.googleapis.com/span_id", json!("00f067aa0ba902b7")),
        ("logging.googleapis.com/trace_sampled", json!("true")),
    ] {
        let mut bad = good.clone();
        bad[field] = value;
        let found = std::panic::catch_unwind(|| entry(&bad));
        assert!(found.is_err(), "{bad}");
    }
}
