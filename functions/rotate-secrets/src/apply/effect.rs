//! Changing something outside. Each step may be repeated, and gives up when its time is over.

use super::{
    Call,
    look::{Trouble, of_target, reading},
};
use crate::{
    payload::Payload,
    rotation::{
        Added, Answer, Applied, Effect, Failure, FailureKind, Staged,
        state::{ErrorCode, OperationId, Place, Subject, VersionNumber},
    },
    secret_manager::{SecretError, Version, VersionState},
    target::TargetError,
};
use tokio::time::timeout;

/// From how many versions on they are listed before they are cleared away, rather than taken out of use one by one.
const MAX_UNLISTED: u64 = 4;

impl Call<'_> {
    /// Carries an effect out, within its time.
    pub(super) async fn carry_out(&mut self, effect: &Effect) -> Answer {
        let done = match timeout(effect.time_limit(), self.done(effect)).await {
            Ok(done) => done,
            Err(_) => Err((unknown(), "no answer in the step's time".to_owned())),
        };
        match done {
            Ok(answer) => {
                self.did(effect.name());
                answer
            }
            Err((failure, why)) => {
                self.failed(effect.name(), failure, why);
                Answer::Failed(failure)
            }
        }
    }

    async fn done(&mut self, effect: &Effect) -> Result<Answer, Trouble> {
        match effect {
            Effect::Stage {
                base,
                place,
                repair,
            } => self.stage(*base, *place, *repair).await,
            Effect::Apply(subject) => self.apply(*subject).await,
            Effect::Publish { from, adopt } => self.publish(*from, *adopt).await,
            Effect::Roll { consumer, version } => self.roll(*consumer, *version).await,
            Effect::Revoke(subject) => self.revoke(*subject).await,
            Effect::Retire(version) => self.retire(*version).await,
            Effect::Clear {
                place,
                after,
                up_to,
            } => self.clear(*place, *after, *up_to).await,
        }
    }

    /// Makes a candidate, adds it, and reads it back by number: what cannot be read back was never there.
    async fn stage(
        &mut self,
        base: VersionNumber,
        place: Place,
        repair: bool,
    ) -> Result<Answer, Trouble> {
        let base = Subject::main(base);
        let base = if repair {
            self.readable(base).await?
        } else {
            Some(self.payload(base).await.map_err(|e| reading(&e))?)
        };
        let operation = self.operation()?;
        let target = &self.managed.target;
        let created = target.create(base.as_ref(), &operation).await;
        let created = created.map_err(|error| of_target(&error))?;
        let version = self.add(place, &created.payload).await?;
        let back = self.payload(Subject { place, version }).await;
        if back.map_err(|e| reading(&e))? != created.payload {
            let failure = Failure {
                kind: FailureKind::Transient,
                code: ErrorCode::SecretUnavailable,
            };
            let why = format!("version {version} does not hold what was added");
            return Err((failure, why));
        }
        Ok(Answer::Staged(Staged {
            version,
            slot: created.slot,
        }))
    }

    async fn apply(&mut self, subject: Subject) -> Result<Answer, Trouble> {
        let payload = self.payload(subject).await.map_err(|e| reading(&e))?;
        let operation = self.operation()?;
        self.has_applied = true;
        self.refused.clear();
        match self.managed.target.apply(&payload, &operation).await {
            Ok(()) => Ok(Answer::Applied(Applied::Taken)),
            Err(error @ TargetError::Refused(_)) => {
                self.trouble = Some(error.to_string());
                Ok(Answer::Applied(Applied::Refused))
            }
            Err(error) => Err(of_target(&error)),
        }
    }

    async fn publish(&mut self, from: Subject, adopt: bool) -> Result<Answer, Trouble> {
        let payload = self.payload(from).await.map_err(|e| reading(&e))?;
        if adopt && let Some(version) = self.added_before(&payload).await? {
            return Ok(Answer::Published(Added(version)));
        }
        let version = self.add(Place::Main, &payload).await?;
        self.payloads.insert(Subject::main(version), payload);
        Ok(Answer::Published(Added(version)))
    }

    /// The newest version, if it holds these bytes already: then somebody added it, and its answer was lost.
    async fn added_before(&mut self, payload: &Payload) -> Result<Option<VersionNumber>, Trouble> {
        let newest = self.services.secrets.newest(&self.managed.name.name).await;
        let newest = newest.map_err(|error| reading(&error))?;
        let Some(newest) = newest.filter(|newest| newest.state == VersionState::Enabled) else {
            return Ok(None);
        };
        let found = self.readable(Subject::main(newest.number)).await?;
        Ok((found.as_ref() == Some(payload)).then_some(newest.number))
    }

    async fn add(&mut self, place: Place, payload: &Payload) -> Result<VersionNumber, Trouble> {
        let name = self.managed.place(place);
        let added = self.services.secrets.add(&name, payload).await;
        added.map_err(|error| changing(&error))
    }

    async fn roll(&mut self, consumer: usize, version: VersionNumber) -> Result<Answer, Trouble> {
        let managed = self.managed;
        let Some(consumer) = managed.consumers.get(consumer) else {
            return Err((
                unknown(),
                "the configuration has no such consumer".to_owned(),
            ));
        };
        let rolled = self.services.run.roll(&managed.name, consumer, version);
        rolled.await.map(|()| Answer::Done).map_err(Into::into)
    }

    /// A version is taken out of use only after its credential was revoked: one that cannot be read any more was revoked by
    /// a call that died afterwards, or a person took it out of use, and then nobody knows what to revoke.
    async fn revoke(&mut self, subject: Subject) -> Result<Answer, Trouble> {
        let Some(payload) = self.readable(subject).await? else {
            return Ok(Answer::Done);
        };
        let operation = self.operation()?;
        let revoked = self.managed.target.revoke(&payload, &operation).await;
        revoked
            .map(|()| Answer::Done)
            .map_err(|error| of_target(&error))
    }

    /// With a `version_destroy_ttl`, destroying disables at once and can be taken back until the time is over.
    async fn retire(&mut self, version: VersionNumber) -> Result<Answer, Trouble> {
        let (secrets, name) = (&self.services.secrets, &self.managed.name.name);
        let retired = if self.secret.destroys_later() {
            secrets.destroy(name, version).await
        } else {
            secrets.disable(name, version).await
        };
        retired
            .map(|()| Answer::Done)
            .map_err(|error| changing(&error))
    }

    async fn clear(
        &mut self,
        place: Place,
        after: VersionNumber,
        up_to: VersionNumber,
    ) -> Result<Answer, Trouble> {
        let name = self.managed.place(place);
        for number in self.left(place, after, up_to).await? {
            match place {
                Place::Side => {
                    let destroyed = self.services.secrets.destroy(&name, number).await;
                    destroyed.map_err(|error| changing(&error))?;
                }
                Place::Main => {
                    self.retire(number).await?;
                }
            }
        }
        Ok(Answer::Done)
    }

    /// Versions after `after` up to `up_to` that may not be out of use yet. There is one in an ordinary rotation, which
    /// needs no list; there may be thousands where a state was lost.
    async fn left(
        &self,
        place: Place,
        after: VersionNumber,
        up_to: VersionNumber,
    ) -> Result<Vec<VersionNumber>, Trouble> {
        let all = after.0 + 1..=up_to.0;
        if up_to.0.saturating_sub(after.0) <= MAX_UNLISTED {
            return Ok(all.map(VersionNumber).collect());
        }
        let name = self.managed.place(place);
        let left = self.services.secrets.remaining(&name).await;
        let left = left.map_err(|error| reading(&error))?;
        let to_do = |version: &Version| {
            all.contains(&version.number.0)
                && (place == Place::Side || version.state == VersionState::Enabled)
        };
        Ok(left
            .into_iter()
            .filter(to_do)
            .map(|version| version.number)
            .collect())
    }

    /// The operation that is under way; nothing is done without one.
    fn operation(&self) -> Result<OperationId, Trouble> {
        let state = self.run.secret.state.as_ref().ok().and_then(Option::as_ref);
        let operation = state.and_then(|state| state.operation.as_ref());
        operation
            .map(|operation| operation.id.clone())
            .ok_or_else(|| {
                let failure = Failure {
                    kind: FailureKind::Transient,
                    code: ErrorCode::Other,
                };
                (failure, "no operation is under way".to_owned())
            })
    }
}

fn changing(error: &SecretError) -> Trouble {
    (error.failure(false), error.to_string())
}

fn unknown() -> Failure {
    Failure {
        kind: FailureKind::Unknown,
        code: ErrorCode::OutcomeUnknown,
    }
}
