//! The manifest: what a backup holds, in the words of `docs/backup-format.md`.
//!
//! It is written last and deleted first: a backup exists when its manifest does. The last field is the SHA-256 of every
//! byte before its own line, so that a manifest that was cut short or edited is noticed.

mod contents;

pub use contents::{Chunk, Index, LargeObjects, RowFormat, Sequence, Skipped, StoredObject, Table};

use crate::backup_id::BackupId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What the `format` field says.
pub const FORMAT: &str = "nightshift-backup";
/// The newest format version that this program writes and reads.
pub const VERSION: u32 = 1;
/// Begins the line that holds the hash of all that stands before it.
const HASH_LINE: &str = "\n  \"sha256\": \"";

/// Everything that is needed to restore one backup and to prove it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Always [`FORMAT`].
    pub format: String,
    /// The format's version; a reader refuses what it does not know.
    pub version: u32,
    /// The backup's id: its folder below `backups/`.
    pub id: BackupId,
    /// The program that wrote it.
    pub written_by: String,
    /// When the run began, by the database server's clock.
    pub started_at: Timestamp,
    /// The instant whose data this is: when the snapshot was taken, or on a standby what had been replayed.
    pub snapshot_at: Timestamp,
    /// When the last byte was stored.
    pub finished_at: Timestamp,
    /// Where the rows came from.
    pub source: Source,
    /// How objects are compressed and encrypted.
    pub codec: CodecFacts,
    /// The version of the client programs that wrote the schema; a restore needs the same major or a newer one.
    pub client: String,
    /// Sums over everything below.
    pub totals: Totals,
    /// The archive of `pg_dump` that holds the schema, sections pre-data and post-data.
    pub schema: StoredObject,
    /// Roles and tablespaces without passwords, as SQL, when the role may read them.
    pub globals: Option<StoredObject>,
    /// Every table whose rows were copied.
    pub tables: Vec<Table>,
    /// Every sequence with its position.
    pub sequences: Vec<Sequence>,
    /// Large objects, when there are any.
    pub large_objects: Option<LargeObjects>,
    /// What could not or need not be copied, each with its reason.
    pub skipped: Vec<Skipped>,
    /// What a person should know about this backup.
    pub warnings: Vec<String>,
    /// Why this backup is not trusted to replace older ones; empty for a good one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suspicions: Vec<String>,
}

/// The database that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// `pg_control_system()`'s identifier of the cluster; none where the role may not ask.
    pub system_identifier: Option<String>,
    /// The database's name.
    pub database: String,
    /// Its oid: another one under the same name is another database.
    pub database_oid: u32,
    /// `server_version_num`, such as 150018.
    pub server_version_num: u32,
    /// The server's version as it says it.
    pub server_version: String,
    /// The database's encoding, which is also the encoding of the rows.
    pub encoding: String,
    /// `LC_COLLATE`.
    pub collate: String,
    /// `LC_CTYPE`.
    pub ctype: String,
    /// `c` libc, `i` ICU, `b` built in.
    pub locale_provider: String,
    /// The provider's name of the locale; libc has `collate` and `ctype` instead.
    pub locale: Option<String>,
    /// The collation's version, when the provider knows one.
    pub collation_version: Option<String>,
    /// `money` is written in this locale.
    pub lc_monetary: String,
    /// Whether a standby was read.
    pub standby: bool,
    /// Extensions with their versions, by name.
    pub extensions: std::collections::BTreeMap<String, String>,
}

impl Source {
    /// The server's major version.
    pub fn major(&self) -> u32 {
        self.server_version_num / 10_000
    }

    /// What retention counts together: one database of one cluster.
    pub fn group(&self) -> String {
        match &self.system_identifier {
            Some(system) => format!("{system}/{}", self.database),
            None => self.database.clone(),
        }
    }
}

/// How objects are compressed and encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodecFacts {
    /// Always `zstd` in version 1.
    pub compression: String,
    /// The level it was compressed with.
    pub level: i32,
    /// The age recipients that can read it; empty when it is not encrypted.
    pub recipients: Vec<String>,
}

impl CodecFacts {
    /// Whether an age identity is needed to read the backup.
    pub fn encrypted(&self) -> bool {
        !self.recipients.is_empty()
    }
}

/// Sums over a backup.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Tables.
    pub tables: u64,
    /// Tables made by users, without the configuration of extensions.
    pub user_tables: u64,
    /// Rows of all tables.
    pub rows: u64,
    /// Bytes of these rows as `COPY` sent them.
    pub raw_bytes: u64,
    /// Bytes of all objects of the backup but the manifest.
    pub stored_bytes: u64,
    /// Objects but the manifest.
    pub objects: u64,
}

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
    /// It is the manifest of another backup.
    #[error("the manifest is that of backup {0}")]
    Misplaced(BackupId),
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

    /// Refuses the manifest of another backup: it names objects that are not in this one's folder.
    pub fn of(self, id: &BackupId) -> Result<Self, ManifestError> {
        if self.id == *id {
            Ok(self)
        } else {
            Err(ManifestError::Misplaced(self.id))
        }
    }

    /// Every object of the backup but the manifest itself.
    pub fn objects(&self) -> impl Iterator<Item = &StoredObject> {
        let large = self
            .large_objects
            .iter()
            .flat_map(|l| l.metadata.iter().chain(&l.pages));
        std::iter::once(&self.schema).chain(&self.globals).chain(
            self.tables
                .iter()
                .flat_map(|t| &t.chunks)
                .chain(large)
                .map(|c| &c.stored),
        )
    }

    /// Adds up what the backup holds.
    pub fn sum_totals(&mut self) {
        let count = |n: usize| n as u64;
        self.totals = Totals {
            tables: count(self.tables.len()),
            user_tables: count(self.tables.iter().filter(|t| t.extension.is_none()).count()),
            rows: self.tables.iter().map(|t| t.rows).sum(),
            raw_bytes: self.tables.iter().map(|t| t.raw_bytes).sum(),
            stored_bytes: self.objects().map(|o| o.bytes).sum(),
            objects: count(self.objects().count()),
        };
    }
}

/// Bytes as lower-case hex digits.
pub fn hex(bytes: &[u8]) -> String {
    hex::encode(bytes)
}
