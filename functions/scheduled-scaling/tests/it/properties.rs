//! What must hold for every schedule and every instant.

mod sketch;
mod world;

use jiff::{SignedDuration, Timestamp, civil::DateTime};
use proptest::prelude::*;
use rand::{Rng, SeedableRng, rngs::StdRng};
use scheduled_scaling::{
    decide::{Decision, Observed, Policy, decide},
    desired::{desired, segments},
    overrides::Override,
    schedule::Schedule,
    zone::{self, ClockChange, Zone},
};
use sketch::{instants, schedules, words};
use std::env;
use world::{World, found};

/// Set to sweep every clock change of every zone in steps of a quarter of an hour instead of a seeded sample.
const FULL_SWEEP: &str = "NIGHTSHIFT_SCALING_FULL_SWEEP";

/// One change in so many is looked at in a sample.
const SAMPLE: u32 = 24;

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Local times a quarter of an hour apart (with an odd start), from a day before the change to a day after it.
fn around(change: &ClockChange, odd: SignedDuration) -> impl Iterator<Item = DateTime> + use<> {
    let day = SignedDuration::from_hours(15);
    let (first, last) = (change.last.min(change.next), change.last.max(change.next));
    let quarter = SignedDuration::from_mins(15);
    let start = first - day + odd;
    std::iter::successors(Some(start), move |local| Some(*local + quarter))
        .take_while(move |local| *local <= last + day)
}

#[test]
fn p1_resolve_is_monotone_in_all_zones_from_1970_to_2037() {
    let full = env::var_os(FULL_SWEEP).is_some();
    let seed: u64 = rand::rng().random();
    let mut rng = StdRng::seed_from_u64(seed);
    let (from, until) = (
        instant("1970-01-01T00:00:00Z"),
        instant("2038-01-01T00:00:00Z"),
    );
    let (mut zones, mut changes, mut times) = (0, 0, 0_u64);
    for name in zone::names().filter(|name| name.contains('/')) {
        let zone = Zone::named(&name).unwrap();
        zones += 1;
        for change in zone.clock_changes(from, until) {
            if !full && !rng.random_ratio(1, SAMPLE) {
                continue;
            }
            changes += 1;
            let odd = if full { 0 } else { rng.random_range(0..900) };
            let mut earlier = Timestamp::MIN;
            for local in around(&change, SignedDuration::from_secs(odd)) {
                let resolved = zone.resolve(local);
                assert!(
                    resolved >= earlier,
                    "{name}: {local} goes back (seed {seed})"
                );
                // Whatever has an instant at all shows its own local time there.
                if zone.local(resolved).datetime() != local {
                    assert_eq!(
                        resolved, change.at,
                        "{name}: {local} is skipped (seed {seed})"
                    );
                }
                earlier = resolved;
                times += 1;
            }
        }
    }
    println!("{zones} zones, {changes} clock changes, {times} local times, seed {seed}");
    assert!(
        zones > 400 && changes > 800,
        "{zones} zones, {changes} changes"
    );
}

/// `reached` is what `resolve` has left behind: all local times up to it, and none after.
#[test]
fn what_is_reached_has_been_resolved_and_nothing_after_it() {
    let names = [
        "America/Los_Angeles",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "America/St_Johns",
    ];
    for name in names {
        let zone = Zone::named(name).unwrap();
        let (from, until) = (
            instant("2005-01-01T00:00:00Z"),
            instant("2012-06-01T00:00:00Z"),
        );
        for change in zone.clock_changes(from, until) {
            for quarter in -120..120 {
                let at = change.at + SignedDuration::from_mins(15 * quarter);
                let reached = zone.reached(at);
                assert!(zone.resolve(reached) <= at, "{name} {at}: {reached}");
                let next = reached + SignedDuration::from_nanos(1);
                assert!(zone.resolve(next) > at, "{name} {at}: {next}");
            }
        }
    }
}

fn decided_by(world: &mut World, schedule: &Schedule, words: &[Override], at: Timestamp) -> bool {
    let wish = desired(schedule, words, at);
    let decision = decide(&wish, &world.seen(), &Policy::default(), at);
    world.apply(decision)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn p2_windows_that_share_a_boundary_tile(
        (zone, at) in instants(),
        mut cuts in prop::collection::btree_set(0_u32..96, 2..6),
    ) {
        cuts.insert(0);
        let clock = |quarter: u32| format!("{:02}:{:02}", quarter / 4, quarter % 4 * 15);
        let mut ends: Vec<u32> = cuts.iter().copied().skip(1).collect();
        ends.push(96);
        let windows: String = cuts.iter().zip(&ends).map(|(from, to)| {
            let (name, to, from) = (from, clock(*to), clock(*from));
            format!("[[windows]]\nname = \"{name}\"\ndays = \"daily\"\nfrom = \"{from}\"\nto = \"{to}\"\nmin = 1\n")
        }).collect();
        let text = format!("time_zone = \"{zone}\"\ndefault = {{ min = 0 }}\n{windows}");
        let schedule: Schedule = toml::from_str(&text).unwrap();
        // The whole day is cut into windows, so some window speaks at every instant, and each ends where the next begins.
        let end = at + SignedDuration::from_hours(72);
        let mut last_end = None;
        for segment in segments(&schedule, &[], at, end) {
            prop_assert_eq!(segment.level.floor(), Some(1), "gap at {:?}: {}", segment.since, segment.rule);
            prop_assert!(last_end.is_none() || last_end == segment.since);
            last_end = segment.until;
        }
    }

    #[test]
    fn p3_and_p4_desired_is_constant_up_to_its_boundary_and_differs_from_there_on(
        (schedule, zone_at) in schedules(),
        words in words(),
        part in 0.0_f64..1.0,
    ) {
        let words = words.iter().map(|word| word.around(zone_at)).collect::<Vec<_>>();
        let whole = desired(&schedule, &words, zone_at);
        prop_assert!(whole.since.is_none_or(|since| since <= zone_at));
        prop_assert!(whole.until.is_none_or(|until| until > zone_at));
        let first = whole.since.unwrap_or(zone_at);
        let last = whole.until.map_or(zone_at, |until| until - SignedDuration::from_nanos(1));
        let between = first + SignedDuration::from_secs_f64(last.duration_since(first).as_secs_f64() * part);
        for at in [first, between, last] {
            prop_assert_eq!(&desired(&schedule, &words, at), &whole, "at {}", at);
        }
        let verdict = |at| {
            let other = desired(&schedule, &words, at);
            (other.level, other.rule)
        };
        if let Some(until) = whole.until {
            prop_assert_ne!(verdict(until), (whole.level, whole.rule.clone()));
        }
        if let Some(since) = whole.since {
            prop_assert_ne!(verdict(since - SignedDuration::from_nanos(1)), (whole.level, whole.rule));
        }
    }

    #[test]
    fn p5_and_p6_any_triggers_in_any_order_leave_what_the_last_one_alone_leaves_and_a_second_run_writes_nothing(
        (schedule, end) in schedules(),
        start in found(),
        hours in prop::collection::vec(-200_i64..0, 0..12),
    ) {
        let mut once = World::new(start);
        decided_by(&mut once, &schedule, &[], end);
        let mut often = World::new(start);
        for hour in hours {
            decided_by(&mut often, &schedule, &[], end + SignedDuration::from_hours(hour));
        }
        decided_by(&mut often, &schedule, &[], end);
        prop_assert_eq!(&often, &once);
        prop_assert!(!decided_by(&mut often, &schedule, &[], end), "a second run wrote");
        prop_assert!(!decided_by(&mut often, &schedule, &[], end + SignedDuration::from_nanos(1))
            || desired(&schedule, &[], end).until == Some(end + SignedDuration::from_nanos(1)));
    }

    #[test]
    fn p8_no_failed_read_ever_writes((schedule, at) in schedules(), words in words()) {
        let words = words.iter().map(|word| word.around(at)).collect::<Vec<_>>();
        let wish = desired(&schedule, &words, at);
        let decision = decide(&wish, &Observed::Unreadable("503".into()), &Policy::default(), at);
        prop_assert!(matches!(decision, Decision::Refuse(_)));
    }

    #[test]
    fn p9_a_schedule_that_is_printed_and_read_is_the_same((schedule, _) in schedules()) {
        let printed = toml::to_string(&schedule).unwrap();
        let read: Schedule = toml::from_str(&printed).unwrap();
        prop_assert_eq!(&read, &schedule, "{}", printed);
        let json = serde_json::to_string(&schedule).unwrap();
        prop_assert_eq!(serde_json::from_str::<Schedule>(&json).unwrap(), schedule);
    }
}
