//! How a call ends when it does not end well.

use http::StatusCode;
use serde_json::Value;

/// Why a call did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// There is no HTTP client to be had.
    #[error("set up HTTPS")]
    Client(#[source] reqwest::Error),
    /// There are no credentials.
    #[error("get a token for Google Cloud")]
    Credentials(#[source] google_cloud_auth::errors::CredentialsError),
    /// Whether it was done is not known.
    #[error("{doing}: no answer")]
    NoAnswer {
        /// What was asked.
        doing: String,
        /// What the network said.
        source: reqwest::Error,
    },
    /// Google says no.
    #[error("{doing}: {status} {message}")]
    Refused {
        /// What was asked.
        doing: String,
        /// The HTTP status.
        status: StatusCode,
        /// What Google says about it.
        message: String,
    },
    /// An answer that is no JSON.
    #[error("{doing}: the answer is not JSON")]
    NotJson {
        /// What was asked.
        doing: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// What was accepted was not done.
    #[error("{operation} failed: {message}")]
    Operation {
        /// Which operation.
        operation: String,
        /// What Google says about it.
        message: String,
    },
    /// What was accepted was not done in time.
    #[error("{operation} has not ended yet")]
    StillPending {
        /// Which operation.
        operation: String,
    },
    /// The answer lacks what must be in it.
    #[error("{resource} has no field `{field}` that can be read")]
    Missing {
        /// What was looked at.
        resource: String,
        /// What is missing.
        field: &'static str,
    },
    /// The action cannot work on this resource.
    #[error("{resource} {why}")]
    Unsuitable {
        /// Which.
        resource: String,
        /// Why not.
        why: &'static str,
    },
}

impl CallError {
    pub(super) fn refused(doing: String, status: StatusCode, body: &[u8]) -> Self {
        let message = serde_json::from_slice::<Value>(body).ok();
        let message = message.and_then(|body| Some(body["error"]["message"].as_str()?.to_owned()));
        Self::Refused {
            doing,
            status,
            // Not the body itself, when it is not of the form: a proxy may have put anything in it.
            message: message.unwrap_or_default(),
        }
    }

    pub(super) fn operation(operation: &str, error: &Value) -> Self {
        let message = error["message"].as_str();
        // Compute Engine and Cloud SQL have a list of errors.
        let message = message.or_else(|| error["errors"][0]["message"].as_str());
        Self::Operation {
            operation: operation.to_owned(),
            message: message.unwrap_or("no reason given").to_owned(),
        }
    }

    fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether the same may succeed in a moment, without anybody doing anything about it.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::NoAnswer { .. } | Self::StillPending { .. } | Self::Credentials(_) => true,
            Self::Refused { status, .. } => {
                status.is_server_error()
                    || *status == StatusCode::TOO_MANY_REQUESTS
                    || *status == StatusCode::REQUEST_TIMEOUT
            }
            _ => false,
        }
    }

    /// Whether somebody changed the resource between our reading and our writing.
    pub fn is_conflict(&self) -> bool {
        matches!(
            self.status(),
            Some(StatusCode::CONFLICT | StatusCode::PRECONDITION_FAILED)
        )
    }

    /// Whether the resource is not there.
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(StatusCode::NOT_FOUND)
    }

    /// Whether we may not.
    pub fn is_forbidden(&self) -> bool {
        matches!(
            self.status(),
            Some(StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED)
        )
    }

    /// The chain of causes in a line.
    pub fn line(&self) -> String {
        crate::error::chain(self)
    }
}
