//! What can go wrong with the memory's place.

use std::{io, path::PathBuf};

/// Why an object was not read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Somebody else has written meanwhile: read again, decide again.
    #[error("`{0}` was written by another instance meanwhile")]
    Conflict(String),
    /// A folder is not there.
    #[error("the folder `{}` for the memory does not exist", .0.display())]
    NoFolder(PathBuf),
    /// The lock of a folder.
    #[error("lock the folder `{}`", folder.display())]
    Lock {
        /// Which.
        folder: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Anything else.
    #[error("{doing} `{object}`")]
    Failed {
        /// What was being done.
        doing: &'static str,
        /// To which object.
        object: String,
        /// Why it failed.
        source: object_store::Error,
    },
}

impl StoreError {
    /// What to do about it.
    pub fn advice(&self) -> Option<&'static str> {
        Some(match self {
            Self::Conflict(_) => "try again",
            Self::NoFolder(_) => "make it, or name another in `state`",
            Self::Failed {
                source:
                    object_store::Error::PermissionDenied { .. }
                    | object_store::Error::Unauthenticated { .. },
                ..
            } => "give the guard's service account roles/storage.objectUser on the bucket",
            _ => return None,
        })
    }

    /// Whether the same may succeed in a moment.
    pub fn may_pass(&self) -> bool {
        !matches!(
            self,
            Self::NoFolder(_)
                | Self::Failed {
                    source: object_store::Error::PermissionDenied { .. }
                        | object_store::Error::Unauthenticated { .. },
                    ..
                }
        )
    }
}
