//! Finding something out; nothing changes.

use super::{Call, LOOK_LIMIT};
use crate::{
    rotation::{
        Adoptable, Answer, Failure, FailureKind, Look, Newest, NewestValue, Probe, Rival, State,
        Tested,
        state::{CURRENT_ALIAS, ErrorCode, Phase, Place, Subject, VersionNumber},
    },
    secret_manager::{Kind, SecretError, VersionState},
    target::{self, TargetError},
};
use tokio::time::timeout;

/// What is known about a failed question, and in which words.
pub(super) type Trouble = (Failure, String);

impl Call<'_> {
    /// Answers a question, or says why there is no answer.
    pub(super) async fn look(&mut self, look: &Look) -> Answer {
        let answered = match timeout(LOOK_LIMIT, self.asked(look)).await {
            Ok(answered) => answered,
            Err(_) => Err((too_late(look), "no answer in time".to_owned())),
        };
        answered.unwrap_or_else(|(failure, why)| {
            self.failed(name(look), failure, why);
            Answer::Failed(failure)
        })
    }

    async fn asked(&mut self, look: &Look) -> Result<Answer, Trouble> {
        match look {
            Look::Confirm => Ok(Answer::Secret(Box::new(self.secret.view()))),
            Look::Probe(subject) => self.probe(*subject).await,
            Look::Test(subject) => self.test(*subject).await,
            Look::Newest { current, candidate } => self.newest(*current, *candidate).await,
            Look::Adoptable => self.adoptable().await,
            Look::Consumers(version) => {
                let (run, managed) = (&self.services.run, self.managed);
                let found = run.consumers(&managed.name, &managed.consumers, *version);
                found.await.map(Answer::Consumers).map_err(Into::into)
            }
            Look::References(versions) => self.references(versions).await,
            Look::Group => self.rival().await.map(Answer::Rival),
        }
    }

    /// A published version that nobody can read counts as rejected: no login can work with it. A candidate that nobody
    /// can read may still be what the target holds, so nothing is concluded from that, unless we are going back: then it
    /// is gone because another call has cleared up before it died.
    async fn probe(&mut self, subject: Subject) -> Result<Answer, Trouble> {
        let payload = match self.payload(subject).await {
            Ok(payload) => payload,
            Err(error)
                if is_unreadable(&error)
                    && (subject.place == Place::Main || self.is_going_back()) =>
            {
                self.trouble = Some(error.to_string());
                return Ok(Answer::Probed(Probe::Rejected));
            }
            Err(error) => return Err(reading(&error)),
        };
        if self.refused.contains(&subject) {
            return Ok(Answer::Probed(Probe::Rejected));
        }
        match self.managed.target.probe(&payload).await {
            target::Probe::Works => Ok(Answer::Probed(Probe::Works)),
            target::Probe::Rejected { why } => {
                self.trouble = Some(why);
                if !self.has_applied {
                    self.refused.insert(subject);
                }
                Ok(Answer::Probed(Probe::Rejected))
            }
            target::Probe::Unreachable { why } => {
                let error = TargetError::Unreachable(why);
                let failure = error.failure();
                self.failed("probe", failure, error.to_string());
                Ok(Answer::Probed(Probe::Unreachable))
            }
            target::Probe::Unfit { why } => Err(of_target(&TargetError::Unfit(why))),
        }
    }

    fn is_going_back(&self) -> bool {
        let operation = self.state().and_then(|state| state.operation.as_ref());
        operation.is_some_and(|operation| matches!(operation.phase, Phase::Undoing(_)))
    }

    async fn test(&mut self, subject: Subject) -> Result<Answer, Trouble> {
        let payload = self.payload(subject).await.map_err(|e| reading(&e))?;
        match self.managed.target.test(&payload).await {
            Ok(target::Test::Passed) => Ok(Answer::Tested(Tested::Passed)),
            Ok(target::Test::Failed { why }) => {
                self.trouble = Some(why);
                Ok(Answer::Tested(Tested::Failed))
            }
            Err(error) => Err(of_target(&error)),
        }
    }

    async fn newest(
        &mut self,
        current: VersionNumber,
        candidate: Option<Subject>,
    ) -> Result<Answer, Trouble> {
        let newest = self.services.secrets.newest(&self.managed.name.name).await;
        let Some(newest) = newest.map_err(|e| reading(&e))? else {
            let failure = Failure {
                kind: FailureKind::Permanent,
                code: ErrorCode::BaseUnusable,
            };
            return Err((failure, "the secret has no version".to_owned()));
        };
        let version = newest.number;
        let value = if newest.state == VersionState::Enabled {
            self.compared(version, current, candidate).await?
        } else {
            NewestValue::Unusable
        };
        Ok(Answer::Newest(Newest { version, value }))
    }

    /// Which value an enabled version holds.
    async fn compared(
        &mut self,
        version: VersionNumber,
        current: VersionNumber,
        candidate: Option<Subject>,
    ) -> Result<NewestValue, Trouble> {
        if version == current {
            return Ok(NewestValue::Current);
        }
        let Some(bytes) = self.readable(Subject::main(version)).await? else {
            return Ok(NewestValue::Unusable);
        };
        if self.readable(Subject::main(current)).await?.as_ref() == Some(&bytes) {
            return Ok(NewestValue::Current);
        }
        let Some(candidate) = candidate else {
            return Ok(NewestValue::Other);
        };
        let is_candidate = self.readable(candidate).await?.as_ref() == Some(&bytes);
        Ok(if is_candidate {
            NewestValue::Candidate
        } else {
            NewestValue::Other
        })
    }

    /// The bytes of a version; none if it is disabled or destroyed.
    pub(super) async fn readable(
        &mut self,
        subject: Subject,
    ) -> Result<Option<crate::payload::Payload>, Trouble> {
        match self.payload(subject).await {
            Ok(payload) => Ok(Some(payload)),
            Err(error) if is_unreadable(&error) => Ok(None),
            Err(error) => Err(reading(&error)),
        }
    }

    /// What `current` names if it can be read, else the newest that can.
    async fn adoptable(&mut self) -> Result<Answer, Trouble> {
        let named = self.secret.alias(CURRENT_ALIAS);
        let named = named.and_then(|number| u64::try_from(number).ok());
        let mut main = None;
        if let Some(number) = named.map(VersionNumber) {
            let there = self.readable(Subject::main(number)).await?;
            main = there.map(|_| number);
        }
        if main.is_none() {
            main = self.newest_enabled(Place::Main).await?;
        }
        let side = self.newest_enabled(Place::Side).await?;
        Ok(Answer::Adoptable(Adoptable { main, side }))
    }

    /// A secret that is not there has none. The side secret may be missing where candidates are staged inline.
    async fn newest_enabled(&self, place: Place) -> Result<Option<VersionNumber>, Trouble> {
        let name = self.managed.place(place);
        match self.services.secrets.newest_enabled(&name).await {
            Ok(found) => Ok(found.map(|version| version.number)),
            Err(error) if place == Place::Side && error.kind() == Kind::NotFound => Ok(None),
            Err(error) => Err(reading(&error)),
        }
    }

    async fn references(&mut self, versions: &[VersionNumber]) -> Result<Answer, Trouble> {
        let (run, managed) = (&self.services.run, self.managed);
        let found = run.references(&managed.name, &managed.consumers, versions);
        let found = found.await.map_err(Trouble::from)?;
        if let Some(first) = found.first() {
            self.trouble = Some(first.to_string());
        }
        Ok(Answer::References(found.len()))
    }

    /// The member of the group that is nearest in time.
    async fn rival(&mut self) -> Result<Rival, Trouble> {
        let ours = self
            .operation_id()
            .unwrap_or_else(|| self.run.spare_id.to_string());
        let mut rival = Rival {
            running: false,
            last_done: None,
        };
        for member in &self.managed.group {
            let read = self.services.secrets.read(member).await;
            let read = read.map_err(|error| reading(&error))?;
            // One that is not managed yet, or by a newer program, has no say.
            let Ok(Some(State {
                operation,
                last_done,
                ..
            })) = read.view().state
            else {
                continue;
            };
            rival.last_done = rival.last_done.max(last_done);
            rival.running |= operation.is_some_and(|operation| {
                !matches!(operation.phase, Phase::Claimed) || operation.id.to_string() < ours
            });
        }
        Ok(rival)
    }
}

pub(super) fn is_unreadable(error: &SecretError) -> bool {
    matches!(error.kind(), Kind::WrongState | Kind::NotFound)
}

pub(super) fn reading(error: &SecretError) -> Trouble {
    (error.failure(true), error.to_string())
}

pub(super) fn of_target(error: &TargetError) -> Trouble {
    (error.failure(), error.to_string())
}

fn too_late(look: &Look) -> Failure {
    let code = match look {
        Look::Probe(_) | Look::Test(_) => ErrorCode::TargetUnreachable,
        Look::Consumers(_) | Look::References(_) => ErrorCode::ConsumerUnavailable,
        Look::Confirm | Look::Newest { .. } | Look::Adoptable | Look::Group => {
            ErrorCode::SecretUnavailable
        }
    };
    Failure {
        kind: FailureKind::Transient,
        code,
    }
}

fn name(look: &Look) -> &'static str {
    match look {
        Look::Confirm => "confirm",
        Look::Probe(_) => "probe",
        Look::Test(_) => "test",
        Look::Newest { .. } => "look at the newest version",
        Look::Adoptable => "look for a version to adopt",
        Look::Consumers(_) => "look at consumers",
        Look::References(_) => "look for references",
        Look::Group => "look at the group",
    }
}
