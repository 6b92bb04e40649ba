//! Where backups are kept, as the user writes it.

use std::{fmt, path::PathBuf, str::FromStr};

/// Where backups are kept, as the user writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// `gs://bucket/prefix`.
    Bucket {
        /// The bucket's name.
        bucket: String,
        /// What every object's name begins with; may be empty.
        prefix: String,
    },
    /// `file:///folder`.
    Folder(PathBuf),
}

/// The text does not name a target.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a target: write gs://BUCKET/PREFIX or file:///FOLDER")]
pub struct BadTarget(String);

impl FromStr for Target {
    type Err = BadTarget;

    fn from_str(text: &str) -> Result<Self, BadTarget> {
        let bad = || BadTarget(text.to_owned());
        if let Some(rest) = text.strip_prefix("gs://") {
            let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            let prefix = prefix.trim_matches('/');
            let plain = |b: u8| b.is_ascii_alphanumeric() || b"._=/-".contains(&b);
            if bucket.is_empty() || !bucket.bytes().chain(prefix.bytes()).all(plain) {
                return Err(bad());
            }
            return Ok(Self::Bucket {
                bucket: bucket.to_owned(),
                prefix: prefix.to_owned(),
            });
        }
        match text.strip_prefix("file://") {
            Some(path) if path.starts_with('/') => Ok(Self::Folder(PathBuf::from(path))),
            _ => Err(bad()),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bucket { bucket, prefix } if prefix.is_empty() => write!(f, "gs://{bucket}"),
            Self::Bucket { bucket, prefix } => write!(f, "gs://{bucket}/{prefix}"),
            Self::Folder(path) => write!(f, "file://{}", path.display()),
        }
    }
}
