//! `key=value` words, as annotations hold them.

use crate::{
    overrides::Kind,
    schedule::{Level, Power, Setting},
};
use jiff::Timestamp;

/// Words of one annotation. The word `last` takes the rest of the line, blanks and all.
pub(super) struct Words<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Words<'a> {
    pub(super) fn split(mut text: &'a str, last: &[&str]) -> Result<Self, String> {
        let mut words = Vec::new();
        loop {
            text = text.trim_start();
            if text.is_empty() {
                return Ok(Self(words));
            }
            let key = text.split(['=', ' ']).next().unwrap_or_default();
            let Some(rest) = text
                .strip_prefix(key)
                .and_then(|rest| rest.strip_prefix('='))
            else {
                return Err(format!("{key:?} has no value"));
            };
            let end = if last.contains(&key) {
                rest.len()
            } else {
                rest.find(' ').unwrap_or(rest.len())
            };
            let (value, more) = rest.split_at(end);
            words.push((key, value));
            text = more;
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&'a str> {
        let word = self.0.iter().find(|(known, _)| *known == key);
        word.map(|(_, value)| *value)
    }

    pub(super) fn time(&self, key: &str) -> Result<Option<Timestamp>, String> {
        let parse = |text: &str| text.parse().map_err(|_| format!("{key}={text} is no time"));
        self.get(key).map(parse).transpose()
    }

    pub(super) fn times(&self, key: &str) -> Result<Vec<Timestamp>, String> {
        let list = self.get(key).unwrap_or_default();
        let times = list.split(',').filter(|text| !text.is_empty());
        times
            .map(|text| text.parse().map_err(|_| format!("{key}={text} is no time")))
            .collect()
    }

    fn count(&self, key: &str) -> Result<Option<u32>, String> {
        let parse = |text: &str| {
            text.parse()
                .map_err(|_| format!("{key}={text} is no count"))
        };
        self.get(key).map(parse).transpose()
    }

    /// `min=4 max=10`, `manual=3` or `power=on`.
    pub(super) fn setting(&self) -> Result<Option<Setting>, String> {
        let (min, max, manual) = (
            self.count("min")?,
            self.count("max")?,
            self.count("manual")?,
        );
        let power = self.get("power").map(power).transpose()?;
        match (min, manual, power) {
            (Some(min), None, None) => Ok(Some(Setting::Automatic { min, max })),
            (None, Some(count), None) => Ok(Some(Setting::Manual(count))),
            (None, None, Some(power)) => Ok(Some(Setting::Power(power))),
            (None, None, None) => Ok(None),
            _ => Err("it says more than one of min, manual and power".to_owned()),
        }
    }
}

pub(super) fn power(word: &str) -> Result<Power, String> {
    match word {
        "on" => Ok(Power::On),
        "off" => Ok(Power::Off),
        other => Err(format!("power={other} is neither on nor off")),
    }
}

/// The words of a setting.
pub(super) fn of_setting(setting: Setting) -> String {
    match setting {
        Setting::Automatic { min, max: None } => format!("min={min}"),
        Setting::Automatic {
            min,
            max: Some(max),
        } => format!("min={min} max={max}"),
        Setting::Manual(count) => format!("manual={count}"),
        Setting::Power(power) => format!("power={power}"),
    }
}

/// The words of the level that an override asks for; none for a hold.
pub(super) fn of_kind(kind: Kind) -> Option<String> {
    let level = match kind {
        Kind::Hold => return None,
        Kind::Pin(level) | Kind::Boost(level) => level,
    };
    match level {
        Level::Set { min, max } => Some(of_setting(Setting::Automatic { min, max })),
        Level::Manual(count) => Some(of_setting(Setting::Manual(count))),
        Level::Power(power) => Some(of_setting(Setting::Power(power))),
        Level::Keep | Level::Original | Level::AtLeast(_) => None,
    }
}

/// What an override of this kind and level wants.
pub(super) fn kind(name: &str, setting: Option<Setting>) -> Result<Kind, String> {
    match (name, setting.map(Setting::as_level)) {
        ("hold", None) => Ok(Kind::Hold),
        ("pin", Some(level)) => Ok(Kind::Pin(level)),
        ("boost", Some(level)) => Ok(Kind::Boost(level)),
        ("hold", Some(_)) => Err("a hold takes no value".to_owned()),
        ("pin" | "boost", None) => Err(format!("a {name} takes a value")),
        _ => Err(format!("kind={name} is none of hold, pin and boost")),
    }
}
