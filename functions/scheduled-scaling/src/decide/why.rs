//! Why a target is left alone.

use crate::schedule::Setting;
use jiff::Timestamp;
use std::fmt;

/// A change that is not ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drift {
    /// What was found.
    pub found: Setting,
    /// What we had written.
    pub expected: Setting,
    /// What is wanted now.
    pub wanted: Setting,
}

impl Drift {
    /// How many instances what was found is above what is wanted; below zero when it is under.
    pub fn instances(self) -> i64 {
        i64::from(self.found.floor()) - i64::from(self.wanted.floor())
    }
}

/// The reason for holding, deferring or refusing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Why {
    /// The rule of this name says that nothing is to be touched.
    Asked(String),
    /// A person raised it, and keeps it until then.
    Raised {
        /// By how much.
        drift: Drift,
        /// Until the end of the segment we had written.
        until: Option<Timestamp>,
    },
    /// Somebody else writes it too.
    Contested {
        /// How often we put it back within the hour.
        times: usize,
        /// Who wrote last.
        by: Option<String>,
    },
    /// It was changed then, and the change is still being carried out.
    Deploying {
        /// When it was changed.
        since: Timestamp,
    },
    /// These must be up first.
    WaitsFor(Vec<String>),
    /// The limits do not allow it.
    OutsideLimits(String),
    /// The minimum would be above the maximum that is set.
    AboveMaximum {
        /// What is wanted.
        min: u32,
        /// What is set.
        max: u32,
    },
    /// Somebody has set it to manual scaling, and the schedule is for automatic scaling.
    ManualMode,
    /// The schedule speaks of instances and the target is switched on and off, or the other way round.
    OtherKind,
    /// It could not be read.
    Unreadable(String),
    /// It is to be released, and somebody has changed it since we wrote.
    NotOurs {
        /// What was found.
        found: Setting,
        /// What we had written.
        expected: Setting,
    },
    /// It is to be released, and what was there before us is not written down.
    NoOriginal,
    /// It cannot follow the schedule it is bound to.
    Misfit(String),
    /// It has our marks, and nothing binds it.
    Left,
    /// As many changes as allowed were made there within the minute.
    Quota(String),
    /// It does one thing at a time, and does another.
    Busy,
    /// Somebody changed it whenever it was about to be written.
    Changed,
}

impl Why {
    /// What needs no more than a sentence.
    fn sentence(&self) -> Option<&str> {
        Some(match self {
            Self::ManualMode => {
                "it was set to manual scaling by somebody else; write a schedule with manual, or set it back to automatic"
            }
            Self::OtherKind => {
                "the schedule counts instances and the target knows on and off, or the reverse; bind it to another schedule"
            }
            Self::Misfit(why) => why,
            Self::Left => {
                "it has marks of ours, and neither the configuration nor a label binds it: bind it, or give it back with \
                 `scheduled-scaling release`"
            }
            Self::Busy => "another operation on it is going on; the next run looks again",
            Self::Changed => "somebody changes it at this moment; the next run looks again",
            Self::NoOriginal => {
                "what was there before us is not written down; say what to leave with --to"
            }
            _ => return None,
        })
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(sentence) = self.sentence() {
            return f.write_str(sentence);
        }
        match self {
            Self::Asked(rule) => write!(f, "{rule} says to touch nothing"),
            Self::Raised { drift, until } => {
                write!(f, "somebody raised {} to {}; ", drift.expected, drift.found)?;
                match until {
                    Some(until) => write!(f, "kept until {until}"),
                    None => f.write_str("kept, because no boundary is to come"),
                }
            }
            Self::Contested { times, by } => {
                let by = by.as_deref().unwrap_or("somebody");
                write!(
                    f,
                    "{by} lowered it again after we put it back {times} times within the hour; make one of us the owner, \
                     in Terraform with ignore_changes on scaling"
                )
            }
            Self::Deploying { since } => {
                write!(f, "a change made at {since} is still being carried out")
            }
            Self::WaitsFor(targets) => write!(f, "waits for {}", targets.join(", ")),
            Self::OutsideLimits(why) => {
                write!(f, "{why}; widen the schedule's limits or ask for less")
            }
            Self::AboveMaximum { min, max } => write!(
                f,
                "min {min} would be above max {max}, which is set on the target; say max in the schedule too"
            ),
            Self::Unreadable(why) => write!(f, "could not be read, so nothing is lowered: {why}"),
            Self::NotOurs { found, expected } => write!(
                f,
                "it is {found} and we wrote {expected}: somebody changed it since, and it stays; --force forgets what we know"
            ),
            Self::Quota(place) => write!(
                f,
                "the writes of this minute are used up for {place}; the next run goes on"
            ),
            Self::ManualMode
            | Self::OtherKind
            | Self::Misfit(_)
            | Self::Left
            | Self::Busy
            | Self::Changed
            | Self::NoOriginal => Ok(()),
        }
    }
}
