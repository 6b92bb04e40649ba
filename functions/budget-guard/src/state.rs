//! What the guard remembers of a budget between two events.

pub mod document;
pub mod holders;

use crate::{
    action::{Action, Resource},
    decision::Level,
    money::Micros,
    policy::{Class, Mode},
    series::Series,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The memory of one budget. [`State::default`] knows nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// When the period began.
    pub period: Option<Timestamp>,
    /// The newest message that was judged.
    pub watermark: Option<Watermark>,
    /// When the newest message was published, judged or not; before the first, when the guard began to listen.
    pub last_heard: Option<Timestamp>,
    /// What the period has cost.
    pub cost: Option<Micros>,
    /// The most it has ever cost: credits make the cost fall.
    pub high_water: Option<Micros>,
    /// The budget's amount.
    pub budget: Option<Micros>,
    /// The currency of all of it.
    pub currency: Option<String>,
    /// The steps in force, in the order they fired.
    pub latches: Vec<Latch>,
    /// What is taken away from what, right now.
    pub applied: BTreeMap<Resource, Action>,
    /// How often each step was released in this period.
    pub epochs: BTreeMap<String, u32>,
    /// How far each step is with its confirmation.
    pub confirm: BTreeMap<String, Confirmation>,
    /// For how many messages in a row each step has been below its release.
    pub under: BTreeMap<String, u32>,
    /// Until when each step stays quiet after it let go.
    pub cool: BTreeMap<String, Timestamp>,
    /// A person wants quiet.
    pub snooze: Option<Snooze>,
    /// The steps that a person released, until when.
    pub blocks: BTreeMap<String, Block>,
    /// What is said only once a period.
    pub told: BTreeSet<String>,
    /// The names of the anomalies that have been judged, oldest first.
    pub seen_anomalies: Vec<String>,
    /// When a channel last heard that something is taken away.
    pub remind_at: Option<Timestamp>,
    /// Whether the present silence has been told.
    pub silent_told: bool,
    /// What the cost has been doing.
    #[serde(flatten)]
    pub series: Series,
}

impl State {
    /// The latch of this step.
    pub fn latch(&self, step: &str) -> Option<&Latch> {
        self.latches.iter().find(|latch| latch.step == step)
    }

    /// The highest class in force.
    pub fn level(&self) -> Level {
        let real = self.latches.iter().filter(|latch| latch.is_real());
        real.map(|latch| latch.class).max().into()
    }
}

/// The newest message that was judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watermark {
    /// When it was published.
    pub publish_time: Timestamp,
    /// Its id in the topic.
    pub message_id: String,
}

/// A step in force, with what it is based on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latch {
    /// Which.
    pub step: String,
    /// How far it goes.
    pub class: Class,
    /// Whether it was for real.
    pub mode: Mode,
    /// How often it had been released when it fired.
    pub epoch: u32,
    /// When it fired.
    pub at: Timestamp,
    /// The cost it fired at; none for what was not about a cost.
    pub cost: Option<Micros>,
    /// The budget's amount it fired at.
    pub budget: Option<Micros>,
    /// Whether it stayed in force over the end of its period.
    #[serde(default)]
    pub carried: bool,
    /// What it asks for: remembered, because the policy may change meanwhile.
    #[serde(default, rename = "do")]
    pub actions: Vec<Action>,
}

impl Latch {
    /// Whether it had effects.
    pub fn is_real(&self) -> bool {
        self.mode == Mode::Enforce
    }
}

/// Messages in a row that satisfied a trigger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    /// How many.
    pub count: u32,
    /// When the first was published.
    pub since: Timestamp,
}

/// A person wants quiet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snooze {
    /// Until when.
    pub until: Timestamp,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// Whether it has been said what it holds back.
    #[serde(default)]
    pub told: bool,
}

/// A person released a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// Until when it must not fire.
    pub until: Timestamp,
    /// Who.
    pub by: String,
    /// Why, when it was said.
    pub reason: Option<String>,
}
