//! One target: decide, write, and when somebody was faster, look again.

use super::{
    Scaler,
    judge::{Judged, Wants, Way, found, judge},
    order::Due,
    person::remembered,
};
use crate::{
    config::Target,
    decide::{Change, Decision, Why},
    fleet::Bound,
    google::{Operation, Refusal, Refused, Write},
    observe::{Listed, Place, look_again},
    schedule::Setting,
};
use jiff::Timestamp;
use rand::Rng;
use std::{collections::HashMap, time::Duration};
use tokio::time::{Instant, sleep};

/// How often a target is looked at again because somebody else changed it meanwhile.
const TRIES: u32 = 3;
/// How long at most before it is looked at again, so that two of us do not meet again.
const PAUSE: Duration = Duration::from_millis(200);

/// When and how it is a target's turn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turn {
    /// The way that it is to go.
    pub(super) way: Way,
    /// The instant of the run.
    pub(super) at: Timestamp,
    /// Until when the run waits for room in a minute's writes.
    pub(super) until: Instant,
}

/// What became of one target.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// As it was seen last.
    pub bound: Bound,
    /// What was decided last.
    pub judged: Judged,
    /// How that ended.
    pub ended: Ended,
    /// How often it was written, whatever the answer.
    pub writes: u32,
}

/// How dealing with a target ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// All is as it should be.
    Nothing,
    /// The change was accepted, and is being carried out.
    Accepted(Operation),
    /// The change has come true.
    Written,
    /// It was left alone, on purpose.
    Held(Why),
    /// It was left to a later run.
    Deferred(Why),
    /// It was left until a person has looked.
    Refused(Why),
    /// It did not work.
    Failed(String),
}

impl Scaler {
    /// Deals with one target that is to go `way`. What goes another way when it is looked at again waits for the next run:
    /// the order of the run would not hold for it.
    pub(super) async fn step(&self, due: Due, turn: Turn) -> Outcome {
        let Due {
            mut bound,
            desired,
            waits_for,
        } = due;
        let mut judged = judge(&self.config, &bound, desired, waits_for.clone(), turn.at);
        let mut writes = 0;
        loop {
            let ended = match self.attempt(&bound, &judged, turn, &mut writes).await {
                Ok(ended) => ended,
                Err(refused) if refused.refusal == Refusal::Changed && writes < TRIES => {
                    match self.look_again(&bound).await {
                        Ok(anew) => bound = anew,
                        Err(refused) => {
                            let ended = Ended::Failed(refused.to_string());
                            return Outcome {
                                bound,
                                judged,
                                ended,
                                writes,
                            };
                        }
                    }
                    let mut wants = Wants::new(&self.config, self.clock.now());
                    judged = wants.judge(&bound, waits_for.clone());
                    continue;
                }
                Err(refused) => self.refusal(&bound.target, &refused),
            };
            return Outcome {
                bound,
                judged,
                ended,
                writes,
            };
        }
    }

    /// Writes what was decided, once.
    async fn attempt(
        &self,
        bound: &Bound,
        judged: &Judged,
        turn: Turn,
        writes: &mut u32,
    ) -> Result<Ended, Refused> {
        let Decision::Write(change) = &judged.decision else {
            return Ok(left(&judged.decision));
        };
        let way = judged.way(bound);
        let turned = way != turn.way && way != Way::Note;
        let Some(listed) = bound.listed.as_ref().filter(|_| !turned) else {
            return Ok(Ended::Deferred(Why::Changed));
        };
        if let Err(why) = self.take_turn(listed, turn.until).await {
            return Ok(Ended::Deferred(why));
        }
        *writes += 1;
        let write = Write {
            read: listed,
            set: change.set,
            notes: Some(self.notes(bound, listed, change)),
            validate_only: false,
        };
        self.google.write(&write).await.map(Ended::Accepted)
    }

    /// Reads a target again that somebody has changed meanwhile, after a moment.
    async fn look_again(&self, bound: &Bound) -> Result<Bound, Refused> {
        let pause = rand::rng().random_range(Duration::ZERO..PAUSE);
        sleep(pause).await;
        let Some(listed) = &bound.listed else {
            return Ok(bound.clone());
        };
        let listed = look_again(&self.google, &self.config, listed).await?;
        Ok(bound.read_anew(&self.config, listed))
    }

    /// Waits for room in the region's minute, as long as the run has time.
    async fn take_turn(&self, listed: &Listed, until: Instant) -> Result<(), Why> {
        let place = listed.place();
        loop {
            let Err(wait) = self.budget.take(&place, self.clock.now()) else {
                return Ok(());
            };
            if Instant::now() + wait > until {
                return Err(Why::Quota(place.to_string()));
            }
            sleep(wait).await;
        }
    }

    /// All notes of a target, with what is remembered after `change`.
    fn notes(&self, bound: &Bound, listed: &Listed, change: &Change) -> HashMap<String, String> {
        let mut known = listed.memory.clone().unwrap_or_default();
        let now = self.clock.now();
        known.word = known.word.filter(|word| word.until > now);
        let memory = remembered(known, change, bound.by_label);
        memory.written_to(listed.kind, listed.notes.clone())
    }

    fn refusal(&self, target: &Target, refused: &Refused) -> Ended {
        match refused.refusal {
            Refusal::Quota => {
                let place = Place::of(target.kind, &target.name);
                self.budget.exhaust(&place, self.clock.now());
                Ended::Deferred(Why::Quota(place.to_string()))
            }
            Refusal::Busy => Ended::Deferred(Why::Busy),
            Refusal::Changed => Ended::Deferred(Why::Changed),
            Refusal::Missing
            | Refusal::Unauthenticated
            | Refusal::Denied
            | Refusal::Invalid
            | Refusal::Unknown => Ended::Failed(refused.to_string()),
        }
    }
}

/// How a decision not to write ends.
pub(super) fn left(decision: &Decision) -> Ended {
    match decision {
        Decision::Nothing | Decision::Write(_) => Ended::Nothing,
        Decision::Hold(why) => Ended::Held(why.clone()),
        Decision::Defer(why) => Ended::Deferred(why.clone()),
        Decision::Refuse(why) => Ended::Refused(why.clone()),
    }
}

impl Outcome {
    /// What the target is set to now, as far as is known.
    pub fn now(&self) -> Option<Setting> {
        let found = found(&self.bound);
        match (&self.ended, &self.judged.decision) {
            (Ended::Accepted(_) | Ended::Written, Decision::Write(change)) => change.set.or(found),
            _ => found,
        }
    }

    /// Whether something is still being carried out, or went wrong.
    pub fn is_settled(&self) -> bool {
        let moves = matches!(self.ended, Ended::Accepted(_) | Ended::Failed(_));
        self.bound.is_ready() && !moves
    }
}
