use super::*;
use crate::{
    overrides::Kind as Word,
    schedule::{Level, Power},
};
use jiff::Timestamp;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn stamp(setting: Setting) -> Stamp {
    Stamp {
        setting,
        rule: "mon-fri 08:00-18:00 (2026-03-09)".to_owned(),
        since: Some(at("2026-03-09T15:00:00Z")),
        until: None,
        by_override: true,
        put_back: vec![at("2026-03-09T16:00:00Z"), at("2026-03-09T16:05:00Z")],
    }
}

fn word(kind: Word, by: Option<&str>, reason: Option<&str>) -> Override {
    Override {
        kind,
        from: at("2026-03-09T15:00:00Z"),
        until: at("2026-03-09T17:00:00Z"),
        by: by.map(str::to_owned),
        reason: reason.map(str::to_owned),
    }
}

fn foreign() -> HashMap<String, String> {
    HashMap::from([("team".to_owned(), "shop".to_owned())])
}

#[test]
fn what_is_remembered_comes_back_beside_what_others_wrote() {
    let setting = Setting::Automatic {
        min: 4,
        max: Some(10),
    };
    let boost = Word::Boost(Level::Set { min: 5, max: None });
    let memory = Memory {
        original: Some(Setting::Automatic { min: 1, max: None }),
        applied: Some(stamp(setting)),
        by_label: true,
        word: Some(word(
            boost,
            Some("ana@acme.example"),
            Some("sale = on, until noon"),
        )),
    };
    let notes = memory.written_to(Kind::Service, foreign());
    assert_eq!(notes[ORIGINAL], "min=1");
    assert_eq!(
        notes[APPLIED],
        "min=4 max=10 since=2026-03-09T15:00:00Z by=override bound=label \
         put-back=2026-03-09T16:00:00Z,2026-03-09T16:05:00Z rule=mon-fri 08:00-18:00 (2026-03-09)"
    );
    assert_eq!(Memory::read(Kind::Service, &notes), Ok(memory));
    assert_eq!(
        Memory::default().written_to(Kind::Service, notes),
        foreign()
    );
}

#[test]
fn a_database_remembers_the_same_in_labels_but_for_who_and_why() {
    let applied = Stamp {
        rule: String::new(),
        ..stamp(Setting::Power(Power::Off))
    };
    let memory = Memory {
        original: Some(Setting::Power(Power::On)),
        applied: Some(applied),
        by_label: true,
        word: Some(word(Word::Pin(Level::Power(Power::On)), None, None)),
    };
    let notes = memory.written_to(Kind::Sql, foreign());
    assert_eq!(notes[APPLIED], "off_20260309t150000z_always_l_o");
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    for value in notes.values() {
        assert!(value.len() <= 63 && value.chars().all(plain), "{value}");
    }
    assert_eq!(Memory::read(Kind::Sql, &notes), Ok(memory));
    let cleared = Memory::default().written_to(Kind::Sql, notes);
    assert_eq!(cleared[APPLIED], "");
    assert!(!is_marked(&cleared));
    assert_eq!(Memory::read(Kind::Sql, &cleared), Ok(Memory::default()));
}

#[test]
fn what_cannot_be_read_is_not_taken_for_absent() {
    for (key, value) in [
        (ORIGINAL, "three"),
        (ORIGINAL, "rule=x"),
        (APPLIED, "min=x since=2026-03-09T15:00:00Z rule=core"),
        (APPLIED, "min=1 since=yesterday rule=core"),
        (
            OVERRIDE,
            "kind=boost from=2026-03-09T15:00:00Z until=2026-03-09T17:00:00Z",
        ),
        (
            OVERRIDE,
            "kind=boost min=1 manual=2 from=2026-03-09T15:00:00Z",
        ),
    ] {
        let notes = HashMap::from([(key.to_owned(), value.to_owned())]);
        let error = Memory::read(Kind::Service, &notes).unwrap_err().to_string();
        assert!(
            error.contains(key) && error.contains("remove it"),
            "{error}"
        );
    }
}
