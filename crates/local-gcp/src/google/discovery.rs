//! Google's discovery documents, reduced to methods and messages. See `schemas/README.md` for the source.

use serde::Deserialize;
use std::collections::BTreeMap;

/// The fields of a message, or the parameters of a query, by name.
pub(crate) type Fields = BTreeMap<String, Field>;

/// A file of `schemas/`.
#[derive(Debug, Deserialize)]
#[serde(bound(deserialize = "'de: 'static"))]
pub(crate) struct Document {
    /// Query parameters that every method takes.
    #[serde(default)]
    pub(crate) parameters: Fields,
    /// By Google's own name for them.
    #[serde(default)]
    pub(crate) methods: BTreeMap<String, Method>,
    pub(crate) messages: BTreeMap<String, Fields>,
}

/// A method of an API.
#[derive(Debug, Deserialize)]
pub(crate) struct Method {
    pub(crate) verb: String,
    /// In the syntax of `google.api.http`.
    pub(crate) path: &'static str,
    pub(crate) query: Fields,
    pub(crate) request: Option<String>,
    pub(crate) response: Option<String>,
    /// Where the same method takes media.
    #[serde(default)]
    pub(crate) uploads: Vec<&'static str>,
    /// Where the same method gives media.
    pub(crate) download: Option<&'static str>,
}

/// A field of a message, or a query parameter.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Field {
    #[serde(rename = "$ref")]
    pub(crate) message: Option<String>,
    #[serde(default)]
    pub(crate) r#type: String,
    #[serde(default)]
    pub(crate) format: String,
    #[serde(default)]
    pub(crate) r#enum: Vec<String>,
    /// Those of the enum, where they are not 0, 1, 2, ….
    pub(crate) numbers: Option<Vec<i64>>,
    #[serde(default)]
    pub(crate) read_only: bool,
    /// Of a query parameter.
    #[serde(default)]
    pub(crate) required: bool,
    /// Of a query parameter.
    #[serde(default)]
    pub(crate) repeated: bool,
    pub(crate) items: Option<Box<Self>>,
    pub(crate) additional_properties: Option<Box<Self>>,
    /// Of a message without a name.
    pub(crate) properties: Option<Fields>,
}

impl Document {
    /// Parses a file of `schemas/`, which is part of this program.
    pub(crate) fn parse(text: &'static str) -> Self {
        match serde_json::from_str(text) {
            Ok(document) => document,
            Err(error) => unreachable!("a schema of this program cannot be read: {error}"),
        }
    }
}

impl Field {
    /// The wire number of the enum's `n`th name.
    pub(crate) fn number(&self, n: usize) -> Option<i64> {
        let own = self.numbers.as_ref().and_then(|numbers| numbers.get(n));
        own.copied().or_else(|| i64::try_from(n).ok())
    }
}
