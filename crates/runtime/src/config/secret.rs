//! Where a secret is, as opposed to what it is.

use secrecy::{SecretString, zeroize::Zeroizing};
use serde::{Deserialize, Deserializer, Serialize, de};
use std::{
    env, fmt,
    fs::File,
    io::{self, Read},
    path::PathBuf,
};

/// Secret Manager's own limit for a secret's payload.
const MAX_BYTES: u64 = 64 * 1024;

/// A place that holds a secret: `{ env = "NAME" }` or `{ file = "/path" }`, typically a mounted secret.
///
/// The secret is read each time it is asked for, so that a mounted secret may be rotated under a running process. Writing
/// a secret itself into the configuration is an error that does not repeat it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SecretSource {
    /// The environment variable of this name.
    Env(String),
    /// The file at this path.
    File(PathBuf),
}

/// Why a secret could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// The variable is not there.
    #[error("the secret's environment variable `{0}` is not set")]
    NotSet(String),
    /// The file cannot be read; not being UTF-8 is one of the reasons.
    #[error("read the secret from file `{}`", path.display())]
    Unreadable {
        /// The file, as configured.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is nothing in it.
    #[error("the secret in {0} is empty")]
    Empty(SecretSource),
    /// It is not text, so it cannot be a password.
    #[error("the secret in {0} is not UTF-8")]
    NotText(SecretSource),
    /// It is longer than Secret Manager allows, so it is probably something else.
    #[error("the secret in {0} is larger than 64 KiB; is this the right one?")]
    TooLarge(SecretSource),
}

impl SecretSource {
    /// Reads the secret. One line break at its end is not part of it. Blocks, briefly.
    pub fn read(&self) -> Result<SecretString, SecretError> {
        let text = match self {
            Self::Env(name) => self.read_variable(name)?,
            Self::File(path) => {
                let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
                File::open(path)
                    .and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes))
                    .map_err(|source| SecretError::Unreadable {
                        path: path.clone(),
                        source,
                    })?;
                bytes
            }
        };
        if text.len() as u64 > MAX_BYTES {
            return Err(SecretError::TooLarge(self.clone()));
        }
        let text = str::from_utf8(&text).map_err(|_| SecretError::NotText(self.clone()))?;
        let text = text
            .strip_suffix('\n')
            .map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
        if text.is_empty() {
            return Err(SecretError::Empty(self.clone()));
        }
        Ok(SecretString::from(text))
    }

    fn read_variable(&self, name: &str) -> Result<Zeroizing<Vec<u8>>, SecretError> {
        match env::var(name) {
            Ok(value) => Ok(Zeroizing::new(value.into_bytes())),
            Err(env::VarError::NotPresent) => Err(SecretError::NotSet(name.to_owned())),
            Err(env::VarError::NotUnicode(_)) => Err(SecretError::NotText(self.clone())),
        }
    }
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "environment variable `{name}`"),
            Self::File(path) => write!(f, "file `{}`", path.display()),
        }
    }
}

impl<'de> Deserialize<'de> for SecretSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SourceVisitor)
    }
}

const A_SOURCE: &str = r#"{ env = "NAME" } or { file = "/path" }"#;

/// Takes the table, and refuses scalars in its own words: serde's would repeat the value, which may be the secret.
struct SourceVisitor;

fn refuse<E: de::Error>() -> E {
    E::custom(format_args!(
        "a secret is not written into the configuration, expected {A_SOURCE}"
    ))
}

impl<'de> de::Visitor<'de> for SourceVisitor {
    type Value = SecretSource;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(A_SOURCE)
    }

    fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<SecretSource, A::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            env: Option<String>,
            file: Option<PathBuf>,
        }
        match Table::deserialize(de::value::MapAccessDeserializer::new(map))? {
            Table {
                env: Some(name),
                file: None,
            } => Ok(SecretSource::Env(name)),
            Table {
                env: None,
                file: Some(path),
            } => Ok(SecretSource::File(path)),
            _ => Err(de::Error::custom(format_args!(
                "expected either {A_SOURCE}"
            ))),
        }
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<SecretSource, E> {
        Err(refuse())
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<SecretSource, E> {
        Err(refuse())
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<SecretSource, E> {
        Err(refuse())
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<SecretSource, E> {
        Err(refuse())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;
    use std::fs;

    fn read(content: &[u8]) -> Result<String, SecretError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        fs::write(&path, content).unwrap();
        SecretSource::File(path)
            .read()
            .map(|secret| secret.expose_secret().to_owned())
    }

    #[test]
    fn one_line_break_at_the_end_is_not_part_of_the_secret() {
        assert_eq!(read(b"hunter2\n").unwrap(), "hunter2");
        assert_eq!(read(b"hunter2\r\n").unwrap(), "hunter2");
        assert_eq!(read(b" two words \n\n").unwrap(), " two words \n");
    }

    #[test]
    fn an_empty_secret_is_an_error() {
        assert!(matches!(read(b"\n"), Err(SecretError::Empty(_))));
    }

    #[test]
    fn what_cannot_be_a_secret_is_an_error_without_its_content() {
        assert!(matches!(
            read(&vec![b'x'; 65 * 1024]),
            Err(SecretError::TooLarge(_))
        ));
        assert!(matches!(read(b"hunter2\xff"), Err(SecretError::NotText(_))));
        assert!(!format!("{:?}", read(b"hunter2\xff").unwrap_err()).contains("hunter2"));
    }

    #[test]
    fn a_missing_file_or_variable_is_named() {
        let error = SecretSource::File("/nowhere/password".into())
            .read()
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "read the secret from file `/nowhere/password`"
        );
        let error = SecretSource::Env("NIGHTSHIFT_NO_SUCH_SECRET".to_owned())
            .read()
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "the secret's environment variable `NIGHTSHIFT_NO_SUCH_SECRET` is not set"
        );
    }

    #[test]
    fn a_secret_is_read_from_a_variable() {
        let secret = SecretSource::Env("CARGO_PKG_NAME".to_owned())
            .read()
            .unwrap();
        assert_eq!(secret.expose_secret(), "nightshift-runtime");
    }

    #[test]
    fn a_mounted_secret_may_be_rotated_under_a_running_process() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        let source = SecretSource::File(path.clone());
        for version in ["first", "second"] {
            fs::write(&path, version).unwrap();
            assert_eq!(source.read().unwrap().expose_secret(), version);
        }
    }
}
