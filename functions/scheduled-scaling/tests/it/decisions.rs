//! `decide` by its table: the published cases d1 to d13, and what the table says beyond them.

use jiff::Timestamp;
use scheduled_scaling::{
    decide::{Decision, Observed, OnDrift, Policy, Reading, Release, Stamp, Why, decide, release},
    desired::{Desired, Rule},
    schedule::{Level, Limits, Power, Setting},
};

const MINUTE: i64 = 60;

/// An instant of the week of Monday 2026-03-09, in UTC; Saturday and Friday are those before.
fn at(text: &str) -> Timestamp {
    let (day, time) = text.split_once(' ').unwrap();
    let date = match day {
        "Fri" => "2026-03-06",
        "Sat" => "2026-03-07",
        "Mon" => "2026-03-09",
        "Tue" => "2026-03-10",
        other => panic!("no date for {other}"),
    };
    format!("{date}T{time}:00Z").parse().unwrap()
}

fn automatic(min: u32) -> Setting {
    Setting::Automatic { min, max: None }
}

fn want(min: u32, since: &str, until: &str) -> Desired {
    Desired {
        level: Level::Set { min, max: None },
        rule: Rule::Default,
        since: Some(at(since)),
        until: Some(at(until)),
    }
}

fn stamp(min: u32, since: &str, until: &str) -> Stamp {
    Stamp {
        setting: automatic(min),
        rule: "default".into(),
        since: Some(at(since)),
        until: Some(at(until)),
        by_override: false,
        put_back: Vec::new(),
    }
}

fn seen(min: u32, applied: Option<Stamp>) -> Reading {
    Reading {
        original: applied.as_ref().map(|_| automatic(1)),
        applied,
        ..Reading::untouched(automatic(min))
    }
}

fn respect() -> Policy {
    Policy::default()
}

fn enforce() -> Policy {
    Policy {
        on_drift: OnDrift::Enforce,
        ..Policy::default()
    }
}

/// The decision in the words of the published table.
fn told(decision: &Decision) -> String {
    let (Decision::Hold(why) | Decision::Defer(why) | Decision::Refuse(why)) = decision else {
        let Decision::Write(change) = decision else {
            return "Nothing".into();
        };
        let mut told = match (change.set, &change.stamp) {
            (Some(setting), _) => format!("Write {}", setting.floor()),
            (None, Some(_)) => "Write stamp only".into(),
            (None, None) => "Drop annotations only".into(),
        };
        if change.set.is_some() && change.stamp.is_none() {
            told.push_str(", drop annotations");
        }
        if let Some(original) = change.original {
            told.push_str(&format!(", store original {original}"));
        }
        if let Some(drift) = change.drift {
            told.push_str(&format!(", drift {:+}", drift.instances()));
        }
        return told;
    };
    let drift = match why {
        Why::Raised { drift, .. } => format!(", drift {:+}", drift.instances()),
        _ => String::new(),
    };
    match decision {
        Decision::Hold(_) => format!("Hold{drift}"),
        Decision::Defer(_) => "Defer".into(),
        _ => "Refuse".into(),
    }
}

/// Decides and tells.
fn case(now: &str, reading: Reading, desired: &Desired, policy: Policy) -> String {
    told(&decide(desired, &Observed::Read(reading), &policy, at(now)))
}

fn deploying(reading: Reading, now: &str, minutes: i64) -> Reading {
    let ago = jiff::SignedDuration::from_secs(minutes * MINUTE);
    Reading {
        reconciling_since: Some(at(now) - ago),
        ..reading
    }
}

#[test]
fn the_published_vectors_of_decide_d1_to_d7_hold() {
    let day = || want(3, "Mon 08:00", "Mon 18:00");
    let weekend = || want(0, "Fri 18:00", "Mon 08:00");
    let by_day = |min| seen(min, Some(stamp(3, "Mon 08:00", "Mon 18:00")));
    let by_weekend = |min| seen(min, Some(stamp(0, "Fri 18:00", "Mon 08:00")));
    let cases = [
        ("d1", "Nothing", "Mon 09:00", by_day(3), day()),
        ("d2", "Write 3", "Mon 08:00", by_weekend(0), day()),
        ("d3", "Write stamp only", "Mon 08:02", by_weekend(3), day()),
        (
            "d4",
            "Hold, drift +5",
            "Sat 03:10",
            by_weekend(5),
            weekend(),
        ),
        ("d5", "Write 3", "Mon 08:00", by_weekend(5), day()),
        ("d6", "Write 3, drift -2", "Mon 10:00", by_day(1), day()),
        (
            "d7",
            "Write 3, store original min 1",
            "Mon 10:00",
            seen(1, None),
            day(),
        ),
    ];
    for (id, expected, now, reading, desired) in cases {
        assert_eq!(case(now, reading, &desired, respect()), expected, "{id}");
    }
}

#[test]
fn the_published_vectors_of_decide_d8_to_d11_hold() {
    let night = want(0, "Mon 18:00", "Tue 08:00");
    let evening = |now: &str, minutes| {
        let by_day = seen(3, Some(stamp(3, "Mon 08:00", "Mon 18:00")));
        case(now, deploying(by_day, now, minutes), &night, respect())
    };
    assert_eq!(evening("Mon 18:01", 2), "Defer", "d8");
    assert_eq!(evening("Mon 18:20", 15), "Write 0", "d9");
    let blind = Observed::Unreadable("503".into());
    let d10 = decide(&night, &blind, &respect(), at("Mon 18:01"));
    assert_eq!(told(&d10), "Refuse", "d10");
    let weekend = want(0, "Fri 18:00", "Mon 08:00");
    let raised = seen(5, Some(stamp(0, "Fri 18:00", "Mon 08:00")));
    assert_eq!(
        case("Sat 03:10", raised, &weekend, enforce()),
        "Write 0, drift +5",
        "d11"
    );
}

#[test]
fn the_published_vectors_of_release_d12_and_d13_hold() {
    let by_day = || Some(stamp(3, "Mon 08:00", "Mon 18:00"));
    let give_back = |reading, force| {
        told(&release(
            &Observed::Read(reading),
            Release::Restore,
            None,
            force,
        ))
    };
    assert_eq!(
        give_back(seen(3, by_day()), false),
        "Write 1, drop annotations",
        "d12"
    );
    assert_eq!(give_back(seen(6, by_day()), false), "Hold", "d13");
    assert_eq!(
        give_back(seen(6, by_day()), true),
        "Drop annotations only",
        "d13 --force"
    );
}

#[test]
fn a_release_without_an_original_refuses_instead_of_guessing() {
    let reading = Reading {
        original: None,
        ..seen(3, Some(stamp(3, "Mon 08:00", "Mon 18:00")))
    };
    let seen = Observed::Read(reading);
    let refused = release(&seen, Release::Restore, None, false);
    assert_eq!(refused, Decision::Refuse(Why::NoOriginal));
    let told_to = release(&seen, Release::Restore, Some(automatic(2)), false);
    assert_eq!(told(&told_to), "Write 2, drop annotations");
    let left = release(&seen, Release::Leave, None, false);
    assert_eq!(told(&left), "Drop annotations only");
}

#[test]
fn the_original_is_never_overwritten() {
    let reading = Reading {
        original: Some(automatic(3)),
        ..Reading::untouched(automatic(0))
    };
    let found = case(
        "Mon 10:00",
        reading,
        &want(2, "Mon 08:00", "Mon 18:00"),
        respect(),
    );
    assert_eq!(found, "Write 2");
}

#[test]
fn a_new_pin_wins_over_a_raise_by_hand() {
    let pin = Desired {
        rule: Rule::Override {
            kind: "pin",
            from: at("Sat 04:00"),
        },
        ..want(2, "Sat 04:00", "Sat 06:00")
    };
    let raised = seen(5, Some(stamp(0, "Fri 18:00", "Mon 08:00")));
    assert_eq!(case("Sat 04:00", raised, &pin, respect()), "Write 2");
}

#[test]
fn a_floor_that_is_lowered_again_and_again_is_put_back_three_times_an_hour_and_then_left() {
    let day = want(3, "Mon 08:00", "Mon 18:00");
    let mut applied = stamp(3, "Mon 08:00", "Mon 18:00");
    for now in ["Mon 10:00", "Mon 10:05", "Mon 10:10"] {
        let reading = seen(1, Some(applied));
        let Decision::Write(change) = decide(&day, &Observed::Read(reading), &respect(), at(now))
        else {
            panic!("not put back at {now}");
        };
        applied = change.stamp.unwrap();
    }
    let reading = || seen(1, Some(applied.clone()));
    assert_eq!(case("Mon 10:15", reading(), &day, respect()), "Hold");
    assert_eq!(
        case("Mon 11:01", reading(), &day, respect()),
        "Write 3, drift -2"
    );
}

#[test]
fn a_service_waits_for_its_database_before_it_is_raised_but_not_before_it_is_lowered() {
    let waiting = |reading| Reading {
        waits_for: vec!["projects/p/instances/main".into()],
        ..reading
    };
    let day = want(3, "Mon 08:00", "Mon 18:00");
    let up = waiting(seen(0, Some(stamp(0, "Fri 18:00", "Mon 08:00"))));
    assert_eq!(case("Mon 08:00", up, &day, respect()), "Defer");
    let down = waiting(seen(3, Some(stamp(3, "Mon 08:00", "Mon 18:00"))));
    let night = want(0, "Mon 18:00", "Tue 08:00");
    assert_eq!(case("Mon 18:00", down, &night, respect()), "Write 0");
}

#[test]
fn what_is_outside_of_the_limits_or_in_another_mode_is_refused() {
    let boosted = want(50, "Mon 08:00", "Mon 18:00");
    let policy = Policy {
        limits: Limits { min: 0, max: 20 },
        ..Policy::default()
    };
    assert_eq!(case("Mon 10:00", seen(1, None), &boosted, policy), "Refuse");
    let day = want(3, "Mon 08:00", "Mon 18:00");
    let manual = Reading::untouched(Setting::Manual(2));
    assert_eq!(case("Mon 10:00", manual, &day, respect()), "Refuse");
    let database = Reading::untouched(Setting::Power(Power::On));
    assert_eq!(case("Mon 10:00", database, &day, respect()), "Refuse");
    let capped = Reading::untouched(Setting::Automatic {
        min: 0,
        max: Some(2),
    });
    assert_eq!(case("Mon 10:00", capped, &day, respect()), "Refuse");
}

#[test]
fn a_write_that_a_revisions_own_floor_makes_futile_says_so() {
    let reading = Reading {
        revision_floor: Some(2),
        ..seen(3, Some(stamp(3, "Mon 08:00", "Mon 18:00")))
    };
    let night = want(0, "Mon 18:00", "Tue 08:00");
    let decision = decide(
        &night,
        &Observed::Read(reading),
        &respect(),
        at("Mon 18:00"),
    );
    let Decision::Write(change) = decision else {
        panic!("{decision:?}");
    };
    assert_eq!(change.revision_floor, Some(2));
}

#[test]
fn a_maximum_that_a_window_lowered_comes_back_after_it() {
    let both = |min, max| Setting::Automatic { min, max };
    let reading = Reading {
        original: Some(both(1, Some(20))),
        applied: Some(Stamp {
            setting: both(3, Some(10)),
            ..stamp(3, "Mon 08:00", "Mon 18:00")
        }),
        ..Reading::untouched(both(3, Some(10)))
    };
    let night = want(0, "Mon 18:00", "Tue 08:00");
    let set = |reading| match decide(
        &night,
        &Observed::Read(reading),
        &respect(),
        at("Mon 18:00"),
    ) {
        Decision::Write(change) => change.set,
        other => panic!("{other:?}"),
    };
    assert_eq!(set(reading.clone()), Some(both(0, Some(20))));
    let by_hand = Reading {
        setting: both(3, Some(50)),
        ..reading
    };
    assert_eq!(set(by_hand), Some(both(0, Some(50))));
}

#[test]
fn keep_touches_nothing_but_what_an_override_has_left_behind() {
    let keep = Desired {
        level: Level::Keep,
        ..want(0, "Mon 12:00", "Tue 08:00")
    };
    assert_eq!(case("Mon 12:00", seen(5, None), &keep, respect()), "Hold");
    let by_override = |by_override| Stamp {
        by_override,
        ..stamp(5, "Mon 10:00", "Mon 12:00")
    };
    let left = seen(5, Some(by_override(true)));
    assert_eq!(case("Mon 12:00", left, &keep, respect()), "Write 1");
    let by_window = seen(5, Some(by_override(false)));
    assert_eq!(case("Mon 12:00", by_window, &keep, respect()), "Hold");
}
