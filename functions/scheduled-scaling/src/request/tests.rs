use super::*;
use nightshift_runtime::event::{Attributes, Source};

fn read(data: &'static str) -> Result<Request, String> {
    let event = Event {
        id: None,
        source: Source::Command,
        time: None,
        attributes: Attributes::default(),
        data: data.into(),
        delivery_attempt: None,
        ordering_key: None,
    };
    Request::read(&event).map_err(|outcome| {
        assert_eq!(outcome.status(), 400, "{outcome:?}");
        outcome.problem().unwrap().message.clone()
    })
}

const HOURS: Duration = Duration::from_hours(24);

#[test]
fn an_event_that_says_nothing_means_to_converge() {
    for data in ["", " \n", "{}", r#"{"command":"apply"}"#] {
        assert_eq!(read(data), Ok(Request::Apply {}), "{data:?}");
    }
}

#[test]
fn what_is_not_known_is_refused_by_name() {
    for (data, said) in [
        (r#"{"command":"explode"}"#, "unknown variant `explode`"),
        (r#"{"command":"release"}"#, "missing field `target`"),
        (
            r#"{"command":"override","target":"shop","mim":3}"#,
            "unknown field `mim`",
        ),
        (
            r#"{"command":"override","target":"shop","power":"maybe"}"#,
            "unknown variant `maybe`",
        ),
        ("apply", "not the JSON expected"),
    ] {
        let refused = read(data).unwrap_err();
        assert!(refused.contains(said), "{data}: {refused}");
    }
}

#[test]
fn a_wish_is_an_override_that_ends() {
    let Ok(Request::Override(wish)) =
        read(r#"{"command":"override","target":"shop","min":5,"for":"2h","reason":"sale"}"#)
    else {
        panic!("it is an override");
    };
    let now = Timestamp::UNIX_EPOCH + SignedDuration::from_millis(1500);
    let word = wish.word(now, HOURS).unwrap();
    assert_eq!(word.kind, Kind::Boost(Level::Set { min: 5, max: None }));
    assert_eq!(word.from.as_second(), 1);
    assert_eq!(word.until.as_second(), 7201);
}

#[test]
fn a_wish_that_makes_no_sense_is_refused_with_what_would() {
    let wish = |change: fn(&mut Wish)| {
        let mut wish = Wish {
            min: Some(1),
            lasting: Some(Duration::from_hours(1).into()),
            ..Wish::default()
        };
        change(&mut wish);
        wish.word(Timestamp::UNIX_EPOCH, HOURS).unwrap_err()
    };
    for (said, change) in [
        ("it must end", (|w| w.lasting = None) as fn(&mut Wish)),
        ("say one", |w| w.until = Some(Timestamp::MAX)),
        ("more than the 24 h", |w| {
            w.lasting = Some(Duration::from_hours(25).into());
        }),
        ("above max", |w| w.max = Some(0)),
        ("more than one", |w| w.manual = Some(2)),
        ("say what is wanted", |w| w.min = None),
        ("takes no value", |w| w.hold = true),
    ] {
        let refused = wish(change);
        assert!(refused.contains(said), "{refused}");
    }
}
