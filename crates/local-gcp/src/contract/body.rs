//! JSON values held against messages.

use super::{
    documents::Meant,
    format::{self, short},
};
use crate::{
    bench::journal::LEFT_OUT,
    google::discovery::{Field, Fields},
};
use serde_json::{Map, Value};

/// Whose body it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Request,
    Answer,
}

/// A body on trial.
pub(super) struct Body<'a> {
    pub(super) meant: &'a Meant,
    pub(super) side: Side,
    /// Whether the client asked for the numbers of enums.
    pub(super) numbers: bool,
    pub(super) violations: Vec<String>,
    pub(super) warnings: Vec<String>,
}

impl<'a> Body<'a> {
    pub(super) fn new(meant: &'a Meant, side: Side, numbers: bool) -> Self {
        Self {
            meant,
            side,
            numbers,
            violations: vec![],
            warnings: vec![],
        }
    }

    /// Judges `value` as the message of this name.
    pub(super) fn named(&mut self, message: &str, value: &Value, at: &str) {
        match self.meant.message(message) {
            Some(fields) => self.message(fields, value, at),
            None => self.wrong(at, &format!("the documents name no message {message}")),
        }
    }

    fn message(&mut self, fields: &Fields, value: &Value, at: &str) {
        match value.as_object() {
            Some(object) => self.fields(fields, object, at),
            None => self.wrong(at, &format!("{} is not an object", short(value))),
        }
    }

    fn fields(&mut self, fields: &Fields, object: &Map<String, Value>, at: &str) {
        for (name, value) in object {
            let at = join(at, name);
            match fields.get(name) {
                None => self.wrong(&at, "there is no such field"),
                Some(field) => {
                    if field.read_only && self.side == Side::Request {
                        self.warnings.push(format!("{at}: only Google sets this"));
                    }
                    self.value(field, value, &at);
                }
            }
        }
    }

    fn value(&mut self, field: &Field, value: &Value, at: &str) {
        if value.is_null() {
            // Google reads null as absent, and never writes it but as a value of its own.
            if self.side == Side::Answer && field.r#type != "any" {
                self.wrong(at, "null");
            }
        } else if let Some(message) = &field.message {
            self.named(message, value, at);
        } else if let Some(fields) = &field.properties {
            self.message(fields, value, at);
        } else if !field.r#enum.is_empty() {
            self.enumerated(field, value, at);
        } else {
            match field.r#type.as_str() {
                "any" => {}
                "array" => self.array(field, value, at),
                "object" => self.object(field, value, at),
                _ if value == LEFT_OUT => {}
                kind => {
                    if let Some(problem) = format::check(kind, &field.format, value, self.side) {
                        self.wrong(at, &problem);
                    }
                }
            }
        }
    }

    fn array(&mut self, field: &Field, value: &Value, at: &str) {
        let Value::Array(values) = value else {
            return self.wrong(at, &format!("{} is not a list", short(value)));
        };
        for (n, value) in values.iter().enumerate() {
            let at = format!("{at}[{n}]");
            match &field.items {
                Some(_) if value.is_null() => self.wrong(&at, "null in a list"),
                Some(items) => self.value(items, value, &at),
                None => {}
            }
        }
    }

    fn object(&mut self, field: &Field, value: &Value, at: &str) {
        let Some(object) = value.as_object() else {
            return self.wrong(at, &format!("{} is not an object", short(value)));
        };
        if let Some(url) = object.get("@type") {
            return self.any(url, object, at);
        }
        for (key, value) in object {
            if let Some(values) = &field.additional_properties {
                self.value(values, value, &join(at, key));
            }
        }
    }

    /// An `Any`: its message, if the document describes it. Those of `google.rpc` and `google.protobuf` it does not.
    fn any(&mut self, url: &Value, object: &Map<String, Value>, at: &str) {
        let Some(url) = url.as_str() else {
            return self.wrong(
                &join(at, "@type"),
                &format!("{} is not a string", short(url)),
            );
        };
        match self.meant.any(url) {
            Some(fields) => {
                let mut rest = object.clone();
                rest.remove("@type");
                self.fields(fields, &rest, at);
            }
            None if url.contains("/google.rpc.") || url.contains("/google.protobuf.") => {}
            None => self.wrong(at, &format!("the documents name no message {url}")),
        }
    }

    fn enumerated(&mut self, field: &Field, value: &Value, at: &str) {
        let known = match value {
            Value::String(name) => field.r#enum.contains(name),
            Value::Number(number) if self.side == Side::Request || self.numbers => {
                (0..field.r#enum.len()).any(|n| number.as_i64() == field.number(n))
            }
            _ => false,
        };
        if !known {
            let problem = format!("{} is not one of {}", short(value), field.r#enum.join(", "));
            self.wrong(at, &problem);
        }
    }

    pub(super) fn wrong(&mut self, at: &str, problem: &str) {
        self.violations.push(if at.is_empty() {
            problem.to_owned()
        } else {
            format!("{at}: {problem}")
        });
    }
}

fn join(at: &str, name: &str) -> String {
    if at.is_empty() {
        name.to_owned()
    } else {
        format!("{at}.{name}")
    }
}
