//! Carries decisions out: one short function per step, each safe to repeat.
//!
//! ```text
//!           ┌──────────────► decide ──► Stop ──► Ended
//!           │                  │
//!     what came of it          ├─ Look    look.rs      find something out
//!           │                  ├─ Do      effect.rs    change something outside, within its time limit
//!           └──────────────────┼─ Write   write.rs     the state, under the etag
//!                              └─ Pause                wait
//! ```
//!
//! The process may die at any `await`. Whatever was not written down is found out again by the next call.

mod effect;
mod ended;
mod look;
mod write;

pub use ended::Ended;

use crate::{
    consumers::CloudRun,
    event,
    managed::Managed,
    payload::Payload,
    rotation::{
        Decision, Failure, Intent, Look, Run, State, Stop, decide,
        state::{ErrorCode, OperationId, Subject, WorkerId},
    },
    secret_manager::{Secret, SecretError, SecretManager},
    time::Time,
};
use rand::Rng;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};
use tracing::{info, warn};

/// How long a question may take. Longer and the one who asks is better off trying again later.
const LOOK_LIMIT: Duration = Duration::from_secs(30);

/// How many decisions one call may take. A rotation takes about thirty; more than this is a defect that would otherwise
/// go round for ever, and cost money on the way.
const MAX_DECISIONS: u32 = 1000;

/// How often a write may lose to somebody else's before the call gives up. Whoever wins, makes progress.
const MAX_CONFLICTS: u32 = 8;

/// What every rotation works with.
#[derive(Clone)]
pub struct Services {
    /// Where secrets are.
    pub secrets: SecretManager,
    /// Where consumers run.
    pub run: CloudRun,
    /// What time it is.
    pub time: Arc<dyn Time>,
}

/// One call: drives one secret as far as it goes in the time it has.
pub struct Call<'a> {
    services: &'a Services,
    managed: &'a Managed,
    secret: Secret,
    run: Run,
    /// Payloads that this call has read. Versions never change, so neither do they.
    payloads: BTreeMap<Subject, Payload>,
    /// What the target has refused in this call, before anything was changed there: failed logins can lock an account.
    refused: BTreeSet<Subject>,
    /// Whether this call has changed something at the target, after which only a new answer counts.
    has_applied: bool,
    conflicts: u32,
    /// The words for the last failure; the state only keeps its code.
    trouble: Option<String>,
}

impl<'a> Call<'a> {
    /// Reads the secret.
    pub async fn begin(
        services: &'a Services,
        managed: &'a Managed,
        intent: Intent,
        budget: Duration,
    ) -> Result<Self, SecretError> {
        let secret = services.secrets.read(&managed.name.name).await?;
        let now = services.time.now();
        let run = Run::new(
            worker(),
            operation(now),
            intent,
            secret.view(),
            now.checked_add(budget).unwrap_or(now),
        );
        Ok(Self {
            services,
            managed,
            secret,
            run,
            payloads: BTreeMap::new(),
            refused: BTreeSet::new(),
            has_applied: false,
            conflicts: 0,
            trouble: None,
        })
    }

    /// Decides and does until there is nothing more to do in this call.
    ///
    /// Fails only if the secret itself can neither be read nor written; everything else is in how it [ended](Ended).
    pub async fn drive(mut self) -> Result<Ended, SecretError> {
        for _ in 0..MAX_DECISIONS {
            let decision = decide(&self.managed.policy, &self.run, self.services.time.now());
            match &decision {
                Decision::Stop(stop) => return Ok(self.end(stop.clone())),
                Decision::Pause(time) => {
                    self.services.time.sleep(*time).await;
                    self.run.waited();
                    self.refused.clear();
                }
                Decision::Look(Look::Confirm) => self.confirm(&decision).await?,
                Decision::Look(look) => {
                    let answer = self.look(look).await;
                    self.run.learn(&decision, answer, self.services.time.now());
                }
                Decision::Do(effect) => {
                    let answer = self.carry_out(effect).await;
                    self.run.learn(&decision, answer, self.services.time.now());
                }
                Decision::Write(write) => {
                    if let Some(stop) = self.write(write).await? {
                        return Ok(self.end(stop));
                    }
                }
            }
        }
        warn!(
            event = event::FAILED,
            secret = %self.managed.name.name,
            "the rotation goes round in circles; it is stopped, and the next call tries again"
        );
        let at = self.services.time.now();
        let code = Some(ErrorCode::Other);
        Ok(self.end(Stop::Retry { at, code }))
    }

    /// What the secret said when the call began.
    pub fn state(&self) -> Option<&State> {
        self.run.secret.state.as_ref().ok()?.as_ref()
    }

    /// Whether what the secret said can be understood.
    pub fn is_readable(&self) -> bool {
        self.run.secret.state.is_ok()
    }

    /// Why the call would stop before it wrote or changed anything; none if it would begin.
    pub async fn would_stop(mut self) -> Option<Stop> {
        for _ in 0..MAX_DECISIONS {
            let decision = decide(&self.managed.policy, &self.run, self.services.time.now());
            match &decision {
                Decision::Stop(stop) => return Some(stop.clone()),
                Decision::Look(look @ Look::Group) => {
                    let answer = self.look(look).await;
                    self.run.learn(&decision, answer, self.services.time.now());
                }
                Decision::Look(_) | Decision::Do(_) | Decision::Write(_) | Decision::Pause(_) => {
                    return None;
                }
            }
        }
        None
    }

    /// The bytes of a version.
    async fn payload(&mut self, subject: Subject) -> Result<Payload, SecretError> {
        if let Some(known) = self.payloads.get(&subject) {
            return Ok(known.clone());
        }
        let name = self.managed.place(subject.place);
        let payload = self.services.secrets.access(&name, subject.version).await?;
        self.payloads.insert(subject, payload.clone());
        Ok(payload)
    }

    /// Keeps the words for a failure, and says them.
    fn failed(&mut self, step: &str, failure: Failure, why: String) {
        warn!(
            event = event::STEP_FAILED,
            secret = %self.managed.name.name,
            operation = self.operation_id(),
            step,
            code = %failure.code,
            kind = ?failure.kind,
            why,
            "a step of the rotation did not work"
        );
        self.trouble = Some(why);
    }

    fn did(&self, step: &str) {
        info!(
            event = event::STEP,
            secret = %self.managed.name.name,
            operation = self.operation_id(),
            step,
            "done"
        );
    }

    fn operation_id(&self) -> Option<String> {
        let state = self.run.secret.state.as_ref().ok()?.as_ref()?;
        Some(state.operation.as_ref()?.id.to_string())
    }
}

/// A name that no other call has: the instance, where Cloud Run tells it, and chance.
fn worker() -> WorkerId {
    let revision = std::env::var("K_REVISION").unwrap_or_else(|_| "local".to_owned());
    let name = format!(
        "{}/{}-{}",
        revision.chars().take(63).collect::<String>(),
        std::process::id(),
        random_letters()
    );
    WorkerId::try_from(name).unwrap_or_else(|_| unnamed())
}

/// A revision's name has no characters but those allowed; whatever is in the variable instead is left out.
fn unnamed() -> WorkerId {
    let name = format!("{}-{}", std::process::id(), random_letters());
    match WorkerId::try_from(name) {
        Ok(name) => name,
        Err(_) => unreachable!("digits, a hyphen and letters are a name"),
    }
}

/// Sorts by time, as members of a group that claim at the same instant need it.
fn operation(now: jiff::Timestamp) -> OperationId {
    let name = format!("{}-{}", now.strftime("%Y%m%dT%H%M%SZ"), random_letters());
    match OperationId::try_from(name) {
        Ok(name) => name,
        Err(_) => unreachable!("a time and letters are a name of at most 26 characters"),
    }
}

fn random_letters() -> String {
    let mut random = rand::rng();
    (0..8)
        .map(|_| char::from(random.random_range(b'a'..=b'z')))
        .collect()
}
