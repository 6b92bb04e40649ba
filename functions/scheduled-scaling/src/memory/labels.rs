//! In labels there is room for little: 63 lower-case letters, digits, `-` and `_`.
//!
//! `on_20261121t080000z_20261121t180000z`, with `_l` where its label bound it and `_o` where the rule was an override. The
//! times of put-backs have a label of their own. Who asked for an override, and why, is in the log only. What is not to be
//! remembered any more stays as an empty label: a patch merges labels with those that are there.

use super::{APPLIED, Memory, ORIGINAL, OVERRIDE, Unreadable, note, unreadable, words};
use crate::{
    decide::Stamp,
    overrides::{Kind, Override},
    schedule::{Level, Power, Setting},
};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use std::collections::HashMap;

const PUT_BACK: &str = "nightshift-scaling-put-back";
const TIME: &str = "%Y%m%dt%H%M%Sz";
/// What stands for a segment without a beginning or an end.
const ALWAYS: &str = "always";

pub(super) fn read(notes: &HashMap<String, String>) -> Result<Memory, Unreadable> {
    let mut memory = Memory::default();
    if let Some(text) = note(notes, ORIGINAL) {
        let power = words::power(text).map_err(unreadable(ORIGINAL, text))?;
        memory.original = Some(Setting::Power(power));
    }
    if let Some(text) = note(notes, APPLIED) {
        let mut stamp = stamp(text).map_err(unreadable(APPLIED, text))?;
        if let Some(text) = note(notes, PUT_BACK) {
            let times: Result<_, _> = text.split('_').map(time).collect();
            stamp.put_back = times.map_err(unreadable(PUT_BACK, text))?;
        }
        memory.by_label = text.ends_with("_l") || text.contains("_l_");
        memory.applied = Some(stamp);
    }
    if let Some(text) = note(notes, OVERRIDE) {
        memory.word = Some(word(text).map_err(unreadable(OVERRIDE, text))?);
    }
    Ok(memory)
}

pub(super) fn write(memory: &Memory, notes: &mut HashMap<String, String>) {
    let mut set = |key: &str, value: Option<String>| match value {
        Some(value) => drop(notes.insert(key.to_owned(), value)),
        None => drop(notes.get_mut(key).map(String::clear)),
    };
    let stamp = memory.applied.as_ref();
    let put_back = stamp
        .filter(|stamp| !stamp.put_back.is_empty())
        .map(|stamp| {
            let times: Vec<String> = stamp.put_back.iter().map(|at| of_time(Some(*at))).collect();
            times.join("_")
        });
    set(ORIGINAL, memory.original.and_then(of_setting));
    set(
        APPLIED,
        stamp.and_then(|stamp| of_stamp(stamp, memory.by_label)),
    );
    set(PUT_BACK, put_back);
    set(OVERRIDE, memory.word.as_ref().and_then(of_word));
}

fn stamp(text: &str) -> Result<Stamp, String> {
    let parts: Vec<&str> = text.split('_').collect();
    let [power, since, until, flags @ ..] = &parts[..] else {
        return Err("it is not POWER_SINCE_UNTIL".to_owned());
    };
    Ok(Stamp {
        setting: Setting::Power(words::power(power)?),
        rule: String::new(),
        since: maybe_time(since)?,
        until: maybe_time(until)?,
        by_override: flags.contains(&"o"),
        put_back: Vec::new(),
    })
}

fn of_stamp(stamp: &Stamp, by_label: bool) -> Option<String> {
    let power = of_setting(stamp.setting)?;
    let (since, until) = (of_time(stamp.since), of_time(stamp.until));
    let label = if by_label { "_l" } else { "" };
    let by = if stamp.by_override { "_o" } else { "" };
    Some(format!("{power}_{since}_{until}{label}{by}"))
}

fn word(text: &str) -> Result<Override, String> {
    let parts: Vec<&str> = text.split('_').collect();
    let (kind, from, until) = match parts[..] {
        ["hold", from, until] => (Kind::Hold, from, until),
        [kind, value, from, until] => {
            let power = words::power(value)?;
            let kind = words::kind(kind, Some(Setting::Power(power)))?;
            (kind, from, until)
        }
        _ => return Err("it is not KIND_POWER_FROM_UNTIL".to_owned()),
    };
    Ok(Override {
        kind,
        from: time(from)?,
        until: time(until)?,
        by: None,
        reason: None,
    })
}

fn of_word(word: &Override) -> Option<String> {
    let (from, until) = (of_time(Some(word.from)), of_time(Some(word.until)));
    let kind = word.kind.name();
    match word.kind {
        Kind::Hold => Some(format!("{kind}_{from}_{until}")),
        Kind::Pin(Level::Power(power)) | Kind::Boost(Level::Power(power)) => {
            Some(format!("{kind}_{power}_{from}_{until}"))
        }
        Kind::Pin(_) | Kind::Boost(_) => None,
    }
}

fn of_setting(setting: Setting) -> Option<String> {
    match setting {
        Setting::Power(power @ (Power::On | Power::Off)) => Some(power.to_string()),
        Setting::Automatic { .. } | Setting::Manual(_) => None,
    }
}

fn of_time(at: Option<Timestamp>) -> String {
    at.map_or_else(|| ALWAYS.to_owned(), |at| at.strftime(TIME).to_string())
}

fn maybe_time(text: &str) -> Result<Option<Timestamp>, String> {
    (text != ALWAYS).then(|| time(text)).transpose()
}

fn time(text: &str) -> Result<Timestamp, String> {
    let local = DateTime::strptime(TIME, text).map_err(|_| format!("{text:?} is no time"))?;
    let at = local.to_zoned(TimeZone::UTC);
    at.map(|at| at.timestamp())
        .map_err(|_| format!("{text:?} is no time"))
}
