//! The contents of objects: files beside the state log, or memory.
//!
//! A blob is written before the row that names it and never changes. Blobs without a row (an upload that a crash cut
//! short, an object deleted just before one) are removed at the next start.

use super::StoreError;
use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};
use std::{
    collections::{HashMap, HashSet},
    io::SeekFrom,
    ops::Range,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::{
    fs::File,
    io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _},
};
use tokio_util::io::ReaderStream;

/// A finished blob and what is known of its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Blob {
    pub(crate) id: String,
    pub(crate) size: u64,
    pub(crate) crc32c: u32,
    /// Absent for what was composed of parts, as in Cloud Storage.
    pub(crate) md5: Option<[u8; 16]>,
}

pub(crate) enum Blobs {
    Memory(Mutex<HashMap<String, Bytes>>),
    Folder(PathBuf),
}

/// Takes the bytes of one blob as they come.
pub(crate) struct Writer {
    id: String,
    sink: Sink,
    size: u64,
    crc32c: u32,
    md5: Md5,
}

enum Sink {
    Memory(BytesMut),
    File(File),
}

impl Blobs {
    pub(crate) fn open(folder: Option<&Path>) -> Result<Self, StoreError> {
        let Some(folder) = folder else {
            return Ok(Self::Memory(Mutex::default()));
        };
        let folder = folder.join("blobs");
        std::fs::create_dir_all(&folder).map_err(|e| failed("create", &folder, e))?;
        Ok(Self::Folder(folder))
    }

    pub(crate) async fn writer(&self) -> Result<Writer, StoreError> {
        let id = new_id();
        let sink = match self {
            Self::Memory(_) => Sink::Memory(BytesMut::new()),
            Self::Folder(folder) => {
                let path = folder.join(&id);
                Sink::File(
                    File::create(&path)
                        .await
                        .map_err(|e| failed("create", &path, e))?,
                )
            }
        };
        Ok(Writer {
            id,
            sink,
            size: 0,
            crc32c: 0,
            md5: Md5::new(),
        })
    }

    /// Ends a blob. It is there to be read from now on.
    pub(crate) async fn finish(&self, writer: Writer) -> Result<Blob, StoreError> {
        match (self, writer.sink) {
            (Self::Memory(blobs), Sink::Memory(bytes)) => {
                memory(blobs).insert(writer.id.clone(), bytes.freeze());
            }
            (_, Sink::File(mut file)) => {
                file.flush()
                    .await
                    .map_err(|e| failed("write", Path::new(&writer.id), e))?;
            }
            (Self::Folder(_), Sink::Memory(_)) => unreachable!("a writer belongs to its blobs"),
        }
        let md5 = Some(writer.md5.finalize().into());
        Ok(Blob {
            id: writer.id,
            size: writer.size,
            crc32c: writer.crc32c,
            md5,
        })
    }

    /// Stores bytes that are at hand whole.
    pub(crate) async fn put(&self, bytes: &[u8]) -> Result<Blob, StoreError> {
        let mut writer = self.writer().await?;
        writer.write(bytes).await?;
        self.finish(writer).await
    }

    /// Joins blobs to a new one.
    pub(crate) async fn concat(&self, parts: &[Blob]) -> Result<Blob, StoreError> {
        let mut writer = self.writer().await?;
        for part in parts {
            let mut body = self.read(&part.id, 0..part.size).await?.into_data_stream();
            while let Some(chunk) = body.next().await {
                let chunk = chunk
                    .map_err(|e| failed("read", Path::new(&part.id), std::io::Error::other(e)))?;
                writer.write(&chunk).await?;
            }
        }
        self.finish(writer).await
    }

    /// A second blob of the same bytes.
    pub(crate) async fn duplicate(&self, blob: &Blob) -> Result<Blob, StoreError> {
        let id = new_id();
        match self {
            Self::Memory(blobs) => {
                let mut blobs = memory(blobs);
                let bytes = blobs
                    .get(&blob.id)
                    .cloned()
                    .ok_or_else(|| gone(Path::new(&blob.id)))?;
                blobs.insert(id.clone(), bytes);
            }
            // Blobs never change, so two names for one file do.
            Self::Folder(folder) => {
                let linked = tokio::fs::hard_link(folder.join(&blob.id), folder.join(&id)).await;
                linked.map_err(|e| failed("copy", &folder.join(&blob.id), e))?;
            }
        }
        Ok(Blob { id, ..blob.clone() })
    }

    /// A part of a blob as a response body.
    pub(crate) async fn read(&self, id: &str, range: Range<u64>) -> Result<Body, StoreError> {
        match self {
            Self::Memory(blobs) => {
                let bytes = memory(blobs)
                    .get(id)
                    .cloned()
                    .ok_or_else(|| gone(Path::new(id)))?;
                let end = usize::try_from(range.end)
                    .unwrap_or(usize::MAX)
                    .min(bytes.len());
                let start = usize::try_from(range.start).unwrap_or(usize::MAX).min(end);
                Ok(Body::from(bytes.slice(start..end)))
            }
            Self::Folder(folder) => {
                let path = folder.join(id);
                let mut file = File::open(&path)
                    .await
                    .map_err(|e| failed("open", &path, e))?;
                file.seek(SeekFrom::Start(range.start))
                    .await
                    .map_err(|e| failed("read", &path, e))?;
                let length = range.end.saturating_sub(range.start);
                Ok(Body::from_stream(ReaderStream::with_capacity(
                    file.take(length),
                    256 << 10,
                )))
            }
        }
    }

    /// Removes blobs; one that is gone already is no error.
    pub(crate) fn remove<'a>(&self, ids: impl IntoIterator<Item = &'a str>) {
        for id in ids {
            match self {
                Self::Memory(blobs) => {
                    memory(blobs).remove(id);
                }
                Self::Folder(folder) => {
                    if let Err(error) = std::fs::remove_file(folder.join(id)) {
                        tracing::debug!(%error, id, "a blob stays until the next start");
                    }
                }
            }
        }
    }

    /// Removes all blobs but these.
    pub(crate) fn retain(&self, known: &HashSet<String>) -> Result<(), StoreError> {
        match self {
            Self::Memory(blobs) => memory(blobs).retain(|id, _| known.contains(id)),
            Self::Folder(folder) => {
                let entries = std::fs::read_dir(folder).map_err(|e| failed("list", folder, e))?;
                for entry in entries {
                    let entry = entry.map_err(|e| failed("list", folder, e))?;
                    if !entry
                        .file_name()
                        .to_str()
                        .is_some_and(|name| known.contains(name))
                    {
                        let path = entry.path();
                        std::fs::remove_file(&path).map_err(|e| failed("remove", &path, e))?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl Writer {
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.size += bytes.len() as u64;
        self.crc32c = crc32c::crc32c_append(self.crc32c, bytes);
        self.md5.update(bytes);
        match &mut self.sink {
            Sink::Memory(all) => all.extend_from_slice(bytes),
            Sink::File(file) => {
                let written = file.write_all(bytes).await;
                written.map_err(|e| failed("write", Path::new(&self.id), e))?;
            }
        }
        Ok(())
    }
}

fn new_id() -> String {
    format!("{:032x}", rand::random::<u128>())
}

fn memory(blobs: &Mutex<HashMap<String, Bytes>>) -> MutexGuard<'_, HashMap<String, Bytes>> {
    blobs.lock().unwrap_or_else(PoisonError::into_inner)
}

fn failed(action: &'static str, path: &Path, source: std::io::Error) -> StoreError {
    StoreError::Io {
        action,
        path: path.to_owned(),
        source,
    }
}

fn gone(path: &Path) -> StoreError {
    failed("read", path, std::io::ErrorKind::NotFound.into())
}
