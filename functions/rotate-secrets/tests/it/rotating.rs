//! One rotation, from the first call to rest.

use crate::bed::{Bed, SECRET, SIDE, Setting};
use rotate_secrets::rotation::{Intent, Overlap, Stop};

#[tokio::test]
async fn a_rotation_adds_one_proven_version_and_leaves_nothing_else_behind() {
    for overlap in [Overlap::Both, Overlap::Single] {
        let bed = Bed::new(Setting {
            overlap,
            ..Setting::default()
        })
        .await;
        let ended = bed.call(Intent::manual(false, false)).await.unwrap();
        let calls = bed.gate.calls();
        println!("{overlap:?}: {} calls {calls:#?}", calls.len());
        assert_eq!(ended.stop, Stop::Rotated, "{}", ended.sentence());
        let google = &bed.google;
        assert_eq!(google.versions(SECRET).await, ["DISABLED", "ENABLED"]);
        assert_eq!(google.versions(SIDE).await, ["DESTROYED"]);
        let current = google.value(SECRET, "current").await.unwrap();
        assert_eq!(google.value(SECRET, "latest").await.unwrap(), current);
        assert!(bed.accounts.accepts(&current));
        assert!(!bed.accounts.accepts("0:first"));
    }
}

#[tokio::test]
async fn rotating_twice_alternates_and_waits_for_the_gap() {
    let bed = Bed::new(Setting::default()).await;
    let manual = || Intent::manual(false, false);
    assert_eq!(bed.call(manual()).await.unwrap().stop, Stop::Rotated);
    let held = bed.call(manual()).await.unwrap();
    assert!(matches!(held.stop, Stop::Held { .. }), "{:?}", held.stop);
    let forced = bed.call(Intent::manual(true, false)).await.unwrap();
    assert_eq!(forced.stop, Stop::Rotated);
    let current = bed.google.value(SECRET, "current").await.unwrap();
    assert!(current.starts_with("0:") && bed.accounts.accepts(&current));
}
