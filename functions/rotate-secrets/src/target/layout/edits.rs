//! Changes to the fields of a JSON object whose other fields stay.

use super::{
    Misfit,
    json::{Document, quoted},
};
use crate::payload::Payload;
use secrecy::zeroize::Zeroizing;

/// An object and new values of some of its fields.
pub(in crate::target) struct Edits<'a> {
    /// None of a new object.
    base: Option<Document<'a>>,
    fields: Vec<(&'static str, Zeroizing<String>)>,
}

impl<'a> Edits<'a> {
    /// Of the object in `payload`.
    pub(in crate::target) fn of(payload: &'a Payload) -> Result<Self, Misfit> {
        Ok(Self {
            base: Some(Document::parse(super::text(payload)?)?),
            fields: Vec::new(),
        })
    }

    /// Of an object that has no fields yet.
    pub(in crate::target) fn new_object() -> Self {
        Self {
            base: None,
            fields: Vec::new(),
        }
    }

    fn base(&self) -> Result<&Document<'a>, Misfit> {
        self.base
            .as_ref()
            .ok_or_else(|| Misfit::new("a new object has no fields".to_owned()))
    }

    /// The string in this field, as it was.
    pub(in crate::target) fn read(&self, field: &str) -> Result<Zeroizing<String>, Misfit> {
        self.base()?.text(field)
    }

    /// The strings in this field, as they were.
    pub(in crate::target) fn read_list(
        &self,
        field: &str,
    ) -> Result<Vec<Zeroizing<String>>, Misfit> {
        let base = self.base()?;
        let list: Result<Vec<String>, _> = serde_json::from_str(base.raw(field)?);
        let not_a_list = |_| Misfit::new(format!("field `{field}` is not a list of strings"));
        let list = list.map_err(not_a_list)?;
        Ok(list.into_iter().map(Zeroizing::new).collect())
    }

    /// The JSON in this field, as it was.
    pub(in crate::target) fn read_raw(&self, field: &str) -> Result<&'a str, Misfit> {
        self.base()?.raw(field)
    }

    /// Puts a string into this field.
    pub(in crate::target) fn text(
        &mut self,
        field: &'static str,
        value: &str,
    ) -> Result<(), Misfit> {
        self.fields.push((field, quoted(value)?));
        Ok(())
    }

    /// Puts strings into this field.
    pub(in crate::target) fn list(
        &mut self,
        field: &'static str,
        values: &[Zeroizing<String>],
    ) -> Result<(), Misfit> {
        let mut parts = Vec::with_capacity(values.len());
        for value in values {
            parts.push(quoted(value)?);
        }
        let room: usize = parts.iter().map(|part| part.len() + 1).sum();
        let mut list = Zeroizing::new(String::with_capacity(room + 2));
        list.push('[');
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                list.push(',');
            }
            list.push_str(part);
        }
        list.push(']');
        self.fields.push((field, list));
        Ok(())
    }

    /// Puts JSON into this field.
    pub(in crate::target) fn raw(&mut self, field: &'static str, value: Zeroizing<String>) {
        self.fields.push((field, value));
    }

    /// The payload with the changes. Fields that it did not have come first.
    pub(in crate::target) fn finish(self) -> Result<Payload, Misfit> {
        let Some(base) = &self.base else {
            return Ok(Payload::new(object(&self.fields).as_bytes().to_vec()));
        };
        let mut edits = Vec::new();
        let mut added = Vec::new();
        for (field, value) in self.fields {
            if base.has(field)? {
                edits.push((base.span(field)?, value));
            } else {
                added.push((field, value));
            }
        }
        if !added.is_empty() {
            edits.push(base.insertion(&object(&added)));
        }
        Ok(Payload::new(base.with(edits).as_bytes().to_vec()))
    }
}

fn object(fields: &[(&str, Zeroizing<String>)]) -> Zeroizing<String> {
    let room: usize = fields.iter().map(|(k, v)| k.len() + v.len() + 4).sum();
    let mut text = Zeroizing::new(String::with_capacity(room + 2));
    for (field, value) in fields {
        let separator = if text.is_empty() { "{\"" } else { ",\"" };
        for part in [separator, field, "\":", value] {
            text.push_str(part);
        }
    }
    text.push('}');
    text
}
