//! A stretch of messages, judged one after the other without touching anything.

use crate::{
    decide,
    decision::{Decision, Verdict},
    input::{Event, Input, Observed},
    message::Envelope,
    policy::Policy,
    state::State,
};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// How often the scheduler would wake the guard.
const TICK: SignedDuration = SignedDuration::from_hours(1);
/// A gap longer than this is not walked through hour by hour: all that ticks can say has been said.
const MOST_TICKS: usize = 24 * 40;

/// What became of one budget.
#[derive(Debug, Clone)]
pub struct Story<'a> {
    /// By which policy.
    pub policy: &'a Policy,
    /// The budget's name for people, as the newest message has it.
    pub name: Option<String>,
    /// Everything that was decided, in order.
    pub scenes: Vec<Scene>,
    /// What is remembered in the end.
    pub state: State,
}

/// One decision.
#[derive(Debug, Clone)]
pub struct Scene {
    /// When it was made.
    pub at: Timestamp,
    /// The message it was about; none for a tick.
    pub message_id: Option<String>,
    /// What was decided.
    pub decision: Decision,
}

impl Scene {
    /// Whether it changed or said anything.
    pub fn is_eventful(&self) -> bool {
        let decision = &self.decision;
        decision.rolled
            || !decision.fired.is_empty()
            || !decision.released.is_empty()
            || !decision.plan.is_empty()
            || !decision.notify.is_empty()
    }
}

/// What was rehearsed.
#[derive(Debug, Clone)]
pub struct Rehearsal<'a> {
    /// What became of the budgets that had messages.
    pub stories: Vec<Story<'a>>,
    /// The messages that concern no policy, or that nobody can read.
    pub unheard: Vec<Unheard>,
}

/// A message that was not judged.
#[derive(Debug, Clone)]
pub struct Unheard {
    /// Which.
    pub message_id: String,
    /// Why.
    pub why: String,
}

/// The policies that an input is about, with their places.
pub fn concerned<'a>(policies: &'a [Policy], input: &Input) -> Vec<(usize, &'a Policy)> {
    let is_about = |policy: &Policy| match input {
        Input::Budget(message) => {
            policy.account == message.account && policy.budget == message.budget
        }
        Input::Anomaly(anomaly) => policy.account == anomaly.account,
        Input::Tick | Input::Command(_) => true,
        Input::Unrecognized => false,
    };
    let all = policies.iter().enumerate();
    all.filter(|(_, policy)| is_about(policy)).collect()
}

/// Judges `envelopes` in their order, each when it was published or, if it comes late, when the one before it was; and
/// ticks every hour between them.
pub fn rehearse<'a>(
    policies: &'a [Policy],
    envelopes: &[Envelope],
    armed: &BTreeSet<String>,
) -> Rehearsal<'a> {
    let mut stories: Vec<Story<'a>> = policies.iter().map(Story::new).collect();
    let mut unheard = Vec::new();
    let mut now = None;
    for envelope in envelopes {
        let arrives = envelope
            .publish_time
            .max(now.unwrap_or(envelope.publish_time));
        tick_until(&mut stories, now, arrives, armed);
        now = Some(arrives);
        let mut pass_over = |why: String| {
            unheard.push(Unheard {
                message_id: envelope.message_id.clone(),
                why,
            });
        };
        let input = match envelope.message() {
            Ok(message) => Input::from(message),
            Err(malformed) => {
                pass_over(format!("{malformed}: {}", malformed.source));
                continue;
            }
        };
        let concerned = concerned(policies, &input);
        if concerned.is_empty() {
            pass_over("no policy is bound to it".to_owned());
        }
        for (index, _) in concerned {
            if let Some(story) = stories.get_mut(index) {
                story.live(Some(&envelope.message_id), input.clone(), arrives, armed);
            }
        }
    }
    stories.retain(|story| story.scenes.iter().any(|scene| scene.message_id.is_some()));
    Rehearsal { stories, unheard }
}

fn tick_until(
    stories: &mut [Story<'_>],
    from: Option<Timestamp>,
    until: Timestamp,
    armed: &BTreeSet<String>,
) {
    let Some(from) = from else {
        return;
    };
    let ticks = std::iter::successors(from.checked_add(TICK).ok(), |at| at.checked_add(TICK).ok());
    for at in ticks.take_while(|at| *at < until).take(MOST_TICKS) {
        for story in &mut *stories {
            story.live(None, Input::Tick, at, armed);
        }
    }
}

impl<'a> Story<'a> {
    fn new(policy: &'a Policy) -> Self {
        Self {
            policy,
            name: None,
            scenes: Vec::new(),
            state: State::default(),
        }
    }

    fn live(
        &mut self,
        message_id: Option<&String>,
        input: Input,
        at: Timestamp,
        armed: &BTreeSet<String>,
    ) {
        if let Input::Budget(message) = &input {
            self.name.clone_from(&message.display_name);
        }
        let event = Event {
            input,
            observed: Observed {
                armed: armed.clone(),
                ..Observed::at(at)
            },
        };
        let (state, decision) = decide(self.policy, &self.state, &event);
        self.state = state;
        self.scenes.push(Scene {
            at,
            message_id: message_id.cloned(),
            decision,
        });
    }

    /// What people call the budget.
    pub fn title(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.policy.budget)
    }

    /// The decisions that judged a message.
    pub fn readings(&self) -> impl Iterator<Item = &Scene> {
        let judged = |scene: &&Scene| scene.decision.verdict == Verdict::Evaluated;
        self.scenes.iter().filter(judged)
    }
}
