//! An instance that is frozen at any call, as Cloud Run does to one that nobody waits for any more; another one takes the
//! work over and goes on to something else; then the first one wakes up and goes on, too.

use crate::{
    bed::{Bed, handle},
    crashes::{AFTER_THE_LEASE, ROLLOVER, STOP, Scene, at_any_call, same, until_done},
};
use budget_guard::guard::Guard;
use jiff::SignedDuration;
use local_gcp::Fault;
use nightshift_runtime::{Event, Outcome};
use serde_json::Value;
use std::{sync::Arc, time::Duration};

/// The message that is dealt with while the instance with another one is frozen.
type Next = fn() -> Event;

fn a_new_month() -> Event {
    Bed::message(10, ROLLOVER.at, "0.4", "1000", ROLLOVER.start)
}

fn a_stop_in_the_new_month() -> Event {
    Bed::message(
        11,
        "2026-11-02T08:00:00Z",
        "1010",
        "1000",
        "2026-11-01T07:00:00Z",
    )
}

/// How it ends when both are dealt with in their order.
async fn undisturbed(scene: &Scene, next: Next) -> (Value, Value) {
    let bed = scene.bed().await;
    for event in [scene.event(), next()] {
        assert_eq!(bed.deliver(&bed.guard(), event).await, Outcome::Done);
    }
    ended(&bed).await
}

/// What is in force. By which firing depends on who was first.
async fn ended(bed: &Bed) -> (Value, Value) {
    let (mut world, mut memory) = Scene::end(bed).await;
    for (_, part) in world.as_object_mut().unwrap() {
        if let Some(note) = part.pointer_mut("/annotations/budget-guard~1enforced") {
            *note = "a firing".into();
        }
    }
    (world, memory["applied"].take())
}

/// Whoever holds a resource by its record is who holds it by the memory.
async fn nothing_is_held_in_secret(bed: &Bed, when: &str) {
    let guard = bed.guard();
    let policy = &guard.policies()[0];
    let applied = bed.document(&guard).await.state.applied;
    for action in policy.steps.iter().flat_map(|step| &step.actions) {
        let held = guard.held(&action.resource).await.unwrap();
        let (by_record, by_memory) = (held.effective(), applied.get(&action.resource));
        assert_eq!(by_record, by_memory, "{when}: {}", action.resource);
    }
}

/// Whether there was a call of that number to be frozen before.
async fn frozen_before(scene: &Scene, next: Next, nth: u32, expected: &(Value, Value)) -> bool {
    let bed = scene.bed().await;
    let event = scene.event();
    bed.clock.set(event.time.unwrap());
    let fault = bed.gcp.faults().add(Fault {
        after: nth,
        delay: Some(SignedDuration::from_hours(1)),
        ..Fault::on("*")
    });
    let (guard, again): (Arc<Guard>, Event) = (bed.guard(), event.clone());
    let mut frozen = tokio::spawn(async move { handle(&guard, event).await });
    while bed.gcp.faults().list()[0].hit == 0 {
        let ended = tokio::time::timeout(Duration::from_millis(1), &mut frozen).await;
        if let Ok(ended) = ended {
            assert_eq!(ended.unwrap(), Outcome::Done);
            return false;
        }
    }
    let next = next();
    bed.clock.set(next.time.unwrap());
    until_done(&bed, &next).await;
    bed.gcp.faults().let_go(fault);
    frozen.await.unwrap();
    bed.later(AFTER_THE_LEASE);
    for event in [&again, &next] {
        until_done(&bed, event).await;
    }
    let when = format!("frozen before call {nth}");
    nothing_is_held_in_secret(&bed, &when).await;
    same(&ended(&bed).await, expected, &when);
    true
}

async fn frozen_anywhere(scene: &Scene, next: Next) -> usize {
    let expected = undisturbed(scene, next).await;
    at_any_call(|nth| frozen_before(scene, next, nth, &expected)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn frozen_at_any_call_of_a_stop_until_the_new_month_it_takes_nothing_any_more() {
    assert!(frozen_anywhere(&STOP, a_new_month).await > 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn frozen_at_any_call_of_a_rollover_until_the_next_stop_it_gives_nothing_back_any_more() {
    assert!(frozen_anywhere(&ROLLOVER, a_stop_in_the_new_month).await > 30);
}
