//! Workers that carry decisions out in the model, and what can happen to them while they do.

use super::world::{InFlight, World};
use rotate_secrets::rotation::{
    Answer, Decision, Failure, FailureKind, Intent, Policy, Run, Stop, decide,
    state::{ErrorCode, OperationId, WorkerId},
};
use std::time::Duration;

/// What happens to one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The process dies before the call goes out.
    KilledBefore,
    /// The process dies after the call has had its effect.
    KilledAfter,
    /// The call has its effect, and its answer is lost.
    AnswerLost,
    /// The call fails without an effect.
    Failed,
    /// The answer is lost, and the effect lands this many seconds later.
    Late(u64),
}

pub(crate) const FAULTS: [Fault; 6] = [
    Fault::KilledBefore,
    Fault::KilledAfter,
    Fault::AnswerLost,
    Fault::Failed,
    Fault::Late(5),
    Fault::Late(590),
];

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Went,
    Stopped(Stop),
    Died,
}

#[derive(Debug, Clone)]
pub(crate) struct Worker {
    run: Run,
    etag: u64,
    /// A decision that was made and not carried out: the worker was frozen in between.
    decided: Option<Decision>,
}

impl Worker {
    /// A call begins: the secret is read.
    pub(crate) fn begin(world: &World, name: &str, intent: Intent) -> Self {
        let me = WorkerId::try_from(name.to_owned()).unwrap();
        let spare_id = OperationId::try_from(format!("op-{name}")).unwrap();
        let until = world.now + Duration::from_mins(9);
        Self {
            run: Run::new(me, spare_id, intent, world.view(), until),
            etag: world.etag,
            decided: None,
        }
    }

    /// Decides, and freezes before carrying it out.
    pub(crate) fn freeze(&mut self, policy: &Policy, world: &World) {
        self.decided = Some(decide(policy, &self.run, world.now));
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each kind of decision")]
    /// Makes one decision, or takes the frozen one, and carries it out; a second passes.
    pub(crate) fn step(
        &mut self,
        policy: &Policy,
        world: &mut World,
        fault: Option<Fault>,
    ) -> Step {
        let decision = self
            .decided
            .take()
            .unwrap_or_else(|| decide(policy, &self.run, world.now));
        if fault == Some(Fault::KilledBefore) {
            return Step::Died;
        }
        let step = match &decision {
            Decision::Stop(stop) => return Step::Stopped(stop.clone()),
            Decision::Pause(time) => {
                world.pass(*time);
                self.run.waited();
                Step::Went
            }
            Decision::Write(write) => {
                let went = match fault {
                    Some(Fault::Failed) => false,
                    Some(Fault::Late(seconds)) => {
                        let (etag, write) = (self.etag, write.clone());
                        world.send(seconds, InFlight::Patch { etag, write });
                        false
                    }
                    _ => world.patch(self.etag, write),
                };
                // Whatever is not a clear yes is answered by reading the secret again.
                if went && fault.is_none() {
                    self.run.written(write);
                } else if fault != Some(Fault::KilledAfter) {
                    self.run.conflicted(write, world.view());
                }
                self.etag = world.etag;
                Step::Went
            }
            Decision::Look(look) => {
                let answer = match fault {
                    None | Some(Fault::KilledAfter) => world.look(look),
                    Some(_) => failed(FailureKind::Transient, ErrorCode::SecretUnavailable),
                };
                // Only reading the secret again brings another etag: whoever holds a state that is out of date must not
                // be able to write on top of what others have written since.
                if matches!(answer, Answer::Secret(_)) {
                    self.etag = world.etag;
                }
                self.run.learn(&decision, answer, world.now);
                Step::Went
            }
            Decision::Do(effect) => {
                let answer = match fault {
                    Some(Fault::Failed) => {
                        failed(FailureKind::Transient, ErrorCode::SecretUnavailable)
                    }
                    Some(Fault::Late(seconds)) => {
                        world.send(seconds, InFlight::Effect(effect.clone()));
                        failed(FailureKind::Unknown, ErrorCode::OutcomeUnknown)
                    }
                    Some(Fault::AnswerLost) => {
                        world.act(effect);
                        failed(FailureKind::Unknown, ErrorCode::OutcomeUnknown)
                    }
                    _ => world.act(effect),
                };
                self.run.learn(&decision, answer, world.now);
                Step::Went
            }
        };
        world.pass(Duration::from_secs(1));
        match fault {
            Some(Fault::KilledAfter) => Step::Died,
            _ => step,
        }
    }
}

fn failed(kind: FailureKind, code: ErrorCode) -> Answer {
    Answer::Failed(Failure { kind, code })
}
