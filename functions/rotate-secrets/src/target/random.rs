//! A random value that its readers share with nobody else, such as a session key: no system has to be told.

use super::{Created, Finding, InvalidTarget, Probe, Target, TargetError, Test};
use crate::{
    payload::Payload,
    rotation::{Overlap, state::OperationId},
};
use async_trait::async_trait;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use rand::{TryRngCore, rngs::OsRng};
use secrecy::zeroize::Zeroizing;
use serde::Deserialize;

/// How a random value is made.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RandomConfig {
    /// How many random bytes it is made of.
    pub bytes: usize,
}

impl Default for RandomConfig {
    fn default() -> Self {
        Self { bytes: 32 }
    }
}

impl RandomConfig {
    pub(super) fn validate(&self) -> Result<(), InvalidTarget> {
        if (16..=1024).contains(&self.bytes) {
            return Ok(());
        }
        Err(InvalidTarget {
            key: "random.bytes".to_owned(),
            found: self.bytes.to_string(),
            expected: "16 to 1024".to_owned(),
        })
    }
}

pub(super) struct Random {
    config: RandomConfig,
}

impl Random {
    pub(super) fn new(config: RandomConfig) -> Self {
        Self { config }
    }
}

#[async_trait]
impl Target for Random {
    fn kind(&self) -> &'static str {
        "random"
    }

    fn place(&self) -> String {
        format!("{} random bytes", self.config.bytes)
    }

    fn overlap(&self) -> Overlap {
        Overlap::Both
    }

    async fn create(
        &self,
        _base: Option<&Payload>,
        _operation: &OperationId,
    ) -> Result<Created, TargetError> {
        let mut bytes = Zeroizing::new(vec![0; self.config.bytes]);
        OsRng.try_fill_bytes(&mut bytes).map_err(|error| {
            TargetError::Unreachable(format!("the system's randomness: {error}"))
        })?;
        Ok(Created {
            payload: BASE64_URL_SAFE_NO_PAD.encode(&*bytes).into(),
            slot: None,
        })
    }

    async fn probe(&self, _credential: &Payload) -> Probe {
        Probe::Works
    }

    async fn apply(
        &self,
        _credential: &Payload,
        _operation: &OperationId,
    ) -> Result<(), TargetError> {
        Ok(())
    }

    async fn test(&self, credential: &Payload) -> Result<Test, TargetError> {
        Ok(if credential.expose().is_empty() {
            Test::Failed {
                why: "it is empty".to_owned(),
            }
        } else {
            Test::Passed
        })
    }

    async fn revoke(
        &self,
        _credential: &Payload,
        _operation: &OperationId,
    ) -> Result<(), TargetError> {
        Ok(())
    }

    async fn check(&self, _current: Option<&Payload>) -> Vec<Finding> {
        vec![Finding::ok(
            "target",
            "nothing but its readers knows the value",
        )]
    }
}
