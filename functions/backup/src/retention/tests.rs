use super::*;
use proptest::prelude::*;
use std::collections::HashSet;

fn now() -> Timestamp {
    "2026-06-30T12:00:00Z".parse().unwrap()
}

fn policy() -> impl Strategy<Value = Policy> {
    let slots = || 0_u32..5;
    let zones = prop_oneof![
        Just("UTC"),
        Just("Europe/Berlin"),
        Just("America/New_York"),
        Just("Pacific/Apia")
    ];
    let rules = (slots(), slots(), slots(), slots(), slots(), 1_u32..5);
    (rules, any::<bool>(), 0_u32..4, zones).prop_map(
        |((last, hourly, daily, weekly, monthly, yearly), oldest_fills, min_keep, zone)| Policy {
            last,
            hourly,
            daily,
            weekly,
            monthly,
            yearly,
            oldest_fills,
            min_keep,
            time_zone: zone.to_owned(),
            max_delete_ratio: 1.0,
            ..Policy::default()
        },
    )
}

fn backups() -> impl Strategy<Value = Vec<Backup>> {
    // Hours before now; a few lie in the future.
    let one = (-48_i64..20_000, any::<[bool; 4]>(), 0_u8..2);
    proptest::collection::vec(one, 0..60).prop_map(|all| {
        let backup = |(place, (hours, flags, group)): (usize, (i64, [bool; 4], u8))| Backup {
            id: format!("{place:03}"),
            group: group.to_string(),
            at: now() - SignedDuration::from_hours(hours),
            complete: flags[0] || flags[1],
            verified: flags[2] && flags[3],
            pinned: flags[1] && flags[2] && flags[3],
            suspicious: flags[0] && flags[2] && !flags[3],
        };
        all.into_iter().enumerate().map(backup).collect()
    })
}

fn ids(decision: &Decision, wanted: impl Fn(&Verdict) -> bool) -> HashSet<String> {
    decision
        .iter()
        .filter(|(_, v)| wanted(v))
        .map(|(b, _)| b.id.clone())
        .collect()
}

fn deleted(decision: &Decision) -> HashSet<String> {
    ids(decision, |verdict| matches!(verdict, Verdict::Delete(_)))
}

proptest! {
    #[test]
    fn the_newest_good_the_newest_proven_the_pinned_and_the_future_are_never_deleted(policy in policy(), backups in backups()) {
        let decision = decide(&policy, backups.clone(), now()).unwrap();
        let gone = deleted(&decision);
        for group in ["0", "1"] {
            let mut good: Vec<_> = backups.iter()
                .filter(|b| b.group == group && b.complete && !b.suspicious && b.at <= now() + CLOCK_SKEW)
                .collect();
            good.sort_by_key(|b| (b.at, &b.id));
            for kept in good.iter().rev().take(policy.min_keep()) {
                prop_assert!(!gone.contains(&kept.id));
            }
            if let Some(proven) = good.iter().rev().find(|b| b.verified) {
                prop_assert!(!gone.contains(&proven.id));
            }
        }
        for backup in &backups {
            if backup.complete && (backup.pinned || backup.suspicious) || backup.at > now() + CLOCK_SKEW {
                prop_assert!(!gone.contains(&backup.id));
            }
        }
    }

    #[test]
    fn deciding_again_about_what_is_left_deletes_nothing_more(policy in policy(), backups in backups()) {
        let first = decide(&policy, backups, now()).unwrap();
        let left = first.iter().filter(|(_, v)| !matches!(v, Verdict::Delete(_))).map(|(b, _)| b.clone());
        let second = decide(&policy, left.collect(), now()).unwrap();
        prop_assert!(deleted(&second).is_empty());
    }

    #[test]
    fn the_order_in_which_backups_are_listed_does_not_matter(policy in policy(), backups in backups()) {
        let mut reversed = backups.clone();
        reversed.reverse();
        prop_assert_eq!(decide(&policy, backups, now()).unwrap(), decide(&policy, reversed, now()).unwrap());
    }

    #[test]
    fn no_more_than_the_allowed_share_is_ever_deleted(policy in policy(), backups in backups(), percent in 0_u8..=100) {
        let policy = Policy { max_delete_ratio: f64::from(percent) / 100.0, ..policy };
        let decision = decide(&policy, backups, now()).unwrap();
        for group in ["0", "1"] {
            let complete: Vec<_> = decision.iter().filter(|(b, _)| b.group == group && b.complete).collect();
            let gone = complete.iter().filter(|(_, v)| matches!(v, Verdict::Delete(_))).count();
            prop_assert!(!policy.refuses(gone, complete.len()));
        }
    }
}

#[test]
fn a_zone_nobody_knows_and_a_share_above_one_are_refused_with_what_would_be_right() {
    let policy = Policy {
        last: 1,
        time_zone: "Mars/Olympus".into(),
        ..Policy::default()
    };
    assert!(
        policy
            .validate()
            .unwrap_err()
            .to_string()
            .contains("Europe/Berlin")
    );
    let policy = Policy {
        last: 1,
        max_delete_ratio: 1.5,
        ..Policy::default()
    };
    assert!(
        policy
            .validate()
            .unwrap_err()
            .to_string()
            .contains("0.0 to 1.0")
    );
}
