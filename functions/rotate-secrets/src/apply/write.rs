//! Writing the state: the only thing that makes one of several workers win.

use super::{Call, MAX_CONFLICTS};
use crate::{
    event,
    rotation::{Answer, Decision, Stop, Write, state::ErrorCode},
    secret_manager::{Kind, SecretError, Written},
};
use rand::Rng;
use std::time::Duration;
use tracing::info;

/// How long one attempt to write may take, repetitions by the client included.
const WRITE_LIMIT: Duration = Duration::from_secs(30);

impl Call<'_> {
    /// Does the secret really say that the lease is ours? Reads it again.
    pub(super) async fn confirm(&mut self, decision: &Decision) -> Result<(), SecretError> {
        self.reread().await?;
        let answer = Answer::Secret(Box::new(self.secret.view()));
        self.run.learn(decision, answer, self.services.time.now());
        Ok(())
    }

    /// Writes the state under the etag. Whatever is not a clear yes is answered by reading the secret again: it may say
    /// that the write landed.
    pub(super) async fn write(&mut self, write: &Write) -> Result<Option<Stop>, SecretError> {
        let secrets = &self.services.secrets;
        let sent = secrets.write_state(&self.secret, &write.state, self.managed.aliases);
        match tokio::time::timeout(WRITE_LIMIT, sent).await {
            Ok(Ok(Written::Done(secret))) => {
                self.secret = *secret;
                self.run.written(write);
                self.tell_written(write);
                return Ok(None);
            }
            Ok(Err(error)) if is_final(&error) => return Err(error),
            Ok(Err(error)) => self.trouble = Some(error.to_string()),
            Ok(Ok(Written::Conflict)) | Err(_) => {}
        }
        self.reread().await?;
        self.run.conflicted(write, self.secret.view());
        self.conflicts += 1;
        if self.conflicts > MAX_CONFLICTS {
            return Ok(Some(Stop::Retry {
                at: self.services.time.now(),
                code: Some(ErrorCode::SecretUnavailable),
            }));
        }
        let longest = 100 * u64::from(self.conflicts);
        let wait = rand::rng().random_range(longest / 2..=longest);
        self.services.time.sleep(Duration::from_millis(wait)).await;
        Ok(None)
    }

    async fn reread(&mut self) -> Result<(), SecretError> {
        self.secret = self.services.secrets.read(&self.managed.name.name).await?;
        Ok(())
    }

    fn tell_written(&self, write: &Write) {
        let state = &write.state;
        let operation = state.operation.as_ref();
        info!(
            event = event::PHASE,
            secret = %self.managed.name.name,
            operation = operation.map(|operation| operation.id.to_string()),
            phase = state.phase_name(),
            kind = ?write.kind,
            current = state.current.0,
            error = state.error.map(|code| code.to_string()),
            "the state is written"
        );
    }
}

/// Whether reading again would not help.
fn is_final(error: &SecretError) -> bool {
    matches!(
        error.kind(),
        Kind::NotFound | Kind::Denied | Kind::Refused | Kind::WrongState
    )
}
