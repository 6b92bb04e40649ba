//! The methods of subscriptions.

use super::{
    message::Message,
    names, push, queue,
    subscription::{PushConfig, Subscription},
    topic::Topic,
};
use crate::{
    google::{
        json,
        mask::FieldMask,
        page::{Page, listed},
    },
    http::{Answer, ApiError, Call, Reply},
    store::Tx,
};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

const CHANGEABLE: [&str; 12] = [
    "pushConfig",
    "ackDeadlineSeconds",
    "retainAckedMessages",
    "messageRetentionDuration",
    "labels",
    "expirationPolicy",
    "deadLetterPolicy",
    "retryPolicy",
    "enableExactlyOnceDelivery",
    "detached",
    "messageTransforms",
    "tags",
];

/// Creates a subscription, or replaces one when `replace` says so.
pub(super) fn insert(
    tx: &mut Tx,
    subscription: Subscription,
    replace: bool,
) -> Result<Subscription, ApiError> {
    let subscription = subscription.completed(tx)?;
    if !replace && tx.get::<Subscription>(&subscription.name).is_some() {
        return Err(names::taken(&subscription.name));
    }
    tx.get::<Topic>(&subscription.topic)
        .ok_or_else(|| names::missing(&subscription.topic))?;
    let name = subscription.name.clone();
    tx.put(&name, subscription.clone());
    Ok(subscription)
}

/// The subscription of that name, or a 404.
pub(super) fn find(view: &crate::store::View, name: &str) -> Result<Subscription, ApiError> {
    view.get::<Subscription>(name)
        .map(|s| (*s).clone())
        .ok_or_else(|| names::missing(name))
}

pub(super) async fn create(call: Call) -> Answer {
    let subscription = Subscription {
        name: call.param("name")?.to_owned(),
        ..call.json()?
    };
    Reply::json(&call.write(|tx| insert(tx, subscription, false))?)
}

pub(super) async fn get(call: Call) -> Answer {
    Reply::json(&find(&call.view(), call.param("subscription")?)?)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Patch {
    subscription: Value,
    update_mask: String,
}

pub(super) async fn patch(call: Call) -> Answer {
    let name = call.param("name")?;
    let patch: Patch = call.json()?;
    let mask = FieldMask::parse(&patch.update_mask)?;
    if mask.is_empty() || !mask.only(&CHANGEABLE) {
        return Err(ApiError::invalid(format!(
            "Invalid update_mask provided in the UpdateSubscriptionRequest: {:?}; {} can be changed",
            patch.update_mask,
            CHANGEABLE.join(", ")
        )));
    }
    let changed = call.write(|tx| {
        let mut value = json!(find(tx, name)?);
        mask.apply(&mut value, &patch.subscription);
        let changed = json::decode_value::<Subscription>(value)?.completed(tx)?;
        tx.put(name, changed.clone());
        push::pump(&call.app, tx, &changed);
        Ok::<_, ApiError>(changed)
    })?;
    Reply::json(&changed)
}

pub(super) async fn list(call: Call) -> Answer {
    let page = Page::of(&call.query, "pageSize", 1000, 1000)?;
    let prefix = format!("{}/subscriptions/", call.param("project")?);
    let view = call.view();
    let all = view
        .with_prefix::<Subscription>(&prefix)
        .map(|(key, s)| (key.to_owned(), json!(**s)));
    let (subscriptions, next) = page.cut(all);
    Reply::json(&listed("subscriptions", subscriptions, next))
}

pub(super) async fn delete(call: Call) -> Answer {
    let name = call.param("subscription")?;
    call.write(|tx| {
        if !tx.delete::<Subscription>(name) {
            return Err(names::missing(name));
        }
        queue::purge(tx, name, Timestamp::MAX);
        Ok(())
    })?;
    Ok(Reply::empty_json())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ModifyPushConfig {
    push_config: PushConfig,
}

pub(super) async fn modify_push_config(call: Call) -> Answer {
    let name = call.param("subscription")?;
    let request: ModifyPushConfig = call.json()?;
    request.push_config.check()?;
    call.write(|tx| {
        let changed = Subscription {
            push_config: request.push_config,
            ..find(tx, name)?
        };
        tx.put(name, changed.clone());
        push::pump(&call.app, tx, &changed);
        Ok::<_, ApiError>(())
    })?;
    Ok(Reply::empty_json())
}

pub(super) async fn detach(call: Call) -> Answer {
    let name = call.param("subscription")?;
    call.write(|tx| {
        let detached = Subscription {
            detached: true,
            ..find(tx, name)?
        };
        tx.put(name, detached);
        queue::purge(tx, name, Timestamp::MAX);
        Ok::<_, ApiError>(())
    })?;
    Ok(Reply::empty_json())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Seek {
    time: Option<Timestamp>,
    snapshot: Option<String>,
}

/// Seeking forward acknowledges what is older. There is no way back: acknowledged messages are not kept here.
pub(super) async fn seek(call: Call) -> Answer {
    let name = call.param("subscription")?;
    let request: Seek = call.json()?;
    let (Some(time), None) = (request.time, request.snapshot) else {
        return Err(ApiError::new(
            crate::Code::Unimplemented,
            "local-gcp has no snapshots; seek to a time",
        ));
    };
    call.write(|tx| {
        find(tx, name)?;
        queue::purge(tx, name, time);
        Ok::<_, ApiError>(())
    })?;
    Ok(Reply::empty_json())
}

/// The JSON of a message that was pulled.
pub(super) fn pulled(subscription: &Subscription, delivery: &queue::Delivery) -> Value {
    let message: &Message = &delivery.message;
    let mut message = json!(message);
    if message["attributes"]
        .as_object()
        .is_some_and(serde_json::Map::is_empty)
    {
        message
            .as_object_mut()
            .map(|fields| fields.remove("attributes"));
    }
    let mut received = json!({ "ackId": delivery.ack_id(), "message": message });
    if subscription.dead_letter_policy.is_some() {
        received["deliveryAttempt"] = delivery.attempt.into();
    }
    received
}
