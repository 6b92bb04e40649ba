//! Why Cloud Run did not do what it was asked.

use super::Consumer;
use crate::rotation::{Failure, FailureKind, state::ErrorCode};
use google_cloud_gax::error::{Error, rpc::Code};

/// A call that failed: what was being done, to which consumer, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{doing} {consumer}: {why}")]
pub struct ConsumerError {
    doing: &'static str,
    consumer: String,
    why: String,
    failure: Failure,
    changed_meanwhile: bool,
}

impl ConsumerError {
    pub(super) fn new(doing: &'static str, consumer: &Consumer, error: &Error) -> Self {
        let code = error.status().map(|status| status.code);
        let reads = doing.starts_with("look");
        let kind = match code {
            Some(
                Code::NotFound
                | Code::PermissionDenied
                | Code::Unauthenticated
                | Code::InvalidArgument
                | Code::FailedPrecondition,
            ) => FailureKind::Permanent,
            Some(Code::Aborted | Code::ResourceExhausted) => FailureKind::Transient,
            _ if reads || error.is_transient_and_before_rpc() => FailureKind::Transient,
            _ => FailureKind::Unknown,
        };
        let why = match error.status() {
            Some(status) => format!("{} ({})", status.message, status.code.name()),
            None if error.is_timeout() => "no answer came in time".to_owned(),
            None => "no answer came".to_owned(),
        };
        Self {
            doing,
            consumer: consumer.name.clone(),
            why,
            failure: Failure {
                kind,
                code: match kind {
                    FailureKind::Unknown => ErrorCode::OutcomeUnknown,
                    _ => ErrorCode::ConsumerUnavailable,
                },
            },
            changed_meanwhile: code == Some(Code::Aborted),
        }
    }

    pub(super) fn client(consumer: &Consumer) -> Self {
        Self {
            doing: "look at",
            consumer: consumer.name.clone(),
            why: "the client cannot be built from the credentials that were found".to_owned(),
            failure: Failure {
                kind: FailureKind::Permanent,
                code: ErrorCode::ConsumerUnavailable,
            },
            changed_meanwhile: false,
        }
    }

    /// Whether somebody else changed the consumer between our reading and our writing.
    pub(super) fn is_race(&self) -> bool {
        self.changed_meanwhile
    }
}

impl From<ConsumerError> for (Failure, String) {
    fn from(error: ConsumerError) -> Self {
        (error.failure, error.to_string())
    }
}
