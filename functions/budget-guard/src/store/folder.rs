//! A folder that can compare and swap, which `object_store`'s own cannot.

use super::StoreError;
use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, stream, stream::BoxStream};
use http::Extensions;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload,
    ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutMultipartOptions, PutOptions, PutPayload,
    PutResult, Result, local::LocalFileSystem, path::Path,
};
use sha2::{Digest, Sha256};
use std::{
    fmt,
    fs::{File, OpenOptions},
    path::{Path as FilePath, PathBuf},
};

/// Held while an object is compared and written. It is never deleted: whoever waits for it has it open.
const LOCK: &str = ".lock";

/// A folder of one machine.
#[derive(Debug)]
pub(super) struct Folder {
    files: LocalFileSystem,
    lock: PathBuf,
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.files.fmt(f)
    }
}

impl Folder {
    pub(super) fn open(folder: &FilePath) -> std::result::Result<Self, StoreError> {
        if !folder.is_dir() {
            return Err(StoreError::NoFolder(folder.to_owned()));
        }
        let files = LocalFileSystem::new_with_prefix(folder);
        let files = files.map_err(|source| StoreError::Failed {
            doing: "open",
            object: folder.display().to_string(),
            source,
        })?;
        let lock = folder.join(LOCK);
        // What cannot be locked is told now, not at the first message.
        open(&lock).map_err(|source| StoreError::Lock {
            folder: folder.to_owned(),
            source,
        })?;
        Ok(Self {
            files: files.with_fsync(true),
            lock,
        })
    }

    /// Writes, and calls what was written by its hash.
    async fn put(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let written = tag(&Bytes::from(payload.clone()));
        let put = self.files.put_opts(location, payload, options).await?;
        Ok(PutResult {
            e_tag: Some(written),
            ..put
        })
    }

    /// Waits for the lock, which is free again when the file is dropped.
    async fn locked(&self) -> Result<File> {
        let path = self.lock.clone();
        let locking = tokio::task::spawn_blocking(move || {
            let file = open(&path)?;
            file.lock()?;
            Ok::<_, std::io::Error>(file)
        });
        let failed = |source| Error::Generic {
            store: "folder",
            source,
        };
        let locked = locking.await.map_err(|panic| failed(panic.into()))?;
        locked.map_err(|error| failed(error.into()))
    }
}

/// What an object holds is its version: a file's number and time can repeat within a moment.
fn tag(bytes: &Bytes) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn open(lock: &FilePath) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true).open(lock)
}

#[async_trait]
impl ObjectStore for Folder {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let _locked = self.locked().await?;
        if let PutMode::Update(expected) = &options.mode {
            let there = self.get(location).await?.meta.e_tag;
            if there != expected.e_tag {
                return Err(Error::Precondition {
                    path: location.to_string(),
                    source: "it is another version by now".into(),
                });
            }
            let over = PutOptions {
                mode: PutMode::Overwrite,
                ..options
            };
            return self.put(location, payload, over).await;
        }
        self.put(location, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.files.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let mut got = self.files.get_opts(location, options).await?;
        if !matches!(got.payload, GetResultPayload::File(..)) {
            return Ok(got);
        }
        let (meta, range, attributes) =
            (got.meta.clone(), got.range.clone(), got.attributes.clone());
        let bytes = got.bytes().await?;
        got = GetResult {
            meta: ObjectMeta {
                e_tag: Some(tag(&bytes)),
                ..meta
            },
            payload: GetResultPayload::Stream(stream::iter([Ok(bytes)]).boxed()),
            range,
            attributes,
            extensions: Extensions::default(),
        };
        Ok(got)
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.files.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.files.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.files.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.files.copy_opts(from, to, options).await
    }
}
