//! Names that end up in the annotation and in logs.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The name of an operation: 26 letters and digits at most, chosen by whoever claims it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct OperationId(String);

/// The name of a worker: unique to one call on one instance.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct WorkerId(String);

/// Which of a target's two accounts a credential is for, such as the `b` of `app_b`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Slot(String);

/// A name that is too long for the annotation, or has characters that do not belong in a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{what} of {length} characters: it has to be 1 to {max} letters, digits, dots, hyphens, underscores or slashes"
)]
pub struct BadName {
    what: &'static str,
    length: usize,
    max: usize,
}

fn checked(what: &'static str, name: String, max: usize) -> Result<String, BadName> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    if (1..=max).contains(&name.len()) && name.chars().all(plain) {
        return Ok(name);
    }
    let length = name.chars().count();
    Err(BadName { what, length, max })
}

macro_rules! name {
    ($type:ident, $what:literal, $max:literal) => {
        impl TryFrom<String> for $type {
            type Error = BadName;

            fn try_from(name: String) -> Result<Self, BadName> {
                checked($what, name, $max).map(Self)
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(OperationId, "the name of an operation", 26);
name!(WorkerId, "the name of a worker", 100);
name!(Slot, "the name of an account", 63);
