//! Topics.

use super::{
    message::{self, NewMessage},
    names,
    subscription::Subscription,
};
use crate::{
    google::{
        json,
        mask::FieldMask,
        page::{Page, listed},
    },
    http::{Answer, ApiError, Call, Reply},
    store::{Record, Tx},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A topic, in the form of the API. What has no effect here is kept as it came.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Topic {
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message_storage_policy: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kms_key_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    schema_settings: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    satisfies_pzs: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message_retention_duration: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    state: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ingestion_data_source_settings: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message_transforms: Option<Value>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    tags: BTreeMap<String, String>,
}

impl Record for Topic {
    const TABLE: &'static str = "pubsub.topics";
}

/// Creates a topic, or replaces one when `replace` says so.
pub(super) fn insert(tx: &mut Tx, topic: Topic, replace: bool) -> Result<(), ApiError> {
    names::check(&topic.name, "topics")?;
    if !replace && tx.get::<Topic>(&topic.name).is_some() {
        return Err(names::taken(&topic.name));
    }
    let name = topic.name.clone();
    tx.put(&name, topic);
    Ok(())
}

pub(super) async fn create(call: Call) -> Answer {
    let topic = Topic {
        name: call.param("name")?.to_owned(),
        ..call.json()?
    };
    call.write(|tx| insert(tx, topic.clone(), false))?;
    Reply::json(&topic)
}

pub(super) async fn get(call: Call) -> Answer {
    let name = call.param("topic")?;
    let topic = call
        .view()
        .get::<Topic>(name)
        .ok_or_else(|| names::missing(name))?;
    Reply::json(&*topic)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Patch {
    topic: Value,
    update_mask: String,
}

pub(super) async fn patch(call: Call) -> Answer {
    let name = call.param("name")?;
    let patch: Patch = call.json()?;
    let mask = FieldMask::parse(&patch.update_mask)?;
    if mask.is_empty()
        || !mask.only(&[
            "labels",
            "messageStoragePolicy",
            "messageRetentionDuration",
            "schemaSettings",
            "messageTransforms",
        ])
    {
        return Err(ApiError::invalid(format!(
            "Invalid update_mask provided: {:?}",
            patch.update_mask
        )));
    }
    let topic = call.write(|tx| {
        let old = tx.get::<Topic>(name).ok_or_else(|| names::missing(name))?;
        let mut value = json!(*old);
        mask.apply(&mut value, &patch.topic);
        let topic: Topic = json::decode_value(value)?;
        tx.put(name, topic.clone());
        Ok::<_, ApiError>(topic)
    })?;
    Reply::json(&topic)
}

pub(super) async fn list(call: Call) -> Answer {
    let page = Page::of(&call.query, "pageSize", 1000, 1000)?;
    let prefix = format!("{}/topics/", call.param("project")?);
    let view = call.view();
    let topics = view
        .with_prefix::<Topic>(&prefix)
        .map(|(key, topic)| (key.to_owned(), json!(**topic)));
    let (topics, next) = page.cut(topics);
    Reply::json(&listed("topics", topics, next))
}

pub(super) async fn delete(call: Call) -> Answer {
    let name = call.param("topic")?;
    call.write(|tx| {
        if !tx.delete::<Topic>(name) {
            return Err(names::missing(name));
        }
        // Subscriptions outlive their topic and keep their backlog.
        let orphans: Vec<Subscription> = super::subscription::of_topic(tx, name).collect();
        for mut orphan in orphans {
            names::DELETED_TOPIC.clone_into(&mut orphan.topic);
            let key = orphan.name.clone();
            tx.put(&key, orphan);
        }
        Ok(())
    })?;
    Ok(Reply::empty_json())
}

pub(super) async fn subscriptions(call: Call) -> Answer {
    let topic = call.param("topic")?;
    let view = call.view();
    view.get::<Topic>(topic)
        .ok_or_else(|| names::missing(topic))?;
    let page = Page::of(&call.query, "pageSize", 1000, 1000)?;
    let names =
        super::subscription::of_topic(&view, topic).map(|s| (s.name.clone(), s.name.into()));
    let (names, next) = page.cut(names);
    Reply::json(&listed("subscriptions", names, next))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Publish {
    #[serde(default)]
    messages: Vec<NewMessage>,
}

pub(super) async fn publish(call: Call) -> Answer {
    let topic = call.param("topic")?;
    let request: Publish = call.json()?;
    let ids = call.write(|tx| message::publish(&call.app, tx, topic, request.messages))?;
    Reply::json(&json!({ "messageIds": ids }))
}
