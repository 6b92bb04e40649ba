//! Turns the rows of one read into chunks.

use super::upload::{Stored, Uploader};
use crate::{
    chunk::{ChunkWriter, Sealed},
    copy_format::{self, BINARY_HEADER, BINARY_TRAILER},
    fingerprint::RowSum,
    manifest::{Chunk, RowFormat, StoredObject},
    source::wire::RowSink,
};
use nightshift_runtime::progress::Progress;
use std::io;

/// A chunk on its way into the store.
pub(super) struct Pending {
    pub(super) chunk: Chunk,
    pub(super) stored: Stored,
}

/// Where the rows of a read go.
pub(super) struct ChunkSink<'a> {
    writer: &'a mut ChunkWriter,
    upload: &'a Uploader,
    progress: &'a Progress,
    stem: String,
    ending: String,
    limit: usize,
    format: RowFormat,
    open: bool,
    inside_row: bool,
    total: RowSum,
    pending: Vec<Pending>,
}

impl<'a> ChunkSink<'a> {
    /// Chunks are called `stem-0000ending`, `stem-0001ending`, …
    pub(super) fn new(
        writer: &'a mut ChunkWriter,
        upload: &'a Uploader,
        progress: &'a Progress,
        names: (String, String),
        limit: usize,
        format: RowFormat,
    ) -> Self {
        let (stem, ending) = names;
        Self {
            writer,
            upload,
            progress,
            stem,
            ending,
            limit,
            format,
            open: false,
            inside_row: false,
            total: RowSum::default(),
            pending: Vec::new(),
        }
    }

    /// Closes the last chunk and returns all of them. A table without rows becomes one empty chunk less: none.
    pub(super) fn finish(mut self) -> io::Result<(RowSum, Vec<Pending>)> {
        if self.open {
            self.seal()?;
        }
        Ok((self.total, self.pending))
    }

    /// What was stored so far, when the read has to be done again.
    pub(super) fn abandon(self) -> io::Result<Vec<Pending>> {
        self.writer.reset()?;
        Ok(self.pending)
    }

    fn begin_chunk(&mut self) -> io::Result<()> {
        if !self.open {
            self.open = true;
            if self.format == RowFormat::Binary {
                self.writer.bytes(BINARY_HEADER)?;
            }
        }
        Ok(())
    }

    fn seal_when_full(&mut self) -> io::Result<()> {
        if self.writer.stored_len() >= self.limit {
            self.seal()
        } else {
            Ok(())
        }
    }

    fn seal(&mut self) -> io::Result<()> {
        if self.format == RowFormat::Binary {
            self.writer.bytes(BINARY_TRAILER)?;
        }
        let (sealed, sum) = self.writer.seal()?;
        self.open = false;
        self.total.merge(sum);
        let object = format!("{}-{:04}{}", self.stem, self.pending.len(), self.ending);
        let chunk = Chunk {
            stored: describe(&object, &sealed),
            rows: sum.rows,
            raw_bytes: sum.bytes,
            fingerprint: sum.fingerprint,
        };
        let stored = self.upload.start(&object, sealed)?;
        self.pending.push(Pending { chunk, stored });
        self.progress.inc(sum.bytes);
        Ok(())
    }

    /// Every chunk gets a header and a trailer of its own, so the server's are taken away.
    fn without_framing<'r>(&self, row: &'r [u8]) -> &'r [u8] {
        if self.format == RowFormat::Text || self.inside_row {
            return row;
        }
        copy_format::without_framing(row)
    }
}

impl RowSink for ChunkSink<'_> {
    fn row(&mut self, row: &[u8]) -> io::Result<()> {
        let row = self.without_framing(row);
        if row.is_empty() {
            return Ok(());
        }
        self.begin_chunk()?;
        self.writer.row(row)?;
        self.seal_when_full()
    }

    fn row_piece(&mut self, piece: &[u8], last: bool) -> io::Result<()> {
        let piece = self.without_framing(piece);
        self.begin_chunk()?;
        self.inside_row = !last;
        self.writer.row_piece(piece, last)?;
        if last { self.seal_when_full() } else { Ok(()) }
    }
}

/// An object's entry in the manifest.
pub(crate) fn describe(object: &str, sealed: &Sealed) -> StoredObject {
    StoredObject {
        object: object.to_owned(),
        bytes: sealed.bytes.len() as u64,
        crc32c: sealed.crc32c,
        sha256: sealed.sha256,
    }
}
