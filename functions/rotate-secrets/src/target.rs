//! What a credential is for: the system that accepts it, as the steps of a rotation need it.
//!
//! One file per kind. A kind knows how to make a credential, ask whether it is accepted, hand it over, test it and make it
//! useless; when and in which order is decided elsewhere. The identity of the target (host, user, key owner) comes from
//! the configuration and never from a secret: a payload that names another is [unfit](TargetError::Unfit).
//!
//! Two kinds are prepared for and not built. Each is one more file and one more variant of [`TargetConfig`]:
//!
//! * **`MySQL` 8 dual passwords**: `apply` is `ALTER USER u@h IDENTIFIED BY … RETAIN CURRENT PASSWORD`, `revoke` is `… DISCARD OLD
//!   PASSWORD`, with both accepted in between. A second `RETAIN` would push out the published password, which is why `apply`
//!   is only asked for while a probe says that the candidate is not accepted. Accounts are `user@host`, and both must match.
//! * **Redis and Valkey**: ACL users hold several passwords (`ACL SETUSER u >new`, later `<old`). Memorystore for Redis has but
//!   one AUTH string of its own making and is open while it changes; it needs an explicit word that this is accepted.

mod cloud_sql;
mod google;
mod http_hook;
mod key_pair;
pub mod layout;
mod postgres;
mod random;
mod readers_only;
mod service_account_key;

use crate::{
    payload::Payload,
    rotation::{Failure, FailureKind, state::ErrorCode},
    secret_manager::SecretName,
};
use async_trait::async_trait;
use nightshift_runtime::gcp::Gcp;
use readers_only::ReadersOnly;
use serde::Deserialize;

pub use crate::rotation::{
    Overlap,
    state::{OperationId, Slot},
};
pub use http_hook::HttpHookConfig;
pub use key_pair::{Algorithm, KeyPairConfig};
pub use postgres::{AdminConfig, PostgresConfig, TableRight, TableRights, TlsConfig};
pub use random::RandomConfig;
pub use service_account_key::ServiceAccountKeyConfig;

/// A system that accepts a credential.
///
/// Every call may be repeated, by this process or by another after a death, and two may run at once. Every future may be
/// dropped at any `await` when its time is up (30 seconds for a change, as [`Effect::time_limit`] says), and nothing that it
/// began may outlive that: statements and requests carry deadlines of their own.
///
/// No reason, error or log line may quote a payload, in any encoding.
///
/// [`Effect::time_limit`]: crate::rotation::Effect::time_limit
#[async_trait]
pub trait Target: Send + Sync {
    /// The kind's name in the configuration, reports and logs.
    fn kind(&self) -> &'static str;

    /// Which target it is, for people: host, database and user, or the account whose key it is.
    fn place(&self) -> String;

    /// Whether it accepts the old and the new credential side by side.
    fn overlap(&self) -> Overlap;

    /// Whether [`revoke`](Self::revoke) has anything to do. A credential that the next one replaces is gone by itself.
    fn revokes(&self) -> bool {
        false
    }

    /// Makes a new credential from the published one, keeping what of it is not the credential (host, port, other fields).
    ///
    /// Must not touch the target: what it makes is not durable yet. Without `base`, which happens only when an operator
    /// repairs a secret that cannot be read, it is made from the configuration alone, or the call fails.
    async fn create(
        &self,
        base: Option<&Payload>,
        operation: &OperationId,
    ) -> Result<Created, TargetError>;

    /// Does the target accept this credential? At most one attempt to log in, because failed ones can lock an account.
    async fn probe(&self, credential: &Payload) -> Probe;

    /// Gives the target this credential. Asked only while a probe says that it does not have it.
    async fn apply(&self, credential: &Payload, operation: &OperationId)
    -> Result<(), TargetError>;

    /// Does the accepted credential do what the application needs?
    async fn test(&self, credential: &Payload) -> Result<Test, TargetError>;

    /// Makes this credential useless, whatever else is valid. One that is useless already is a success.
    ///
    /// Asked only where [`revokes`](Self::revokes), and only after everything that refers to it is gone.
    async fn revoke(
        &self,
        credential: &Payload,
        operation: &OperationId,
    ) -> Result<(), TargetError>;

    /// What would keep a rotation from succeeding, found out without changing anything: reachability, rights, owner roles,
    /// quotas. With the published credential, if it can be read.
    async fn check(&self, current: Option<&Payload>) -> Vec<Finding>;
}

/// A credential that was just made and that nobody has yet.
pub struct Created {
    /// What the next version will hold.
    pub payload: Payload,
    /// The account it is for, where there are two.
    pub slot: Option<Slot>,
}

/// Whether the target accepts a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// It does.
    Works,
    /// It said that it does not.
    Rejected {
        /// In which words of ours.
        why: String,
    },
    /// It did not say: nothing is known.
    Unreachable {
        /// What was in the way.
        why: String,
    },
    /// It was not asked, because the payload is not one for this target.
    Unfit {
        /// What does not match.
        why: String,
    },
}

/// Whether an accepted credential does what the application needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// It does.
    Passed,
    /// It does not, and waiting will not help.
    Failed {
        /// What it could not do.
        why: String,
    },
}

/// Why the target did not do what it was asked. The reasons are for people and never quote a payload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// Its policy refuses this very value. It was certainly not applied, and another value may do.
    #[error("the target refuses the value: {0}")]
    Refused(String),
    /// It was certainly not done. Later it may be.
    #[error("the target cannot be reached: {0}")]
    Unreachable(String),
    /// It went out and no answer came: only a probe can tell.
    #[error("the target did not answer: {0}")]
    Unknown(String),
    /// It was certainly not done, and will not be until somebody changes something.
    #[error("the target does not let us: {0}")]
    Denied(String),
    /// The payload is not one for this target: another user, another host, a field missing.
    #[error("the secret does not fit its target: {0}")]
    Unfit(String),
}

impl TargetError {
    /// As a rotation sees it.
    pub(crate) fn failure(&self) -> Failure {
        let (kind, code) = match self {
            Self::Refused(_) => (FailureKind::Permanent, ErrorCode::TargetRefused),
            Self::Unreachable(_) => (FailureKind::Transient, ErrorCode::TargetUnreachable),
            Self::Unknown(_) => (FailureKind::Unknown, ErrorCode::OutcomeUnknown),
            Self::Denied(_) => (FailureKind::Permanent, ErrorCode::TargetDenied),
            Self::Unfit(_) => (FailureKind::Permanent, ErrorCode::BaseUnusable),
        };
        Failure { kind, code }
    }
}

/// One thing that a preflight looked at.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// A constant word for programs, such as `owner-role`.
    pub code: &'static str,
    /// What was found, and what to do about it.
    pub message: String,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As it should be.
    Ok,
    /// A rotation works, and somebody may be surprised.
    Warning,
    /// A rotation cannot succeed.
    Error,
}

impl Finding {
    /// As it should be.
    pub fn ok(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Level::Ok, code, message)
    }

    /// A rotation works, and somebody may be surprised.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Level::Warning, code, message)
    }

    /// A rotation cannot succeed.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Level::Error, code, message)
    }

    fn new(level: Level, code: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            level,
            code,
            message,
        }
    }
}

/// The kind of a target with its settings: `target.random = { … }`. Each kind has a variant, a file and a `Config`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetConfig {
    /// A system of somebody else's, behind an address of theirs.
    HttpHook(HttpHookConfig),
    /// Key pairs that sign, and the public keys by which others check.
    KeyPair(KeyPairConfig),
    /// The password of one Postgres role, or of two that take turns.
    Postgres(Box<PostgresConfig>),
    /// A value that nobody but its readers knows.
    Random(RandomConfig),
    /// The key file of a Google service account.
    ServiceAccountKey(ServiceAccountKeyConfig),
}

/// What targets are built with, beside their own settings.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// The secret whose target it is: names advisory locks and requests.
    pub secret: &'a SecretName,
    /// How Google is asked.
    pub gcp: &'a Gcp,
}

impl TargetConfig {
    /// Checks the settings, without asking anybody: what is wrong names its key.
    pub fn validate(&self) -> Result<(), InvalidTarget> {
        match self {
            Self::HttpHook(config) => config.validate(),
            Self::KeyPair(config) => config.validate(),
            Self::Postgres(config) => config.validate(),
            Self::Random(config) => config.validate(),
            Self::ServiceAccountKey(config) => config.validate(),
        }
    }

    /// Makes the target ready. Connections are made when they are needed.
    #[expect(
        clippy::unused_async,
        reason = "kinds with clients of their own wait for those"
    )]
    pub async fn build(
        &self,
        surroundings: Surroundings<'_>,
    ) -> Result<Box<dyn Target>, TargetError> {
        match self {
            Self::HttpHook(config) => {
                let hook = http_hook::HttpHook::new(config.clone(), surroundings)?;
                Ok(Box::new(hook))
            }
            Self::KeyPair(config) => Ok(Box::new(ReadersOnly(config.clone()))),
            Self::Postgres(config) => {
                let config = PostgresConfig::clone(config);
                Ok(Box::new(postgres::Postgres::new(config, surroundings)?))
            }
            Self::Random(config) => Ok(Box::new(ReadersOnly(config.clone()))),
            Self::ServiceAccountKey(config) => {
                let key =
                    service_account_key::ServiceAccountKey::new(config.clone(), surroundings)?;
                Ok(Box::new(key))
            }
        }
    }
}

/// A setting of a target that cannot be meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{key}` is {found}, expected {expected}")]
pub struct InvalidTarget {
    /// Below `target`, such as `random.length`.
    pub key: String,
    /// What is there.
    pub found: String,
    /// What would be right.
    pub expected: String,
}
