//! A month on a Google Cloud of its own: messages every hour to two instances, with duplicates, reorderings, a credit, a
//! budget edit, and a death in the middle of every rung. In the end every field is as it was.
//!
//! Google sends every twenty minutes or so; the month through the real program, in `real_month`, has as many.

use crate::{
    bed::{Bed, START, handle},
    crashes::die_at,
};
use budget_guard::{
    decision::Level::{self, Normal, Notified, Stopped, Throttled},
    guard::Guard,
};
use jiff::{SignedDuration, Timestamp};
use nightshift_runtime::Event;
use std::sync::Arc;

const NOVEMBER: &str = "2026-11-01T07:00:00Z";

pub(crate) struct Message {
    pub(crate) at: Timestamp,
    pub(crate) cost: i64,
    pub(crate) amount: i64,
}

/// 40 a day, a credit of 60 on the 20th; the budget is raised from 1000 to 1200 on the 27th. So many messages a day.
pub(crate) fn october(a_day: i32) -> Vec<Message> {
    let start: Timestamp = START.parse().unwrap();
    let step = SignedDuration::from_hours(24) / a_day;
    let message = |n: i32| {
        let cents = i64::from(n) * 4_000 / i64::from(a_day);
        let day = n / a_day;
        Message {
            at: start.checked_add(step * n).unwrap(),
            cost: cents - if day >= 20 { 6_000 } else { 0 },
            amount: if day >= 27 { 120_000 } else { 100_000 },
        }
    };
    (1..31 * a_day).map(message).collect()
}

pub(crate) fn share(message: &Message) -> i64 {
    message.cost * 100 / message.amount
}

fn event(id: usize, message: &Message) -> Event {
    let money = |cents: i64| format!("{}.{:02}", cents / 100, cents % 100);
    let (cost, amount) = (money(message.cost), money(message.amount));
    Bed::message(id as u64, &message.at.to_string(), &cost, &amount, START)
}

/// Delivered until it is taken, as Pub/Sub does.
async fn deliver(bed: &Bed, event: &Event, at: Timestamp) {
    bed.clock.set(at);
    for attempt in 0..10 {
        let outcome = handle(&bed.guard(), event.clone()).await;
        if outcome.status() == 204 {
            return;
        }
        assert_eq!(outcome.status(), 503, "{outcome:?}");
        bed.clock.set(
            at.checked_add(SignedDuration::from_secs(150 * (attempt + 1)))
                .unwrap(),
        );
    }
    panic!("never taken");
}

/// The levels one after the other, and how often a guard died.
async fn live(bed: &Bed, instances: &[Arc<Guard>; 2], messages: &[Message]) -> (Vec<Level>, u32) {
    let mut levels = Vec::new();
    let mut deaths = 0;
    for (id, message) in messages.iter().enumerate() {
        let event = event(id, message);
        let last = if id == 0 { 0 } else { share(&messages[id - 1]) };
        // Each rung is killed further on in its work than the one before.
        let mut rungs = [(50, 1), (90, 12), (100, 40)].into_iter();
        let crossed = rungs.find(|(rung, _)| last < *rung && share(message) >= *rung);
        bed.clock.set(message.at);
        if let Some((_, nth)) = crossed {
            deaths += u32::from(die_at(bed, instances[id % 2].clone(), event.clone(), nth).await);
            deliver(
                bed,
                &event,
                message
                    .at
                    .checked_add(SignedDuration::from_mins(3))
                    .unwrap(),
            )
            .await;
        } else if id.is_multiple_of(50) {
            tokio::join!(
                handle(&instances[0], event.clone()),
                handle(&instances[1], event.clone())
            );
            deliver(bed, &event, message.at).await;
        } else {
            assert_eq!(
                handle(&instances[id % 2], event.clone()).await.status(),
                204
            );
        }
        come_again(instances, messages, id).await;
        let level = bed.document(&instances[0]).await.state.level();
        if levels.last() != Some(&level) {
            levels.push(level);
        }
    }
    (levels, deaths)
}

/// Duplicates, and messages out of order.
async fn come_again(instances: &[Arc<Guard>; 2], messages: &[Message], id: usize) {
    if id.is_multiple_of(5) {
        assert_eq!(
            handle(&instances[(id + 1) % 2], event(id, &messages[id]))
                .await
                .status(),
            204,
            "a duplicate"
        );
    }
    if id.is_multiple_of(17) && id > 3 {
        let late = event(id - 2, &messages[id - 2]);
        assert_eq!(
            handle(&instances[id % 2], late).await.status(),
            204,
            "out of order"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_of_messages_throttles_stops_and_gives_everything_back_field_for_field() {
    let bed = Bed::new().await;
    let before = bed.world().await;
    let instances = [bed.guard(), bed.guard()];
    let messages = october(24);
    let (levels, deaths) = Box::pin(live(&bed, &instances, &messages)).await;
    // The raise on the 27th gives back the stop; the throttle stays, its release is at 80 %.
    assert_eq!(levels, [Normal, Notified, Throttled, Stopped, Throttled]);
    assert_eq!(deaths, 3);
    assert_eq!(
        bed.world().await["services/api"]["scaling"]["maxInstanceCount"],
        1
    );

    let rollover = Bed::message(9_999, "2026-11-01T08:00:00Z", "0.40", "1200", NOVEMBER);
    deliver(&bed, &rollover, "2026-11-01T08:00:00Z".parse().unwrap()).await;
    assert_eq!(bed.world().await, before);
    let document = bed.document(&instances[0]).await;
    assert!(document.state.applied.is_empty() && document.outbox.is_empty());

    // A death between the post and its mark can say a thing twice; more often than that nothing is said.
    let said = |title: &str| {
        bed.receiver
            .headlines()
            .iter()
            .filter(|line| line.starts_with(title))
            .count()
    };
    for title in ["NOTIFY", "THROTTLE", "STOP"] {
        assert!((1..=2).contains(&said(title)), "{title}: {}", said(title));
    }
}
