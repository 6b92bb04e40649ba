//! A JSON text in which single values are found and replaced, and everything else stays byte for byte.

use super::Misfit;
use secrecy::zeroize::Zeroizing;
use serde::{
    Deserialize,
    de::{Deserializer, MapAccess, Visitor},
};
use serde_json::value::RawValue;
use std::{fmt, ops::Range};

/// A text that is a JSON object.
pub(super) struct Document<'a> {
    text: &'a str,
}

/// A new value of a part of the text, as JSON.
pub(super) type Edit = (Range<usize>, Zeroizing<String>);

impl<'a> Document<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, Misfit> {
        let members: Result<Members<'_>, _> = serde_json::from_str(text);
        match members {
            Ok(_) => Ok(Self { text }),
            // Its own words can quote the text.
            Err(error) => Err(Misfit(format!(
                "it is not a JSON object: line {}, column {}",
                error.line(),
                error.column()
            ))),
        }
    }

    /// Whether the object has a field of this name.
    pub(super) fn has(&self, field: &str) -> Result<bool, Misfit> {
        let members: Result<Members<'_>, _> = serde_json::from_str(self.text);
        let members = members.map_err(|_| Misfit("it is not a JSON object".to_owned()))?;
        Ok(members.0.iter().any(|(name, _)| name == field))
    }

    /// The edit that puts the members of `object` before all others.
    pub(super) fn insertion(&self, object: &str) -> Edit {
        let at = self.text.find('{').map_or(0, |brace| brace + 1);
        let members = &object[1..object.len() - 1];
        let empty = self.text[at..].trim_start().starts_with('}');
        let mut inserted = Zeroizing::new(String::with_capacity(members.len() + 1));
        inserted.push_str(members);
        if !empty {
            inserted.push(',');
        }
        (at..at, inserted)
    }

    /// The string at `name`.
    pub(super) fn text(&self, name: &str) -> Result<Zeroizing<String>, Misfit> {
        let raw = &self.text[self.span(name)?];
        serde_json::from_str(raw)
            .map(Zeroizing::new)
            .map_err(|_| Misfit(format!("field `{name}` is not a string")))
    }

    /// The JSON at `name`.
    pub(super) fn raw(&self, name: &str) -> Result<&'a str, Misfit> {
        Ok(&self.text[self.span(name)?])
    }

    /// The number at `name`, or the string that holds one.
    pub(super) fn port(&self, name: &str) -> Result<u16, Misfit> {
        let raw = self.text[self.span(name)?].trim_matches('"');
        raw.parse()
            .map_err(|_| Misfit(format!("field `{name}` is not a port")))
    }

    /// Where in the text the value at `name` is.
    pub(super) fn span(&self, name: &str) -> Result<Range<usize>, Misfit> {
        let path: Vec<String> = match name.strip_prefix('/') {
            None => vec![name.to_owned()],
            Some(pointer) => pointer
                .split('/')
                .map(|part| part.replace("~1", "/").replace("~0", "~"))
                .collect(),
        };
        let mut span = 0..self.text.len();
        for key in &path {
            let inner = self.member(span, key);
            span = inner.map_err(|problem| Misfit(format!("field `{name}` {problem}")))?;
        }
        Ok(span)
    }

    fn member(&self, object: Range<usize>, key: &str) -> Result<Range<usize>, &'static str> {
        let text = &self.text[object.clone()];
        let members: Members<'_> = serde_json::from_str(text).map_err(|_| "is not in an object")?;
        let mut found = members.0.iter().filter(|(name, _)| name == key);
        let (_, value) = found.next().ok_or("is missing")?;
        if found.next().is_some() {
            return Err("is there twice");
        }
        // The value is borrowed from the text, so it lies within it.
        let start = object.start + (value.get().as_ptr().addr() - text.as_ptr().addr());
        Ok(start..start + value.get().len())
    }

    /// The text with `edits`, which do not overlap.
    pub(super) fn with(&self, mut edits: Vec<Edit>) -> Zeroizing<String> {
        edits.sort_by_key(|(span, _)| span.start);
        let added: usize = edits.iter().map(|(_, value)| value.len()).sum();
        let mut text = Zeroizing::new(String::with_capacity(self.text.len() + added));
        let mut from = 0;
        for (span, value) in &edits {
            text.push_str(&self.text[from..span.start]);
            text.push_str(value);
            from = span.end;
        }
        text.push_str(&self.text[from..]);
        text
    }
}

/// `text` as a JSON string.
pub(super) fn quoted(text: &str) -> Result<Zeroizing<String>, Misfit> {
    // At worst each byte becomes `\u00xx`; the buffer must not grow, or it leaves a copy behind.
    let mut buffer = Zeroizing::new(Vec::with_capacity(6 * text.len() + 2));
    let unwritable = |_| Misfit("a value cannot be written as JSON".to_owned());
    serde_json::to_writer(&mut *buffer, text).map_err(unwritable)?;
    let text = std::str::from_utf8(&buffer).unwrap_or_default();
    Ok(Zeroizing::new(text.to_owned()))
}

/// An object of these members.
pub(super) fn object(members: &[(&str, &str)]) -> Result<Zeroizing<String>, Misfit> {
    let room: usize = members
        .iter()
        .map(|(k, v)| 6 * (k.len() + v.len()) + 6)
        .sum();
    let mut text = Zeroizing::new(String::with_capacity(room + 2));
    for (key, value) in members {
        let separator = if text.is_empty() { '{' } else { ',' };
        text.push(separator);
        text.push_str(&quoted(key)?);
        text.push(':');
        text.push_str(&quoted(value)?);
    }
    text.push('}');
    Ok(text)
}

/// The members of an object, as they are written.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}
