//! What was read from a target.

use crate::schedule::Setting;
use jiff::{SignedDuration, Timestamp};

/// A target as it was seen, or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observed {
    /// It could not be read, because of this. It is not taken for anything else, least of all for zero.
    Unreadable(String),
    /// It was read.
    Read(Reading),
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// What it is set to.
    pub setting: Setting,
    /// What we wrote last, when we did.
    pub applied: Option<Stamp>,
    /// What was there before us, when that was written down.
    pub original: Option<Setting>,
    /// When it was changed last, while that change is still being carried out.
    pub reconciling_since: Option<Timestamp>,
    /// The floor that a serving revision carries itself.
    pub revision_floor: Option<u32>,
    /// The targets that must be up before this one is raised, and are not.
    pub waits_for: Vec<String>,
    /// Who changed it last.
    pub last_writer: Option<String>,
}

impl Reading {
    /// A target that nobody but its owner has touched.
    pub fn untouched(setting: Setting) -> Self {
        Self {
            setting,
            applied: None,
            original: None,
            reconciling_since: None,
            revision_floor: None,
            waits_for: Vec::new(),
            last_writer: None,
        }
    }
}

/// What we wrote last, as it is remembered on the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// What we set it to.
    pub setting: Setting,
    /// The rule that said so.
    pub rule: String,
    /// When the segment began.
    pub since: Option<Timestamp>,
    /// When it ends.
    pub until: Option<Timestamp>,
    /// Whether the rule was a person's override.
    pub by_override: bool,
    /// When we put a lowered floor back, the last few times.
    pub put_back: Vec<Timestamp>,
}

impl Stamp {
    /// How often we put a lowered floor back in the `time` before `at`.
    pub(super) fn put_back_since(&self, at: Timestamp, time: SignedDuration) -> usize {
        let recent = |then: &&Timestamp| at.duration_since(**then) < time;
        self.put_back.iter().filter(recent).count()
    }
}
