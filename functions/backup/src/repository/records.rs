//! What is learnt about a backup after it was made: proofs, a pin, an acceptance, why its run failed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Facts about a backup that were learnt after it was made.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Records {
    /// Every proof, oldest first.
    pub proofs: Vec<Proof>,
    /// Why nothing may delete it.
    pub pin: Option<Pin>,
    /// Who has looked at its suspicions and found it good.
    pub accepted: Option<Accepted>,
    /// Why the run that should have made it failed.
    pub failure: Option<Failure>,
}

/// How thoroughly a backup was looked at.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Every object is there, with the right size and, where the store keeps one, CRC32C.
    Objects,
    /// Every byte was read, decrypted, decompressed, hashed and counted.
    Bytes,
    /// It was restored, and every row compared.
    Restore,
}

impl Level {
    /// The level as it is written on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Objects => "objects",
            Self::Bytes => "bytes",
            Self::Restore => "restore",
        }
    }
}

/// What all proofs of a backup come to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Standing<'a> {
    /// Nobody has looked.
    Unproven,
    /// It was found right: the newest proof of the most thorough level.
    Proven(&'a Proof),
    /// It was found wrong, and nobody has looked as thoroughly since.
    Refuted(&'a Proof),
}

impl Records {
    /// Judges the proofs together. What was found wrong stays wrong until it is found right at the same level or a more
    /// thorough one: that all objects are there does not refute a restore that failed.
    pub fn standing(&self) -> Standing<'_> {
        let passed = |proof: &&Proof| proof.passed;
        let refuted = self.proofs.iter().rev().find(|failed| {
            let overruled =
                |later: &Proof| later.passed && later.level >= failed.level && later.at > failed.at;
            !failed.passed && !self.proofs.iter().any(overruled)
        });
        if let Some(proof) = refuted {
            return Standing::Refuted(proof);
        }
        let best = self
            .proofs
            .iter()
            .filter(passed)
            .max_by_key(|proof| (proof.level, proof.at));
        best.map_or(Standing::Unproven, Standing::Proven)
    }
}

/// The result of looking at a backup.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Proof {
    /// How thoroughly.
    pub level: Level,
    /// When it ended.
    pub at: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// Whether everything was right.
    pub passed: bool,
    /// What was wrong, or what was counted.
    pub summary: String,
}

/// Nothing may delete the backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// Since when.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

/// A person has accepted a suspicious backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// When.
    pub at: Timestamp,
}

/// Why a run failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// When.
    pub at: Timestamp,
    /// The error, in one line.
    pub error: String,
}

/// A record on its way into the store.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Record {
    /// A proof.
    Proof(Proof),
    /// A pin.
    Pin(Pin),
    /// An acceptance.
    Accepted(Accepted),
    /// A failure.
    Failure(Failure),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proof(level: Level, day: u8, passed: bool) -> Proof {
        Proof {
            level,
            at: format!("2026-06-{day:02}T00:00:00Z").parse().unwrap(),
            took: Duration::ZERO,
            passed,
            summary: String::new(),
        }
    }

    fn standing(proofs: &[Proof]) -> Option<(Level, bool)> {
        let records = Records {
            proofs: proofs.to_vec(),
            ..Records::default()
        };
        match records.standing() {
            Standing::Unproven => None,
            Standing::Proven(proof) | Standing::Refuted(proof) => Some((proof.level, proof.passed)),
        }
    }

    #[test]
    fn the_most_thorough_proof_counts() {
        assert_eq!(standing(&[]), None);
        let proofs = [
            proof(Level::Restore, 1, true),
            proof(Level::Objects, 2, true),
        ];
        assert_eq!(standing(&proofs), Some((Level::Restore, true)));
    }

    #[test]
    fn what_was_found_wrong_is_right_again_only_by_a_proof_as_thorough() {
        let wrong = proof(Level::Bytes, 2, false);
        let earlier = [proof(Level::Restore, 1, true), wrong.clone()];
        assert_eq!(standing(&earlier), Some((Level::Bytes, false)));
        let weaker = [wrong.clone(), proof(Level::Objects, 3, true)];
        assert_eq!(standing(&weaker), Some((Level::Bytes, false)));
        let as_thorough = [wrong, proof(Level::Bytes, 3, true)];
        assert_eq!(standing(&as_thorough), Some((Level::Bytes, true)));
    }
}
