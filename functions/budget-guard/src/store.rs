//! Where the guard keeps its memory: small objects in a bucket or a folder, each written only over what was read.
//!
//! A bucket compares generations by itself. A folder, for a single machine, is compared under a lock of the operating
//! system, which ends with the process that holds it.

mod error;
mod folder;

pub use error::StoreError;

use bytes::Bytes;
use folder::Folder;
use nightshift_runtime::gcp::Gcp;
use object_store::{
    ObjectStore, ObjectStoreExt, PutMode, PutOptions, RetryConfig, UpdateVersion, memory::InMemory,
    path::Path,
};
use std::{fmt, path::PathBuf, str::FromStr, sync::Arc, time::Duration};

/// How long a bucket that does not answer is asked again. The sender of a message waits meanwhile.
const PATIENCE: Duration = Duration::from_secs(15);

/// Where memory is kept, written `gs://BUCKET/PREFIX` or `file:///FOLDER`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A bucket.
    Bucket {
        /// Its name.
        bucket: String,
        /// What the names of our objects begin with; may be empty.
        prefix: String,
    },
    /// A folder of this machine.
    Folder(PathBuf),
}

/// Not the address of a place.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "`{0}` is neither a bucket such as \"gs://BUCKET/PREFIX\" nor a folder such as \"file:///var/lib/budget-guard\""
)]
pub struct InvalidPlace(String);

impl FromStr for Place {
    type Err = InvalidPlace;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidPlace(text.to_owned());
        if let Some(rest) = text.strip_prefix("gs://") {
            let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            if bucket.is_empty() || prefix.contains("//") {
                return Err(invalid());
            }
            return Ok(Self::Bucket {
                bucket: bucket.to_owned(),
                prefix: prefix.trim_matches('/').to_owned(),
            });
        }
        match text.strip_prefix("file://") {
            Some(folder) if folder.starts_with('/') => Ok(Self::Folder(PathBuf::from(folder))),
            _ => Err(invalid()),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bucket { bucket, prefix } if prefix.is_empty() => write!(f, "gs://{bucket}"),
            Self::Bucket { bucket, prefix } => write!(f, "gs://{bucket}/{prefix}"),
            Self::Folder(folder) => write!(f, "file://{}", folder.display()),
        }
    }
}

/// What an object was when it was read: nothing, or one certain version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version(Option<UpdateVersion>);

impl Version {
    /// Of an object that is not there.
    pub const ABSENT: Self = Self(None);
}

/// A place that has been opened. Clones share it.
#[derive(Clone)]
pub struct Store {
    inner: Arc<dyn ObjectStore>,
    place: Place,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({})", self.place)
    }
}

impl Store {
    /// Opens `place`. A bucket is not asked anything yet; a folder must exist.
    pub fn open(place: Place, gcp: &Gcp) -> Result<Self, StoreError> {
        let inner: Arc<dyn ObjectStore> = match &place {
            Place::Bucket { bucket, .. } => {
                let retry = RetryConfig {
                    retry_timeout: PATIENCE,
                    ..RetryConfig::default()
                };
                let opened = gcp.bucket(bucket).with_retry(retry).build();
                Arc::new(opened.map_err(|source| StoreError::Failed {
                    doing: "open",
                    object: place.to_string(),
                    source,
                })?)
            }
            Place::Folder(folder) => Arc::new(Folder::open(folder)?),
        };
        Ok(Self { inner, place })
    }

    /// One that forgets everything with the process, for tests.
    pub fn in_memory() -> Self {
        Self {
            inner: Arc::new(InMemory::new()),
            place: Place::Folder(PathBuf::from("/memory")),
        }
    }

    /// Where it is.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// What an object holds, and which version that is; none for one that is not there.
    pub async fn read(&self, object: &str) -> Result<(Option<Bytes>, Version), StoreError> {
        let got = match self.inner.get(&self.path(object)).await {
            Ok(got) => got,
            Err(object_store::Error::NotFound { .. }) => return Ok((None, Version::ABSENT)),
            Err(source) => return Err(self.failed("read", object, source)),
        };
        let version = UpdateVersion {
            e_tag: got.meta.e_tag.clone(),
            version: got.meta.version.clone(),
        };
        let bytes = got.bytes().await;
        let bytes = bytes.map_err(|source| self.failed("read", object, source))?;
        Ok((Some(bytes), Version(Some(version))))
    }

    /// Writes an object over the version that was read; [`StoreError::Conflict`] when it is another by now.
    pub async fn write(
        &self,
        object: &str,
        bytes: Bytes,
        over: &Version,
    ) -> Result<Version, StoreError> {
        let mode = match &over.0 {
            None => PutMode::Create,
            Some(version) => PutMode::Update(version.clone()),
        };
        let options = PutOptions::from(mode);
        let path = self.path(object);
        match self
            .inner
            .put_opts(&path, bytes.clone().into(), options)
            .await
        {
            Ok(put) => Ok(Version(Some(UpdateVersion {
                e_tag: put.e_tag,
                version: put.version,
            }))),
            Err(
                object_store::Error::AlreadyExists { .. }
                | object_store::Error::Precondition { .. },
            ) => {
                // The answer to our own write may have been lost, and the repetition has met what it wrote.
                let (there, version) = self.read(object).await?;
                if there.as_ref() == Some(&bytes) {
                    return Ok(version);
                }
                Err(StoreError::Conflict(self.name(object)))
            }
            Err(source) => Err(self.failed("write", object, source)),
        }
    }

    fn path(&self, object: &str) -> Path {
        match &self.place {
            Place::Bucket { prefix, .. } if !prefix.is_empty() => {
                Path::from(format!("{prefix}/{object}"))
            }
            _ => Path::from(object),
        }
    }

    /// The address of an object.
    pub fn name(&self, object: &str) -> String {
        format!("{}/{object}", self.place)
    }

    fn failed(&self, doing: &'static str, object: &str, source: object_store::Error) -> StoreError {
        StoreError::Failed {
            doing,
            object: self.name(object),
            source,
        }
    }
}

#[cfg(test)]
mod tests;
