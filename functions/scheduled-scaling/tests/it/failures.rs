//! What went wrong for the users of others, as far as it is decided without looking at any service.

use jiff::{SignedDuration, Timestamp};
use scheduled_scaling::{
    desired::{desired, segments},
    explain::{Outcome, claims},
    findings::findings,
    overrides::{InvalidOverride, Kind, LONGEST, Override},
    schedule::{Level, Schedule},
    zone::Zone,
};

fn schedule(zone: &str, rules: &str) -> Schedule {
    let text = format!("time_zone = \"{zone}\"\ndefault = {{ min = 0 }}\n{rules}");
    toml::from_str(&text).unwrap_or_else(|why| panic!("{why}\n{text}"))
}

fn window(days: &str, from: &str, to: &str, min: u32) -> String {
    format!(
        "[[windows]]\nname = \"{days} {from}\"\ndays = \"{days}\"\nfrom = \"{from}\"\nto = \"{to}\"\nmin = {min}\n"
    )
}

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn min(schedule: &Schedule, at: &str) -> u32 {
    desired(schedule, &[], instant(at)).level.floor().unwrap()
}

/// How long each segment above zero lasts, in hours.
fn hours_up(schedule: &Schedule, from: &str, until: &str) -> Vec<i64> {
    segments(schedule, &[], instant(from), instant(until))
        .filter(|segment| segment.level.floor() > Some(0))
        .map(|s| s.until.unwrap().duration_since(s.since.unwrap()).as_hours())
        .collect()
}

#[test]
fn a_monday_begins_when_it_begins_in_the_zone_of_the_schedule() {
    let auckland = schedule("Pacific/Auckland", &window("mon", "00:00", "06:00", 3));
    // Sunday noon in UTC, Monday one o'clock in Auckland.
    assert_eq!(min(&auckland, "2026-03-08T12:00:00Z"), 3);
    let new_york = schedule("America/New_York", &window("mon", "21:00", "23:00", 3));
    // Tuesday two o'clock in UTC, Monday evening in New York.
    assert_eq!(min(&new_york, "2026-03-10T02:00:00Z"), 3);
}

#[test]
fn the_offset_of_today_is_not_used_for_tomorrow() {
    let berlin = schedule("Europe/Berlin", &window("daily", "08:00", "18:00", 3));
    let asked_the_day_before = desired(&berlin, &[], instant("2026-03-28T20:00:00Z"));
    assert_eq!(
        asked_the_day_before.until,
        Some(instant("2026-03-29T06:00:00Z"))
    );
}

#[test]
fn a_friday_night_lasts_until_saturday_and_not_until_sunday() {
    let night = schedule("UTC", &window("fri", "22:10", "06:00", 2));
    assert_eq!(
        hours_up(&night, "2026-06-01T00:00:00Z", "2026-06-08T00:00:00Z"),
        [7]
    );
    assert_eq!(min(&night, "2026-06-06T05:59:59Z"), 2);
    assert_eq!(min(&night, "2026-06-06T06:00:00Z"), 0);
}

#[test]
fn a_night_is_as_long_as_it_is_when_clocks_change() {
    let night = schedule("America/Los_Angeles", &window("daily", "22:00", "06:00", 2));
    assert_eq!(
        hours_up(&night, "2026-03-08T08:00:00Z", "2026-03-08T09:00:00Z"),
        [7]
    );
    assert_eq!(
        hours_up(&night, "2026-11-01T08:00:00Z", "2026-11-01T09:00:00Z"),
        [9]
    );
}

#[test]
fn days_that_touch_at_midnight_do_not_bounce() {
    let rules = window("daily", "00:00", "12:00", 3) + &window("daily", "12:00", "24:00", 3);
    let always = schedule("Europe/Berlin", &rules);
    let (from, until) = (
        instant("2026-03-27T00:00:00Z"),
        instant("2026-04-02T00:00:00Z"),
    );
    let floors = segments(&always, &[], from, until).map(|segment| segment.level.floor());
    assert!(floors.into_iter().all(|floor| floor == Some(3)));
}

#[test]
fn windows_that_contradict_each_other_are_told_a_year_ahead() {
    let rules = window("mon-fri", "08:00", "20:00", 2) + &window("fri", "19:00", "23:00", 6);
    let told = findings(
        &schedule("UTC", &rules),
        instant("2026-06-01T00:00:00Z")
            .to_zoned(jiff::tz::TimeZone::UTC)
            .date(),
    );
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].date.unwrap().to_string(), "2026-06-05");
    assert!(
        told[0]
            .text
            .contains("overlap, first on Fri 2026-06-05 19:00–20:00; the larger holds (min 6)"),
        "{}",
        told[0]
    );
    let meant = format!("overlap = \"max\"\n{rules}");
    let first = "2026-06-01".parse().unwrap();
    assert!(findings(&schedule("UTC", &meant), first).is_empty());
}

#[test]
fn what_a_change_of_the_clocks_swallows_or_moves_is_told_with_its_date() {
    let rules = window("daily", "02:00", "03:00", 2)
        + "[[transitions]]\nat = \"30 2 * * 0\"\nmin = 4\n[[transitions]]\nat = \"0 4 1 * 1\"\nmin = 0\n";
    let berlin = schedule("Europe/Berlin", &rules);
    let told: Vec<String> = findings(&berlin, "2026-03-02".parse().unwrap())
        .iter()
        .map(ToString::to_string)
        .collect();
    let expected = [
        "does not occur on Sun 2026-03-29: clocks jump 02:00 → 03:00",
        "fires at 03:00 on Sun 2026-03-29: clocks skip 02:30",
        "fires on days that match its day of month or its day of week",
    ];
    for part in expected {
        assert!(
            told.iter().any(|finding| finding.contains(part)),
            "{part}: {told:#?}"
        );
    }
}

#[test]
fn a_holiday_closes_a_day_without_a_schedule_of_its_own() {
    let rules = window("mon-fri", "08:00", "18:00", 4)
        + "[[exceptions]]\ndates = [\"2026-12-25\"]\nclosed = true\n";
    let office = schedule("Europe/Berlin", &rules);
    assert_eq!(min(&office, "2026-12-24T10:00:00Z"), 4);
    assert_eq!(min(&office, "2026-12-25T10:00:00Z"), 0);
    assert_eq!(min(&office, "2026-12-28T10:00:00Z"), 4);
}

#[test]
fn of_two_exceptions_for_a_date_the_first_counts_and_somebody_is_told() {
    let rules = "[[exceptions]]\ndates = [\"2026-12-25\"]\nmin = 8\n\
                 [[exceptions]]\ndates = [\"2026-12-24..2026-12-26\"]\nmin = 2\n";
    let office = schedule("UTC", rules);
    assert_eq!(min(&office, "2026-12-25T10:00:00Z"), 8);
    let told = findings(&office, "2026-12-01".parse().unwrap());
    assert!(
        told[0]
            .text
            .contains("more than one exception covers 2026-12-25"),
        "{told:?}"
    );
}

#[test]
fn a_lead_is_elapsed_time_even_over_a_change_of_the_clocks() {
    let rules = window("sun", "03:30", "18:00", 4) + "lead = \"1h\"\n";
    let berlin = schedule("Europe/Berlin", &rules);
    // 03:30 is 01:30Z on the night clocks are set forward; an hour earlier is half past one local time.
    assert_eq!(min(&berlin, "2026-03-29T00:29:59Z"), 0);
    assert_eq!(min(&berlin, "2026-03-29T00:30:00Z"), 4);
}

#[test]
fn an_override_ends_and_lasts_no_longer_than_allowed() {
    let now = instant("2026-03-09T12:00:00Z");
    let word = |from, hours| Override {
        kind: Kind::Hold,
        from,
        until: from + SignedDuration::from_hours(hours),
        by: None,
        reason: None,
    };
    assert_eq!(word(now, 2).check_new(now, LONGEST), Ok(()));
    assert!(matches!(
        word(now, 0).check_new(now, LONGEST),
        Err(InvalidOverride::Backwards { .. })
    ));
    assert!(matches!(
        word(now, 24 * 15).check_new(now, LONGEST),
        Err(InvalidOverride::TooLong { .. })
    ));
    let yesterday = now - SignedDuration::from_hours(24);
    assert!(matches!(
        word(yesterday, 2).check_new(now, LONGEST),
        Err(InvalidOverride::Past { .. })
    ));
}

#[test]
fn hold_beats_pin_and_the_newest_pin_beats_the_older() {
    let office = schedule("UTC", &window("daily", "08:00", "18:00", 3));
    let at = instant("2026-03-09T12:00:00Z");
    let level = |min| Level::Set { min, max: None };
    let word = |kind, minutes| Override {
        kind,
        from: at - SignedDuration::from_mins(minutes),
        until: at + SignedDuration::from_hours(1),
        by: None,
        reason: None,
    };
    let pins = vec![
        word(Kind::Pin(level(1)), 5),
        word(Kind::Pin(level(2)), 9),
        word(Kind::Boost(level(7)), 3),
    ];
    assert_eq!(desired(&office, &pins, at).level, level(1));
    let held = [pins, vec![word(Kind::Hold, 30)]].concat();
    assert_eq!(desired(&office, &held, at).level, Level::Keep);
}

#[test]
fn zones_are_looked_up_and_not_matched_against_a_pattern() {
    for name in [
        "America/Port-au-Prince",
        "Etc/GMT+5",
        "America/Argentina/ComodRivadavia",
        "UTC",
    ] {
        assert_eq!(Zone::named(name).unwrap().name(), name);
    }
    for name in ["EST", "CET", "PST8PDT", "Mars/Olympus", "", "local"] {
        assert!(Zone::named(name).is_err(), "{name}");
    }
}

#[test]
fn a_yearly_transition_is_remembered_for_400_days_and_a_forgotten_one_is_not() {
    let leap = schedule("UTC", "[[transitions]]\nat = \"0 0 29 2 *\"\nmin = 5\n");
    assert_eq!(min(&leap, "2024-02-29T00:00:00Z"), 5);
    let answer = desired(&leap, &[], instant("2025-01-01T00:00:00Z"));
    assert_eq!(answer.until, Some(instant("2025-04-04T00:00:00Z")));
    let forgotten = desired(&leap, &[], instant("2025-04-04T00:00:00Z"));
    assert_eq!(forgotten.level.floor(), Some(0));
    assert_eq!(forgotten.since, Some(instant("2025-04-04T00:00:00Z")));
    assert_eq!(forgotten.until, Some(instant("2028-02-29T00:00:00Z")));
}

#[test]
fn a_schedule_without_rules_has_no_boundaries() {
    let answer = desired(&schedule("UTC", ""), &[], instant("2026-03-09T12:00:00Z"));
    assert_eq!((answer.since, answer.until), (None, None));
}

#[test]
fn a_new_rule_tells_whether_it_is_wrong_or_not_yet() {
    let rules = window("mon-fri", "08:00", "18:00", 3) + &window("sat", "10:00", "12:00", 1);
    let office = schedule("UTC", &rules);
    let told = claims(&office, &[], instant("2026-03-09T12:00:00Z"));
    let outcomes: Vec<Outcome> = told.iter().map(|claim| claim.outcome).collect();
    let saturday = instant("2026-03-14T10:00:00Z");
    assert_eq!(
        outcomes,
        [
            Outcome::Wins,
            Outcome::Silent(Some(saturday)),
            Outcome::Outranked
        ]
    );
}
