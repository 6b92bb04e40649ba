//! Failures, as they are remembered.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Why something did not go on, as it is remembered: never free text, which might quote a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ErrorCode {
    /// The target cannot be asked.
    TargetUnreachable,
    /// The target's policy refused the candidate, and its successors.
    TargetRefused,
    /// The target does not let us change anything.
    TargetDenied,
    /// The target took the candidate, but then did not let it do what the application needs.
    TestFailed,
    /// The target accepts neither base nor candidate: somebody else changed it.
    Drift,
    /// The base version is disabled, destroyed, or not what the target expects.
    BaseUnusable,
    /// Secret Manager does not let us.
    SecretDenied,
    /// Secret Manager cannot be asked.
    SecretUnavailable,
    /// A call went out and nothing came back.
    OutcomeUnknown,
    /// A consumer did not start on the candidate.
    ConsumerFailed,
    /// The consumers did not become ready in time.
    ConsumerTimeout,
    /// Consumers cannot be asked, or do not let us.
    ConsumerUnavailable,
    /// Something still refers to the value that is to be retired.
    RetireBlocked,
    /// The publication did not succeed in time for a target that holds only one credential.
    PublishTimeout,
    /// An operator ended it before it was published.
    Aborted,
    /// An operator took it back after it was published.
    RolledBack,
    /// The newest version of the main secret is not one that the target accepts.
    UnprovenNewest,
    /// Written by a newer program.
    #[serde(other)]
    Other,
}

impl ErrorCode {
    /// Whether it is no failure but what a person wanted.
    pub fn is_by_operator(self) -> bool {
        matches!(self, Self::Aborted | Self::RolledBack)
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}
