//! What is wrong with a configuration, and where.

use serde_path_to_error::Path as KeyPath;
use std::{fmt, io, path::PathBuf};

/// Why there is no usable configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Neither a file nor the variable was given.
    #[error(
        "no configuration: give one with `--config FILE` or in the environment variable `NIGHTSHIFT_CONFIG`"
    )]
    NotGiven,

    /// The environment variable holds bytes that are not UTF-8.
    #[error("the environment variable `NIGHTSHIFT_CONFIG` is not UTF-8")]
    NotUnicode,

    /// The file cannot be read.
    #[error("read configuration file `{}`", path.display())]
    Unreadable {
        /// The file, as it was given.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },

    /// The document was read, and something in it is wrong.
    #[error("configuration {origin}:{mistake}")]
    Invalid {
        /// The path of the file, or `NIGHTSHIFT_CONFIG`.
        origin: String,
        /// What is wrong.
        mistake: Box<Mistake>,
    },
}

/// One mistake in a configuration.
///
/// It is put together from the parser's message alone: the parser's own error would quote the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// The path of the key, such as `targets[2].bucket`; none when the mistake is in the syntax.
    pub key: Option<String>,
    /// What was found, and what would be right.
    pub problem: String,
    /// The known name nearest to an unknown one.
    pub did_you_mean: Option<String>,
}

impl Mistake {
    pub(super) fn in_toml(text: &str, key: Option<&KeyPath>, error: &toml::de::Error) -> Self {
        let before = error
            .span()
            .and_then(|span| text.get(..span.start))
            .unwrap_or_default();
        let last_line = before.rsplit('\n').next().unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        Self::new(line, last_line.chars().count() + 1, key, error.message())
    }

    pub(super) fn in_json(key: Option<&KeyPath>, error: &serde_json::Error) -> Self {
        let message = error.to_string();
        let position = format!(" at line {} column {}", error.line(), error.column());
        let problem = message.strip_suffix(&position).unwrap_or(&message);
        Self::new(error.line(), error.column(), key, problem)
    }

    fn new(line: usize, column: usize, key: Option<&KeyPath>, problem: &str) -> Self {
        Self {
            line,
            column,
            key: key.map(ToString::to_string).filter(|key| key != "."),
            problem: problem.trim_end().to_owned(),
            did_you_mean: nearest_known_name(problem),
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.line, self.column)?;
        if let Some(key) = &self.key {
            write!(f, "`{key}`: ")?;
        }
        f.write_str(&self.problem)?;
        if let Some(name) = &self.did_you_mean {
            write!(f, "; did you mean `{name}`?")?;
        }
        Ok(())
    }
}

/// Finds the name most like the unknown one in serde's message, ``unknown field `a`, expected `b` or `c` ``.
fn nearest_known_name(problem: &str) -> Option<String> {
    if !problem.starts_with("unknown ") {
        return None;
    }
    let mut names = problem.split('`').skip(1).step_by(2);
    let unknown = names.next()?;
    names
        .map(|known| {
            (
                strsim::normalized_damerau_levenshtein(unknown, known),
                known,
            )
        })
        .filter(|(likeness, _)| *likeness >= 0.6)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, known)| known.to_owned())
}
