//! In annotations there is room for words.

use super::{
    APPLIED, Memory, ORIGINAL, OVERRIDE, Unreadable, note, unreadable,
    words::{self, Words, of_setting},
};
use crate::{
    decide::Stamp,
    overrides::{Kind, Override},
    schedule::Setting,
};
use std::collections::HashMap;

pub(super) fn read(notes: &HashMap<String, String>) -> Result<Memory, Unreadable> {
    let mut memory = Memory::default();
    if let Some(text) = note(notes, ORIGINAL) {
        let original = original(text).map_err(unreadable(ORIGINAL, text))?;
        memory.original = Some(original);
    }
    if let Some(text) = note(notes, APPLIED) {
        let (stamp, by_label) = stamp(text).map_err(unreadable(APPLIED, text))?;
        memory.applied = Some(stamp);
        memory.by_label = by_label;
    }
    if let Some(text) = note(notes, OVERRIDE) {
        memory.word = Some(word(text).map_err(unreadable(OVERRIDE, text))?);
    }
    Ok(memory)
}

pub(super) fn write(memory: &Memory, notes: &mut HashMap<String, String>) {
    let mut set = |key: &str, value: Option<String>| match value {
        Some(value) => drop(notes.insert(key.to_owned(), value)),
        None => drop(notes.remove(key)),
    };
    set(ORIGINAL, memory.original.map(of_setting));
    let stamp = memory.applied.as_ref();
    set(APPLIED, stamp.map(|stamp| of_stamp(stamp, memory.by_label)));
    set(OVERRIDE, memory.word.as_ref().map(of_word));
}

fn original(text: &str) -> Result<Setting, String> {
    let said = Words::split(text, &[])?.setting()?;
    said.ok_or_else(|| "it says none of min, manual and power".to_owned())
}

fn stamp(text: &str) -> Result<(Stamp, bool), String> {
    let said = Words::split(text, &["rule"])?;
    let setting = said.setting()?;
    let stamp = Stamp {
        setting: setting.ok_or_else(|| "it says none of min, manual and power".to_owned())?,
        rule: said.get("rule").unwrap_or_default().to_owned(),
        since: said.time("since")?,
        until: said.time("until")?,
        by_override: said.get("by") == Some("override"),
        put_back: said.times("put-back")?,
    };
    Ok((stamp, said.get("bound") == Some("label")))
}

fn of_stamp(stamp: &Stamp, by_label: bool) -> String {
    let mut text = of_setting(stamp.setting);
    if let Some(since) = stamp.since {
        text.push_str(&format!(" since={since}"));
    }
    if let Some(until) = stamp.until {
        text.push_str(&format!(" until={until}"));
    }
    if stamp.by_override {
        text.push_str(" by=override");
    }
    if by_label {
        text.push_str(" bound=label");
    }
    if !stamp.put_back.is_empty() {
        let times: Vec<String> = stamp.put_back.iter().map(ToString::to_string).collect();
        text.push_str(&format!(" put-back={}", times.join(",")));
    }
    text.push_str(&format!(" rule={}", stamp.rule));
    text
}

fn word(text: &str) -> Result<Override, String> {
    let said = Words::split(text, &["reason"])?;
    let kind = said.get("kind").ok_or("it says no kind")?;
    Ok(Override {
        kind: words::kind(kind, said.setting()?)?,
        from: said.time("from")?.ok_or("it says no from")?,
        until: said.time("until")?.ok_or("it says no until")?,
        by: said.get("by").map(ToOwned::to_owned),
        reason: said.get("reason").map(ToOwned::to_owned),
    })
}

fn of_word(word: &Override) -> String {
    let mut text = format!("kind={}", word.kind.name());
    if let Kind::Pin(_) | Kind::Boost(_) = word.kind
        && let Some(level) = words::of_kind(word.kind)
    {
        text.push_str(&format!(" {level}"));
    }
    text.push_str(&format!(" from={} until={}", word.from, word.until));
    if let Some(by) = &word.by {
        text.push_str(&format!(" by={}", by.replace(char::is_whitespace, "_")));
    }
    if let Some(reason) = &word.reason {
        text.push_str(&format!(
            " reason={}",
            reason.replace(char::is_control, " ")
        ));
    }
    text
}
