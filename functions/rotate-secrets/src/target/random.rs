//! A random value that its readers share with nobody else, such as a session key: no system has to be told.
//!
//! Those who check what others have signed or encrypted need the old value for a while, and the new one before it is first
//! used. With `keep`, the payload is an object: `{"current": "…", "previous": ["…"]}`. With `ahead`, also `"next"`: a new
//! value enters there and is used only from the next rotation on, when every checker has long read it.

use super::{
    InvalidTarget, TargetError,
    layout::{Credential, Edits, Layout},
    readers_only::Maker,
};
use crate::{password::Recipe, payload::Payload};
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};
use serde::Deserialize;

/// How a random value is made.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RandomConfig {
    /// What it is made of.
    pub value: Recipe,
    /// How the secret holds it, where there is but one.
    pub payload: Layout,
    /// How many earlier values the secret keeps for those who check.
    pub keep: usize,
    /// Whether a value is known to those who check one rotation before it is used.
    pub ahead: bool,
}

/// More would make a payload that nobody can read.
const MAX_KEPT: usize = 16;

impl RandomConfig {
    pub(super) fn validate(&self) -> Result<(), InvalidTarget> {
        let invalid = |key: &str, found: String, expected: String| {
            let key = format!("random.{key}");
            Err(InvalidTarget {
                key,
                found,
                expected,
            })
        };
        if self.keep > MAX_KEPT {
            let expected = format!("0 to {MAX_KEPT}");
            return invalid("keep", self.keep.to_string(), expected);
        }
        let fits = match &self.payload {
            Layout::Text => true,
            Layout::Json(fields) => fields.user.is_none() && !self.is_list(),
            Layout::Url => false,
        };
        if !fits {
            let expected = "`text`, or without `keep` and `ahead` also `json` without `user`";
            return invalid("payload", "another form".to_owned(), expected.to_owned());
        }
        Ok(())
    }

    /// Whether the payload holds more than one value.
    fn is_list(&self) -> bool {
        self.keep > 0 || self.ahead
    }

    fn fresh(&self) -> Result<SecretString, TargetError> {
        let made = self.value.make();
        made.map_err(|error| TargetError::Unreachable(error.to_string()))
    }

    /// The values one place further on, all else as it was.
    fn move_on(&self, base: Option<&Payload>) -> Result<Payload, TargetError> {
        let fresh = self.fresh()?;
        let Some(base) = base else {
            let mut first = Edits::new_object();
            if self.ahead {
                first.text("next", self.fresh()?.expose_secret())?;
            }
            first.text("current", fresh.expose_secret())?;
            first.list("previous", &[])?;
            return Ok(first.finish()?);
        };
        let mut edits = Edits::of(base)?;
        let retired = edits.read("current")?;
        let older = edits.read_list("previous")?;
        let mut previous = vec![retired];
        previous.extend(older);
        previous.truncate(self.keep);
        let current = if self.ahead {
            let next = edits.read("next")?;
            edits.text("next", fresh.expose_secret())?;
            next
        } else {
            Zeroizing::new(fresh.expose_secret().to_owned())
        };
        edits.text("current", &current)?;
        edits.list("previous", &previous)?;
        Ok(edits.finish()?)
    }
}

impl Maker for RandomConfig {
    fn kind(&self) -> &'static str {
        "random"
    }

    fn describe(&self) -> String {
        match self.keep {
            0 => "a random value".to_owned(),
            keep => format!("a random value and {keep} before it"),
        }
    }

    fn make(&self, base: Option<&Payload>) -> Result<Payload, TargetError> {
        if self.is_list() {
            return self.move_on(base);
        }
        let credential = Credential {
            user: None,
            password: &self.fresh()?,
        };
        Ok(self.payload.write(base, credential)?)
    }

    fn examine(&self, payload: &Payload) -> Result<(), String> {
        if !self.is_list() {
            let read = self.payload.read(payload);
            return read.map(drop).map_err(|misfit| misfit.to_string());
        }
        let whole = || {
            let edits = Edits::of(payload)?;
            edits.read("current")?;
            if self.ahead {
                edits.read("next")?;
            }
            edits.read_list("previous")
        };
        let previous = whole().map_err(|misfit| misfit.to_string())?;
        if previous.len() > self.keep {
            return Err(format!("it keeps {} earlier values", previous.len()));
        }
        Ok(())
    }
}
