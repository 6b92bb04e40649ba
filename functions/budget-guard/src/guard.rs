//! One event, from what is remembered to what is done and said.
//!
//! ```text
//! read memory ─▶ look (labels) ─▶ decide ─▶ write memory: latches, plan, notices  ◀── the intent
//!      ▲                                          │ somebody was faster
//!      └──────────────────────────────────────────┤
//!                                                 ▼
//!                          do the plan's items ─▶ tell ─▶ write memory: what is done and said
//! ```
//!
//! Nothing is done without an intent that is stored, and nothing is acknowledged with work left that can be done. Every
//! event, whatever it comes to, first finishes what an earlier one left.

mod deliver;
mod drive;
mod error;
mod intent;
mod observe;
mod trouble;
mod wording;

pub use error::GuardError;
pub use intent::Cause;
pub(crate) use wording::class;

use crate::{
    action::Resource,
    channels::Channels,
    decide,
    decision::Decision,
    google::Google,
    input::{Event, Input},
    policy::Policy,
    rehearsal,
    repository::Repository,
    state::document::{Document, LeaseRecord},
    store::Version,
};
use jiff::{SignedDuration, Timestamp};
use nightshift_runtime::{Clock, RetryPolicy};
use std::{sync::Arc, time::Duration};
use tokio::sync::Mutex;

/// How long nobody else takes up work that somebody is at. Whoever finds it taken comes again.
const LEASE: SignedDuration = SignedDuration::from_mins(2);
/// How often a decision is made anew because another instance wrote first.
const RIVALS: u32 = 8;

/// A guard at work.
pub struct Guard {
    policies: Vec<Policy>,
    repository: Repository,
    google: Google,
    channels: Channels,
    clock: Arc<dyn Clock>,
    /// Who we are in leases.
    owner: String,
    rounds: RetryPolicy,
    /// The memories whose damage was told, and when.
    damage_told: Mutex<Vec<(String, Timestamp)>>,
}

/// What an event came to for one budget.
#[derive(Debug, Clone)]
pub struct Turn {
    /// The budget, as `ACCOUNT/BUDGET`.
    pub budget: String,
    /// What was decided.
    pub decision: Decision,
    /// What is remembered now.
    pub document: Document,
    /// What could not be done now, when something was away.
    pub left: Vec<String>,
}

/// What a guard is made of.
pub struct Parts {
    /// The ladders.
    pub policies: Vec<Policy>,
    /// The memory.
    pub repository: Repository,
    /// Google's APIs.
    pub google: Google,
    /// Who is told.
    pub channels: Channels,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

impl Guard {
    /// A guard of these parts.
    pub fn new(parts: Parts) -> Self {
        let Parts {
            policies,
            repository,
            google,
            channels,
            clock,
        } = parts;
        Self {
            policies,
            repository,
            google,
            channels,
            clock,
            owner: format!("{}-{:08x}", revision(), rand::random::<u32>()),
            rounds: RetryPolicy {
                max_attempts: 3,
                max_delay: Duration::from_secs(5),
                ..RetryPolicy::default()
            },
            damage_told: Mutex::default(),
        }
    }

    /// The same with another policy of attempts at items.
    #[must_use]
    pub fn with_rounds(self, rounds: RetryPolicy) -> Self {
        Self { rounds, ..self }
    }

    /// The ladders.
    pub fn policies(&self) -> &[Policy] {
        &self.policies
    }

    /// The memory.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// What time it is.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Who is told.
    pub fn channels(&self) -> &Channels {
        &self.channels
    }

    /// Google's APIs.
    pub fn google(&self) -> &Google {
        &self.google
    }

    /// Lets an event have its effect on every budget it is about.
    pub async fn receive(&self, input: &Input, cause: &Cause) -> Result<Vec<Turn>, GuardError> {
        let mut turns = Vec::new();
        let mut trouble = None;
        for (_, policy) in rehearsal::concerned(&self.policies, input) {
            match self.turn(policy, input, cause).await {
                Ok(turn) => turns.push(turn),
                // What is wrong with one budget keeps nobody from the others.
                Err(error) => {
                    trouble = Some(match trouble {
                        None => error,
                        Some(before) => GuardError::graver(before, error),
                    });
                }
            }
        }
        trouble.map_or(Ok(turns), Err)
    }

    /// Lets an event have its effect on one budget.
    pub async fn turn(
        &self,
        policy: &Policy,
        input: &Input,
        cause: &Cause,
    ) -> Result<Turn, GuardError> {
        let mut last = None;
        for _ in 0..RIVALS {
            match self.attempt(policy, input, cause).await {
                Err(error) if error.is_overtaken() => last = Some(error),
                Err(error) => {
                    self.tell_damage(policy, &error).await;
                    return Err(error);
                }
                Ok(turn) => return Ok(turn),
            }
        }
        Err(last.unwrap_or(GuardError::Rivals))
    }

    async fn attempt(
        &self,
        policy: &Policy,
        input: &Input,
        cause: &Cause,
    ) -> Result<Turn, GuardError> {
        let now = self.now();
        let (document, version) = self.repository.budget(policy).await?;
        Self::wait_for_nobody(&document, now)?;
        let mut event = Event {
            observed: crate::input::Observed::at(now),
            input: input.clone(),
        };
        event.observed = self.observe(policy, &document.state, &event).await?;
        let (state, decision) = decide(policy, &document.state, &event);
        let mut next = document.clone();
        let pagers = self.channels.pagers();
        intent::record(
            &mut next,
            state,
            &intent::Decided {
                policy,
                decision: &decision,
                input,
                cause,
                pagers: &pagers,
                now,
            },
        );
        let mut turn = Turn {
            budget: holder(policy),
            decision,
            document: next,
            left: Vec::new(),
        };
        tell(&turn, policy, cause);
        crate::metrics::judged(&turn, &policy.currency);
        if turn.document == document && !has_work(&turn.document, now) {
            return Ok(turn);
        }
        let version = self
            .intend(policy, &mut turn.document, &version, now)
            .await?;
        self.work(policy, &mut turn, version).await?;
        Ok(turn)
    }

    /// Writes down what is to be done, and that we are at it.
    async fn intend(
        &self,
        policy: &Policy,
        document: &mut Document,
        over: &Version,
        now: Timestamp,
    ) -> Result<Version, GuardError> {
        if has_work(document, now) {
            // Also where there is nothing to do but to tell: two instances would tell it twice.
            document.plan.get_or_insert_default().lease = Some(self.lease(now));
        } else if let Some(plan) = &mut document.plan {
            plan.lease = None;
        }
        Ok(self.repository.save(policy, document, over).await?)
    }

    /// Does what is to be done, says what is to be said, and writes down what became of both.
    async fn work(
        &self,
        policy: &Policy,
        turn: &mut Turn,
        mut version: Version,
    ) -> Result<(), GuardError> {
        if !has_work(&turn.document, self.now()) {
            return Ok(());
        }
        turn.left = self.drive(policy, &mut turn.document, &mut version).await?;
        let pagers = self.channels.pagers();
        trouble::conclude(&mut turn.document, policy, &pagers, self.now());
        let undelivered = self.deliver(policy, &mut turn.document).await;
        if let Some(plan) = &mut turn.document.plan {
            plan.lease = None;
        }
        self.repository
            .save(policy, &mut turn.document, &version)
            .await?;
        turn.left.extend(undelivered);
        Ok(())
    }

    fn lease(&self, now: Timestamp) -> LeaseRecord {
        LeaseRecord {
            owner: self.owner.clone(),
            until: now.checked_add(LEASE).unwrap_or(now),
        }
    }

    /// Another instance that is at work is left to it.
    fn wait_for_nobody(document: &Document, now: Timestamp) -> Result<(), GuardError> {
        let lease = document.plan.as_ref().and_then(|plan| plan.lease.as_ref());
        match lease {
            Some(lease) if lease.until > now => Err(GuardError::Busy {
                owner: lease.owner.clone(),
                until: lease.until,
            }),
            _ => Ok(()),
        }
    }

    /// Lets what failed be tried again with the next event, and remembers who wanted it.
    pub async fn make_due(&self, policy: &Policy, cause: &Cause) -> Result<(), GuardError> {
        for _ in 0..RIVALS {
            let now = self.now();
            let (mut document, version) = self.repository.budget(policy).await?;
            Self::wait_for_nobody(&document, now)?;
            intent::make_due(&mut document, cause, now);
            match self.repository.save(policy, &mut document, &version).await {
                Err(error) if error.is_conflict() => {}
                saved => {
                    saved?;
                    return Ok(());
                }
            }
        }
        Err(GuardError::Rivals)
    }

    /// What the guard remembers of a budget, read and not changed.
    pub async fn remembered(&self, policy: &Policy) -> Result<Document, GuardError> {
        Ok(self.repository.budget(policy).await?.0)
    }

    /// Who holds a resource down.
    pub async fn held(
        &self,
        resource: &Resource,
    ) -> Result<crate::state::holders::Held, GuardError> {
        Ok(self.repository.held(resource).await?.0)
    }
}

/// A budget as records name it.
pub(crate) fn holder(policy: &Policy) -> String {
    format!("{}/{}", policy.account, policy.budget)
}

/// Whether anything is to be done or said now.
fn has_work(document: &Document, now: Timestamp) -> bool {
    document.items().iter().any(|item| item.is_due(now))
        || document.outbox.iter().any(|notice| notice.next <= now)
}

/// Cloud Run says which revision runs.
fn revision() -> String {
    std::env::var("K_REVISION").unwrap_or_else(|_| "local".to_owned())
}

/// One line an event and budget.
fn tell(turn: &Turn, policy: &Policy, cause: &Cause) {
    let decision = &turn.decision;
    let plan: Vec<String> = decision.plan.iter().map(ToString::to_string).collect();
    let fired: Vec<&str> = decision
        .fired
        .iter()
        .map(|firing| firing.step.as_str())
        .collect();
    let released: Vec<&str> = decision
        .released
        .iter()
        .map(|one| one.step.as_str())
        .collect();
    tracing::info!(
        event = crate::event::DECIDED,
        policy = turn.budget,
        key = cause.id,
        verdict = decision.verdict.word(),
        reason = decision.verdict.reason().unwrap_or_default(),
        level = decision.level.code(),
        cost = decision.cost.map(|cost| cost.to_string()),
        budget = decision.budget.map(|budget| budget.to_string()),
        currency = policy.currency,
        lag_s = cause.lag_s,
        fired = fired.join(","),
        released = released.join(","),
        plan = plan.join("; "),
        dry_run = policy.mode == crate::policy::Mode::DryRun,
        "{}",
        crate::explain::explain(decision, policy)
    );
}
