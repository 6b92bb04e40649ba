//! The configuration a person writes: TOML or JSON, from a file or from the environment.
//!
//! Types that are read with [`load`] carry `#[serde(deny_unknown_fields)]`, so that a misspelt key is an error instead of
//! a default. Amounts are written with their unit ([`HumanDuration`], [`ByteSize`]), and secrets are never written at all
//! but pointed at ([`SecretSource`]).

mod error;
mod secret;
mod units;

pub use error::{ConfigError, Mistake};
pub use secret::{SecretError, SecretSource};
pub use units::{ByteSize, HumanDuration, InvalidAmount};

use serde::de::DeserializeOwned;
use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// The environment variable that holds the path of the configuration, or the configuration itself.
pub const VARIABLE: &str = "NIGHTSHIFT_CONFIG";

/// Reads the configuration from the file at `path` (`--config`) or, without one, from `NIGHTSHIFT_CONFIG`.
///
/// The variable holds a document when it starts with `{` (JSON) or contains a line break or `=` (TOML), and a path
/// otherwise. A file is JSON when its name ends in `.json`, TOML when it ends in `.toml`, and JSON when it starts with `{`
/// if its name says neither.
pub fn load<T: DeserializeOwned>(path: Option<&Path>) -> Result<T, ConfigError> {
    find(path, variable()?)?
        .ok_or(ConfigError::NotGiven)?
        .parse()
}

/// Like [`load`], with the default where neither a path nor the variable is given.
pub fn load_or_default<T: DeserializeOwned + Default>(
    path: Option<&Path>,
) -> Result<T, ConfigError> {
    find(path, variable()?)?.map_or_else(|| Ok(T::default()), |document| document.parse())
}

fn variable() -> Result<Option<String>, ConfigError> {
    match env::var(VARIABLE) {
        Ok(value) => Ok(Some(value).filter(|value| !value.trim().is_empty())),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => Err(ConfigError::NotUnicode),
    }
}

/// A configuration that has been found but not understood yet.
struct Document {
    /// Where it is from, for errors: a path or the name of the variable.
    origin: String,
    text: String,
    syntax: Syntax,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Syntax {
    Toml,
    Json,
}

fn find(path: Option<&Path>, variable: Option<String>) -> Result<Option<Document>, ConfigError> {
    match (path, variable) {
        (Some(path), _) => read(path.to_owned()).map(Some),
        (None, None) => Ok(None),
        (None, Some(value)) => {
            let syntax = Syntax::of_text(&value);
            if syntax == Syntax::Json || value.contains(['\n', '=']) {
                Ok(Some(Document {
                    origin: VARIABLE.to_owned(),
                    text: value,
                    syntax,
                }))
            } else {
                read(value.trim().into()).map(Some)
            }
        }
    }
}

fn read(path: PathBuf) -> Result<Document, ConfigError> {
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(source) => return Err(ConfigError::Unreadable { path, source }),
    };
    let syntax = match path.extension().and_then(|extension| extension.to_str()) {
        Some("json") => Syntax::Json,
        Some("toml") => Syntax::Toml,
        _ => Syntax::of_text(&text),
    };
    Ok(Document {
        origin: path.display().to_string(),
        text,
        syntax,
    })
}

impl Syntax {
    fn of_text(text: &str) -> Self {
        if text.trim_start().starts_with('{') {
            Self::Json
        } else {
            Self::Toml
        }
    }
}

impl Document {
    fn parse<T: DeserializeOwned>(&self) -> Result<T, ConfigError> {
        let parsed = match self.syntax {
            Syntax::Toml => parse_toml(&self.text),
            Syntax::Json => parse_json(&self.text),
        };
        parsed.map_err(|mistake| ConfigError::Invalid {
            origin: self.origin.clone(),
            mistake: Box::new(mistake),
        })
    }
}

fn parse_toml<T: DeserializeOwned>(text: &str) -> Result<T, Mistake> {
    let document =
        toml::Deserializer::parse(text).map_err(|error| Mistake::in_toml(text, None, &error))?;
    serde_path_to_error::deserialize(document)
        .map_err(|error| Mistake::in_toml(text, Some(error.path()), error.inner()))
}

fn parse_json<T: DeserializeOwned>(text: &str) -> Result<T, Mistake> {
    let mut document = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut document)
        .map_err(|error| Mistake::in_json(Some(error.path()), error.inner()))?;
    document
        .end()
        .map_err(|error| Mistake::in_json(None, &error))?;
    Ok(value)
}

#[cfg(test)]
mod tests;
