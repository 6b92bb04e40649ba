//! What a person asks for one target: an override, or to give it back.

use super::{
    Ended, Outcome, Run, Scaler,
    judge::{Judged, Wants, found},
};
use crate::{
    config::{Kind, NoSuchTarget},
    decide::{Change, Decision, Release, release},
    fleet::{Bound, Fleet},
    google::{Refusal, Refused, Write},
    memory::Memory,
    observe::{Listed, look_again},
    overrides::{Kind as Word, Override},
    schedule::{Power, Setting},
};
use jiff::Timestamp;
use std::collections::BTreeMap;
use tokio::time::Instant;

/// How often somebody may be faster than we are.
const TRIES: u32 = 5;

/// Why a person does not get what they asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotGranted {
    /// There is no such target.
    #[error(transparent)]
    Target(#[from] NoSuchTarget),
    /// The target cannot have it.
    #[error("{target}: {why}")]
    Unfit {
        /// Which target.
        target: String,
        /// Why not.
        why: String,
    },
    /// Google refused.
    #[error(transparent)]
    Refused(#[from] Refused),
}

/// What is asked for.
enum Ask<'a> {
    Override(&'a Override),
    NoOverride,
    Release {
        mode: Release,
        to: Option<Setting>,
        force: bool,
    },
}

impl Scaler {
    /// Writes an override on the target, and what it wants with it, in one change.
    pub async fn override_target(&self, name: &str, word: &Override) -> Result<Run, NotGranted> {
        let fleet = self.fleet().await;
        let bound = fleet.find(name)?.clone();
        self.check_word(&bound, word)?;
        self.ask(&fleet, bound, &Ask::Override(word)).await
    }

    /// Ends the override that the target carries.
    pub async fn end_override(&self, name: &str) -> Result<Run, NotGranted> {
        let fleet = self.fleet().await;
        let bound = fleet.find(name)?.clone();
        self.ask(&fleet, bound, &Ask::NoOverride).await
    }

    /// Gives the target back: to what it was before us, or `to`, or as it is.
    pub async fn release_target(
        &self,
        name: &str,
        mode: Release,
        to: Option<Setting>,
        force: bool,
    ) -> Result<Run, NotGranted> {
        let fleet = self.fleet().await;
        let bound = fleet.find(name)?.clone();
        self.ask(&fleet, bound, &Ask::Release { mode, to, force })
            .await
    }

    fn check_word(&self, bound: &Bound, word: &Override) -> Result<(), NotGranted> {
        let unfit = |why| NotGranted::Unfit {
            target: bound.target.name.clone(),
            why,
        };
        let Some(schedule) = bound.schedule(&self.config) else {
            return Err(unfit(
                "it follows no schedule, so there is nothing to override".to_owned(),
            ));
        };
        let (Word::Pin(level) | Word::Boost(level)) = word.kind else {
            return Ok(());
        };
        bound.target.kind.admit(&level).map_err(unfit)?;
        let within = schedule.limits.admit(&level);
        within.map_err(|why| unfit(format!("{why} of schedule {}", bound.target.schedule)))
    }

    async fn ask(&self, fleet: &Fleet, mut bound: Bound, ask: &Ask<'_>) -> Result<Run, NotGranted> {
        let waits_for = databases_down(fleet, &bound);
        for _ in 0..TRIES {
            let at = self.clock.now();
            let Some(listed) = bound.listed.clone() else {
                let why = bound.unread.clone().unwrap_or_default();
                return Err(NotGranted::Unfit {
                    target: bound.target.name.clone(),
                    why,
                });
            };
            let (asked, judged, memory) = self.put(&bound, &listed, ask, waits_for.clone(), at)?;
            let change = match &judged.decision {
                Decision::Write(change) => change.set,
                _ => None,
            };
            let notes = memory.written_to(listed.kind, listed.notes.clone());
            if change.is_none() && notes == listed.notes {
                return Ok(told(asked, judged, Ended::Nothing, at, 0));
            }
            let write = Write {
                read: &listed,
                set: change,
                notes: Some(notes),
                validate_only: false,
            };
            match self.google.write(&write).await {
                Ok(operation) => {
                    let outcome = Outcome {
                        bound: asked,
                        judged,
                        ended: Ended::Accepted(operation),
                        writes: 1,
                    };
                    let deadline = Instant::now() + self.patience.operations;
                    let outcome = self.settle(outcome, deadline).await;
                    return Ok(told(outcome.bound, outcome.judged, outcome.ended, at, 1));
                }
                Err(refused) if refused.refusal == Refusal::Changed => {
                    let listed = look_again(&self.google, &self.config, &listed).await?;
                    bound = bound.read_anew(&self.config, listed);
                }
                Err(refused) => return Err(refused.into()),
            }
        }
        Err(NotGranted::Unfit {
            target: bound.target.name,
            why: "somebody changes it all the time; try again".to_owned(),
        })
    }

    /// What is decided with the person's word in place, and what is remembered then.
    fn put(
        &self,
        bound: &Bound,
        listed: &Listed,
        ask: &Ask<'_>,
        waits_for: Vec<String>,
        at: Timestamp,
    ) -> Result<(Bound, Judged, Memory), NotGranted> {
        let unfit = |why: String| NotGranted::Unfit {
            target: bound.target.name.clone(),
            why,
        };
        let mut memory = listed.memory.clone().map_err(unfit)?;
        let asked = match ask {
            Ask::Override(word) => {
                memory.word = Some((*word).clone());
                with_word(bound, listed, &memory, &self.config)
            }
            Ask::NoOverride => {
                memory.word = None;
                with_word(bound, listed, &memory, &self.config)
            }
            Ask::Release { .. } => bound.clone(),
        };
        if let Ask::Release { mode, to, force } = ask {
            let decision = release(&asked.observed(Vec::new()), *mode, *to, *force);
            return match &decision {
                Decision::Hold(why) | Decision::Refuse(why) => Err(unfit(why.to_string())),
                Decision::Nothing | Decision::Defer(_) | Decision::Write(_) => {
                    let judged = Judged {
                        desired: None,
                        decision,
                    };
                    Ok((asked, judged, Memory::default()))
                }
            };
        }
        let judged = Wants::new(&self.config, at).judge(&asked, waits_for);
        if let Decision::Refuse(why) = &judged.decision {
            return Err(unfit(why.to_string()));
        }
        if let Decision::Write(change) = &judged.decision {
            memory = remembered(memory, change, bound.by_label);
        }
        Ok((asked, judged, memory))
    }
}

/// One target, as a run.
fn told(bound: Bound, judged: Judged, ended: Ended, at: Timestamp, writes: u32) -> Run {
    let ended = match (&judged.decision, ended) {
        // The override is written; what it wants comes later.
        (Decision::Hold(why), _) => Ended::Held(why.clone()),
        (Decision::Defer(why), _) => Ended::Deferred(why.clone()),
        (Decision::Refuse(why), _) => Ended::Refused(why.clone()),
        (Decision::Nothing | Decision::Write(_), ended) => ended,
    };
    let outcome = Outcome {
        bound,
        judged,
        ended,
        writes,
    };
    Run {
        at,
        outcomes: BTreeMap::from([(outcome.bound.target.name.clone(), outcome)]),
        unread: Vec::new(),
    }
}

/// What is remembered after a change that was decided by a schedule.
pub(super) fn remembered(known: Memory, change: &Change, by_label: bool) -> Memory {
    match &change.stamp {
        // Given back: nothing is remembered.
        None => Memory::default(),
        Some(stamp) => Memory {
            original: known.original.or(change.original),
            applied: Some(stamp.clone()),
            by_label,
            word: known.word,
        },
    }
}

fn with_word(
    bound: &Bound,
    listed: &Listed,
    memory: &Memory,
    config: &crate::config::Config,
) -> Bound {
    let listed = Listed {
        memory: Ok(memory.clone()),
        ..listed.clone()
    };
    bound.read_anew(config, listed)
}

/// The databases that a target needs and that do not run.
fn databases_down(fleet: &Fleet, bound: &Bound) -> Vec<String> {
    let needed = fleet
        .needed_by(bound)
        .filter_map(|name| fleet.bound.get(name));
    let down = needed.filter(|needed| {
        needed.target.kind == Kind::Sql && found(needed) != Some(Setting::Power(Power::On))
    });
    down.map(|needed| needed.target.name.clone()).collect()
}

impl Fleet {
    /// The target that `name` means: its full name, or the last part of it where only one target ends so.
    pub fn find(&self, name: &str) -> Result<&Bound, NoSuchTarget> {
        if let Some(bound) = self.bound.get(name) {
            return Ok(bound);
        }
        let known = || self.bound.keys().cloned().collect();
        let name_of = |name: &str| name.to_owned();
        let mut short = self
            .bound
            .values()
            .filter(|bound| bound.target.short_name() == name);
        match (short.next(), short.next()) {
            (Some(bound), None) => Ok(bound),
            (Some(_), Some(_)) => Err(NoSuchTarget::Ambiguous {
                name: name_of(name),
                known: known(),
            }),
            (None, _) => Err(NoSuchTarget::Unknown {
                name: name_of(name),
                known: known(),
            }),
        }
    }
}
