//! The parts of a stored memory that are about work, not about money.

use crate::{
    action::Action,
    alert::Alert,
    money::Micros,
    policy::{Class, Mode},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A plan on its way.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanRecord {
    /// The message, tick or command it follows from.
    pub id: String,
    /// Who is at it.
    pub lease: Option<LeaseRecord>,
    /// What is to be done, in order, one item a resource.
    pub items: Vec<ItemRecord>,
}

/// Somebody is at work, until then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseRecord {
    /// Who.
    pub owner: String,
    /// Until when nobody else is.
    pub until: Timestamp,
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemRecord {
    /// What is done with the action.
    pub op: Operation,
    /// Which.
    pub action: Action,
    /// How far it is.
    pub state: ItemState,
    /// How often it was tried.
    #[serde(default)]
    pub tries: u32,
    /// When one that failed is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Timestamp>,
    /// What went wrong, or what there is to know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl ItemRecord {
    /// Not begun.
    pub fn planned(op: Operation, action: Action) -> Self {
        Self {
            op,
            action,
            state: ItemState::Planned,
            tries: 0,
            next: None,
            note: None,
        }
    }

    /// Whether work on it is due.
    pub fn is_due(&self, now: Timestamp) -> bool {
        match self.state {
            ItemState::Planned | ItemState::Prepared => true,
            ItemState::Failed => self.next.is_some_and(|next| next <= now),
            ItemState::Done | ItemState::Conflict => false,
        }
    }
}

/// What is done with an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Undo it.
    Restore,
    /// Do it; more is taken away.
    Do,
    /// Do it; less is taken away.
    Set,
}

/// How far an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemState {
    /// Nothing has been done.
    Planned,
    /// It was begun and could not be ended; the change may have been made.
    Prepared,
    /// It is done, and was seen to be.
    Done,
    /// It cannot be done; a person must look. It is tried again every hour.
    Failed,
    /// Somebody else has changed the resource meanwhile; it is left alone.
    Conflict,
}

/// A notice on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxRecord {
    /// The same however often it is sent.
    pub key: String,
    /// To whom.
    pub channel: String,
    /// How often it was tried.
    #[serde(default)]
    pub tries: u32,
    /// When it is tried next.
    pub next: Timestamp,
    /// What is said.
    pub what: Posting,
}

/// What is said to a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Posting {
    /// Something a person should know.
    Alert(Box<Alert>),
    /// What an alert of this key was about is over.
    Resolve,
}

/// An alert that a pager holds open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentRecord {
    /// The key it was opened with.
    pub key: String,
    /// At which channel.
    pub channel: String,
    /// The steps it is about; when all of them have let go, it is over.
    pub steps: Vec<String>,
}

/// A step as it stood when the memory was written, for whoever reads that without the configuration. Nothing is decided by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RungRecord {
    /// Its name.
    pub step: String,
    /// How far it goes.
    pub class: Class,
    /// Whether it would be for real.
    pub mode: Mode,
    /// When it fires, in words.
    pub when: String,
    /// At which cost, when it hangs on one.
    pub at: Option<Micros>,
    /// What it would do.
    #[serde(rename = "do")]
    pub actions: Vec<Action>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryRecord {
    /// When.
    pub at: Timestamp,
    /// What: a message's id, `tick`, or the name of a command.
    pub what: String,
    /// What it came to.
    pub verdict: String,
    /// Who wanted it, when a person did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Why, when they said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// All of it in a line.
    pub line: String,
}
