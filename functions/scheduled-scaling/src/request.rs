//! What an event asks for.

use crate::{
    overrides::{Kind, Override},
    schedule::{Level, Power, Setting},
};
use jiff::{SignedDuration, Timestamp};
use nightshift_runtime::{Event, EventError, Outcome, config::HumanDuration};
use serde::Deserialize;
use std::time::Duration;

/// The data of an event. None at all means to look at the clock and converge, whoever sent it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Look at the clock and converge.
    Apply {},
    /// Say how things are.
    Status {},
    /// Want something else for a while.
    Override(Wish),
    /// Give a target back.
    Release {
        /// Which.
        target: String,
        /// Forget it though somebody has changed it since.
        #[serde(default)]
        force: bool,
    },
}

/// What a person wants of a target for a while.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    /// The target, by its full name or the last part of it.
    pub target: String,
    /// Instances that are always there.
    #[serde(default)]
    pub min: Option<u32>,
    /// Instances that are never exceeded.
    #[serde(default)]
    pub max: Option<u32>,
    /// Instances, exactly.
    #[serde(default)]
    pub manual: Option<u32>,
    /// On or off.
    #[serde(default)]
    pub power: Option<Power>,
    /// Exactly this; else at least this, on top of the schedule.
    #[serde(default)]
    pub exactly: bool,
    /// Touch nothing.
    #[serde(default)]
    pub hold: bool,
    /// How long from now.
    #[serde(default, rename = "for")]
    pub lasting: Option<HumanDuration>,
    /// Until when, in place of how long.
    #[serde(default)]
    pub until: Option<Timestamp>,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
    /// Who. A caller that is known by its token is named instead.
    #[serde(default)]
    pub by: Option<String>,
}

impl Request {
    /// Reads what `event` asks for, or says what is wrong with it.
    pub fn read(event: &Event) -> Result<Self, Outcome> {
        if event.data.iter().all(u8::is_ascii_whitespace) || event.data.as_ref() == b"{}" {
            return Ok(Self::Apply {});
        }
        event.json().map_err(|error: EventError| error.into())
    }

    /// The command's name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Apply {} => "apply",
            Self::Status {} => "status",
            Self::Override(_) => "override",
            Self::Release { .. } => "release",
        }
    }
}

impl Wish {
    /// The override it is, from `now` on, for `longest` at most.
    pub fn word(&self, now: Timestamp, longest: Duration) -> Result<Override, String> {
        let longest = SignedDuration::try_from(longest).unwrap_or(SignedDuration::MAX);
        // Labels keep whole seconds.
        let from = Timestamp::from_second(now.as_second()).unwrap_or(now);
        let word = Override {
            kind: self.kind()?,
            from,
            until: self.end(from)?,
            by: self.by.clone(),
            reason: self.reason.clone(),
        };
        word.check_new(now, longest)
            .map_err(|why| why.to_string())?;
        Ok(word)
    }

    fn end(&self, from: Timestamp) -> Result<Timestamp, String> {
        match (self.lasting, self.until) {
            (Some(lasting), None) => {
                let lasting = Duration::from(lasting);
                from.checked_add(lasting)
                    .map_err(|_| "it would never end; say less".to_owned())
            }
            (None, Some(until)) => Ok(Timestamp::from_second(until.as_second()).unwrap_or(until)),
            (None, None) => Err("it must end: say for how long, as 2h, or until when".to_owned()),
            (Some(_), Some(_)) => Err("it says for how long and until when; say one".to_owned()),
        }
    }

    fn kind(&self) -> Result<Kind, String> {
        let setting = match (self.min, self.manual, self.power) {
            (Some(min), None, None) => Some(Setting::Automatic { min, max: self.max }),
            (None, Some(count), None) => Some(Setting::Manual(count)),
            (None, None, Some(power)) => Some(Setting::Power(power)),
            (None, None, None) if self.max.is_none() => None,
            (None, None, None) => return Err("max needs a min; say both".to_owned()),
            _ => return Err("it says more than one of min, manual and power; say one".to_owned()),
        };
        if let Some(Setting::Automatic {
            min,
            max: Some(max),
        }) = setting
            && min > max
        {
            return Err(format!("min {min} is above max {max}"));
        }
        if setting.is_some() && self.max.is_some() && self.min.is_none() {
            return Err("max goes with min only".to_owned());
        }
        let level: Option<Level> = setting.map(Setting::as_level);
        match (level, self.hold, self.exactly) {
            (None, true, false) => Ok(Kind::Hold),
            (None, _, _) if self.hold => Err("hold touches nothing, exactly or not".to_owned()),
            (None, _, _) => Err("say what is wanted: min, manual or power; or hold".to_owned()),
            (Some(_), true, _) => Err("hold touches nothing and takes no value".to_owned()),
            (Some(level), false, true) => Ok(Kind::Pin(level)),
            (Some(level), false, false) => Ok(Kind::Boost(level)),
        }
    }
}

#[cfg(test)]
mod tests;
