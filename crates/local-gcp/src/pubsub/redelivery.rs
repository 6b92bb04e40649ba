//! What happens to messages that were not acknowledged: they come again, go to the dead letters, or grow too old.

use super::{
    message::{self, Message, NewMessage},
    names, push,
    queue::{Leased, Ready, Waiting, acknowledge, line, purge},
    subscription::Subscription,
};
use crate::{app::App, engine::timers, http::ApiError, store::Tx};
use jiff::{SignedDuration, Timestamp};

/// Why a delivery came to nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Failure {
    Refused,
    Expired,
}

/// Takes a message back that was handed out: it comes again later, or goes to the dead letters.
pub(super) fn fail(
    app: &App,
    tx: &mut Tx,
    subscription: &Subscription,
    key: &str,
    why: Failure,
) -> Result<(), ApiError> {
    let Some(lease) = tx.get::<Leased>(key) else {
        return Ok(());
    };
    let failures = lease.failures + 1;
    if bury(app, tx, subscription, key, failures)? {
        return Ok(());
    }
    tx.delete::<Leased>(key);
    timers::cancel(tx, "pubsub", &format!("lease {key}"));
    let ordering_key = lease.ordering_key.clone();
    let pause = pause(subscription, failures, why);
    if pause.is_zero() {
        tx.put(
            key,
            Ready {
                failures,
                ordering_key,
            },
        );
    } else {
        let at = app
            .clock
            .now()
            .saturating_add(pause)
            .unwrap_or(Timestamp::MAX);
        tx.put(
            key,
            Waiting {
                failures,
                ordering_key,
            },
        );
        timers::set(tx, "pubsub", &format!("retry {key}"), at);
    }
    Ok(())
}

/// Exponential between the limits of the retry policy, with up to a tenth of jitter. Without a policy a message comes
/// again at once, except that refused pushes slow down from 100 ms to a minute.
fn pause(subscription: &Subscription, failures: u32, why: Failure) -> SignedDuration {
    let (least, most) = match &subscription.retry_policy {
        Some(policy) => (policy.minimum_backoff, policy.maximum_backoff),
        None if subscription.is_push() && why == Failure::Refused => (
            Some(SignedDuration::from_millis(100)),
            Some(SignedDuration::from_secs(60)),
        ),
        None => return SignedDuration::ZERO,
    };
    let (least, most) = (least.unwrap_or_default(), most.unwrap_or_default());
    let doubled = least.saturating_mul(
        1_i32
            .checked_shl(failures.saturating_sub(1).min(30))
            .unwrap_or(i32::MAX),
    );
    let jitter = rand::random_range(1.0..1.1);
    SignedDuration::try_from_secs_f64(doubled.as_secs_f64() * jitter)
        .unwrap_or(most)
        .min(most)
}

/// Moves a message that failed too often to the dead letter topic, if there is one.
fn bury(
    app: &App,
    tx: &mut Tx,
    subscription: &Subscription,
    key: &str,
    failures: u32,
) -> Result<bool, ApiError> {
    let Some(policy) = &subscription.dead_letter_policy else {
        return Ok(false);
    };
    let topic = &policy.dead_letter_topic;
    if failures < policy.max_delivery_attempts || tx.get::<super::topic::Topic>(topic).is_none() {
        return Ok(false);
    }
    let Some(message) = tx.get::<Message>(key) else {
        return Ok(false);
    };
    acknowledge(tx, key);
    let mut letter = NewMessage::new(message.data.clone(), message.attributes.clone());
    letter.ordering_key.clone_from(&message.ordering_key);
    for (name, value) in [
        ("DeliveryCount", failures.to_string()),
        ("Subscription", names::id(&subscription.name).to_owned()),
        (
            "SubscriptionProject",
            names::project(&subscription.name).to_owned(),
        ),
        (
            "TopicPublishTime",
            crate::google::json::rfc3339(message.publish_time),
        ),
    ] {
        letter
            .attributes
            .insert(format!("CloudPubSubDeadLetterSource{name}"), value);
    }
    message::publish(app, tx, topic, vec![letter])?;
    Ok(true)
}

/// Timers: `lease KEY`, `retry KEY` and `retain SUBSCRIPTION`.
pub(super) fn on_timer(app: &App, tx: &mut Tx, key: &str, at: Timestamp) -> Result<(), ApiError> {
    let (what, key) = key.split_once(' ').unwrap_or((key, ""));
    let name = if what == "retain" {
        key
    } else {
        subscription_of(key)
    };
    let Some(subscription) = tx.get::<Subscription>(name) else {
        return Ok(());
    };
    match what {
        "lease" => fail(app, tx, &subscription, key, Failure::Expired)?,
        "retry" => {
            if let Some(waiting) = tx.get::<Waiting>(key) {
                let Waiting {
                    failures,
                    ordering_key,
                } = (*waiting).clone();
                tx.delete::<Waiting>(key);
                tx.put(
                    key,
                    Ready {
                        failures,
                        ordering_key,
                    },
                );
            }
        }
        _ => expire(tx, &subscription, at),
    }
    push::pump(app, tx, &subscription);
    Ok(())
}

/// Drops what is older than the subscription keeps, and comes again for the next.
fn expire(tx: &mut Tx, subscription: &Subscription, now: Timestamp) {
    let oldest = now
        .saturating_sub(subscription.retention())
        .unwrap_or(Timestamp::MIN);
    // Purging spares what is exactly as old as allowed; its time is up.
    purge(
        tx,
        &subscription.name,
        oldest
            .saturating_add(SignedDuration::from_nanos(1))
            .unwrap_or(oldest),
    );
    let next = tx
        .with_prefix::<Message>(&line(&subscription.name))
        .next()
        .map(|(_, m)| m.publish_time);
    if let Some(published) = next {
        let end = published
            .saturating_add(subscription.retention())
            .unwrap_or(Timestamp::MAX);
        timers::set(tx, "pubsub", &format!("retain {}", subscription.name), end);
    }
}

fn subscription_of(key: &str) -> &str {
    key.rsplit_once('/')
        .map_or(key, |(subscription, _)| subscription)
}
