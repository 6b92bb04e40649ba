//! How often something is tried, and for how long it is waited.

use crate::bed::{Bed, Fault, SECRET, SIDE, Setting, Trouble};
use rotate_secrets::rotation::{Intent, Notice, Overlap, Stop, state::ErrorCode};
use std::{pin::pin, time::Duration};

const HOUR: Duration = Duration::from_hours(1);

fn manual() -> Intent {
    Intent::manual(false, false)
}

fn single(trouble: Trouble) -> Setting {
    Setting {
        overlap: Overlap::Single,
        trouble,
        ..Setting::default()
    }
}

#[tokio::test]
async fn a_value_that_takes_its_time_to_spread_is_asked_for_until_it_works() {
    let mut bed = Bed::new(single(Trouble {
        spreads_after: 4,
        ..Trouble::default()
    }))
    .await;
    bed.managed.policy.propagation = Duration::from_mins(1);
    let ended = bed.call(manual()).await.unwrap();
    assert_eq!(ended.stop, Stop::Rotated, "{}", ended.sentence());
    assert_eq!((bed.accounts.made(), bed.accounts.rejected()), (1, 4));
}

#[tokio::test]
async fn a_value_that_never_spreads_costs_few_failed_logins_and_the_rotation_goes_back() {
    let trouble = Trouble {
        spreads_after: 1000,
        ..Trouble::default()
    };
    let mut bed = Bed::new(Setting {
        trouble,
        ..Setting::default()
    })
    .await;
    bed.managed.policy.propagation = Duration::from_mins(1);
    let ended = bed.call(manual()).await.unwrap();
    println!(
        "{} logins failed; {}",
        bed.accounts.rejected(),
        ended.sentence()
    );
    assert!(bed.accounts.rejected() <= 8, "{}", bed.accounts.rejected());
    assert_eq!(bed.google.versions(SECRET).await, ["ENABLED"]);
}

#[tokio::test]
async fn a_password_that_is_refused_is_not_tried_again_and_again() {
    // The credential that readers have is wrong for a day, with a tick every five minutes.
    let bed = Bed::new(single(Trouble::default())).await;
    bed.accounts.change_behind("0:by-hand");
    let mut ticks = 0;
    while bed.time_passed() < HOUR * 24 {
        let ended = bed.call(Intent::Tick).await.unwrap();
        assert_eq!(ended.stop, Stop::Noticed(Notice::CurrentRejected));
        ticks += 1;
        bed.time.pass(Duration::from_mins(5));
    }
    let noticed = bed.accounts.rejected();
    println!("{ticks} ticks, {noticed} failed logins");
    // Twice as long from one to the next, up to six hours.
    assert!((8..16).contains(&noticed), "{noticed}");
    // It is noticed all the same when somebody has put it right.
    bed.accounts.change_behind("0:first");
    bed.time.pass(HOUR * 6);
    assert_eq!(bed.call(Intent::Tick).await.unwrap().stop, Stop::Idle);
    assert_eq!(bed.google.state().await.unwrap().refused, None);

    // A rotation that cannot start for it: at most two a try, and the tries back off.
    let bed = Bed::new(single(Trouble::default())).await;
    bed.accounts.change_behind("0:by-hand");
    let ended = bed.call(manual()).await.unwrap();
    assert_eq!(ended.stop, Stop::Failed(ErrorCode::Drift));
    assert!(bed.accounts.rejected() <= 2, "{}", bed.accounts.rejected());
}

#[tokio::test]
async fn a_candidate_whose_number_was_never_written_down_is_destroyed_in_the_end() {
    let bed = Bed::new(Setting::default()).await;
    let add = "POST /v1/projects/demo/secrets/db-next:addVersion";
    let added = bed.position(add).await;
    // The worker dies when the candidate is durable, and the next one knows nothing of it.
    bed.gate.plan(&[(added, Fault::KilledAfter)]);
    assert!(bed.call_or_die(manual()).await.is_none());
    assert_eq!(bed.google.enabled(SIDE).await, 1);
    bed.time.pass(HOUR);
    bed.settle().await;
    assert_eq!(bed.google.versions(SIDE).await, ["DESTROYED", "DESTROYED"]);
    assert_eq!(bed.google.versions(SECRET).await, ["DISABLED", "ENABLED"]);
    bed.assert_at_rest("an orphan").await;
}

#[tokio::test]
async fn going_back_after_an_unclean_takeover_waits_for_what_the_other_had_begun() {
    let bed = Bed::new(single(Trouble::default())).await;
    let applied = bed.position("apply").await;
    bed.gate.plan(&[(applied, Fault::FrozenBefore)]);
    let mut zombie = pin!(bed.call(manual()));
    tokio::select! {
        biased;
        () = bed.gate.froze() => {}
        ended = &mut zombie => panic!("{:?}", ended.unwrap().stop),
    }
    bed.time.pass(Duration::from_secs(601));
    // Its lease is over, and an operator wants the old value back.
    let aborted = bed.call(Intent::Abort).await.unwrap();
    println!("{}", aborted.sentence());
    assert!(
        matches!(aborted.stop, Stop::Retry { .. }),
        "{:?}",
        aborted.stop
    );
    assert!(bed.accounts.accepts("0:first"));
    // The statement lands after all; had we gone back before, nobody would know the password now.
    bed.gate.wake();
    zombie.await.ok();
    assert!(!bed.accounts.accepts("0:first"));
    bed.time.pass(HOUR);
    bed.settle().await;
    bed.assert_unharmed("a late statement");
    bed.assert_at_rest("a late statement").await;
}

#[tokio::test]
async fn the_value_before_stays_readable_as_previous_until_it_retires() {
    let bed = Bed::new(Setting {
        grace: HOUR,
        ..Setting::default()
    })
    .await;
    bed.call(manual()).await.unwrap();
    let previous = bed.google.value(SECRET, "previous").await;
    assert_eq!(previous.as_deref(), Some("0:first"));
    bed.time.pass(HOUR * 2);
    bed.settle().await;
    assert_eq!(bed.google.value(SECRET, "previous").await, None);
}

#[tokio::test]
async fn after_twenty_rotations_one_version_is_enabled_and_no_candidate_is_left() {
    let bed = Bed::new(Setting::default()).await;
    for _ in 0..20 {
        let forced = Intent::manual(true, false);
        assert_eq!(bed.call(forced).await.unwrap().stop, Stop::Rotated);
    }
    let enabled = [SECRET, SIDE].map(|secret| bed.google.enabled(secret));
    assert_eq!(futures::future::join_all(enabled).await, [1, 0]);
    assert_eq!(bed.google.versions(SECRET).await.len(), 21);
}
