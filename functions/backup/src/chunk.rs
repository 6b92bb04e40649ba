//! One chunk: a run of whole rows of one table, compressed, perhaps encrypted, summed, and stored as one object.

use crate::fingerprint::{PartialRow, RowSum};
use bytes::Bytes;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use std::io::{self, Read, Write};
use zstd::stream::raw::{CParameter, Encoder, InBuffer, Operation, OutBuffer};

/// Rows are handed to the compressor in pieces of this size; smaller calls cost more than the copy saves.
const STAGING: usize = 128 * 1024;
/// What the compressor may write in one call (`ZSTD_CStreamOutSize`).
const OUTPUT_STEP: usize = 132 * 1024;

/// How stored bytes are made from rows.
#[derive(Clone)]
pub struct Codec {
    /// zstd level, 1 to 19.
    pub level: i32,
    /// The public keys that can read the backup; empty means that it is not encrypted.
    pub recipients: Vec<age::x25519::Recipient>,
}

impl Codec {
    /// What an object's name ends with.
    pub fn suffix(&self) -> &'static str {
        if self.recipients.is_empty() {
            ".zst"
        } else {
            ".zst.age"
        }
    }

    /// Compresses and encrypts a small object (the schema archive, the roles) whole.
    pub fn seal(&self, plain: &[u8]) -> io::Result<Sealed> {
        let compressed = zstd::bulk::compress(plain, self.level)?;
        self.encrypt(compressed).map(Sealed::new)
    }

    fn encrypt(&self, compressed: Vec<u8>) -> io::Result<Vec<u8>> {
        if self.recipients.is_empty() {
            return Ok(compressed);
        }
        let recipients = self.recipients.iter().map(|r| r as &dyn age::Recipient);
        let encryptor = age::Encryptor::with_recipients(recipients).map_err(io::Error::other)?;
        let mut out = encryptor.wrap_output(Vec::with_capacity(compressed.len() + 4096))?;
        out.write_all(&compressed)?;
        out.finish()
    }
}

/// The bytes to store and their checksums.
#[derive(Debug)]
pub struct Sealed {
    /// What the object holds.
    pub bytes: Bytes,
    /// CRC32C of `bytes`: what Cloud Storage checks on receipt.
    pub crc32c: u32,
    /// SHA-256 of `bytes`.
    pub sha256: [u8; 32],
}

impl Sealed {
    /// Sums `bytes`.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self {
            crc32c: crc32c::crc32c(&bytes),
            sha256: Sha256::digest(&bytes).into(),
            bytes: bytes.into(),
        }
    }
}

/// Takes rows, gives sealed chunks; one per worker, re-used from chunk to chunk.
pub struct ChunkWriter {
    codec: Codec,
    encoder: Encoder<'static>,
    staging: Vec<u8>,
    out: Vec<u8>,
    sum: RowSum,
    partial: PartialRow,
}

impl ChunkWriter {
    /// A writer that seals with `codec`.
    pub fn new(codec: Codec) -> io::Result<Self> {
        let mut encoder = Encoder::new(codec.level)?;
        encoder.set_parameter(CParameter::ContentSizeFlag(false))?;
        Ok(Self {
            codec,
            encoder,
            staging: Vec::with_capacity(STAGING * 2),
            out: Vec::new(),
            sum: RowSum::default(),
            partial: PartialRow::default(),
        })
    }

    /// Adds a whole row.
    pub fn row(&mut self, row: &[u8]) -> io::Result<()> {
        self.sum.add_row(row);
        self.bytes(row)
    }

    /// Adds a piece of a row that is larger than the reader's buffer; `last` ends the row.
    pub fn row_piece(&mut self, piece: &[u8], last: bool) -> io::Result<()> {
        self.partial.update(piece);
        if last {
            self.partial.finish(&mut self.sum);
        }
        self.bytes(piece)
    }

    /// Adds bytes that belong to no row: the header and the trailer of binary `COPY`.
    pub fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.len() >= STAGING {
            self.flush_staging()?;
            return self.compress(bytes);
        }
        self.staging.extend_from_slice(bytes);
        if self.staging.len() >= STAGING {
            self.flush_staging()?;
        }
        Ok(())
    }

    /// How many compressed bytes are waiting; the caller seals when this reaches its limit.
    pub fn stored_len(&self) -> usize {
        self.out.len()
    }

    /// What was added since the last seal.
    pub fn sum(&self) -> RowSum {
        self.sum
    }

    /// Ends the chunk and begins the next.
    pub fn seal(&mut self) -> io::Result<(Sealed, RowSum)> {
        self.flush_staging()?;
        loop {
            self.out.reserve(OUTPUT_STEP);
            let filled = self.out.len();
            let mut output = OutBuffer::around_pos(&mut self.out, filled);
            if self.encoder.finish(&mut output, true)? == 0 {
                break;
            }
        }
        self.encoder.reinit()?;
        let stored = self.codec.encrypt(std::mem::take(&mut self.out))?;
        Ok((Sealed::new(stored), std::mem::take(&mut self.sum)))
    }

    /// Forgets what was added since the last seal: the chunk is going to be read again.
    pub fn reset(&mut self) -> io::Result<()> {
        self.staging.clear();
        self.out.clear();
        self.sum = RowSum::default();
        self.partial = PartialRow::default();
        self.encoder.reinit()
    }

    fn flush_staging(&mut self) -> io::Result<()> {
        let mut staging = std::mem::take(&mut self.staging);
        let result = self.compress(&staging);
        staging.clear();
        self.staging = staging;
        result
    }

    fn compress(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut input = InBuffer::around(bytes);
        while input.pos() < bytes.len() {
            self.out.reserve(OUTPUT_STEP);
            let filled = self.out.len();
            let mut output = OutBuffer::around_pos(&mut self.out, filled);
            self.encoder.run(&mut input, &mut output)?;
        }
        Ok(())
    }
}

/// Opens stored bytes: decrypts when they are encrypted, decompresses, gives a stream of `COPY` data.
pub fn open<'a>(
    stored: &'a [u8],
    encrypted: bool,
    identity: Option<&SecretString>,
) -> io::Result<Box<dyn Read + Send + 'a>> {
    if !encrypted {
        return Ok(Box::new(zstd::stream::read::Decoder::with_buffer(stored)?));
    }
    let identity = identity.ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::PermissionDenied,
            "it is encrypted and no age identity is given",
        )
    })?;
    let identity: age::x25519::Identity =
        identity.expose_secret().parse().map_err(io::Error::other)?;
    let decryptor = age::Decryptor::new_buffered(stored).map_err(io::Error::other)?;
    let plain = decryptor
        .decrypt(std::iter::once(&identity as &dyn age::Identity))
        .map_err(io::Error::other)?;
    Ok(Box::new(zstd::stream::read::Decoder::new(plain)?))
}

/// Opens stored bytes whole, for small objects.
pub fn open_whole(
    stored: &[u8],
    encrypted: bool,
    identity: Option<&SecretString>,
) -> io::Result<Vec<u8>> {
    let mut plain = Vec::new();
    open(stored, encrypted, identity)?.read_to_end(&mut plain)?;
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codec(recipients: Vec<age::x25519::Recipient>) -> Codec {
        Codec {
            level: 2,
            recipients,
        }
    }

    fn read(
        stored: &[u8],
        encrypted: bool,
        identity: Option<&SecretString>,
    ) -> io::Result<Vec<u8>> {
        let mut plain = Vec::new();
        open(stored, encrypted, identity)?.read_to_end(&mut plain)?;
        Ok(plain)
    }

    #[test]
    fn rows_come_back_as_they_went_in_and_the_writer_can_be_used_again() {
        let mut writer = ChunkWriter::new(codec(vec![])).unwrap();
        for round in 0..2 {
            let row = format!("{round}\tvalue\n");
            let large = vec![b'x'; STAGING * 3];
            writer.row(row.as_bytes()).unwrap();
            writer.row_piece(&large, false).unwrap();
            writer.row_piece(b"\n", true).unwrap();
            let (sealed, sum) = writer.seal().unwrap();
            let plain = read(&sealed.bytes, false, None).unwrap();
            assert_eq!(plain, [row.as_bytes(), &large, b"\n"].concat());
            assert_eq!((sum.rows, sum.bytes), (2, plain.len() as u64));
        }
    }

    #[test]
    fn an_encrypted_chunk_opens_with_the_identity_only() {
        let identity = age::x25519::Identity::generate();
        let secret = SecretString::from(identity.to_string().expose_secret().to_owned());
        let sealed = codec(vec![identity.to_public()]).seal(b"hello").unwrap();
        assert_eq!(read(&sealed.bytes, true, Some(&secret)).unwrap(), b"hello");
        assert!(read(&sealed.bytes, true, None).is_err());
        let other = age::x25519::Identity::generate();
        let other = SecretString::from(other.to_string().expose_secret().to_owned());
        assert!(read(&sealed.bytes, true, Some(&other)).is_err());
    }

    #[test]
    fn a_reset_forgets_half_a_chunk() {
        let mut writer = ChunkWriter::new(codec(vec![])).unwrap();
        writer.row(&vec![b'a'; STAGING * 2]).unwrap();
        writer.reset().unwrap();
        writer.row(b"b\n").unwrap();
        let (sealed, sum) = writer.seal().unwrap();
        assert_eq!(read(&sealed.bytes, false, None).unwrap(), b"b\n");
        assert_eq!(sum.rows, 1);
    }
}
