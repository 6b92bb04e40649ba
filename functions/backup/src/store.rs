//! The place backups are kept: a bucket or a folder, through `object_store`.
//!
//! Objects are only ever created, never overwritten, but for the few small ones whose writer is their only owner
//! (a lease, a heartbeat). Every object is sent with its CRC32C, and the CRC32C of what came back is compared.

mod checksum;

use crate::{chunk::Sealed, manifest::StoredObject};
use bytes::Bytes;
use checksum::{Crc32c, CrcConnector};
use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use jiff::Timestamp;
use object_store::{
    ClientOptions, GetOptions, ObjectStore, ObjectStoreExt, PutMode, PutOptions, RetryConfig,
    gcp::GoogleCloudStorageBuilder, local::LocalFileSystem, path::Path, prefix::PrefixStore,
};
use sha2::{Digest, Sha256};
use std::{fmt, path::PathBuf, str::FromStr, sync::Arc, time::Duration};

/// Points object storage at a stand-in instead of Google; every function reads the same variable.
pub const ENDPOINT_VARIABLE: &str = "NIGHTSHIFT_GCP_ENDPOINT";

/// Where backups are kept, as the user writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// `gs://bucket/prefix`.
    Bucket {
        /// The bucket's name.
        bucket: String,
        /// What every object's name begins with; may be empty.
        prefix: String,
    },
    /// `file:///folder`.
    Folder(PathBuf),
}

/// The text does not name a target.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a target: write gs://BUCKET/PREFIX or file:///FOLDER")]
pub struct BadTarget(String);

impl FromStr for Target {
    type Err = BadTarget;

    fn from_str(text: &str) -> Result<Self, BadTarget> {
        let bad = || BadTarget(text.to_owned());
        if let Some(rest) = text.strip_prefix("gs://") {
            let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            let prefix = prefix.trim_matches('/');
            let plain = |b: u8| b.is_ascii_alphanumeric() || b"._=/-".contains(&b);
            if bucket.is_empty() || !bucket.bytes().chain(prefix.bytes()).all(plain) {
                return Err(bad());
            }
            return Ok(Self::Bucket {
                bucket: bucket.to_owned(),
                prefix: prefix.to_owned(),
            });
        }
        match text.strip_prefix("file://") {
            Some(path) if path.starts_with('/') => Ok(Self::Folder(PathBuf::from(path))),
            _ => Err(bad()),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bucket { bucket, prefix } if prefix.is_empty() => write!(f, "gs://{bucket}"),
            Self::Bucket { bucket, prefix } => write!(f, "gs://{bucket}/{prefix}"),
            Self::Folder(path) => write!(f, "file://{}", path.display()),
        }
    }
}

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The folder of a `file://` target is missing.
    #[error("the folder {0} does not exist")]
    NoFolder(PathBuf),
    /// The object is not there.
    #[error("{0} is not there")]
    NotFound(String),
    /// The object is there already, with other bytes.
    #[error("{0} exists already")]
    Exists(String),
    /// What was read, or what the store says it holds, is not what was written.
    #[error("{object} is damaged: {what} is {found}, the manifest says {expected}")]
    Damaged {
        /// The object.
        object: String,
        /// Size, CRC32C or SHA-256.
        what: &'static str,
        /// The value found.
        found: String,
        /// The value expected.
        expected: String,
    },
    /// A retention policy or a hold of the bucket forbids the deletion.
    #[error("{object} is protected by the bucket: {why}")]
    Protected {
        /// The object.
        object: String,
        /// What the bucket answered.
        why: String,
    },
    /// Anything else.
    #[error("{doing} {target}")]
    Failed {
        /// What was being done.
        doing: &'static str,
        /// To what.
        target: String,
        /// Why it failed.
        #[source]
        source: object_store::Error,
    },
}

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
    /// Opens `target`. Nothing is asked of a bucket yet; a folder must exist.
    pub fn open(target: Target, endpoint: Option<&str>) -> Result<Self, StoreError> {
        let failed = |source| StoreError::Failed {
            doing: "open",
            target: target.to_string(),
            source,
        };
        let inner: Arc<dyn ObjectStore> = match &target {
            Target::Bucket { bucket, prefix } => {
                let store = open_bucket(bucket, endpoint).map_err(failed)?;
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
                Arc::new(LocalFileSystem::new_with_prefix(folder).map_err(failed)?)
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
            .map_err(move |source| StoreError::Failed {
                doing: "list",
                target: format!("{target}/{prefix}"),
                source,
            })
            .boxed()
    }

    /// The names directly below the folder `prefix`: folders and objects, without what is deeper.
    pub async fn names(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let found = self.inner.list_with_delimiter(Some(&path(prefix))).await;
        let found = found.map_err(|source| self.failed("list", prefix, source))?;
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
    endpoint: Option<&str>,
) -> Result<object_store::gcp::GoogleCloudStorage, object_store::Error> {
    // The timeout covers the body too: a chunk of 8 MiB at 1 Mbit/s takes 67 s.
    let client = ClientOptions::new()
        .with_timeout(Duration::from_secs(120))
        .with_allow_http(endpoint.is_some());
    let mut builder = GoogleCloudStorageBuilder::from_env()
        .with_bucket_name(bucket)
        .with_client_options(client)
        .with_retry(RetryConfig::default())
        .with_http_connector(CrcConnector);
    if let Some(endpoint) = endpoint {
        // `with_skip_signature` would still ask a metadata server for a token before every write.
        builder = builder.with_base_url(endpoint).with_bearer_token("local");
    }
    builder.build()
}

/// What a bucket answers when a retention policy, a lock or a hold forbids a deletion.
fn protection(error: &object_store::Error) -> Option<String> {
    let text = error_chain(error);
    let marks = [
        "retentionPolicyNotMet",
        "objectUnderActiveHold",
        "retention policy",
        "hold",
    ];
    let forbidden = text.contains("403") || text.contains("Forbidden");
    (forbidden && marks.iter().any(|mark| text.contains(mark))).then_some(text)
}

fn error_chain(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |e| e.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
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
