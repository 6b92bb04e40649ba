//! Why Secret Manager did not do what it was asked, without anything it may have quoted of a payload.

use crate::rotation::{Failure, FailureKind, state::ErrorCode};
use google_cloud_gax::{client_builder, error::Error, error::rpc::Code};
use std::fmt;

/// A call that failed: what was being done, to what, and why.
///
/// There is no `source`: an error of Google's client can quote an answer, and the answer may be a payload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{doing} {what}: {why}{}", kind.advice())]
pub struct SecretError {
    doing: &'static str,
    what: String,
    why: String,
    kind: Kind,
}

/// What may be assumed after a failed call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// There is no such secret or version.
    NotFound,
    /// We may not.
    Denied,
    /// The conditional write was not made: somebody has written in between.
    EtagMismatch,
    /// The version is disabled, destroyed, or in another state that does not allow it.
    WrongState,
    /// It was not done, and later it may be.
    Unavailable,
    /// No answer came: it may have been done.
    Unknown,
    /// It was not done, and asking again will not help.
    Refused,
}

impl Kind {
    fn advice(self) -> &'static str {
        match self {
            Self::Denied => "; grant the rotator's service account the roles that its README lists",
            Self::NotFound => "; check its name, or create it",
            _ => "",
        }
    }
}

impl SecretError {
    /// What may be assumed.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// As a rotation sees it. A lost answer of a call that only reads changes nothing.
    pub(crate) fn failure(&self, reads: bool) -> Failure {
        let (kind, code) = match self.kind {
            Kind::NotFound | Kind::WrongState => (FailureKind::Permanent, ErrorCode::BaseUnusable),
            Kind::Denied | Kind::Refused => (FailureKind::Permanent, ErrorCode::SecretDenied),
            Kind::Unknown if !reads => (FailureKind::Unknown, ErrorCode::OutcomeUnknown),
            Kind::Unknown | Kind::Unavailable | Kind::EtagMismatch => {
                (FailureKind::Transient, ErrorCode::SecretUnavailable)
            }
        };
        Failure { kind, code }
    }
}

/// What is being done to what, for the error it may end with.
pub(super) struct Doing<'a> {
    doing: &'static str,
    what: &'a (dyn fmt::Display + Sync),
}

impl<'a> Doing<'a> {
    pub(super) fn new(doing: &'static str, what: &'a (dyn fmt::Display + Sync)) -> Self {
        Self { doing, what }
    }

    pub(super) fn failed(&self, error: &Error) -> SecretError {
        let (kind, why) = understood(error);
        self.error(kind, why)
    }

    /// The client could not even be made.
    pub(super) fn build(&self, _error: &client_builder::Error) -> SecretError {
        let why = "the client cannot be built from the credentials that were found";
        self.error(Kind::Refused, why.to_owned())
    }

    pub(super) fn refused(&self, why: String) -> SecretError {
        self.error(Kind::Refused, why)
    }

    pub(super) fn unavailable(&self, why: impl Into<String>) -> SecretError {
        self.error(Kind::Unavailable, why.into())
    }

    fn error(&self, kind: Kind, why: String) -> SecretError {
        SecretError {
            doing: self.doing,
            what: self.what.to_string(),
            why,
            kind,
        }
    }
}

fn understood(error: &Error) -> (Kind, String) {
    let Some(status) = error.status() else {
        return without_status(error);
    };
    let kind = match status.code {
        Code::NotFound => Kind::NotFound,
        Code::PermissionDenied | Code::Unauthenticated => Kind::Denied,
        // One status for two things; only the wording tells them apart.
        Code::FailedPrecondition | Code::Aborted if status.message.contains("etag") => {
            Kind::EtagMismatch
        }
        Code::FailedPrecondition if tells_a_state(&status.message) => Kind::WrongState,
        // Such as a disabled encryption key, which somebody may enable again.
        Code::FailedPrecondition | Code::ResourceExhausted => Kind::Unavailable,
        Code::InvalidArgument | Code::OutOfRange | Code::Unimplemented | Code::AlreadyExists => {
            Kind::Refused
        }
        // A server that fails may have done it first.
        _ => Kind::Unknown,
    };
    (kind, format!("{} ({})", status.message, status.code.name()))
}

/// Whether a refusal is about the state of the version itself.
fn tells_a_state(message: &str) -> bool {
    ["DISABLED", "DESTROYED", "DESTRUCTION"]
        .iter()
        .any(|state| message.contains(state))
}

fn without_status(error: &Error) -> (Kind, String) {
    let status = error.http_status_code();
    let (kind, why) = if error.is_transient_and_before_rpc() || error.is_connect() {
        (Kind::Unavailable, "Secret Manager cannot be reached")
    } else if error.is_authentication() {
        (Kind::Denied, "the credentials were not accepted")
    } else if error.is_timeout() || error.is_exhausted() {
        (Kind::Unknown, "no answer came in time")
    } else {
        (Kind::Unknown, "no answer came that could be understood")
    };
    let status = status.map_or_else(String::new, |status| format!(" (HTTP {status})"));
    (kind, format!("{why}{status}"))
}
