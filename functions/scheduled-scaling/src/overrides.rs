//! What a person wants for a while, against the schedule.

use crate::schedule::Level;
use jiff::{SignedDuration, Timestamp};
use std::fmt;

/// A person's word, from one instant to another. It always ends: nobody remembers to take one back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// What is wanted.
    pub kind: Kind,
    /// The first instant.
    pub from: Timestamp,
    /// The first instant at which it is over.
    pub until: Timestamp,
    /// Who.
    pub by: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// What an override wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Touch nothing.
    Hold,
    /// Exactly this.
    Pin(Level),
    /// At least this, on top of the schedule.
    Boost(Level),
}

/// How long an override may last where the configuration says nothing: 14 days.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Why an override is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidOverride {
    /// It ends before it begins.
    #[error("it ends at {until}, which is not after its beginning at {from}; write a later until")]
    Backwards {
        /// Its beginning.
        from: Timestamp,
        /// Its end.
        until: Timestamp,
    },
    /// It is over already.
    #[error("it ended at {until}, before now ({now}); write an until that is to come")]
    Past {
        /// Its end.
        until: Timestamp,
        /// The present.
        now: Timestamp,
    },
    /// It lasts longer than allowed.
    #[error(
        "it lasts {} h, more than the {} h that max_override allows; write an earlier until, or change the schedule",
        .length.as_hours(), .longest.as_hours()
    )]
    TooLong {
        /// How long.
        length: SignedDuration,
        /// What is allowed.
        longest: SignedDuration,
    },
}

impl Override {
    /// Whether it speaks at `at`.
    pub fn is_active(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.until
    }

    /// Refuses one that has no length, or more than `longest`.
    pub fn check(&self, longest: SignedDuration) -> Result<(), InvalidOverride> {
        let (from, until) = (self.from, self.until);
        if until <= from {
            return Err(InvalidOverride::Backwards { from, until });
        }
        let length = until.duration_since(from);
        if length > longest {
            return Err(InvalidOverride::TooLong { length, longest });
        }
        Ok(())
    }

    /// Refuses one that could never speak, in addition to what [`check`](Self::check) refuses: what a person asks for now.
    pub fn check_new(
        &self,
        now: Timestamp,
        longest: SignedDuration,
    ) -> Result<(), InvalidOverride> {
        self.check(longest)?;
        let until = self.until;
        if until <= now {
            return Err(InvalidOverride::Past { until, now });
        }
        Ok(())
    }
}

impl Kind {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Pin(_) => "pin",
            Self::Boost(_) => "boost",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hold => f.write_str("hold"),
            Self::Pin(level) => write!(f, "pin {level}"),
            Self::Boost(level) => write!(f, "boost {level}"),
        }
    }
}
