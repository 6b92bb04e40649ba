//! Names of relations, and how they are written in SQL.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A schema and a name, unquoted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct QualifiedName {
    /// Schema.
    pub schema: String,
    /// Name.
    pub name: String,
}

impl QualifiedName {
    /// The name as SQL, quoted.
    pub fn sql(&self) -> String {
        format!(
            "{}.{}",
            quote_identifier(&self.schema),
            quote_identifier(&self.name)
        )
    }
}

impl fmt::Display for QualifiedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.schema, self.name)
    }
}

/// An identifier as SQL; always quoted, so that no list of keywords is needed.
pub fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
