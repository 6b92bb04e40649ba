//! Pub/Sub: topics, subscriptions, and messages on their way.
//!
//! ```text
//! publish ─► filter ─► ready ─► leased ─► acknowledged
//!                        ▲         │ refused, or deadline passed
//!                        └─ waiting ◄┴─► dead letter topic
//! ```

mod filter;
mod grpc;
mod message;
mod names;
mod pull;
mod push;
mod queue;
mod redelivery;
mod stream;
mod subscription;
mod subscriptions;
mod topic;

pub(crate) use message::{NewMessage, publish};

use crate::{
    app::App,
    google::json,
    http::{Api, ApiError},
    store::Tx,
};
use serde::Deserialize;
use subscription::Subscription;
use topic::Topic;

pub(crate) fn api() -> Api {
    let api = Api::new("pubsub", "pubsub.googleapis.com")
        .table::<Topic>()
        .table::<Subscription>();
    let api = topics(queue::tables(message::tables(api)));
    grpc::methods(deliveries(subscriptions(api)))
        .on_timer(redelivery::on_timer)
        .on_seed(seed)
        .on_start(start)
}

fn topics(api: Api) -> Api {
    api.put(
        "pubsub.projects.topics.create",
        "/v1/{name=projects/*/topics/*}",
        topic::create,
    )
    .patch(
        "pubsub.projects.topics.patch",
        "/v1/{name=projects/*/topics/*}",
        topic::patch,
    )
    .get(
        "pubsub.projects.topics.get",
        "/v1/{topic=projects/*/topics/*}",
        topic::get,
    )
    .get(
        "pubsub.projects.topics.list",
        "/v1/{project=projects/*}/topics",
        topic::list,
    )
    .delete(
        "pubsub.projects.topics.delete",
        "/v1/{topic=projects/*/topics/*}",
        topic::delete,
    )
    .get(
        "pubsub.projects.topics.subscriptions.list",
        "/v1/{topic=projects/*/topics/*}/subscriptions",
        topic::subscriptions,
    )
    .post(
        "pubsub.projects.topics.publish",
        "/v1/{topic=projects/*/topics/*}:publish",
        topic::publish,
    )
}

fn subscriptions(api: Api) -> Api {
    let one = "/v1/{subscription=projects/*/subscriptions/*}";
    let named = "/v1/{name=projects/*/subscriptions/*}";
    api.put(
        "pubsub.projects.subscriptions.create",
        named,
        subscriptions::create,
    )
    .patch(
        "pubsub.projects.subscriptions.patch",
        named,
        subscriptions::patch,
    )
    .get("pubsub.projects.subscriptions.get", one, subscriptions::get)
    .get(
        "pubsub.projects.subscriptions.list",
        "/v1/{project=projects/*}/subscriptions",
        subscriptions::list,
    )
    .delete(
        "pubsub.projects.subscriptions.delete",
        one,
        subscriptions::delete,
    )
    .post(
        "pubsub.projects.subscriptions.modifyPushConfig",
        "/v1/{subscription=projects/*/subscriptions/*}:modifyPushConfig",
        subscriptions::modify_push_config,
    )
    .post(
        "pubsub.projects.subscriptions.detach",
        "/v1/{subscription=projects/*/subscriptions/*}:detach",
        subscriptions::detach,
    )
    .post(
        "pubsub.projects.subscriptions.seek",
        "/v1/{subscription=projects/*/subscriptions/*}:seek",
        subscriptions::seek,
    )
}

fn deliveries(api: Api) -> Api {
    api.post(
        "pubsub.projects.subscriptions.pull",
        "/v1/{subscription=projects/*/subscriptions/*}:pull",
        pull::pull,
    )
    .post(
        "pubsub.projects.subscriptions.acknowledge",
        "/v1/{subscription=projects/*/subscriptions/*}:acknowledge",
        pull::acknowledge,
    )
    .post(
        "pubsub.projects.subscriptions.modifyAckDeadline",
        "/v1/{subscription=projects/*/subscriptions/*}:modifyAckDeadline",
        pull::modify_ack_deadline,
    )
}

/// Pushes what was ready when the last run ended.
fn start(app: &App) {
    let view = app.store.view();
    for (_, subscription) in view.from::<Subscription>("") {
        let pumped = app.store.write(|tx| {
            push::pump(app, tx, subscription);
            Ok::<_, ApiError>(())
        });
        if let Err(error) = pumped {
            tracing::error!(subscription = subscription.name, %error, "pushing did not start");
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct Seed {
    topics: Vec<Topic>,
    subscriptions: Vec<Subscription>,
}

fn seed(_: &App, tx: &mut Tx, section: serde_json::Value) -> Result<(), ApiError> {
    let seed: Seed = json::decode_value(section)?;
    for topic in seed.topics {
        topic::insert(tx, topic, true)?;
    }
    for subscription in seed.subscriptions {
        subscriptions::insert(tx, subscription, true)?;
    }
    Ok(())
}
