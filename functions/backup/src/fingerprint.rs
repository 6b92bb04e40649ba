//! An order-independent 128-bit fingerprint of a multiset of rows.
//!
//! The fingerprint of a table is the sum, modulo 2¹²⁸, of the XXH3-128 hash (seed 0) of every row exactly as `COPY … TO
//! STDOUT` sends it, line feed included. A sum does not care in which order rows arrive, so chunks read in parallel,
//! the whole table read back in one stream, and partitions whose rows moved to another leaf can all be compared;
//! unlike an exclusive-or it also notices a row that is there twice. It guards against loss and damage, not against
//! somebody who forges rows on purpose: the SHA-256 of each stored object does that.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::fmt;
use xxhash_rust::xxh3::{Xxh3Default, xxh3_128};

/// The fingerprint of the rows added so far; the empty multiset is zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fingerprint(u128);

impl Fingerprint {
    /// Adds one row.
    pub fn add_row(&mut self, row: &[u8]) {
        self.0 = self.0.wrapping_add(xxh3_128(row));
    }

    /// Adds every row of another fingerprint.
    pub fn merge(&mut self, other: Self) {
        self.0 = self.0.wrapping_add(other.0);
    }

    fn add_streamed(&mut self, row: &Xxh3Default) {
        self.0 = self.0.wrapping_add(row.digest128());
    }
}

impl std::iter::Sum for Fingerprint {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::default(), |mut total, next| {
            total.merge(next);
            total
        })
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        u128::from_str_radix(&text, 16)
            .map(Self)
            .map_err(|_| D::Error::custom(format!("`{text}` is not a fingerprint (32 hex digits)")))
    }
}

/// What a reader of rows has seen: how many, how many bytes, and their fingerprint.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RowSum {
    /// Rows.
    pub rows: u64,
    /// Bytes of the rows as `COPY` sent them.
    pub bytes: u64,
    /// Their fingerprint.
    pub fingerprint: Fingerprint,
}

impl RowSum {
    /// Adds one whole row.
    pub fn add_row(&mut self, row: &[u8]) {
        self.rows += 1;
        self.bytes += row.len() as u64;
        self.fingerprint.add_row(row);
    }

    /// Adds the rows that another reader has seen.
    pub fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.bytes += other.bytes;
        self.fingerprint.merge(other.fingerprint);
    }
}

/// Fingerprints a row that arrives in pieces because it is larger than the read buffer.
#[derive(Default)]
pub struct PartialRow {
    hash: Option<Box<Xxh3Default>>,
    bytes: u64,
}

impl PartialRow {
    /// Whether no piece of a row has been taken.
    pub fn is_empty(&self) -> bool {
        self.hash.is_none()
    }

    /// Takes the next piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.hash.get_or_insert_with(Box::default).update(piece);
        self.bytes += piece.len() as u64;
    }

    /// Adds the row to `sum` and starts anew.
    pub fn finish(&mut self, sum: &mut RowSum) {
        if let Some(hash) = self.hash.take() {
            sum.fingerprint.add_streamed(&hash);
            sum.rows += 1;
            sum.bytes += std::mem::take(&mut self.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rows: &[&[u8]]) -> Fingerprint {
        let mut sum = Fingerprint::default();
        for row in rows {
            sum.add_row(row);
        }
        sum
    }

    #[test]
    fn order_does_not_matter_but_repetition_does() {
        assert_eq!(of(&[b"a\n", b"b\n"]), of(&[b"b\n", b"a\n"]));
        assert_ne!(of(&[b"a\n", b"a\n"]), of(&[]));
        assert_ne!(of(&[b"a\n"]), of(&[b"a\n", b"a\n"]));
    }

    #[test]
    fn a_row_in_pieces_counts_as_the_whole_row() {
        let row: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
        let (mut whole, mut pieces) = (RowSum::default(), RowSum::default());
        whole.add_row(&row);
        let mut partial = PartialRow::default();
        row.chunks(777).for_each(|piece| partial.update(piece));
        partial.finish(&mut pieces);
        assert_eq!(whole, pieces);
    }

    #[test]
    fn the_definition_does_not_drift() {
        // XXH3-128 with seed 0 of "1\n" plus that of "2\n": what the format's documentation promises.
        let expected = xxh3_128(b"1\n").wrapping_add(xxh3_128(b"2\n"));
        assert_eq!(
            of(&[b"2\n", b"1\n"]).to_string(),
            format!("{expected:032x}")
        );
        let json = serde_json::to_string(&of(&[b"1\n"])).unwrap();
        assert_eq!(
            serde_json::from_str::<Fingerprint>(&json).unwrap(),
            of(&[b"1\n"])
        );
    }
}
