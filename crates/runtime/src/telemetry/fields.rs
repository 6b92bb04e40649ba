//! The fields of an event or a span, with the types they were recorded with.

use serde_json::Value;
use std::{error::Error, fmt};
use tracing::field::{Field, Visit};

/// The longest text that is told whole, in bytes. Cloud Logging splits lines of more than 256 KiB, and a split line is
/// no longer JSON.
const MAX_TEXT: usize = 16 * 1024;

/// JSON numbers in Cloud Logging are doubles: beyond this, neighbours become equal.
const MAX_EXACT_INTEGER: u64 = 1 << 53;

/// Names and values in the order they were recorded.
#[derive(Debug, Default)]
pub(super) struct Fields(Vec<(&'static str, Value)>);

impl Fields {
    /// Sets `name`, in place of an earlier value.
    pub(super) fn set(&mut self, name: &'static str, value: Value) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, earlier)) => *earlier = value,
            None => self.0.push((name, value)),
        }
    }

    /// Adds those of `outer` whose names are not taken.
    pub(super) fn add_missing(&mut self, outer: &Self) {
        for (name, value) in &outer.0 {
            if self.get(name).is_none() {
                self.0.push((name, value.clone()));
            }
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    pub(super) fn remove(&mut self, name: &str) -> Option<Value> {
        let position = self.0.iter().position(|(known, _)| *known == name)?;
        Some(self.0.remove(position).1)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.0.iter().map(|(name, value)| (*name, value))
    }

    fn text(&mut self, field: &Field, text: String) {
        let kept = text.floor_char_boundary(MAX_TEXT);
        let text = match text.len() - kept {
            0 => text,
            omitted => format!("{}… ({omitted} bytes more)", &text[..kept]),
        };
        self.set(name_of(field), text.into());
    }
}

fn name_of(field: &Field) -> &'static str {
    field.name().trim_start_matches("r#")
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, value.to_owned());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(name_of(field), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if value > MAX_EXACT_INTEGER {
            self.text(field, value.to_string());
        } else {
            self.set(name_of(field), value.into());
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        if value.unsigned_abs() > MAX_EXACT_INTEGER {
            self.text(field, value.to_string());
        } else {
            self.set(name_of(field), value.into());
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        match serde_json::Number::from_f64(value) {
            Some(number) => self.set(name_of(field), number.into()),
            None => self.text(field, value.to_string()),
        }
    }

    fn record_error(&mut self, field: &Field, error: &(dyn Error + 'static)) {
        let mut chain = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            chain.push_str(": ");
            chain.push_str(&error.to_string());
            cause = error.source();
        }
        self.text(field, chain);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.text(field, format!("{value:?}"));
    }
}
