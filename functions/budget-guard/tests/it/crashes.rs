//! Death and lost answers, at every call there is: whoever comes after does the rest, and the end is the same.

use crate::bed::{Bed, LADDER, START, handle};
use budget_guard::guard::Guard;
use futures::{StreamExt, future::ready, stream};
use jiff::SignedDuration;
use local_gcp::Fault;
use nightshift_runtime::{Event, Outcome};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

/// So many Google Clouds at once.
const AT_ONCE: usize = 6;
/// Longer than a lease.
pub(crate) const AFTER_THE_LEASE: SignedDuration = SignedDuration::from_mins(3);

/// Hands an event to a guard that dies before its call number `nth` has any effect. Says whether it came to that.
pub(crate) async fn die_at(bed: &Bed, guard: Arc<Guard>, event: Event, nth: u32) -> bool {
    let at = event.time.unwrap();
    bed.clock.set(at);
    let fault = Fault {
        after: nth,
        delay: Some(SignedDuration::from_hours(1)),
        ..Fault::on("*")
    };
    bed.gcp.faults().add(fault);
    let mut work = tokio::spawn(async move { handle(&guard, event).await });
    loop {
        let hit = bed
            .gcp
            .faults()
            .list()
            .iter()
            .any(|planned| planned.hit > 0);
        if hit {
            work.abort();
            let _ = work.await;
            bed.gcp.faults().clear();
            return true;
        }
        if let Ok(ended) = tokio::time::timeout(Duration::from_millis(1), &mut work).await {
            assert_eq!(ended.unwrap(), Outcome::Done);
            bed.gcp.faults().clear();
            return false;
        }
    }
}

pub(crate) async fn until_done(bed: &Bed, event: &Event) {
    for _ in 0..6 {
        let outcome = handle(&bed.guard(), event.clone()).await;
        if outcome == Outcome::Done {
            return;
        }
        assert_eq!(outcome.status(), 503, "{outcome:?}");
        bed.later(AFTER_THE_LEASE);
    }
    panic!("it does not converge");
}

/// Goes through all calls by their numbers, some at a time, each on a Google Cloud of its own, until there was none of
/// that number. Returns how many there are.
pub(crate) async fn at_any_call<F: Future<Output = bool>>(attempt: impl Fn(u32) -> F) -> usize {
    let attempts = stream::iter(0..).map(|nth| Box::pin(attempt(nth)));
    let there_was = attempts.buffered(AT_ONCE).take_while(|hit| ready(*hit));
    there_was.count().await
}

/// What differs from one Google Cloud to another is not compared.
fn scrubbed(mut world: Value) -> Value {
    for (_, part) in world.as_object_mut().unwrap() {
        if let Some(object) = part.as_object_mut() {
            let random = [
                "uid",
                "uri",
                "urls",
                "trafficStatuses",
                "instanceSplitStatuses",
            ];
            object.retain(|key, _| !random.contains(&key.as_str()) && !key.ends_with("Revision"));
        }
    }
    if let Some(name) = world["quota"][0].pointer_mut("/consumerOverride/name") {
        *name = Value::Null;
    }
    world
}

/// Only what differs, so that a failure can be read.
pub(crate) fn same(found: &(Value, Value), expected: &(Value, Value), when: &str) {
    for (found, expected) in [(&found.0, &expected.0), (&found.1, &expected.1)] {
        for (key, value) in expected.as_object().unwrap() {
            if let (Value::Object(found), Value::Object(value)) = (&found[key], value) {
                for (field, value) in value {
                    assert_eq!(found.get(field), Some(value), "{when}: {key}.{field}");
                }
            }
            assert_eq!(found[key], *value, "{when}: {key}");
        }
    }
}

pub(crate) struct Scene {
    /// What has happened before.
    before: &'static [(&'static str, &'static str)],
    /// The message in the middle of which the guard dies.
    pub(crate) at: &'static str,
    cost: &'static str,
    pub(crate) start: &'static str,
}

const THROTTLE: Scene = Scene {
    before: &[],
    at: "2026-10-10T10:00:00Z",
    cost: "905",
    start: START,
};
pub(crate) const STOP: Scene = Scene {
    before: &[("2026-10-10T10:00:00Z", "905")],
    at: "2026-10-11T10:00:00Z",
    cost: "1010",
    start: START,
};
const CAP: Scene = Scene {
    before: &[("2026-10-10T10:00:00Z", "1210")],
    at: "2026-10-10T10:20:00Z",
    cost: "1220",
    start: START,
};
pub(crate) const ROLLOVER: Scene = Scene {
    before: &[
        ("2026-10-10T10:00:00Z", "905"),
        ("2026-10-11T10:00:00Z", "1010"),
    ],
    at: "2026-11-01T08:00:00Z",
    cost: "0.4",
    start: "2026-11-01T07:00:00Z",
};

impl Scene {
    pub(crate) async fn bed(&self) -> Bed {
        let bed = Bed::new().await;
        let guard = bed.guard();
        for (id, (at, cost)) in (1..).zip(self.before) {
            assert_eq!(bed.spend(&guard, id, at, cost).await, Outcome::Done);
        }
        bed
    }

    pub(crate) fn event(&self) -> Event {
        Bed::message(9, self.at, self.cost, "1000", self.start)
    }

    pub(crate) async fn end(bed: &Bed) -> (Value, Value) {
        let document = bed.document(&bed.guard()).await;
        let unfinished = document
            .items()
            .iter()
            .filter(|item| format!("{:?}", item.state) != "Done");
        assert_eq!(unfinished.count(), 0, "{:?}", document.items());
        assert!(document.outbox.is_empty(), "{:?}", document.outbox);
        let steps: Vec<String> = document
            .state
            .latches
            .iter()
            .map(|latch| format!("{}#{}", latch.step, latch.epoch))
            .collect();
        let memory = json!({"latches": steps, "applied": document.state.applied, "cost": document.state.cost});
        (scrubbed(bed.world().await), memory)
    }

    /// How it ends when nothing goes wrong.
    async fn undisturbed(&self) -> (Value, Value) {
        let bed = self.bed().await;
        assert_eq!(bed.deliver(&bed.guard(), self.event()).await, Outcome::Done);
        Self::end(&bed).await
    }

    /// Whether there was a call of that number to die before.
    async fn dies_before(&self, nth: u32, expected: &(Value, Value)) -> bool {
        let bed = self.bed().await;
        if !die_at(&bed, bed.guard(), self.event(), nth).await {
            return false;
        }
        bed.later(AFTER_THE_LEASE);
        until_done(&bed, &self.event()).await;
        same(
            &Self::end(&bed).await,
            expected,
            &format!("death before call {nth}"),
        );
        true
    }

    /// Whether there was a call of that number whose answer could be lost.
    async fn loses(&self, nth: u32, expected: &(Value, Value)) -> bool {
        let bed = self.bed().await;
        bed.clock.set(self.at.parse().unwrap());
        bed.gcp.faults().add(Fault {
            after: nth,
            lose_answer: true,
            ..Fault::on("*")
        });
        until_done(&bed, &self.event()).await;
        let hit = bed.gcp.faults().list()[0].hit;
        bed.gcp.faults().clear();
        same(
            &Self::end(&bed).await,
            expected,
            &format!("lost answer of call {nth}"),
        );
        hit > 0
    }

    /// Returns how many calls there are.
    async fn dies_anywhere(&self) -> usize {
        let expected = self.undisturbed().await;
        at_any_call(|nth| self.dies_before(nth, &expected)).await
    }

    async fn loses_any_answer(&self) -> usize {
        let expected = self.undisturbed().await;
        at_any_call(|nth| self.loses(nth, &expected)).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_before_any_call_of_a_throttle_the_next_delivery_does_the_rest() {
    assert!(THROTTLE.dies_anywhere().await > 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_before_any_call_of_a_stop_the_next_delivery_does_the_rest() {
    assert!(STOP.dies_anywhere().await > 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_before_any_call_of_a_cap_the_next_delivery_does_the_rest() {
    assert!(CAP.dies_anywhere().await > 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_before_any_call_of_a_rollover_the_next_delivery_gives_back_the_rest() {
    assert!(ROLLOVER.dies_anywhere().await > 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_to_any_call_of_a_stop_changes_nothing() {
    assert!(STOP.loses_any_answer().await > 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_to_any_call_of_a_rollover_changes_nothing() {
    assert!(ROLLOVER.loses_any_answer().await > 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_instances_with_the_same_message_one_does_it_and_the_other_comes_again() {
    let expected = STOP.undisturbed().await;
    let bed = STOP.bed().await;
    bed.clock.set(STOP.at.parse().unwrap());
    let (one, other) = (bed.guard(), bed.guard());
    let (first, second) = tokio::join!(handle(&one, STOP.event()), handle(&other, STOP.event()));
    for outcome in [&first, &second] {
        assert!(
            [204, 503].contains(&outcome.status().as_u16()),
            "{outcome:?}"
        );
    }
    assert!(first == Outcome::Done || second == Outcome::Done);
    until_done(&bed, &STOP.event()).await;
    same(&Scene::end(&bed).await, &expected, "two instances");
    assert_eq!(bed.receiver.got("pagerduty").len(), 1, "told once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_that_one_instance_is_about_to_post_is_left_to_it_by_the_other() {
    let bed = Bed::with(&LADDER.replacen("\"slack\"", "\"bus\"", 1)).await;
    let publish = "pubsub.projects.topics.publish";
    bed.gcp.faults().add(Fault {
        delay: Some(SignedDuration::from_hours(1)),
        ..Fault::on(publish)
    });
    bed.clock.set("2026-10-10T10:00:00Z".parse().unwrap());
    let half = Bed::message(1, "2026-10-10T10:00:00Z", "505", "1000", START);
    let (one, event) = (bed.guard(), half.clone());
    let work = tokio::spawn(async move { handle(&one, event).await });
    while bed.gcp.faults().list()[0].hit == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let next = Bed::message(2, "2026-10-10T10:00:00Z", "506", "1000", START);
    for event in [&half, &next] {
        let other = handle(&bed.guard(), event.clone()).await;
        assert_eq!(other.status(), 503, "{other:?}");
    }
    work.abort();
    let _ = work.await;
    bed.gcp.faults().clear();
    bed.later(AFTER_THE_LEASE);
    until_done(&bed, &half).await;
    until_done(&bed, &next).await;
    assert_eq!(bed.gcp.journal().of(publish).len(), 1, "posted once");
}

#[tokio::test]
async fn an_unreachable_bucket_means_no_action_and_another_delivery() {
    let bed = Bed::new().await;
    let before = bed.world().await;
    let down = Fault {
        times: Some(0),
        status: Some(403),
        ..Fault::on("storage*")
    };
    let fault = bed.gcp.faults().add(down);
    let outcome = bed
        .spend(&bed.guard(), 1, "2026-10-10T10:00:00Z", "1010")
        .await;
    assert_eq!(outcome.status(), 503, "{outcome:?}");
    assert_eq!(bed.world().await, before);
    assert!(bed.receiver.headlines().is_empty());
    bed.gcp.faults().remove(fault);
    assert_eq!(
        bed.spend(&bed.guard(), 1, "2026-10-10T10:00:00Z", "1010")
            .await,
        Outcome::Done
    );
    assert_eq!(bed.world().await["job"], "PAUSED");
}

#[tokio::test]
async fn an_api_that_is_busy_leaves_the_item_to_the_next_delivery() {
    let bed = Bed::new().await;
    let busy = Fault {
        times: Some(0),
        status: Some(503),
        ..Fault::on("sql.instances.patch")
    };
    let fault = bed.gcp.faults().add(busy);
    let outcome = bed
        .spend(&bed.guard(), 1, "2026-10-10T10:00:00Z", "1010")
        .await;
    assert_eq!(outcome.status(), 503, "{outcome:?}");
    assert_eq!(bed.world().await["job"], "PAUSED", "the others proceed");
    bed.gcp.faults().remove(fault);
    assert_eq!(
        bed.spend(&bed.guard(), 1, "2026-10-10T10:00:00Z", "1010")
            .await,
        Outcome::Done
    );
    assert_eq!(bed.world().await["sql"], "NEVER");
}

#[tokio::test]
async fn a_damaged_memory_holds_everything_and_names_the_way_out() {
    let bed = Bed::new().await;
    let guard = bed.guard();
    bed.spend(&guard, 1, "2026-10-10T10:00:00Z", "500").await;
    let before = bed.world().await;
    let name = guard.repository().name(&guard.policies()[0]);
    let object = name
        .strip_prefix("gs://memory/")
        .unwrap()
        .replace('/', "%2F");
    let path = format!("/upload/storage/v1/b/memory/o?uploadType=media&name={object}");
    bed.ask("POST", &path, json!({"v": 2, "latches": "torn"}))
        .await;
    let outcome = bed.spend(&guard, 2, "2026-10-11T10:00:00Z", "1010").await;
    assert_eq!(outcome, Outcome::Done, "a repetition cannot help");
    assert_eq!(bed.world().await, before);
    bed.spend(&guard, 3, "2026-10-11T10:20:00Z", "1011").await;
    let text = bed.receiver.text();
    assert_eq!(
        text.matches("does not trust its memory").count(),
        1,
        "{text}"
    );
    assert!(
        text.contains("put the object's previous version back"),
        "{text}"
    );
}

#[tokio::test]
async fn a_person_who_comes_between_memory_and_change_keeps_what_they_made() {
    let bed = Bed::new().await;
    // Dies when what was there is remembered and nothing is changed yet.
    let fault = Fault {
        delay: Some(SignedDuration::from_hours(1)),
        ..Fault::on("cloudscheduler.projects.locations.jobs.pause")
    };
    bed.gcp.faults().add(fault);
    bed.clock.set("2026-10-10T10:00:00Z".parse().unwrap());
    let event = Bed::message(1, "2026-10-10T10:00:00Z", "1010", "1000", START);
    let (guard, again) = (bed.guard(), event.clone());
    let work = tokio::spawn(async move { handle(&guard, event).await });
    while bed.gcp.faults().list()[0].hit == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    work.abort();
    let _ = work.await;
    bed.gcp.faults().clear();
    let api = "/v2/projects/web/locations/eu/services/api?updateMask=scaling";
    bed.ask("PATCH", api, json!({"scaling": {"scalingMode": "AUTOMATIC", "minInstanceCount": 0, "maxInstanceCount": 5}})).await;
    bed.later(AFTER_THE_LEASE);
    until_done(&bed, &again).await;
    let world = bed.world().await;
    assert_eq!(world["job"], "PAUSED");
}
