//! Failures that other rotators have had, of the machine and of Secret Manager.

use crate::bed::{Bed, SECRET, SIDE, Setting, Trouble};
use rotate_secrets::rotation::{
    Intent, Notice, OnDrift, Overlap, Refusal, Stop,
    state::{ErrorCode, PAUSE_ANNOTATION, STATE_ANNOTATION, State, VersionNumber},
};
use serde_json::json;
use std::time::Duration;

const HOUR: Duration = Duration::from_hours(1);

fn manual() -> Intent {
    Intent::manual(false, false)
}

/// Writes the annotations as a person or Terraform would.
async fn annotate(bed: &Bed, annotations: serde_json::Value) {
    let body = json!({"annotations": annotations});
    let path = format!("/v1/{SECRET}?updateMask=annotations");
    bed.google.patch(&path, body).await;
}

/// Somebody adds a version by hand.
async fn add(bed: &Bed, value: &str) {
    use base64::Engine as _;
    let data = base64::prelude::BASE64_STANDARD.encode(value);
    let path = format!("/v1/{SECRET}:addVersion");
    bed.google
        .post(&path, json!({"payload": {"data": data}}))
        .await;
}

#[tokio::test]
async fn a_target_that_is_down_for_a_day_is_noticed_by_no_reader_and_costs_no_candidate() {
    for overlap in [Overlap::Both, Overlap::Single] {
        let bed = Bed::new(Setting {
            overlap,
            trouble: Trouble {
                down: true,
                ..Trouble::default()
            },
            ..Setting::default()
        })
        .await;
        let due = bed.time.start();
        let first = bed.call(Intent::scheduled(due)).await.unwrap();
        let expected = Some(ErrorCode::TargetUnreachable);
        assert_eq!(first.code(), expected, "{}", first.sentence());
        let mut tries = 1;
        while bed.time_passed() < HOUR * 24 {
            let ended = bed.call(Intent::Tick).await.unwrap();
            tries += u32::from(matches!(ended.stop, Stop::Retry { .. }));
            bed.time.pass(Duration::from_mins(30));
        }
        assert_eq!(bed.google.versions(SECRET).await, ["ENABLED"]);
        assert_eq!((bed.accounts.made(), bed.accounts.rejected()), (1, 0));
        println!(
            "{overlap:?}: {tries} calls in a day, {} calls out",
            bed.gate.calls().len()
        );
        bed.accounts.set_trouble(Trouble::default());
        bed.time.pass(HOUR * 6);
        bed.settle().await;
        assert_eq!(bed.accounts.made(), 1);
        bed.assert_unharmed("down for a day");
        bed.assert_at_rest("down for a day").await;
        assert_eq!(bed.gate.watch().published(), 2);
    }
}

#[tokio::test]
async fn a_candidate_that_the_policy_refuses_is_replaced_twice_and_then_the_reason_is_told() {
    let bed = Bed::new(Setting {
        trouble: Trouble {
            refused: vec![1, 2, 3],
            ..Trouble::default()
        },
        ..Setting::default()
    })
    .await;
    let ended = bed.call(manual()).await.unwrap();
    assert_eq!(ended.stop, Stop::Failed(ErrorCode::TargetRefused));
    let sentence = ended.sentence();
    assert!(sentence.contains("its policy says no"), "{sentence}");
    assert_eq!(bed.accounts.made(), 3);
    assert_eq!(bed.google.versions(SECRET).await, ["ENABLED"]);
    assert_eq!(bed.google.enabled(SIDE).await, 0);
}

#[tokio::test]
async fn a_failed_rotation_is_written_down_with_the_time_of_its_next_try_and_waits_for_it() {
    let bed = Bed::new(Setting {
        trouble: Trouble {
            unfit: vec![1],
            ..Trouble::default()
        },
        ..Setting::default()
    })
    .await;
    let ended = bed.call(manual()).await.unwrap();
    assert_eq!(ended.stop, Stop::Failed(ErrorCode::TestFailed));
    let state = bed.google.state().await.unwrap();
    let next = state.next.unwrap().at;
    assert_eq!(
        (state.failed, state.error),
        (1, Some(ErrorCode::TestFailed))
    );
    bed.call(Intent::Tick).await.unwrap();
    assert_eq!(bed.accounts.made(), 1, "before its time");
    bed.time.pass_to(next);
    let ended = bed.call(Intent::Tick).await.unwrap();
    assert_eq!(ended.stop, Stop::Rotated, "{}", ended.sentence());
}

#[tokio::test]
async fn an_abort_ends_a_rotation_that_is_stuck_and_leaves_nothing_behind() {
    let bed = Bed::new(Setting {
        trouble: Trouble {
            down: true,
            ..Trouble::default()
        },
        ..Setting::default()
    })
    .await;
    bed.call(manual()).await.unwrap();
    let ended = bed.call(Intent::Abort).await.unwrap();
    assert_eq!(
        ended.stop,
        Stop::Failed(ErrorCode::Aborted),
        "{}",
        ended.sentence()
    );
    assert!(ended.is_well());
    assert_eq!(bed.google.enabled(SIDE).await, 0);
    assert_eq!(bed.google.versions(SECRET).await, ["ENABLED"]);
    // What an operator ended does not start again by itself.
    bed.accounts.set_trouble(Trouble::default());
    bed.time.pass(HOUR * 24);
    bed.settle().await;
    assert_eq!(bed.google.versions(SECRET).await, ["ENABLED"]);
}

#[tokio::test]
async fn a_rollback_puts_a_copy_of_the_old_value_in_front_and_never_disables_the_newest() {
    for overlap in [Overlap::Both, Overlap::Single] {
        let bed = Bed::new(Setting {
            overlap,
            grace: HOUR,
            services: 1,
            ..Setting::default()
        })
        .await;
        let published = bed.call(manual()).await.unwrap();
        assert!(
            matches!(published.stop, Stop::WaitingForGrace { .. }),
            "{}",
            published.sentence()
        );
        assert_ne!(bed.google.value(SECRET, "latest").await.unwrap(), "0:first");
        assert_eq!(
            bed.google.value(SECRET, "previous").await.unwrap(),
            "0:first"
        );
        let ended = bed.call(Intent::Rollback).await.unwrap();
        assert_eq!(
            ended.stop,
            Stop::Failed(ErrorCode::RolledBack),
            "{}",
            ended.sentence()
        );
        assert_eq!(bed.google.value(SECRET, "latest").await.unwrap(), "0:first");
        assert_eq!(
            bed.google.value(SECRET, "current").await.unwrap(),
            "0:first"
        );
        let versions = bed.google.versions(SECRET).await;
        assert_eq!(versions, ["ENABLED", "DISABLED", "ENABLED"]);
        assert!(bed.accounts.accepts("0:first"));
    }
}

#[tokio::test]
async fn after_the_old_value_has_gone_a_rollback_is_refused() {
    let bed = Bed::new(Setting::default()).await;
    assert_eq!(bed.call(manual()).await.unwrap().stop, Stop::Rotated);
    let ended = bed.call(Intent::Rollback).await.unwrap();
    assert_eq!(ended.stop, Stop::Refused(Refusal::NothingUnderWay));
}

#[tokio::test]
async fn the_old_value_stays_good_until_its_grace_is_over() {
    let bed = Bed::new(Setting {
        grace: HOUR,
        ..Setting::default()
    })
    .await;
    bed.call(manual()).await.unwrap();
    bed.time.pass(Duration::from_mins(50));
    let ended = bed.call(Intent::Tick).await.unwrap();
    assert!(matches!(ended.stop, Stop::WaitingForGrace { .. }));
    assert!(bed.accounts.accepts("0:first"));
    assert_eq!(bed.google.versions(SECRET).await, ["ENABLED", "ENABLED"]);
    bed.time.pass(Duration::from_mins(11));
    bed.settle().await;
    assert!(!bed.accounts.accepts("0:first"));
    assert_eq!(bed.google.versions(SECRET).await, ["DISABLED", "ENABLED"]);
}

#[tokio::test]
async fn a_secret_whose_state_was_removed_is_adopted_and_not_rotated_in_the_same_call() {
    let bed = Bed::new(Setting::default()).await;
    annotate(&bed, json!({"team": "shop"})).await;
    let due = bed.time.start();
    let ended = bed.call(Intent::scheduled(due)).await.unwrap();
    assert!(
        matches!(ended.stop, Stop::Retry { .. }),
        "{}",
        ended.sentence()
    );
    assert_eq!(bed.google.versions(SECRET).await, ["ENABLED"]);
    let secret = bed.google.secret().await;
    assert_eq!(secret["annotations"]["team"], "shop", "kept");
    assert_eq!(bed.google.state().await.unwrap().current, VersionNumber(1));
}

#[tokio::test]
async fn onboarding_rotates_nothing() {
    let bed = Bed::new(Setting::default()).await;
    annotate(&bed, json!({})).await;
    let ended = bed.call(Intent::Adopt).await.unwrap();
    assert_eq!(ended.stop, Stop::Adopted);
    let again = bed.call(Intent::Adopt).await.unwrap();
    assert_eq!(again.stop, Stop::AlreadyManaged);
    assert_eq!(
        (bed.accounts.made(), bed.google.versions(SECRET).await.len()),
        (0, 1)
    );
}

#[tokio::test]
async fn an_operation_that_was_forgotten_is_found_again_by_its_candidate() {
    let bed = Bed::new(Setting {
        overlap: Overlap::Single,
        ..Setting::default()
    })
    .await;
    // The target has the candidate, and Terraform puts the annotations back.
    bed.gate
        .plan(&[(bed.position("apply").await, crate::bed::Fault::KilledAfter)]);
    assert!(bed.call_or_die(manual()).await.is_none());
    annotate(&bed, json!({})).await;
    bed.time.pass(HOUR);
    bed.settle().await;
    bed.time.pass(HOUR);
    bed.settle().await;
    let current = bed.google.value(SECRET, "current").await.unwrap();
    assert!(bed.accounts.accepts(&current) && current != "0:first");
}

#[tokio::test]
async fn a_version_that_somebody_added_by_hand_is_adopted_if_it_works_and_reported_if_not() {
    let bed = Bed::new(Setting::default()).await;
    add(&bed, "0:by-hand").await;
    let ended = bed.call(Intent::Tick).await.unwrap();
    assert_eq!(
        ended.stop,
        Stop::Noticed(Notice::UnprovenNewest(VersionNumber(2)))
    );
    assert_eq!(
        bed.google.value(SECRET, "current").await.unwrap(),
        "0:first"
    );
    bed.accounts.change_behind("0:by-hand");
    // What was refused a moment ago is not asked again at once.
    bed.time.pass(Duration::from_mins(1));
    let ended = bed.call(Intent::Tick).await.unwrap();
    assert_eq!(ended.stop, Stop::Idle, "{}", ended.sentence());
    assert_eq!(
        bed.google.value(SECRET, "current").await.unwrap(),
        "0:by-hand"
    );
}

#[tokio::test]
async fn an_unproven_newest_version_is_covered_by_a_copy_where_drift_is_to_be_repaired() {
    let mut bed = Bed::new(Setting::default()).await;
    bed.managed.policy.on_drift = OnDrift::Repair;
    add(&bed, "0:by-hand").await;
    bed.settle().await;
    assert_eq!(bed.google.value(SECRET, "latest").await.unwrap(), "0:first");
    assert_eq!(
        bed.google.versions(SECRET).await,
        ["ENABLED", "DISABLED", "ENABLED"]
    );
}

#[tokio::test]
async fn a_current_version_that_was_disabled_blocks_until_a_repair_makes_a_new_one() {
    let bed = Bed::new(Setting::default()).await;
    let path = format!("/v1/{SECRET}/versions/1:disable");
    bed.google.post(&path, json!({})).await;
    let ended = bed.call(manual()).await.unwrap();
    assert_eq!(
        ended.stop,
        Stop::Failed(ErrorCode::BaseUnusable),
        "{}",
        ended.sentence()
    );
    assert_eq!(bed.google.versions(SECRET).await, ["DISABLED"]);
    let repaired = bed.call(Intent::manual(true, true)).await.unwrap();
    assert_eq!(repaired.stop, Stop::Rotated, "{}", repaired.sentence());
    let current = bed.google.value(SECRET, "current").await.unwrap();
    assert!(bed.accounts.accepts(&current));
}

#[tokio::test]
async fn a_frozen_secret_is_not_touched_by_anything() {
    let bed = Bed::new(Setting::default()).await;
    let state = State::adopted(VersionNumber(1)).to_annotation().unwrap();
    annotate(
        &bed,
        json!({(STATE_ANNOTATION): state, (PAUSE_ANNOTATION): "true"}),
    )
    .await;
    let etag = bed.google.secret().await["etag"].clone();
    let due = bed.time.start();
    for intent in [
        Intent::scheduled(due),
        manual(),
        Intent::Tick,
        Intent::Abort,
    ] {
        let ended = bed.call(intent).await.unwrap();
        assert_eq!(ended.stop, Stop::Paused);
    }
    assert_eq!(bed.google.secret().await["etag"], etag);
}

#[tokio::test]
async fn a_state_of_a_newer_program_is_left_alone() {
    let bed = Bed::new(Setting::default()).await;
    annotate(
        &bed,
        json!({(STATE_ANNOTATION): "{\"v\":2,\"phase\":\"idle\"}"}),
    )
    .await;
    let ended = bed.call(manual()).await.unwrap();
    assert!(matches!(ended.stop, Stop::Refused(Refusal::Unreadable(_))));
    let sentence = ended.sentence();
    assert!(sentence.contains("newer"), "{sentence}");
}

#[tokio::test]
async fn a_secret_that_google_rotates_itself_is_refused() {
    let bed = Bed::new(Setting::default()).await;
    bed.google
        .gcp
        .seed(json!({"secretmanager": {"secrets": [{
            "name": SECRET, "replication": {"automatic": {}}, "secretType": "CLOUD_SQL_DB_CREDENTIALS",
            "versions": [{"text": "0:first"}],
        }]}}))
        .unwrap();
    let ended = bed.call(manual()).await.unwrap();
    assert_eq!(ended.stop, Stop::Refused(Refusal::Managed));
}

#[tokio::test]
async fn a_member_of_a_group_waits_for_the_other_and_for_their_distance() {
    let mut bed = Bed::new(Setting::default()).await;
    let twin = "projects/demo/secrets/twin";
    bed.managed.group = vec![twin.parse().unwrap()];
    bed.managed.policy.group = Some(rotate_secrets::rotation::Group {
        distance: HOUR * 24,
    });
    let mut state = State::adopted(VersionNumber(1));
    state.last_done = Some(bed.time.start() - HOUR);
    bed.google
        .gcp
        .seed(json!({"secretmanager": {"secrets": [{
            "name": twin, "replication": {"automatic": {}},
            "annotations": {(STATE_ANNOTATION): state.to_annotation().unwrap()},
            "versions": [{"text": "0:twin"}],
        }]}}))
        .unwrap();
    let due = bed.time.start();
    let ended = bed.call(Intent::scheduled(due)).await.unwrap();
    let expected = due + HOUR * 23;
    assert_eq!(ended.stop, Stop::Deferred { until: expected });
    assert_eq!(bed.google.versions(SECRET).await.len(), 1);
    bed.time.pass_to(expected);
    let ended = bed.call(Intent::Tick).await.unwrap();
    assert_eq!(ended.stop, Stop::Rotated, "{}", ended.sentence());
}

#[tokio::test]
async fn a_target_that_somebody_else_changed_stops_the_rotation_and_is_not_overwritten() {
    let bed = Bed::new(Setting {
        overlap: Overlap::Single,
        ..Setting::default()
    })
    .await;
    bed.accounts.change_behind("0:by-hand");
    let ended = bed.call(manual()).await.unwrap();
    assert_eq!(
        ended.stop,
        Stop::Failed(ErrorCode::Drift),
        "{}",
        ended.sentence()
    );
    assert!(bed.accounts.accepts("0:by-hand"));
    assert_eq!(bed.google.versions(SECRET).await, ["ENABLED"]);
}
