//! Google's own message definitions, which bodies are checked against and brought into one form.
//!
//! Clients differ: gcloud names enum values, the Rust clients number them; 64-bit numbers come as strings or numbers,
//! fields in camel or snake case. What is stored has the canonical form alone. See `schemas/README.md` for the source.

use super::{
    discovery::{Document, Field, Fields},
    json,
};
use crate::http::{ApiError, Call};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A JSON object.
pub(crate) type Object = Map<String, Value>;

/// The messages of one API.
#[derive(Debug)]
pub(crate) struct Schema(BTreeMap<String, Fields>);

impl Schema {
    /// Parses a file of `schemas/`, which is part of this program.
    pub(crate) fn parse(text: &'static str) -> Self {
        Self(Document::parse(text).messages)
    }

    /// The body of a call as this message, without what only Google sets.
    pub(crate) fn body(&self, message: &str, call: &Call) -> Result<Object, ApiError> {
        self.read(message, call.json()?)
    }

    /// `value` as this message, in canonical form, without what only Google sets. Errors name the field.
    pub(crate) fn read(&self, message: &str, value: Value) -> Result<Object, ApiError> {
        self.message(message, value, "")
    }

    /// Whether `path` (camel case, joined with dots) can stand in a field mask of this message.
    pub(crate) fn has(&self, message: &str, path: &str) -> bool {
        let (first, rest) = path
            .split_once('.')
            .map_or((path, None), |(a, b)| (a, Some(b)));
        let field = self.0.get(message).and_then(|fields| fields.get(first));
        match (field, rest) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(field), Some(rest)) => match &field.message {
                Some(inner) => self.has(inner, rest),
                None => field.additional_properties.is_some(),
            },
        }
    }

    fn message(&self, message: &str, value: Value, at: &str) -> Result<Object, ApiError> {
        let Some(fields) = self.0.get(message) else {
            return Err(ApiError::internal(format!("no schema of {message}")));
        };
        let mut read = Object::new();
        for (key, value) in object(value, at)? {
            let Some((name, field)) = find(fields, &key) else {
                return Err(invalid(
                    at,
                    &format!("Unknown name \"{key}\": Cannot find field."),
                ));
            };
            if let Some(value) = self.field(field, value, &join(at, name))?
                && !field.read_only
            {
                read.insert(name.to_owned(), value);
            }
        }
        Ok(read)
    }

    /// `None` for null and for an enum's zero, which both mean that the field is not set.
    fn field(&self, field: &Field, value: Value, at: &str) -> Result<Option<Value>, ApiError> {
        if value.is_null() {
            return Ok(None);
        }
        if let Some(message) = &field.message {
            return Ok(Some(self.message(message, value, at)?.into()));
        }
        if !field.r#enum.is_empty() {
            return enum_name(field, &value, at);
        }
        let read = match (
            field.r#type.as_str(),
            &field.items,
            &field.additional_properties,
        ) {
            ("array", Some(items), _) => self.array(items, value, at)?,
            ("object", _, Some(values)) => self.map(values, value, at)?,
            ("any" | "object", ..) => value,
            ("boolean", ..) => value
                .as_bool()
                .map(Value::Bool)
                .ok_or_else(|| wrong(at, &value, "true or false"))?,
            ("integer", ..) => integer(&value, at)?,
            ("number", ..) => number(&value, at)?,
            _ => string(&field.format, value, at)?,
        };
        Ok(Some(read))
    }

    fn array(&self, items: &Field, value: Value, at: &str) -> Result<Value, ApiError> {
        let Value::Array(values) = value else {
            return Err(wrong(at, &value, "a list"));
        };
        let each = values.into_iter().enumerate().map(|(n, value)| {
            let at = format!("{at}[{n}]");
            self.field(items, value, &at)?
                .ok_or_else(|| invalid(&at, "null is not allowed in a list"))
        });
        Ok(Value::Array(each.collect::<Result<_, _>>()?))
    }

    fn map(&self, values: &Field, value: Value, at: &str) -> Result<Value, ApiError> {
        let mut read = Object::new();
        for (key, value) in object(value, at)? {
            let value = self.field(values, value, &join(at, &key))?;
            read.extend(value.map(|value| (key, value)));
        }
        Ok(read.into())
    }
}

fn enum_name(field: &Field, value: &Value, at: &str) -> Result<Option<Value>, ApiError> {
    let found = field
        .r#enum
        .iter()
        .enumerate()
        .find(|(n, name)| match value {
            Value::String(text) => text == *name,
            other => other.is_i64() && other.as_i64() == field.number(*n),
        });
    match found {
        Some((n, name)) => {
            Ok(Some(Value::from(name.as_str())).filter(|_| field.number(n) != Some(0)))
        }
        None => Err(wrong(
            at,
            value,
            &format!("one of {}", field.r#enum.join(", ")),
        )),
    }
}

/// A field by its JSON name, or by its name in the proto file.
fn find<'a>(fields: &'a Fields, key: &str) -> Option<(&'a str, &'a Field)> {
    let found = fields.get_key_value(key).or_else(|| {
        key.contains('_')
            .then(|| fields.get_key_value(&super::mask::camel_case(key)))?
    });
    found.map(|(name, field)| (name.as_str(), field))
}

fn object(value: Value, at: &str) -> Result<Object, ApiError> {
    match value {
        Value::Object(fields) => Ok(fields),
        other => Err(wrong(at, &other, "an object")),
    }
}

fn integer(value: &Value, at: &str) -> Result<Value, ApiError> {
    let parsed = match value {
        Value::String(text) => text.parse::<i32>().ok(),
        other => other.as_i64().and_then(|n| i32::try_from(n).ok()),
    };
    parsed
        .map(Value::from)
        .ok_or_else(|| wrong(at, value, "a whole number of 32 bits"))
}

fn number(value: &Value, at: &str) -> Result<Value, ApiError> {
    let parsed = match value {
        Value::String(text) => text.parse::<f64>().ok(),
        other => other.as_f64(),
    };
    parsed
        .map(Value::from)
        .ok_or_else(|| wrong(at, value, "a number"))
}

fn string(format: &str, value: Value, at: &str) -> Result<Value, ApiError> {
    if matches!(format, "int64" | "uint64") {
        let text = match &value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        return text
            .parse::<i64>()
            .map(|n| n.to_string().into())
            .map_err(|_| wrong(at, &value, "a whole number of 64 bits"));
    }
    let Value::String(text) = &value else {
        return Err(wrong(at, &value, "a string"));
    };
    let read = match format {
        "google-datetime" => text.parse().map(json::rfc3339).ok(),
        "google-duration" => json::parse_duration(text).map(json::duration),
        "byte" => STANDARD
            .decode(text)
            .map(|bytes| STANDARD.encode(bytes))
            .ok(),
        _ => return Ok(value),
    };
    let form = match format {
        "google-datetime" => "a time such as \"2026-11-01T12:00:00Z\"",
        "google-duration" => "seconds with an s, such as \"3.5s\"",
        _ => "base64",
    };
    read.map(Value::from).ok_or_else(|| wrong(at, &value, form))
}

fn join(at: &str, name: &str) -> String {
    if at.is_empty() {
        name.to_owned()
    } else {
        format!("{at}.{name}")
    }
}

fn wrong(at: &str, found: &Value, wanted: &str) -> ApiError {
    let mut found = found.to_string();
    if found.len() > 80 {
        found = found.chars().take(80).chain("…".chars()).collect();
    }
    invalid(at, &format!("{found} is not {wanted}"))
}

fn invalid(at: &str, problem: &str) -> ApiError {
    let place = if at.is_empty() {
        String::new()
    } else {
        format!(" at '{at}'")
    };
    ApiError::invalid(format!("Invalid JSON payload received{place}. {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn schema() -> Schema {
        Schema::parse(
            r#"{"messages": {"Thing": {
                "name": {"type": "string"},
                "size": {"type": "string", "format": "int64"},
                "age": {"type": "string", "format": "google-duration"},
                "uid": {"type": "string", "readOnly": true},
                "minCount": {"type": "integer", "format": "int32"},
                "stage": {"type": "string", "enum": ["NONE", "BETA", "GA"], "numbers": [0, 3, 4]},
                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                "parts": {"type": "array", "items": {"$ref": "Thing"}}}}}"#,
        )
    }

    #[test]
    fn what_clients_write_differently_is_read_alike() {
        let rust =
            json!({"size": "7", "stage": 3, "minCount": 2, "age": "60s", "uid": "u", "name": null});
        let other = json!({"size": 7, "stage": "BETA", "min_count": "2", "age": "60.000s"});
        let read = |value| schema().read("Thing", value).unwrap();
        assert_eq!(read(rust), read(other.clone()));
        assert_eq!(
            Value::Object(read(other)),
            json!({"size": "7", "stage": "BETA", "minCount": 2, "age": "60s"})
        );
    }

    #[test]
    fn a_wrong_field_is_refused_and_named() {
        for (body, place) in [
            (
                json!({"parts": [{}, {"nmae": "x"}]}),
                "at 'parts[1]'. Unknown name \"nmae\"",
            ),
            (
                json!({"stage": 1}),
                "at 'stage'. 1 is not one of NONE, BETA, GA",
            ),
            (json!({"minCount": 3_000_000_000_i64}), "at 'minCount'"),
            (
                json!({"labels": {"a": 1}}),
                "at 'labels.a'. 1 is not a string",
            ),
            (json!({"age": "1m"}), "at 'age'"),
            (json!([]), "received. [] is not an object"),
        ] {
            let error = schema().read("Thing", body).unwrap_err();
            assert!(error.message.contains(place), "{}", error.message);
        }
    }

    #[test]
    fn masks_reach_into_messages_and_maps_but_not_into_lists() {
        for (path, there) in [
            ("labels", true),
            ("labels.a", true),
            ("parts", true),
            ("parts.name", false),
            ("nope", false),
            ("name.x", false),
        ] {
            assert_eq!(schema().has("Thing", path), there, "{path}");
        }
    }
}
