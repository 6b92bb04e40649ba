//! Names of backups.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// What the last part of an id is made of: nothing that looks like something else.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// A backup's name: the instant it began and a random part, so that ids sort by time and never meet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BackupId(String);

/// The text is not a backup id.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a backup id (it would look like 20260630T020000Z-k3f9qx)")]
pub struct BadBackupId(String);

impl BackupId {
    /// A new id for a backup that began at `now`.
    pub fn new(now: Timestamp, random: u32) -> Self {
        let tail: String = (0..6)
            .map(|i| char::from(ALPHABET[(random >> (5 * i) & 31) as usize]))
            .collect();
        Self(format!("{}-{tail}", now.strftime("%Y%m%dT%H%M%SZ")))
    }

    /// An id for the backup of the database `group` that `event` asks for. However often the event comes, the part behind the
    /// time is the same, and as good as no other event's: 60 bits.
    pub fn of_event(now: Timestamp, event: &str, group: &str) -> Self {
        let hash = Sha256::digest(format!("{group}\n{event}"));
        let tail: String = hash
            .iter()
            .take(12)
            .map(|byte| char::from(ALPHABET[usize::from(byte & 31)]))
            .collect();
        Self(format!("{}-{tail}", now.strftime("%Y%m%dT%H%M%SZ")))
    }

    /// The part behind the time.
    pub fn tail(&self) -> &str {
        self.0.split_once('-').map_or("", |(_, tail)| tail)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The instant in the id: when the run began, to the second.
    pub fn began(&self) -> Option<Timestamp> {
        jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", self.0.get(..16)?)
            .and_then(|at| at.to_zoned(jiff::tz::TimeZone::UTC))
            .map(|at| at.timestamp())
            .ok()
    }
}

impl TryFrom<String> for BackupId {
    type Error = BadBackupId;

    fn try_from(text: String) -> Result<Self, BadBackupId> {
        let id = Self(text);
        let tail_is_plain = |tail: &str| {
            !tail.is_empty()
                && tail.len() <= 40
                && tail
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        match id.0.split_once('-') {
            Some((_, tail)) if id.began().is_some() && tail_is_plain(tail) => Ok(id),
            _ => Err(BadBackupId(id.0)),
        }
    }
}

impl std::str::FromStr for BackupId {
    type Err = BadBackupId;

    fn from_str(text: &str) -> Result<Self, BadBackupId> {
        Self::try_from(text.to_owned())
    }
}

impl From<BackupId> for String {
    fn from(id: BackupId) -> Self {
        id.0
    }
}

impl fmt::Display for BackupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
