//! Cloud Scheduler, people, and reading what an event says.

use super::{JSON, parse, refusal, time};
use nightshift_runtime::event::Source;
use serde::Deserialize;

/// What Cloud Scheduler sends, with the content type that it chooses when the job has a body.
const TICK: [(&str, &str); 5] = [
    ("user-agent", "Google-Cloud-Scheduler"),
    ("x-cloudscheduler", "true"),
    ("x-cloudscheduler-jobname", "nightly"),
    ("x-cloudscheduler-scheduletime", "2026-11-01T02:00:00Z"),
    ("content-type", "application/octet-stream"),
];

#[test]
fn a_tick_is_told_from_the_next_one_and_not_from_its_own_repetition() {
    let tick = parse(&TICK, r#"{"command":"run"}"#).unwrap();
    assert_eq!(
        tick.id.as_ref().unwrap().as_str(),
        "nightly@2026-11-01T02:00:00Z"
    );
    assert_eq!(
        tick.source,
        Source::Scheduler {
            job: "nightly".to_owned()
        }
    );
    assert_eq!(tick.time, Some(time("2026-11-01T02:00:00Z")));
    assert_eq!(tick.data, r#"{"command":"run"}"#);

    let mut other_spelling = TICK;
    other_spelling[3].1 = "2026-11-01T02:00:00.000+00:00";
    assert_eq!(parse(&other_spelling, "").unwrap().id, tick.id);
}

#[test]
fn a_tick_has_a_body_only_if_its_job_has_one() {
    assert!(parse(&TICK[..4], "").unwrap().data.is_empty());
}

#[test]
fn a_tick_names_its_job() {
    assert_eq!(
        refusal(&TICK[..2], ""),
        "header `x-cloudscheduler-jobname` is missing"
    );
    let mut twice = TICK.to_vec();
    twice.push(TICK[2]);
    assert_eq!(
        refusal(&twice, ""),
        "header `x-cloudscheduler-jobname` is there twice"
    );
    let mut noon = TICK;
    noon[3].1 = "noon";
    assert_eq!(
        refusal(&noon, ""),
        "header `x-cloudscheduler-scheduletime` is \"noon\", expected a time such as 2026-11-01T00:00:00Z"
    );
}

#[test]
fn a_tick_without_its_due_time_is_an_event_without_an_id() {
    let tick = parse(&TICK[..3], "").unwrap();
    assert_eq!((tick.id, tick.time), (None, None));
}

#[test]
fn a_person_sends_a_command_however_their_tool_labels_it() {
    let body = r#" {"command":"run","dry_run":true}"#;
    for headers in [
        &[JSON][..],
        &[("content-type", "application/x-www-form-urlencoded")],
        &[],
    ] {
        let event = parse(headers, body).unwrap();
        assert_eq!(event.source, Source::Command);
        assert_eq!(event.data, body);
        assert_eq!((event.id, event.time), (None, None));
    }
}

#[test]
fn a_command_is_a_word() {
    for (body, why) in [
        (
            r#"{"command":7}"#,
            "`command` is a number, expected a string",
        ),
        (
            r#"{"command":""}"#,
            "`command` is empty, expected a string with something in it",
        ),
        (
            r#"{"command":"run","command":"restore"}"#,
            "the body is not the JSON expected: duplicate field `command` at line 1 column 26",
        ),
    ] {
        assert_eq!(refusal(&[JSON], body), why);
        assert_eq!(refusal(&[], body), why);
    }
}

#[test]
fn data_is_read_with_the_place_of_a_mistake() {
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wanted {
        #[expect(dead_code, reason = "read by nobody but Debug")]
        command: String,
    }
    let read = |body: &str| parse(&[], body).unwrap().json::<Wanted>();
    read(r#"{"command":"run"}"#).unwrap();
    let mistakes = [
        (
            r#"{"command":"run"} x"#,
            "the event's data is not the JSON expected: trailing characters at line 1 column 19",
        ),
        (
            r#"{"command":"run","fast":1}"#,
            "the event's data is not the JSON expected: `fast`: unknown field `fast`, expected `command` at line 1 column 23",
        ),
        (
            "",
            "the event's data is not the JSON expected: EOF while parsing a value at line 1 column 0",
        ),
    ];
    for (body, why) in mistakes {
        let error = read(body).unwrap_err();
        assert_eq!(error.to_string(), why);
        assert_eq!(error.code(), "invalid_data");
    }
}

#[test]
fn content_types_and_other_singular_headers_come_once() {
    assert_eq!(
        refusal(&[JSON, ("content-type", "text/plain")], "{}"),
        "header `content-type` is there twice"
    );
}
