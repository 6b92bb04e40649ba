//! Preconditions: what must be true of the object for a call to have an effect.

use super::{error, object::Object};
use crate::http::{ApiError, Call};
use serde::{Deserialize, Serialize};

/// Generation and metageneration conditions. Generation 0 stands for "there is no live object".
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Preconditions {
    pub(super) generation_match: Option<u64>,
    pub(super) generation_not_match: Option<u64>,
    pub(super) metageneration_match: Option<u64>,
    pub(super) metageneration_not_match: Option<u64>,
}

impl Preconditions {
    /// Those of the JSON API: `ifGenerationMatch` and its like.
    pub(super) fn of_query(call: &Call) -> Result<Self, ApiError> {
        Self::named(call, ["ifGenerationMatch", "ifGenerationNotMatch", "ifMetagenerationMatch", "ifMetagenerationNotMatch"])
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
        let [generation_match, generation_not_match, metageneration_match, metageneration_not_match] =
            names.map(|name| call.query.parsed(name));
        Ok(Self {
            generation_match: generation_match?,
            generation_not_match: generation_not_match?,
            metageneration_match: metageneration_match?,
            metageneration_not_match: metageneration_not_match?,
        })
    }

    /// Those of the XML API: `x-goog-if-generation-match` and `x-goog-if-metageneration-match`.
    pub(super) fn of_headers(call: &Call) -> Result<Self, ApiError> {
        let header = |name: &str| match call.header(name) {
            None => Ok(None),
            Some(value) => value.parse().map(Some).map_err(|_| {
                ApiError::invalid(format!("The header {name} must be a number, but is {value:?}"))
            }),
        };
        Ok(Self {
            generation_match: header("x-goog-if-generation-match")?,
            metageneration_match: header("x-goog-if-metageneration-match")?,
            ..Self::default()
        })
    }

    /// For a change: refuses with 412 unless all conditions hold.
    pub(super) fn check(&self, live: Option<&Object>) -> Result<(), ApiError> {
        let (generation, metageneration) = live.map_or((0, None), |o| (o.generation, Some(o.metageneration)));
        let holds = self.generation_match.is_none_or(|wanted| wanted == generation)
            && self.generation_not_match.is_none_or(|unwanted| unwanted != generation)
            && self.metageneration_match.is_none_or(|wanted| Some(wanted) == metageneration)
            && self.metageneration_not_match.is_none_or(|unwanted| Some(unwanted) != metageneration);
        if holds { Ok(()) } else { Err(error::condition_not_met()) }
    }

    /// For a read: a failed "not match" means that the caller has it already.
    pub(super) fn check_read(&self, object: &Object) -> Result<(), ApiError> {
        let matching = Self { generation_not_match: None, metageneration_not_match: None, ..self.clone() };
        matching.check(Some(object))?;
        self.check(Some(object)).map_err(|_| error::not_modified())
    }
}
