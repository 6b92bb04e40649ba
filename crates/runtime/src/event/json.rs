//! JSON taken apart one level at a time, so that an error can name its field without repeating what is in it.
//!
//! Values stay [`RawValue`]s until somebody wants them. Skipping one neither recurses nor allocates: depth costs nothing.

use super::{EventError, error::quote};
use base64::{
    Engine,
    alphabet::{Alphabet, STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bytes::Bytes;
use jiff::Timestamp;
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;
use std::{borrow::Cow, fmt};

/// Reads the keys that `T` names from the object in `text`. A known key that is there twice is an error.
pub(super) fn object<'a, T: Deserialize<'a>>(text: &'a str) -> serde_json::Result<T> {
    serde_json::from_str(text)
}

/// Whether `text` is JSON at all.
pub(super) fn check(text: &str) -> Result<(), EventError> {
    serde_json::from_str::<IgnoredAny>(text)
        .map(|_| ())
        .map_err(|error| EventError::not_json(&error))
}

/// Like [`object`], for a value that has to be an object.
pub(super) fn nested<'a, T: Deserialize<'a>>(
    field: &str,
    value: &'a RawValue,
) -> Result<T, EventError> {
    if !is_object(value) {
        return Err(unexpected(field, kind(value), "an object"));
    }
    object(value.get()).map_err(|error| EventError::NotJson {
        reason: format!("`{field}`: {error}"),
    })
}

pub(super) fn is_object(value: &RawValue) -> bool {
    value.get().starts_with('{')
}

/// A string that is not empty.
pub(super) fn text<'a>(field: &str, value: &'a RawValue) -> Result<Cow<'a, str>, EventError> {
    match any_text(field, value)? {
        text if text.is_empty() => Err(unexpected(field, "empty", "a string with something in it")),
        text => Ok(text),
    }
}

/// A string.
pub(super) fn any_text<'a>(field: &str, value: &'a RawValue) -> Result<Cow<'a, str>, EventError> {
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

    if !value.get().starts_with('"') {
        return Err(unexpected(field, kind(value), "a string"));
    }
    match serde_json::from_str::<Text<'_>>(value.get()) {
        Ok(Text(text)) => Ok(text),
        Err(_) => Err(unexpected(
            field,
            "a string with half of a character",
            "Unicode text",
        )),
    }
}

/// An instant as RFC 3339 writes it. `field` is named as errors name it.
pub(super) fn time(field: &str, text: &str) -> Result<Timestamp, EventError> {
    text.parse().map_err(|_| EventError::Unexpected {
        field: field.to_owned(),
        found: quote(text),
        expected: "a time such as 2026-11-01T00:00:00Z",
    })
}

/// Base64 as protobuf's JSON form allows it: either alphabet, with or without padding.
pub(super) fn base64(field: &str, text: &str) -> Result<Bytes, EventError> {
    const fn engine(alphabet: &Alphabet) -> GeneralPurpose {
        let config =
            GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
        GeneralPurpose::new(alphabet, config)
    }
    const STANDARD_ENGINE: GeneralPurpose = engine(&STANDARD);
    const URL_SAFE_ENGINE: GeneralPurpose = engine(&URL_SAFE);

    let engine = if text.contains(['-', '_']) {
        &URL_SAFE_ENGINE
    } else {
        &STANDARD_ENGINE
    };
    match engine.decode(text) {
        Ok(data) => Ok(data.into()),
        Err(error) => Err(unexpected(
            field,
            format!("not base64 ({})", without_content(&error)),
            "base64 in one of its two alphabets",
        )),
    }
}

fn without_content(error: &base64::DecodeError) -> String {
    match error {
        base64::DecodeError::InvalidByte(at, _) => format!("byte {at} does not belong there"),
        base64::DecodeError::InvalidLength(length) => format!("{length} is an impossible length"),
        base64::DecodeError::InvalidLastSymbol { .. } => "its last bits are not zero".to_owned(),
        base64::DecodeError::InvalidPadding => "its padding is wrong".to_owned(),
    }
}

/// Names and values of an object whose keys are anybody's, in their order and with those that are there twice.
pub(super) struct Pairs<'a>(pub(super) Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Pairs<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PairsVisitor;

        impl<'de> Visitor<'de> for PairsVisitor {
            type Value = Pairs<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<'de>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(PairsVisitor)
    }
}

/// What a value is, without what is in it.
pub(super) fn kind(value: &RawValue) -> &'static str {
    match value.get().as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "true or false",
        Some(b'n') => "null",
        _ => "a number",
    }
}

pub(super) fn unexpected(
    field: &str,
    found: impl Into<String>,
    expected: &'static str,
) -> EventError {
    EventError::Unexpected {
        field: format!("`{field}`"),
        found: found.into(),
        expected,
    }
}
