//! What one subscription still has to deliver. A message is ready, leased to somebody until a deadline, or waiting for
//! its next try; which of the three is told by the table that it stands in.

use super::{message::Message, names, subscription::Subscription};
use crate::{
    engine::timers,
    store::{Record, Tx, View},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{collections::HashSet, sync::Arc};

/// How far the line of ready messages is searched for one whose ordering key is free.
const SEARCHED: usize = 10_000;

/// To be delivered now.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Ready {
    /// Deliveries that failed so far.
    pub(super) failures: u32,
    #[serde(default)]
    pub(super) ordering_key: String,
}

/// Delivered, and not yet acknowledged.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Leased {
    pub(super) failures: u32,
    #[serde(default)]
    pub(super) ordering_key: String,
    pub(super) until: Timestamp,
    /// The stream that it was sent to; 0 for none.
    pub(super) holder: u64,
}

/// To be delivered once its timer fires.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Waiting {
    pub(super) failures: u32,
    #[serde(default)]
    pub(super) ordering_key: String,
}

impl Record for Ready {
    const TABLE: &'static str = "pubsub.ready";
}

impl Record for Leased {
    const TABLE: &'static str = "pubsub.leased";
}

impl Record for Waiting {
    const TABLE: &'static str = "pubsub.waiting";
}

pub(super) fn tables(api: crate::http::Api) -> crate::http::Api {
    api.table::<Ready>().table::<Leased>().table::<Waiting>()
}

/// A message that was handed out.
#[derive(Clone, Debug)]
pub(super) struct Delivery {
    /// Its place in the queue: the subscription and its id.
    pub(super) key: String,
    /// 1 for the first.
    pub(super) attempt: u32,
    pub(super) message: Arc<Message>,
}

impl Delivery {
    /// What the receiver acknowledges with.
    pub(super) fn ack_id(&self) -> String {
        let id = names::id(&self.key);
        format!("{id}:{}", self.attempt)
    }
}

/// Reads an ack id: the place in the queue of `subscription`, and the attempt.
pub(super) fn parse_ack_id(subscription: &str, ack_id: &str) -> Option<(String, u32)> {
    let (id, attempt) = ack_id.split_once(':')?;
    let known = id.len() == 20 && id.bytes().all(|b| b.is_ascii_digit());
    known.then_some(())?;
    Some((format!("{subscription}/{id}"), attempt.parse().ok()?))
}

pub(super) fn line(subscription: &str) -> String {
    format!("{subscription}/")
}

/// Adds a message at the end.
pub(super) fn enqueue(tx: &mut Tx, subscription: &Subscription, id: u64, message: Message) {
    let key = format!("{}/{id:020}", subscription.name);
    let ordering_key = if subscription.enable_message_ordering {
        message.ordering_key.clone()
    } else {
        String::new()
    };
    if tx
        .with_prefix::<Message>(&line(&subscription.name))
        .next()
        .is_none()
    {
        let end = message
            .publish_time
            .saturating_add(subscription.retention());
        timers::set(
            tx,
            "pubsub",
            &format!("retain {}", subscription.name),
            end.unwrap_or(Timestamp::MAX),
        );
    }
    tx.put(&key, message);
    tx.put(
        &key,
        Ready {
            failures: 0,
            ordering_key,
        },
    );
}

/// Whether something could be handed out.
pub(super) fn has_ready(view: &View, subscription: &str) -> bool {
    view.with_prefix::<Ready>(&line(subscription))
        .next()
        .is_some()
}

/// How many messages are handed out and not acknowledged, to anybody or to one stream.
pub(super) fn outstanding(view: &View, subscription: &str, holder: Option<u64>) -> usize {
    let prefix = line(subscription);
    view.with_prefix::<Leased>(&prefix)
        .filter(|(_, l)| holder.is_none_or(|h| h == l.holder))
        .count()
}

/// Hands out up to `most` messages, each to be acknowledged before `until`. Of messages with the same ordering key only
/// the first is handed out, and the next once that one is acknowledged.
pub(super) fn lease(
    tx: &mut Tx,
    subscription: &str,
    most: usize,
    until: Timestamp,
    holder: u64,
) -> Vec<Delivery> {
    let prefix = line(subscription);
    let mut busy: HashSet<String> = HashSet::new();
    busy.extend(
        tx.with_prefix::<Leased>(&prefix)
            .map(|(_, l)| l.ordering_key.clone()),
    );
    busy.extend(
        tx.with_prefix::<Waiting>(&prefix)
            .map(|(_, w)| w.ordering_key.clone()),
    );
    let mut chosen = vec![];
    for (key, ready) in tx.with_prefix::<Ready>(&prefix).take(SEARCHED) {
        if chosen.len() == most {
            break;
        }
        if ready.ordering_key.is_empty() || busy.insert(ready.ordering_key.clone()) {
            chosen.push((key.to_owned(), (**ready).clone()));
        }
    }
    chosen
        .into_iter()
        .filter_map(|(key, ready)| hand_out(tx, key, ready, until, holder))
        .collect()
}

fn hand_out(
    tx: &mut Tx,
    key: String,
    ready: Ready,
    until: Timestamp,
    holder: u64,
) -> Option<Delivery> {
    let Ready {
        failures,
        ordering_key,
    } = ready;
    let message = tx.get::<Message>(&key)?;
    tx.delete::<Ready>(&key);
    tx.put(
        &key,
        Leased {
            failures,
            ordering_key,
            until,
            holder,
        },
    );
    timers::set(tx, "pubsub", &format!("lease {key}"), until);
    Some(Delivery {
        key,
        attempt: failures + 1,
        message,
    })
}

/// Whether this attempt is the one that the message is out on.
pub(super) fn is_current(view: &View, key: &str, attempt: u32) -> bool {
    view.get::<Leased>(key)
        .is_some_and(|lease| lease.failures + 1 == attempt)
}

/// Takes a message off the queue for good. `false` when it was gone already.
pub(super) fn acknowledge(tx: &mut Tx, key: &str) -> bool {
    tx.delete::<Ready>(key);
    if tx.delete::<Leased>(key) {
        timers::cancel(tx, "pubsub", &format!("lease {key}"));
    }
    if tx.delete::<Waiting>(key) {
        timers::cancel(tx, "pubsub", &format!("retry {key}"));
    }
    tx.delete::<Message>(key)
}

/// Gives the holder of a message more time, or less.
pub(super) fn extend(tx: &mut Tx, key: &str, until: Timestamp) {
    if let Some(lease) = tx.get::<Leased>(key) {
        tx.put(
            key,
            Leased {
                until,
                ..(*lease).clone()
            },
        );
        timers::set(tx, "pubsub", &format!("lease {key}"), until);
    }
}

/// Takes all messages off the queue that were published before `time`.
pub(super) fn purge(tx: &mut Tx, subscription: &str, time: Timestamp) {
    let prefix = line(subscription);
    let old = tx
        .with_prefix::<Message>(&prefix)
        .take_while(|(_, m)| m.publish_time < time);
    let keys: Vec<String> = old.map(|(key, _)| key.to_owned()).collect();
    for key in keys {
        acknowledge(tx, &key);
    }
}
