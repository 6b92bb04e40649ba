//! The watch over the crash matrix sees what it is there for: each thing that must not happen is done to it by hand.

use crate::bed::{Bed, SECRET, SIDE, Setting};
use rotate_secrets::rotation::{Intent, Overlap, Stop};
use serde_json::json;
use std::time::Duration;

/// A rotation whose new value is published and whose old one is in its grace.
async fn published(overlap: Overlap) -> Bed {
    let bed = Bed::new(Setting {
        overlap,
        grace: Duration::from_hours(1),
        ..Setting::default()
    })
    .await;
    let ended = bed.call(Intent::manual(false, false)).await.unwrap();
    assert!(matches!(ended.stop, Stop::WaitingForGrace { .. }));
    bed.assert_unharmed("before anything is planted");
    bed
}

async fn sees(bed: &Bed, what: &str) {
    bed.gate.watch().look("a planted fault").await;
    let violations = bed.gate.watch().violations();
    let seen = violations.iter().any(|violation| violation.contains(what));
    assert!(seen, "{what:?} is not among {violations:#?}");
}

async fn add(bed: &Bed, secret: &str, value: &str) {
    use base64::Engine as _;
    let data = base64::prelude::BASE64_STANDARD.encode(value);
    let body = json!({"payload": {"data": data}});
    let path = format!("/v1/{secret}:addVersion");
    let added = bed.google.post(&path, body).await;
    assert!(added["name"].is_string(), "{added}");
}

async fn disable(bed: &Bed, secret: &str, version: u32) {
    let path = format!("/v1/{secret}/versions/{version}:disable");
    let disabled = bed.google.post(&path, json!({})).await;
    assert_eq!(disabled["state"], "DISABLED");
}

#[tokio::test]
async fn a_target_that_was_changed_behind_our_back_is_seen() {
    let bed = published(Overlap::Single).await;
    bed.accounts.change_behind("0:by-hand");
    sees(&bed, "no recorded, enabled version holds").await;
    sees(&bed, "0:by-hand, which is not recorded").await;
    sees(&bed, "readers of `current` cannot log in").await;
    sees(&bed, "readers of `latest` cannot log in").await;
}

#[tokio::test]
async fn a_value_that_is_published_before_it_works_is_seen_even_in_a_window() {
    let bed = published(Overlap::Both).await;
    add(&bed, SECRET, "0:unproven").await;
    sees(&bed, "`latest` was moved to what does not work").await;
}

#[tokio::test]
async fn a_current_version_that_was_disabled_is_seen() {
    let bed = published(Overlap::Both).await;
    disable(&bed, SECRET, 2).await;
    sees(&bed, "readers of `current` cannot log in").await;
}

#[tokio::test]
async fn an_old_version_that_was_disabled_in_its_grace_is_seen() {
    for overlap in [Overlap::Both, Overlap::Single] {
        let bed = published(overlap).await;
        disable(&bed, SECRET, 1).await;
        sees(&bed, "taken out of use too early").await;
    }
}

#[tokio::test]
async fn an_old_account_that_was_revoked_in_its_grace_is_seen() {
    let bed = published(Overlap::Both).await;
    bed.accounts.change_behind("0:scrambled");
    sees(&bed, "taken out of use too early").await;
}

#[tokio::test]
async fn a_retirement_that_begins_in_the_grace_is_seen() {
    let bed = published(Overlap::Both).await;
    let secret = bed.google.secret().await;
    let key = rotate_secrets::rotation::state::STATE_ANNOTATION;
    let state = secret["annotations"][key].as_str().unwrap();
    let state = state.replace("\"rolled\"", "\"retiring\"");
    let path = format!("/v1/{SECRET}?updateMask=annotations");
    let patched = bed
        .google
        .patch(&path, json!({"annotations": {key: state}}));
    assert!(patched.await["etag"].is_string());
    sees(&bed, "the old value retires in its grace").await;
}

#[tokio::test]
async fn a_value_that_was_applied_without_being_read_back_is_seen() {
    let bed = published(Overlap::Both).await;
    add(&bed, SIDE, "1:unread").await;
    bed.accounts.apply("1:unread").unwrap();
    sees(&bed, "1:unread, which nobody had read back").await;
}

#[tokio::test]
async fn a_service_that_serves_with_a_version_which_is_gone_is_seen() {
    let bed = Bed::new(Setting {
        services: 1,
        ..Setting::default()
    })
    .await;
    disable(&bed, SECRET, 1).await;
    sees(&bed, "cannot read version 1").await;
}
