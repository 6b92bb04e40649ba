//! Why an event has had no effect, or not its whole one.

use crate::{google::CallError, repository::RepositoryError};
use jiff::Timestamp;

/// Why an event is not dealt with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GuardError {
    /// The memory.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// Another instance is at it.
    #[error("{owner} is at work on this budget until {until}")]
    Busy {
        /// Who.
        owner: String,
        /// Until when nobody else takes over.
        until: Timestamp,
    },
    /// Another instance has taken the work over in the middle.
    #[error("another instance has taken over the work on this budget")]
    Overtaken,
    /// Too many write at once.
    #[error("other instances write the memory of this budget all the time")]
    Rivals,
    /// What has to be known before deciding cannot be read now.
    #[error("look at what the plan is about")]
    Look(#[from] CallError),
}

impl GuardError {
    /// The one that more attempts help less.
    pub(super) fn graver(self, other: Self) -> Self {
        if self.may_pass() { other } else { self }
    }

    /// Whether the same event may succeed later without anybody doing anything about it.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Busy { .. }
            | Self::Overtaken
            | Self::Rivals
            | Self::Look(_)
            | Self::Repository(RepositoryError::Store(_)) => true,
            Self::Repository(_) => false,
        }
    }

    /// Whether another instance has written meanwhile, so that all is to be thought over.
    pub(super) fn is_overtaken(&self) -> bool {
        match self {
            Self::Overtaken => true,
            Self::Repository(error) => error.is_conflict(),
            _ => false,
        }
    }

    /// Whether the memory is there and cannot be used: a person must look.
    pub fn is_damage(&self) -> bool {
        matches!(
            self,
            Self::Repository(RepositoryError::State { .. } | RepositoryError::Held { .. })
        )
    }

    /// What to do about it.
    pub fn advice(&self) -> Option<&'static str> {
        match self {
            Self::Repository(error) => error.advice(),
            Self::Busy { .. } | Self::Overtaken | Self::Rivals => Some("try again in a minute"),
            Self::Look(_) => None,
        }
    }
}
