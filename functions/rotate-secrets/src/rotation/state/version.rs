//! Versions of the two secrets.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The number of a secret's version; they start at 1 and only grow.
#[derive(
    Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct VersionNumber(pub u64);

impl fmt::Display for VersionNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Which of the two secrets a version belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// The secret that applications read.
    Main,
    /// Its companion `<id>-next`, which only the rotator reads.
    Side,
}

/// One version of one of the two secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    /// Which secret.
    pub place: Place,
    /// Which of its versions.
    pub version: VersionNumber,
}

impl Subject {
    /// A version of the main secret.
    pub fn main(version: VersionNumber) -> Self {
        let place = Place::Main;
        Self { place, version }
    }

    /// A version of the side secret.
    pub fn side(version: VersionNumber) -> Self {
        let place = Place::Side;
        Self { place, version }
    }
}
