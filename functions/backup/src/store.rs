//! The place backups are kept: a bucket or a folder, through `object_store`.
//!
//! Objects are only ever created, never overwritten, but for the few small ones whose writer is their only owner
//! (a lease, a heartbeat). Every object is sent with its CRC32C, and the CRC32C of what came back is compared.

mod connector;
mod error;
mod target;

pub use error::StoreError;
pub use target::{BadTarget, Target};

use crate::{chunk::Sealed, google::Google, manifest::StoredObject};
use bytes::Bytes;
use connector::{Connector, Crc32c};
use error::{list_failed, protection};
use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use jiff::Timestamp;
use nightshift_runtime::gcp::GcpError;
use object_store::{
    GetOptions, ObjectStore, ObjectStoreExt, PutMode, PutOptions, RetryConfig,
    gcp::GoogleCloudStorage, local::LocalFileSystem, path::Path, prefix::PrefixStore,
};
use sha2::{Digest, Sha256};
use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

/// An object in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name below the target.
    pub object: String,
    /// Its size.
    pub bytes: u64,
    /// When it was last written, by the store's clock.
    pub modified: Timestamp,
}

/// A target that has been opened.
#[derive(Clone)]
pub struct Store {
    inner: Arc<dyn ObjectStore>,
    target: Target,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({})", self.target)
    }
}

impl Store {
    /// Opens `target`. Nothing is asked of a bucket yet, and whatever is asked later is asked again for `retry_for` while
    /// the bucket cannot answer; a folder must exist.
    pub fn open(target: Target, google: &Google, retry_for: Duration) -> Result<Self, StoreError> {
        let failed = |source| StoreError::Failed {
            doing: "open",
            target: target.to_string(),
            source,
        };
        let inner: Arc<dyn ObjectStore> = match &target {
            Target::Bucket { bucket, prefix } => {
                let store = open_bucket(bucket, google, retry_for)?.map_err(failed)?;
                if prefix.is_empty() {
                    Arc::new(store)
                } else {
                    Arc::new(PrefixStore::new(store, prefix.as_str()))
                }
            }
            Target::Folder(folder) => {
                if !folder.is_dir() {
                    return Err(StoreError::NoFolder(folder.clone()));
                }
                Arc::new(
                    LocalFileSystem::new_with_prefix(folder)
                        .map_err(failed)?
                        .with_automatic_cleanup(true),
                )
            }
        };
        Ok(Self { inner, target })
    }

    /// A store that keeps everything in memory, for tests.
    pub fn in_memory() -> Self {
        Self::over(Arc::new(object_store::memory::InMemory::new()))
    }

    /// A store over any backend, for tests that inject faults.
    pub fn over(inner: Arc<dyn ObjectStore>) -> Self {
        Self {
            inner,
            target: Target::Folder(PathBuf::from("/memory")),
        }
    }

    /// What was opened.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Creates an object. That it exists already with the very same bytes counts as created: a retried request may
    /// have been stored the first time.
    pub async fn create(&self, object: &str, sealed: &Sealed) -> Result<(), StoreError> {
        let mut options = PutOptions {
            mode: PutMode::Create,
            ..PutOptions::default()
        };
        options.extensions.insert(Crc32c(sealed.crc32c));
        match self
            .inner
            .put_opts(&path(object), sealed.bytes.clone().into(), options)
            .await
        {
            Ok(done) => match done.extensions.get::<Crc32c>() {
                Some(stored) => check_crc(object, stored.0, sealed.crc32c),
                None => Ok(()),
            },
            Err(object_store::Error::AlreadyExists { .. }) => {
                if self.read(object).await? == sealed.bytes {
                    return Ok(());
                }
                Err(StoreError::Exists(object.to_owned()))
            }
            Err(source) => Err(self.failed("write", object, source)),
        }
    }

    /// Writes a small object over whatever is there. Only its single owner may do this.
    pub async fn replace(&self, object: &str, bytes: impl Into<Bytes>) -> Result<(), StoreError> {
        let bytes: Bytes = bytes.into();
        let mut options = PutOptions::default();
        options.extensions.insert(Crc32c(crc32c::crc32c(&bytes)));
        let put = self
            .inner
            .put_opts(&path(object), bytes.into(), options)
            .await;
        put.map(drop)
            .map_err(|source| self.failed("write", object, source))
    }

    /// Reads a whole object.
    pub async fn read(&self, object: &str) -> Result<Bytes, StoreError> {
        let failed = |source| self.failed("read", object, source);
        let got = self.inner.get(&path(object)).await.map_err(failed)?;
        let expected = got.extensions.get::<Crc32c>().copied();
        let bytes = got.bytes().await.map_err(failed)?;
        if let Some(expected) = expected {
            check_crc(object, crc32c::crc32c(&bytes), expected.0)?;
        }
        Ok(bytes)
    }

    /// Reads an object of the manifest and compares size, CRC32C and SHA-256.
    pub async fn read_verified(&self, folder: &str, o: &StoredObject) -> Result<Bytes, StoreError> {
        let name = format!("{folder}/{}", o.object);
        let bytes = self.read(&name).await?;
        check_size(&name, bytes.len() as u64, o.bytes)?;
        check_crc(&name, crc32c::crc32c(&bytes), o.crc32c)?;
        let hash: [u8; 32] = Sha256::digest(&bytes).into();
        if hash != o.sha256 {
            let hex = crate::manifest::hex;
            return Err(damaged(&name, "SHA-256", hex(&hash), hex(&o.sha256)));
        }
        Ok(bytes)
    }

    /// Compares size and, where the store keeps one, CRC32C of an object of the manifest without reading it.
    pub async fn check_stored(&self, folder: &str, o: &StoredObject) -> Result<(), StoreError> {
        let name = format!("{folder}/{}", o.object);
        let options = GetOptions {
            head: true,
            ..GetOptions::default()
        };
        let head = self.inner.get_opts(&path(&name), options).await;
        let head = head.map_err(|source| self.failed("look at", &name, source))?;
        check_size(&name, head.meta.size, o.bytes)?;
        match head.extensions.get::<Crc32c>() {
            Some(stored) => check_crc(&name, stored.0, o.crc32c),
            None => Ok(()),
        }
    }

    /// Every object whose name begins with the folder `prefix`.
    pub fn list(&self, prefix: &str) -> BoxStream<'static, Result<Listed, StoreError>> {
        let (prefix, target) = (prefix.to_owned(), self.target.clone());
        self.inner
            .list(Some(&path(&prefix)))
            .map_ok(|meta| Listed {
                object: meta.location.to_string(),
                bytes: meta.size,
                modified: Timestamp::from_second(meta.last_modified.timestamp())
                    .unwrap_or_default(),
            })
            .map_err(move |source| list_failed(&target, &prefix, source))
            .boxed()
    }

    /// The names directly below the folder `prefix`: folders and objects, without what is deeper.
    pub async fn names(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let found = self.inner.list_with_delimiter(Some(&path(prefix))).await;
        let found = found.map_err(|source| list_failed(&self.target, prefix, source))?;
        let objects = found.objects.into_iter().map(|meta| meta.location);
        let names = found.common_prefixes.into_iter().chain(objects);
        let mut names: Vec<_> = names
            .filter_map(|p| p.filename().map(ToOwned::to_owned))
            .collect();
        names.sort_unstable();
        Ok(names)
    }

    /// Deletes an object; one that is gone already counts as deleted.
    pub async fn delete(&self, object: &str) -> Result<(), StoreError> {
        match self.inner.delete(&path(object)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(source) => Err(match protection(&source) {
                Some(why) => StoreError::Protected {
                    object: object.to_owned(),
                    why,
                },
                None => self.failed("delete", object, source),
            }),
        }
    }

    /// Removes what no list of a folder shows: the unfinished files of a writer that was killed, and empty folders. A bucket
    /// has neither.
    pub async fn remove_remains(&self, folder: &str) -> Result<(), StoreError> {
        let Target::Folder(root) = &self.target else {
            return Ok(());
        };
        let remains = root.join(folder);
        let removed = tokio::task::spawn_blocking(move || std::fs::remove_dir_all(remains));
        match removed
            .await
            .unwrap_or_else(|panic| Err(std::io::Error::other(panic)))
        {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(StoreError::Failed {
                doing: "remove",
                target: format!("{}/{folder}", self.target),
                source: object_store::Error::Generic {
                    store: "file",
                    source: error.into(),
                },
            }),
            _ => Ok(()),
        }
    }

    /// Makes objects survive a power failure. A bucket has done so when it answered; files are synced here.
    pub async fn sync(&self, objects: Vec<String>) -> Result<(), StoreError> {
        let Target::Folder(folder) = &self.target else {
            return Ok(());
        };
        let folder = folder.clone();
        let synced = tokio::task::spawn_blocking(move || {
            objects
                .iter()
                .map(|object| folder.join(object))
                .filter(|file| file.exists())
                .try_for_each(|file| std::fs::File::open(file)?.sync_all())
        });
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| StoreError::Failed {
            doing: "sync",
            target: self.target.to_string(),
            source: object_store::Error::Generic {
                store: "file",
                source,
            },
        };
        synced
            .await
            .map_err(|e| failed(Box::new(e)))?
            .map_err(|e| failed(Box::new(e)))
    }

    fn failed(&self, doing: &'static str, object: &str, source: object_store::Error) -> StoreError {
        match source {
            object_store::Error::NotFound { .. } if doing == "write" => {
                StoreError::NoBucket(self.target.to_string())
            }
            object_store::Error::NotFound { .. } => {
                StoreError::NotFound(format!("{}/{object}", self.target))
            }
            source => StoreError::Failed {
                doing,
                target: format!("{}/{object}", self.target),
                source,
            },
        }
    }
}

fn open_bucket(
    bucket: &str,
    google: &Google,
    retry_for: Duration,
) -> Result<object_store::Result<GoogleCloudStorage>, GcpError> {
    let retry = RetryConfig {
        max_retries: usize::MAX,
        retry_timeout: retry_for,
        ..RetryConfig::default()
    };
    let builder = google.clients()?.bucket(bucket);
    Ok(builder
        .with_retry(retry)
        .with_http_connector(Connector)
        .build())
}

fn path(object: &str) -> Path {
    Path::from(object)
}

fn damaged(object: &str, what: &'static str, found: String, expected: String) -> StoreError {
    StoreError::Damaged {
        object: object.to_owned(),
        what,
        found,
        expected,
    }
}

fn check_size(object: &str, found: u64, expected: u64) -> Result<(), StoreError> {
    if found == expected {
        return Ok(());
    }
    Err(damaged(
        object,
        "its size",
        found.to_string(),
        expected.to_string(),
    ))
}

fn check_crc(object: &str, found: u32, expected: u32) -> Result<(), StoreError> {
    if found == expected {
        return Ok(());
    }
    Err(damaged(
        object,
        "CRC32C",
        format!("{found:08x}"),
        format!("{expected:08x}"),
    ))
}
