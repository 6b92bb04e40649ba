//! What an error of the APIs means to us.

use crate::config::Kind;
use google_cloud_gax::error::Error;
use std::{error::Error as _, fmt};

/// A call that did not succeed: what was being done, and what that means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// What was being done, to what.
    pub doing: String,
    /// What the refusal means.
    pub refusal: Refusal,
    /// What was answered, in one line.
    pub said: String,
}

/// What a refusal means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Somebody changed it since it was read.
    Changed,
    /// The quota of writes of the region is used up.
    Quota,
    /// A Cloud SQL instance does one thing at a time, and does another.
    Busy,
    /// There is none of that name.
    Missing,
    /// No token, or one that is good for nothing here.
    Unauthenticated,
    /// The permission is missing.
    Denied,
    /// What was asked for is not possible.
    Invalid,
    /// Nobody knows whether it was done. The next run reads again.
    Unknown,
}

impl Refused {
    /// Reads an error of a call on a target of this kind.
    pub(crate) fn new(doing: impl Into<String>, kind: Kind, error: &Error) -> Self {
        let status = error.http_status_code();
        let refusal = match status {
            // Each instance has one operation at a time: https://cloud.google.com/sql/docs/error-messages
            Some(409) if kind == Kind::Sql => Refusal::Busy,
            Some(409 | 412) => Refusal::Changed,
            Some(429) => Refusal::Quota,
            Some(404) => Refusal::Missing,
            Some(401) => Refusal::Unauthenticated,
            Some(403) => Refusal::Denied,
            Some(400) => Refusal::Invalid,
            _ if error.is_authentication() => Refusal::Unauthenticated,
            _ => Refusal::Unknown,
        };
        let message = error
            .status()
            .map_or_else(|| chain(error), |status| status.message.clone());
        let said = match status {
            Some(status) => format!("{status}, {message}"),
            None => message,
        };
        Self {
            doing: doing.into(),
            refusal,
            said: said.replace(char::is_control, " "),
        }
    }

    /// What to do about it; none where the next run takes care.
    pub fn next(&self) -> Option<&'static str> {
        match self.refusal {
            Refusal::Denied => Some(
                "grant roles/run.developer and, on the service's own account, roles/iam.serviceAccountUser (for Cloud SQL: \
                 roles/cloudsql.editor)",
            ),
            Refusal::Unauthenticated => {
                Some("these APIs want an OAuth access token; look which account this runs as")
            }
            Refusal::Missing => Some("remove it from the configuration, or correct its name"),
            Refusal::Invalid => Some("correct the schedule"),
            Refusal::Changed | Refusal::Quota | Refusal::Busy | Refusal::Unknown => None,
        }
    }
}

/// The error and what is at the root of it. What lies between are the client's layers, each of which repeats the whole URL.
fn chain(error: &Error) -> String {
    let line = error.to_string();
    let line = line.split(": error sending request").next();
    let line = line.unwrap_or_default().to_owned();
    let mut root = error.source();
    while let Some(deeper) = root.and_then(|error| error.source()) {
        root = Some(deeper);
    }
    match root {
        Some(root) => format!("{line}: {root}"),
        None => line,
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.doing, self.said)?;
        match self.next() {
            Some(next) => write!(f, "; next: {next}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Refused {}
