//! Why a store did not do what was asked.

use super::Target;
use nightshift_runtime::gcp::GcpError;
use std::{io, path::PathBuf};

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The folder of a `file://` target is missing.
    #[error("the folder {0} does not exist")]
    NoFolder(PathBuf),
    /// The bucket of a `gs://` target is missing.
    #[error("the bucket of {0} does not exist, or this identity may not know of it")]
    NoBucket(String),
    /// Google cannot be asked.
    #[error(transparent)]
    Google(#[from] GcpError),
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

impl StoreError {
    /// Whether the store knows us and does not let us.
    pub fn is_forbidden(&self) -> bool {
        use object_store::Error::{PermissionDenied, Unauthenticated};
        match self {
            Self::Protected { .. }
            | Self::Failed {
                source: PermissionDenied { .. } | Unauthenticated { .. },
                ..
            } => true,
            Self::Failed { source, .. } => [
                io::ErrorKind::PermissionDenied,
                io::ErrorKind::ReadOnlyFilesystem,
            ]
            .into_iter()
            .any(|kind| io_kind(source) == Some(kind)),
            _ => false,
        }
    }

    /// Whether a folder has no room left.
    pub fn is_full(&self) -> bool {
        let Self::Failed { source, .. } = self else {
            return false;
        };
        matches!(
            io_kind(source),
            Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
        )
    }

    /// Whether a bucket has answered, for as long as it was asked again, that it cannot answer.
    pub fn is_out_of_order(&self) -> bool {
        let Self::Failed { source, .. } = self else {
            return false;
        };
        error_chain(source).contains("status code: 5")
    }
}

/// A list of what is not there is empty; only a missing bucket answers 404.
pub(super) fn list_failed(
    target: &Target,
    prefix: &str,
    source: object_store::Error,
) -> StoreError {
    if error_chain(&source).contains("404 Not Found") {
        return StoreError::NoBucket(target.to_string());
    }
    StoreError::Failed {
        doing: "list",
        target: format!("{target}/{prefix}"),
        source,
    }
}

/// What a bucket answers when a retention policy, a lock or a hold forbids a deletion.
pub(super) fn protection(error: &object_store::Error) -> Option<String> {
    let text = error_chain(error);
    let marks = [
        "retentionPolicyNotMet",
        "objectUnderActiveHold",
        "retention policy",
        "hold",
    ];
    let forbidden = text.contains("403") || text.contains("Forbidden");
    (forbidden && marks.iter().any(|mark| text.contains(mark))).then(|| said_by_bucket(&text))
}

/// The bucket's own sentence, which says until when; everything where there is none.
fn said_by_bucket(text: &str) -> String {
    let message = text
        .split_once("<Message>")
        .and_then(|(_, rest)| rest.split_once("</Message>"));
    message.map_or(text, |(message, _)| message).to_owned()
}

fn error_chain(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |e| e.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

/// What the operating system said, when it was the one to say no.
fn io_kind(error: &object_store::Error) -> Option<io::ErrorKind> {
    let first: &(dyn std::error::Error + 'static) = error;
    std::iter::successors(Some(first), |e| e.source())
        .find_map(|e| e.downcast_ref::<io::Error>())
        .map(io::Error::kind)
}
