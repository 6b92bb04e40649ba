//! What a decision is made from besides policy and state.

use crate::{
    action::Resource,
    message::{AnomalyNotification, BudgetNotification, Message},
};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// Something happened, and this is what the world looks like.
#[derive(Debug, Clone)]
pub struct Event {
    /// What it is.
    pub input: Input,
    /// What is known besides.
    pub observed: Observed,
}

/// What the guard has looked up before deciding.
#[derive(Debug, Clone)]
pub struct Observed {
    /// What time it is.
    pub now: Timestamp,
    /// The projects that carry the label of the second consent.
    pub armed: BTreeSet<String>,
    /// The resources that carry the label that protects them.
    pub protected: BTreeSet<Resource>,
}

impl Observed {
    /// Nothing is armed, and nothing protects itself.
    pub fn at(now: Timestamp) -> Self {
        Self {
            now,
            armed: BTreeSet::new(),
            protected: BTreeSet::new(),
        }
    }
}

/// What happened.
#[derive(Debug, Clone)]
pub enum Input {
    /// A budget's status, as Google publishes it several times a day.
    Budget(BudgetNotification),
    /// A cost anomaly that Google has found.
    Anomaly(AnomalyNotification),
    /// A message of neither kind.
    Unrecognized,
    /// Time has passed.
    Tick,
    /// A person wants something.
    Command(Command),
}

impl From<Message> for Input {
    fn from(message: Message) -> Self {
        match message {
            Message::Budget(budget) => Self::Budget(budget),
            Message::Anomaly(anomaly) => Self::Anomaly(anomaly),
            Message::Unrecognized => Self::Unrecognized,
        }
    }
}

/// What a person wants, who, and why.
#[derive(Debug, Clone)]
pub struct Command {
    /// What is wanted.
    pub wish: Wish,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: Option<String>,
}

/// What a person may want.
#[derive(Debug, Clone)]
pub enum Wish {
    /// Enforce nothing new until then, for 72 hours at most.
    Snooze {
        /// When it ends.
        until: Timestamp,
    },
    /// Give back what this step took, and keep it from firing until then.
    Release {
        /// The step.
        step: String,
        /// When it may fire again.
        until: Until,
    },
    /// End every snooze and release.
    Resume,
}

/// The end of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// An instant.
    At(Timestamp),
    /// When the budget's period ends.
    PeriodEnd,
}
