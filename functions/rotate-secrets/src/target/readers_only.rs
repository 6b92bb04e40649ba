//! Credentials that no system has to be told of: those who read the secret are all there is.

use super::{Created, Finding, Probe, Target, TargetError, Test};
use crate::{
    payload::Payload,
    rotation::{Overlap, state::OperationId},
};
use async_trait::async_trait;

/// How such a credential is made and looked at.
pub(super) trait Maker: Send + Sync {
    /// The kind's name.
    fn kind(&self) -> &'static str;

    /// What is made, for people.
    fn describe(&self) -> String;

    /// A new payload in place of `base`.
    fn make(&self, base: Option<&Payload>) -> Result<Payload, TargetError>;

    /// What is wrong with the payload, without what it holds.
    fn examine(&self, payload: &Payload) -> Result<(), String>;
}

/// The target of a credential that only its readers know.
pub(super) struct ReadersOnly<M>(pub(super) M);

#[async_trait]
impl<M: Maker> Target for ReadersOnly<M> {
    fn kind(&self) -> &'static str {
        self.0.kind()
    }

    fn place(&self) -> String {
        self.0.describe()
    }

    /// Nothing ends the old value but its readers.
    fn overlap(&self) -> Overlap {
        Overlap::Both
    }

    async fn create(
        &self,
        base: Option<&Payload>,
        _operation: &OperationId,
    ) -> Result<Created, TargetError> {
        let payload = self.0.make(base)?;
        let slot = None;
        Ok(Created { payload, slot })
    }

    async fn probe(&self, credential: &Payload) -> Probe {
        match self.0.examine(credential) {
            Ok(()) => Probe::Works,
            Err(why) => Probe::Unfit { why },
        }
    }

    /// Nobody has to be told.
    async fn apply(&self, _: &Payload, _: &OperationId) -> Result<(), TargetError> {
        Ok(())
    }

    async fn test(&self, credential: &Payload) -> Result<Test, TargetError> {
        Ok(match self.0.examine(credential) {
            Ok(()) => Test::Passed,
            Err(why) => Test::Failed { why },
        })
    }

    /// Never asked, since [`revokes`](Target::revokes) says no: versions that nobody reads are dead.
    async fn revoke(&self, _: &Payload, _: &OperationId) -> Result<(), TargetError> {
        Ok(())
    }

    async fn check(&self, current: Option<&Payload>) -> Vec<Finding> {
        let alone = Finding::ok("target", "nothing but its readers knows the value");
        let payload = current.map(|current| match self.0.examine(current) {
            Ok(()) => Finding::ok("payload", "the published value is as it should be"),
            Err(why) => Finding::error("payload", why),
        });
        [alone].into_iter().chain(payload).collect()
    }
}
