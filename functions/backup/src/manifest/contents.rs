//! What a manifest says about the objects and what is in them.

use crate::{
    fingerprint::{Fingerprint, RowSum},
    name::QualifiedName,
};
use serde::{Deserialize, Serialize};

/// An object of the backup and its checksums.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredObject {
    /// Its name below the backup's folder.
    pub object: String,
    /// Its size.
    pub bytes: u64,
    /// CRC32C of the stored bytes, 8 hex digits.
    #[serde(with = "hex_u32")]
    pub crc32c: u32,
    /// SHA-256 of the stored bytes, 64 hex digits.
    #[serde(with = "hex_bytes")]
    pub sha256: [u8; 32],
}

/// A run of rows in one object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// The object that holds them.
    #[serde(flatten)]
    pub stored: StoredObject,
    /// Rows.
    pub rows: u64,
    /// Their bytes as `COPY` sent them.
    pub raw_bytes: u64,
    /// Their fingerprint.
    pub fingerprint: Fingerprint,
}

impl Chunk {
    /// The chunk's rows as a sum that can be compared and added.
    pub fn sum(&self) -> RowSum {
        RowSum {
            rows: self.rows,
            bytes: self.raw_bytes,
            fingerprint: self.fingerprint,
        }
    }
}

/// How rows stand in a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RowFormat {
    /// `COPY`'s text format: readable, and portable between releases.
    Text,
    /// `COPY`'s binary format, for tables with a value that text cannot carry (over about 512 MB).
    Binary,
}

/// A table and its rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Its oid in the source: how the schema's archive calls it.
    pub oid: u32,
    /// Schema, unquoted.
    pub schema: String,
    /// Name, unquoted.
    pub name: String,
    /// The columns of a row, in order, unquoted; generated columns are not among them.
    pub columns: Vec<String>,
    /// The extension whose configuration this table is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
    /// The `WHERE …` an extension has set for its configuration rows.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub condition: String,
    /// The partition root through which rows must be loaded because their leaf can differ in another database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load_through: Option<QualifiedName>,
    /// The rows' format in every chunk of this table.
    pub format: RowFormat,
    /// Rows.
    pub rows: u64,
    /// Bytes as `COPY` sent them.
    pub raw_bytes: u64,
    /// The fingerprint of all rows.
    pub fingerprint: Fingerprint,
    /// The indexes on it, so that a restore can begin with the dearest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub indexes: Vec<Index>,
    /// The objects that hold the rows.
    pub chunks: Vec<Chunk>,
}

impl Table {
    /// The table's name.
    pub fn qualified(&self) -> QualifiedName {
        QualifiedName {
            schema: self.schema.clone(),
            name: self.name.clone(),
        }
    }

    /// Sums the chunks into the table's own figures.
    pub fn set_chunks(&mut self, chunks: Vec<Chunk>) {
        let mut sum = RowSum::default();
        for chunk in &chunks {
            sum.merge(chunk.sum());
        }
        (self.rows, self.raw_bytes, self.fingerprint) = (sum.rows, sum.bytes, sum.fingerprint);
        self.chunks = chunks;
    }
}

/// An index, with what is needed to guess how long it takes to build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// Its oid in the source: how the schema's archive calls it.
    pub oid: u32,
    /// Its name; it lives in the table's schema.
    pub name: String,
    /// `btree`, `gin`, …
    pub method: String,
    /// Its size in the source.
    pub bytes: u64,
    /// The oid of the constraint that owns it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constraint: Option<u32>,
}

/// A sequence's position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sequence {
    /// Schema, unquoted.
    pub schema: String,
    /// Name, unquoted.
    pub name: String,
    /// The value to set; as text, since many readers of JSON (jq before 1.7) round numbers beyond 2⁵³.
    #[serde(with = "decimal")]
    pub last_value: i64,
    /// Whether `last_value` was handed out already.
    pub is_called: bool,
    /// The table that one of its columns counts with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<QualifiedName>,
}

/// The large objects of a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LargeObjects {
    /// How many there are.
    pub count: u64,
    /// Rows of oid, owner, access list and comment.
    pub metadata: Vec<Chunk>,
    /// Rows of oid, page number and data.
    pub pages: Vec<Chunk>,
}

/// Something that is not in the backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// What it is.
    pub what: String,
    /// Why it is not there.
    pub why: String,
}

mod decimal {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde calls it with a reference"
    )]
    pub(super) fn serialize<S: Serializer>(value: &i64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<i64, D::Error> {
        let text = String::deserialize(d)?;
        text.parse()
            .map_err(|_| D::Error::custom(format!("`{text}` is not a whole number of 64 bits")))
    }
}

mod hex_u32 {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde calls it with a reference"
    )]
    pub(super) fn serialize<S: Serializer>(value: &u32, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{value:08x}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<u32, D::Error> {
        let text = String::deserialize(d)?;
        u32::from_str_radix(&text, 16)
            .map_err(|_| D::Error::custom(format!("`{text}` is not 8 hex digits")))
    }
}

mod hex_bytes {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8; 32], s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&super::super::hex(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<[u8; 32], D::Error> {
        let text = String::deserialize(d)?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(&text, &mut bytes)
            .map_err(|_| D::Error::custom(format!("`{text}` is not 64 hex digits")))?;
        Ok(bytes)
    }
}
