//! One chunk: a run of whole rows of one table, compressed, perhaps encrypted, summed, and stored as one object.

mod buffers;

pub use buffers::Buffers;

use crate::fingerprint::{PartialRow, RowSum};
use bytes::Bytes;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use std::io::{self, Read, Write};
use zstd::{
    bulk::Compressor,
    zstd_safe::{CParameter, compress_bound},
};

/// Rows are compressed in frames of this size, each in one call. A stream would keep its window in a ring, and beyond the
/// first lap zstd searches it by a slower way (`extDict`): a tenth of all client CPU. Frames of 1 MiB cost 1 % in size.
const FRAME: usize = 1 << 20;
/// Rows shrink to about a quarter, so a chunk is some frames, however small it is.
const FRAMES: usize = 4;

fn frame_size(limit: usize) -> usize {
    (limit / FRAMES).clamp(1, FRAME)
}

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
        self.encrypt(compressed.into()).map(Sealed::of)
    }

    fn encrypt(&self, compressed: Bytes) -> io::Result<Bytes> {
        if self.recipients.is_empty() {
            return Ok(compressed);
        }
        let recipients = self.recipients.iter().map(|r| r as &dyn age::Recipient);
        let encryptor = age::Encryptor::with_recipients(recipients).map_err(io::Error::other)?;
        let mut out = encryptor.wrap_output(Vec::with_capacity(compressed.len() + 4096))?;
        out.write_all(&compressed)?;
        out.finish().map(Bytes::from)
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
        Self::of(bytes.into())
    }

    fn of(bytes: Bytes) -> Self {
        Self {
            crc32c: crc32c::crc32c(&bytes),
            sha256: Sha256::digest(&bytes).into(),
            bytes,
        }
    }
}

/// Takes rows, gives sealed chunks; one per worker, re-used from chunk to chunk.
pub struct ChunkWriter {
    codec: Codec,
    compressor: Compressor<'static>,
    frame: Vec<u8>,
    frame_size: usize,
    out: Vec<u8>,
    buffers: Buffers,
    sum: RowSum,
    partial: PartialRow,
}

impl ChunkWriter {
    /// A writer that seals with `codec`, when its caller finds `limit` bytes of a chunk enough.
    pub fn new(codec: Codec, limit: usize, buffers: Buffers) -> io::Result<Self> {
        let frame = frame_size(limit);
        let mut compressor = Compressor::new(codec.level)?;
        compressor.set_parameter(CParameter::ContentSizeFlag(false))?;
        Ok(Self {
            codec,
            compressor,
            frame: Vec::with_capacity(frame),
            frame_size: frame,
            out: Vec::new(),
            buffers,
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
        let mut rest = bytes;
        while rest.len() >= self.frame_size - self.frame.len() {
            let (fits, more) = rest.split_at(self.frame_size - self.frame.len());
            self.frame.extend_from_slice(fits);
            self.end_frame()?;
            rest = more;
        }
        self.frame.extend_from_slice(rest);
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
        // A chunk without rows is one empty frame: an empty object would not be zstd.
        if !self.frame.is_empty() || self.out.is_empty() {
            self.end_frame()?;
        }
        let compressed = self.buffers.lend(std::mem::take(&mut self.out));
        let stored = self.codec.encrypt(compressed)?;
        Ok((Sealed::of(stored), std::mem::take(&mut self.sum)))
    }

    /// Forgets what was added since the last seal: the chunk is going to be read again.
    pub fn reset(&mut self) -> io::Result<()> {
        self.frame.clear();
        self.out.clear();
        self.sum = RowSum::default();
        self.partial = PartialRow::default();
        Ok(())
    }

    fn end_frame(&mut self) -> io::Result<()> {
        if self.out.is_empty() {
            self.out = self.buffers.take();
        }
        self.out.reserve(compress_bound(self.frame.len()));
        let filled = self.out.len();
        let mut output = io::Cursor::new(&mut self.out);
        output.set_position(filled as u64);
        self.compressor
            .compress_to_buffer(&self.frame, &mut output)?;
        self.frame.clear();
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
        let mut writer =
            ChunkWriter::new(codec(vec![]), FRAME, Buffers::for_chunks_of(FRAME)).unwrap();
        for round in 0..2 {
            let row = format!("{round}\tvalue\n");
            let large = vec![b'x'; FRAME * 3];
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
        let mut writer =
            ChunkWriter::new(codec(vec![]), FRAME, Buffers::for_chunks_of(FRAME)).unwrap();
        writer.row(&vec![b'a'; FRAME * 2]).unwrap();
        writer.reset().unwrap();
        writer.row(b"b\n").unwrap();
        let (sealed, sum) = writer.seal().unwrap();
        assert_eq!(read(&sealed.bytes, false, None).unwrap(), b"b\n");
        assert_eq!(sum.rows, 1);
    }
}
