//! Messages as they lie in files.

use crate::{error::Error, message::Envelope};
use serde_json::value::RawValue;
use std::{fs, path::Path};

pub(super) fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|source| Error::File {
        doing: "read",
        path: path.to_owned(),
        source,
    })
}

/// The messages in a file: JSON documents one after the other, or an array of them.
pub(super) fn envelopes(path: &Path) -> Result<Vec<Envelope>, Error> {
    let text = read(path)?;
    let wrong = |number, source: serde_json::Error| Error::Envelope {
        path: path.to_owned(),
        number,
        source: source.into(),
    };
    let mut bodies: Vec<Box<RawValue>> = Vec::new();
    if text.trim_start().starts_with('[') {
        bodies = serde_json::from_str(&text).map_err(|source| wrong(1, source))?;
    } else {
        for body in serde_json::Deserializer::from_str(&text).into_iter() {
            bodies.push(body.map_err(|source| wrong(bodies.len() + 1, source))?);
        }
    }
    if bodies.is_empty() {
        return Err(Error::NoMessages(path.to_owned()));
    }
    let read = |(index, body): (usize, &RawValue)| {
        Envelope::read(body.get()).map_err(|source| Error::Envelope {
            path: path.to_owned(),
            number: index + 1,
            source,
        })
    };
    bodies
        .iter()
        .map(AsRef::as_ref)
        .enumerate()
        .map(read)
        .collect()
}
