//! Overrides as they are written.

use crate::{
    overrides::{Kind, Override},
    schedule::{
        InvalidSchedule, Level,
        level_fields::{Values, with_level},
    },
};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An override of one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetOverride {
    /// The full name of the target.
    pub target: String,
    /// The override.
    pub word: Override,
}

#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum WrittenKind {
    Hold,
    Pin,
    Boost,
}

with_level! {
    struct WrittenOverride {
        target: String,
        kind: WrittenKind,
        from: Timestamp,
        until: Timestamp,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    }
}

impl TryFrom<WrittenOverride> for TargetOverride {
    type Error = InvalidSchedule;

    fn try_from(written: WrittenOverride) -> Result<Self, InvalidSchedule> {
        let values = written.values();
        let kind = match written.kind {
            WrittenKind::Hold if values.is_empty() => Kind::Hold,
            WrittenKind::Hold => {
                return Err(InvalidSchedule(
                    "a hold touches nothing and takes no value; write kind = \"pin\" for exactly this value".into(),
                ));
            }
            WrittenKind::Pin => Kind::Pin(values.level()?),
            WrittenKind::Boost => match values.level()? {
                Level::Keep | Level::Original => {
                    return Err(InvalidSchedule(
                        "a boost raises to a number; write min = 5, manual = 5 or power = \"on\""
                            .into(),
                    ));
                }
                level => Kind::Boost(level),
            },
        };
        Ok(Self {
            target: written.target,
            word: Override {
                kind,
                from: written.from,
                until: written.until,
                by: written.by,
                reason: written.reason,
            },
        })
    }
}

impl<'de> Deserialize<'de> for TargetOverride {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = WrittenOverride::deserialize(deserializer)?;
        written.try_into().map_err(de::Error::custom)
    }
}

impl Serialize for TargetOverride {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { target, word } = self.clone();
        let (kind, values) = match word.kind {
            Kind::Hold => (WrittenKind::Hold, Values::default()),
            Kind::Pin(level) => (WrittenKind::Pin, Values::of(level)),
            Kind::Boost(level) => (WrittenKind::Boost, Values::of(level)),
        };
        let Override {
            from,
            until,
            by,
            reason,
            ..
        } = word;
        WrittenOverride::new(values, target, kind, from, until, by, reason).serialize(serializer)
    }
}
