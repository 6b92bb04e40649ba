//! From one item of a plan to calls, such that it may be interrupted anywhere and begun again.
//!
//! ```text
//!        ┌─────────────────────────────── again ────────────────────────────────┐
//!        ▼                                                                      │
//! read who holds ─▶ read what is there ─▶ as it should be? ──no─▶ write down ─▶ write
//!                                              │yes               what and why  under the etag
//!                                              ▼
//!                                     write down that it is
//! ```
//!
//! A lease that has ended keeps nobody from going on who was frozen in the middle, as Cloud Run does between requests. So
//! whoever takes a resource asks once more whether the work is still theirs, after they are in its record and before they
//! change it; and whoever gives back asks before they are out of it. Who took the work over has written that down before
//! they looked, so one of the two sees the other.
//!
//! What was there before is stored before anything is changed, and what is about to be written before it is. So whoever
//! comes after a death finds what was there, what we meant to write, or what a person made of it, and can tell which; and
//! nothing counts as done before it was read back.

mod by_hand;

use crate::{
    action::Verb,
    actions::{self, ARMED, Seen},
    google::{CallError, Google},
    guard::holder,
    policy::Policy,
    repository::{Repository, RepositoryError},
    state::{
        document::{ItemRecord, Operation},
        holders::{Held, Move},
    },
    store::Version,
};
use by_hand::give_up;
use nightshift_runtime::RetryPolicy;
use serde_json::Value;
use std::collections::BTreeMap;
use tokio::time::sleep;

/// How an item ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// It is as it should be, and was seen to be; with what there is to say about it.
    Done(Option<String>),
    /// A person has changed it; it is left alone.
    Conflict(String),
    /// It cannot be done as things are.
    Failed(String),
    /// Something was away; the next attempt may find it back.
    Later(String),
    /// Another instance has taken the work over; with what we had written down when we changed something.
    Overtaken(Option<Box<Held>>),
}

/// Does items for one budget.
#[derive(Debug)]
pub struct Applier<'a> {
    /// Google's APIs.
    pub google: &'a Google,
    /// Where it is remembered who holds what.
    pub repository: &'a Repository,
    /// The budget, and what is never a target.
    pub policy: &'a Policy,
    /// The revision of the budget's memory that asks for the work; with a later one it is another instance's.
    pub rev: u64,
    /// The key of the firing that asks for the item, for whoever looks at the resource.
    pub key: Option<&'a str>,
    /// What we had written down of the resource before another instance took the work over, and have changed since.
    pub recall: Option<&'a Held>,
    /// How often what fails in passing is tried before it is left to the next message.
    pub rounds: RetryPolicy,
}

/// What is seen of each lever.
type Sight = BTreeMap<&'static str, Seen>;

/// An item, and what is known when it is known what there is to do.
struct Work<'a> {
    item: &'a ItemRecord,
    /// The record as it was read, and its version.
    before: Held,
    version: Version,
    /// The record as it is to be.
    held: Held,
    sight: Sight,
    /// The levers that a person has moved.
    touched: Vec<&'static str>,
}

impl Work<'_> {
    /// What is not yet as it should be.
    fn moves(&self) -> Vec<Move> {
        let mut targets = self.held.targets();
        targets.retain(|one| !agrees(one, &self.sight));
        targets
    }
}

enum Round {
    Ended(Ended),
    /// Something was written; look whether it is there.
    Look,
    /// Somebody was faster; look what there is now.
    Again(String),
    /// The work is not ours any more.
    Overtaken,
}

impl Applier<'_> {
    /// Does one item, or says why not.
    pub async fn apply(&self, item: &ItemRecord) -> Ended {
        if let Some(refusal) = self.refusal(item).await {
            return refusal;
        }
        let (mut number, mut changed) = (0, None);
        let mut why = String::from("it was not to be seen after it was done");
        // Every write is followed by a look, so there are twice as many rounds as attempts.
        while number < 2 * self.rounds.max_attempts.max(1) {
            number += 1;
            match self.round(item, &mut changed).await {
                Ok(Round::Ended(ended)) => return ended,
                Ok(Round::Look) => {}
                Ok(Round::Overtaken) => return Ended::Overtaken(changed.map(Box::new)),
                Ok(Round::Again(reason)) => {
                    why = reason;
                    self.pause(number).await;
                }
                Err(Trouble::Call(error)) if error.may_pass() => {
                    why = error.line();
                    self.pause(number).await;
                }
                Err(Trouble::Call(error)) => return failed(item, &error),
                Err(Trouble::Repository(error)) => return Self::unremembered(&error),
            }
        }
        Ended::Later(why)
    }

    /// What must never be done, whatever a plan says.
    async fn refusal(&self, item: &ItemRecord) -> Option<Ended> {
        let resource = &item.action.resource;
        if item.op == Operation::Restore {
            return None;
        }
        if resource.project() == self.policy.guard_project {
            return Some(Ended::Failed("it is in the guard's own project".to_owned()));
        }
        if item.action.verb != Verb::BillingUnlink {
            return None;
        }
        // The consent may have been withdrawn since it was decided.
        match actions::project_labels(self.google, resource.project()).await {
            Ok(labels) if labels.get(ARMED.0).is_some_and(|value| value == ARMED.1) => None,
            Ok(_) => Some(Ended::Failed(format!(
                "the project does not carry the label {}={}",
                ARMED.0, ARMED.1
            ))),
            Err(error) if error.may_pass() => Some(Ended::Later(error.line())),
            Err(error) => Some(Ended::Failed(error.line())),
        }
    }

    async fn round(&self, item: &ItemRecord, changed: &mut Option<Held>) -> Result<Round, Trouble> {
        let (before, version) = self.repository.held(&item.action.resource).await?;
        let mut held = before.clone();
        if item.op == Operation::Restore {
            held.holders.remove(&holder(self.policy));
            self.recall.inspect(|ours| held.recall(ours));
            if !self.is_ours().await? {
                return Ok(Round::Overtaken);
            }
        } else {
            let action = item.action.clone();
            held.holders.insert(holder(self.policy), action);
        }
        let sight = match self.look(&held).await {
            Ok(sight) => sight,
            Err(error) if error.is_not_found() && held.holders.is_empty() => {
                held.settle();
                let faster = self.save(&before, &held, &version).await?;
                return Ok(faster.unwrap_or_else(|| Round::Ended(gone())));
            }
            Err(error) => return Err(error.into()),
        };
        for (lever, seen) in &sight {
            held.capture(lever, &seen.value);
        }
        let touched = give_up(item, &mut held, &sight);
        let work = Work {
            item,
            before,
            version,
            held,
            sight,
            touched,
        };
        let moves = work.moves();
        if moves.is_empty() {
            self.conclude(work).await
        } else {
            self.change(work, &moves, changed).await
        }
    }

    /// All is as it should be; that is written down.
    async fn conclude(&self, mut work: Work<'_>) -> Result<Round, Trouble> {
        work.held.settle();
        self.leave_breadcrumb(work.item, &work.held).await;
        if let Some(faster) = self.save(&work.before, &work.held, &work.version).await? {
            return Ok(faster);
        }
        let is_new = work.held.holders != work.before.holders;
        if is_new && self.is_overtaken(work.item).await? {
            return Ok(Round::Overtaken);
        }
        Ok(Round::Ended(ended(&work.touched, &work.sight)))
    }

    /// Writes down what is about to be written, and writes it.
    async fn change(
        &self,
        mut work: Work<'_>,
        moves: &[Move],
        changed: &mut Option<Held>,
    ) -> Result<Round, Trouble> {
        let targets = work.held.targets();
        work.held.begin(&targets);
        if let Some(faster) = self.save(&work.before, &work.held, &work.version).await? {
            return Ok(faster);
        }
        if self.is_overtaken(work.item).await? {
            return Ok(Round::Overtaken);
        }
        *changed = Some(work.held.clone());
        self.write(&work.held, moves, &work.sight).await?;
        if work.touched.is_empty() {
            return Ok(Round::Look);
        }
        self.leave_breadcrumb(work.item, &work.held).await;
        // What a person has changed is no longer ours; the rest is done, and was only not looked at again.
        Ok(Round::Ended(ended(&work.touched, &work.sight)))
    }

    async fn is_ours(&self) -> Result<bool, RepositoryError> {
        self.repository.is_at(self.policy, self.rev).await
    }

    /// Whether something is being taken for work that has become another instance's.
    async fn is_overtaken(&self, item: &ItemRecord) -> Result<bool, RepositoryError> {
        Ok(item.op != Operation::Restore && !self.is_ours().await?)
    }

    /// Who lets go while others hold on leaves their note alone.
    async fn leave_breadcrumb(&self, item: &ItemRecord, held: &Held) {
        let key = self.key.filter(|_| item.op != Operation::Restore);
        if key.is_none() && !held.holders.is_empty() {
            return;
        }
        if let Err(error) = actions::breadcrumb::leave(self.google, &held.resource, key).await {
            let line = error.line();
            tracing::warn!(resource = %held.resource, "no note was left on it: {line}");
        }
    }

    async fn look(&self, held: &Held) -> Result<Sight, CallError> {
        let mut sight = Sight::new();
        for lever in held.levers() {
            let seen = lever.read(self.google, &held.resource).await?;
            sight.insert(lever.name(), seen);
        }
        Ok(sight)
    }

    async fn write(&self, held: &Held, moves: &[Move], sight: &Sight) -> Result<(), Trouble> {
        for one in moves {
            let (Some(lever), Some(seen)) =
                (actions::lever(&one.lever), sight.get(one.lever.as_str()))
            else {
                continue;
            };
            let writing = lever.write(self.google, &held.resource, seen, &one.target);
            match writing.await {
                Ok(None) => {}
                Ok(Some(pending)) => self.google.wait(&pending).await?,
                // Two levers of one resource share its etag, and others write, too: look again.
                Err(error) if error.is_conflict() => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Writes the record down where it has changed. Somebody who was faster is what there is to go on with.
    async fn save(
        &self,
        before: &Held,
        held: &Held,
        version: &Version,
    ) -> Result<Option<Round>, Trouble> {
        if before == held {
            return Ok(None);
        }
        match self.repository.save_held(held, version).await {
            Ok(_) => Ok(None),
            Err(error) if error.is_conflict() => Ok(Some(Round::Again(error.to_string()))),
            Err(error) => Err(error.into()),
        }
    }

    fn unremembered(error: &RepositoryError) -> Ended {
        let line = match error.advice() {
            Some(advice) => format!("{error}; next: {advice}"),
            None => error.to_string(),
        };
        match error {
            RepositoryError::Store(error) if error.may_pass() => Ended::Later(line),
            _ => Ended::Failed(line),
        }
    }

    async fn pause(&self, number: u32) {
        let factor = self
            .rounds
            .multiplier
            .powi(i32::try_from(number / 2).unwrap_or(0));
        let wait = self.rounds.initial_delay.mul_f64(factor);
        sleep(wait.min(self.rounds.max_delay)).await;
    }
}

enum Trouble {
    Call(CallError),
    Repository(RepositoryError),
}

impl From<CallError> for Trouble {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl From<RepositoryError> for Trouble {
    fn from(error: RepositoryError) -> Self {
        Self::Repository(error)
    }
}

fn agrees(one: &Move, sight: &Sight) -> bool {
    let lever = actions::lever(&one.lever);
    lever
        .zip(sight.get(one.lever.as_str()))
        .is_none_or(|(lever, seen)| lever.agrees(&seen.value, &one.target))
}

fn ended(touched: &[&str], sight: &Sight) -> Ended {
    if touched.is_empty() {
        return Ended::Done(None);
    }
    let found: Vec<String> = touched
        .iter()
        .map(|lever| format!("{lever} is {}", short(&sight[lever].value)))
        .collect();
    Ended::Conflict(format!(
        "somebody has changed it since ({}), so it is theirs",
        found.join(", ")
    ))
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    text.chars().take(200).collect()
}

fn gone() -> Ended {
    Ended::Done(Some(
        "it is no longer there, so nothing is given back".to_owned(),
    ))
}

fn failed(item: &ItemRecord, error: &CallError) -> Ended {
    let line = error.line();
    if !error.is_forbidden() {
        return Ended::Failed(line);
    }
    let permissions = actions::permissions(item.action.verb).join(", ");
    Ended::Failed(format!(
        "a permission is missing; it takes {permissions} on {}: {line}",
        item.action.resource.path
    ))
}
