//! The bytes of `manifest.json`, closed by their own hash.

use super::{FORMAT, Manifest, VERSION, hex};
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// Begins the line that holds the hash of all that stands before it.
const HASH_LINE: &str = "\n  \"sha256\": \"";

/// Why stored bytes are not a manifest that can be trusted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// The closing hash line is missing: the object was cut short.
    #[error("the manifest is cut short: its closing sha256 line is missing")]
    CutShort,
    /// The bytes are not those that were hashed.
    #[error("the manifest was changed: its sha256 is {found}, its closing line says {expected}")]
    Changed {
        /// The closing line.
        expected: String,
        /// The hash of what is there.
        found: String,
    },
    /// A format this program does not know.
    #[error(
        "the manifest says format `{format}` version {version}; this program reads `{FORMAT}` up to version {VERSION}"
    )]
    Unknown {
        /// The `format` field.
        format: String,
        /// The `version` field.
        version: u64,
    },
    /// Not JSON, or a field is missing.
    #[error("the manifest cannot be read")]
    Json(#[from] serde_json::Error),
}

impl Manifest {
    /// The bytes of `manifest.json`.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ManifestError> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.truncate(text.len() - "\n}".len());
        text.push(',');
        let hash = hex(&Sha256::digest(text.as_bytes()));
        text.push_str(HASH_LINE);
        text.push_str(&hash);
        text.push_str("\"\n}\n");
        Ok(text.into_bytes())
    }

    /// Reads `manifest.json`, checking its hash first and its version next.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ManifestError> {
        #[derive(Deserialize)]
        struct Head {
            #[serde(default)]
            format: String,
            #[serde(default)]
            version: u64,
        }
        let text = String::from_utf8_lossy(bytes);
        let (body, tail) = text.rsplit_once(HASH_LINE).ok_or(ManifestError::CutShort)?;
        let expected = tail
            .strip_suffix("\"\n}\n")
            .ok_or(ManifestError::CutShort)?;
        let found = hex(&Sha256::digest(body.as_bytes()));
        if found != expected {
            return Err(ManifestError::Changed {
                expected: expected.to_owned(),
                found,
            });
        }
        let head: Head = serde_json::from_slice(bytes)?;
        if head.format != FORMAT || head.version != u64::from(VERSION) {
            return Err(ManifestError::Unknown {
                format: head.format,
                version: head.version,
            });
        }
        Ok(serde_json::from_slice(bytes)?)
    }
}
