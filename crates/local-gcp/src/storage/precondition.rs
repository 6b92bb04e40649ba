//! Preconditions: what must be true of the object for a call to have an effect.

use super::{bucket::Bucket, error, object::Object};
use crate::http::{ApiError, Call};
use serde::{Deserialize, Serialize};

/// Generation and metageneration conditions. Generation 0 stands for "there is no live object".
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    clippy::struct_field_names,
    reason = "the words tell the conditions apart"
)]
pub(super) struct Preconditions {
    pub(super) generation_match: Option<u64>,
    pub(super) generation_not_match: Option<u64>,
    pub(super) metageneration_match: Option<u64>,
    pub(super) metageneration_not_match: Option<u64>,
}

impl Preconditions {
    /// Those of the JSON API: `ifGenerationMatch` and its like.
    pub(super) fn of_query(call: &Call) -> Result<Self, ApiError> {
        Self::named(
            call,
            [
                "ifGenerationMatch",
                "ifGenerationNotMatch",
                "ifMetagenerationMatch",
                "ifMetagenerationNotMatch",
            ],
        )
    }

    /// Those for the source of a copy: `ifSourceGenerationMatch` and its like.
    pub(super) fn of_source(call: &Call) -> Result<Self, ApiError> {
        Self::named(
            call,
            [
                "ifSourceGenerationMatch",
                "ifSourceGenerationNotMatch",
                "ifSourceMetagenerationMatch",
                "ifSourceMetagenerationNotMatch",
            ],
        )
    }

    fn named(call: &Call, names: [&str; 4]) -> Result<Self, ApiError> {
        let [
            generation_match,
            generation_not_match,
            metageneration_match,
            metageneration_not_match,
        ] = names.map(|name| call.query.parsed(name));
        Ok(Self {
            generation_match: generation_match?,
            generation_not_match: generation_not_match?,
            metageneration_match: metageneration_match?,
            metageneration_not_match: metageneration_not_match?,
        })
    }

    /// Those of the XML API: `x-goog-if-generation-match` and `x-goog-if-metageneration-match`.
    pub(super) fn of_headers(call: &Call) -> Result<Self, ApiError> {
        Ok(Self {
            generation_match: Self::header(call, "x-goog-if-generation-match")?,
            metageneration_match: Self::header(call, "x-goog-if-metageneration-match")?,
            ..Self::default()
        })
    }

    /// A header that holds a generation or a metageneration.
    pub(super) fn header(call: &Call, name: &str) -> Result<Option<u64>, ApiError> {
        let bad = |value| {
            ApiError::invalid(format!(
                "The header {name} must be a number, but is {value:?}"
            ))
        };
        call.header(name)
            .map(|value| value.parse().map_err(|_| bad(value)))
            .transpose()
    }

    /// Both these conditions and others.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            generation_match: self.generation_match.or(other.generation_match),
            generation_not_match: self.generation_not_match.or(other.generation_not_match),
            metageneration_match: self.metageneration_match.or(other.metageneration_match),
            metageneration_not_match: self
                .metageneration_not_match
                .or(other.metageneration_not_match),
        }
    }

    /// For a bucket, which has metagenerations only.
    pub(super) fn check_bucket(&self, bucket: &Bucket) -> Result<(), ApiError> {
        let current = bucket.metageneration;
        let holds = self
            .metageneration_match
            .is_none_or(|wanted| wanted == current)
            && self
                .metageneration_not_match
                .is_none_or(|unwanted| unwanted != current);
        if holds {
            Ok(())
        } else {
            Err(error::condition_not_met())
        }
    }

    /// For a change: refuses with 412 unless all conditions hold.
    pub(super) fn check(&self, live: Option<&Object>) -> Result<(), ApiError> {
        let (generation, metageneration) =
            live.map_or((0, None), |o| (o.generation, Some(o.metageneration)));
        let holds = self
            .generation_match
            .is_none_or(|wanted| wanted == generation)
            && self
                .generation_not_match
                .is_none_or(|unwanted| unwanted != generation)
            && self
                .metageneration_match
                .is_none_or(|wanted| Some(wanted) == metageneration)
            && self
                .metageneration_not_match
                .is_none_or(|unwanted| Some(unwanted) != metageneration);
        if holds {
            Ok(())
        } else {
            Err(error::condition_not_met())
        }
    }

    /// For a read: a failed "not match" means that the caller has it already.
    pub(super) fn check_read(&self, object: &Object) -> Result<(), ApiError> {
        let matching = Self {
            generation_not_match: None,
            metageneration_not_match: None,
            ..*self
        };
        matching.check(Some(object))?;
        self.check(Some(object)).map_err(|_| error::not_modified())
    }
}
