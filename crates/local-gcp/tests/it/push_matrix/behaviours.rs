//! What is pushed, and what the answers mean.

use super::server::{Server, Subscribed};
use crate::{
    receiver::Received,
    support::{Context as _, Result},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

/// Enough deliveries to see whether the pauses between them grow.
const REPEATED: usize = 5;

fn budget() -> Value {
    json!({ "attributes": { "billingAccountId": "01D4EE-079462-DFD6EC", "schemaVersion": "1.0" } })
}

/// A body with what is different each time replaced by whether it is what it should be.
fn body(pushed: &Received, id: &str) -> Value {
    let mut body = pushed.json();
    for name in ["messageId", "message_id"] {
        if body["message"][name] == id {
            body["message"][name] = "the id that publishing answered".into();
        }
    }
    for name in ["publishTime", "publish_time"] {
        let time = body["message"][name].as_str().unwrap_or_default();
        if time.ends_with('Z') && time.parse::<Timestamp>().is_ok() {
            body["message"][name] = "a time".into();
        }
    }
    body
}

/// The headers that Pub/Sub itself gave a meaning to.
fn headers(pushed: &Received, attributes: &[&str]) -> Value {
    let mut headers = BTreeMap::new();
    for (name, value) in &pushed.headers {
        let name = name.as_str();
        let value = String::from_utf8_lossy(value.as_bytes());
        let shown = match name {
            "x-goog-pubsub-message-id" => "an id",
            "x-goog-pubsub-publish-time" if value.parse::<Timestamp>().is_ok() => "a time",
            "authorization" => value.split(' ').next().unwrap_or_default(),
            "user-agent" => value.split(['/', ';']).next().unwrap_or_default(),
            _ if name.starts_with("x-goog-") => &value,
            "content-type" => &value,
            _ if attributes.contains(&name) => &value,
            _ => continue,
        };
        headers.insert(name.to_owned(), shown.to_owned());
    }
    json!(headers)
}

async fn pushed(subscribed: &Subscribed<'_>, text: &str, message: Value) -> Result<Value> {
    let id = subscribed.publish(text, message).await?;
    let pushed = subscribed.deliveries(1).await?.remove(0);
    Ok(json!({ "headers": headers(&pushed, &[]), "body": body(&pushed, &id) }))
}

pub(super) async fn wrapped(server: &Server) -> Result<Value> {
    let subscribed = server.subscribed("wrapped", "/", json!({})).await?;
    pushed(&subscribed, "{\"costAmount\":1}", budget()).await
}

pub(super) async fn wrapped_of_an_ordered_subscription(server: &Server) -> Result<Value> {
    let settings = json!({ "enableMessageOrdering": true });
    let subscribed = server.subscribed("ordered", "/", settings).await?;
    let keyed = json!({ "attributes": { "a": "b" }, "orderingKey": "k" });
    Ok(pushed(&subscribed, "x", keyed).await?["body"].take())
}

pub(super) async fn wrapped_with_a_dead_letter_policy(server: &Server) -> Result<Value> {
    let settings = dead_letters(server, "attempt").await?;
    let subscribed = server.subscribed("attempt", "/", settings).await?;
    let one = json!({ "attributes": { "a": "b" } });
    Ok(pushed(&subscribed, "x", one).await?["body"].take())
}

pub(super) async fn attributes_alone(server: &Server) -> Result<Value> {
    let subscribed = server.subscribed("no-data", "/", json!({})).await?;
    let one = json!({ "attributes": { "only": "attrs" } });
    Ok(pushed(&subscribed, "", one).await?["body"].take())
}

pub(super) async fn data_alone(server: &Server) -> Result<Value> {
    let subscribed = server.subscribed("no-attributes", "/", json!({})).await?;
    Ok(pushed(&subscribed, "x", json!({})).await?["body"].take())
}

async fn unwrapped_push(
    server: &Server,
    name: &str,
    no_wrapper: Value,
    message: Value,
) -> Result<Value> {
    let settings = json!({ "pushConfig": { "noWrapper": no_wrapper } });
    let subscribed = server.subscribed(name, "/", settings).await?;
    subscribed.publish("hello", message).await?;
    let pushed = subscribed.deliveries(1).await?.remove(0);
    Ok(json!({
        "headers": headers(&pushed, &["a", "ce-type"]),
        "body": String::from_utf8_lossy(&pushed.body),
    }))
}

pub(super) async fn unwrapped(server: &Server) -> Result<Value> {
    let message = json!({ "attributes": { "a": "b", "ce-type": "x" } });
    unwrapped_push(server, "unwrapped", json!({}), message).await
}

pub(super) async fn unwrapped_with_metadata(server: &Server) -> Result<Value> {
    let message = json!({ "attributes": { "a": "b", "ce-type": "x" }, "orderingKey": "k" });
    let metadata = json!({ "writeMetadata": true });
    unwrapped_push(server, "metadata", metadata, message).await
}

pub(super) async fn unwrapped_with_a_content_type(server: &Server) -> Result<Value> {
    let message = json!({ "attributes": { "content-type": "text/plain" } });
    let metadata = json!({ "writeMetadata": true });
    unwrapped_push(server, "content-type", metadata, message).await
}

pub(super) async fn oidc_token(server: &Server) -> Result<Value> {
    let token = json!({ "serviceAccountEmail": "push@demo.iam.gserviceaccount.com" });
    let settings = json!({ "pushConfig": { "oidcToken": token } });
    let subscribed = server.subscribed("oidc", "/", settings).await?;
    Ok(pushed(&subscribed, "x", json!({})).await?["headers"].take())
}

/// Three that fit behind one that does not: once they have come, so would that one have.
pub(super) async fn filter(server: &Server) -> Result<Value> {
    let settings = json!({ "filter": "attributes.kind = \"good\"" });
    let subscribed = server.subscribed("filter", "/", settings).await?;
    for kind in ["bad", "good", "good", "good"] {
        let message = json!({ "attributes": { "kind": kind } });
        subscribed.publish("x", message).await?;
    }
    let kinds = || {
        let received = subscribed.receiver.received();
        let kind = |one: &Received| one.json()["message"]["attributes"]["kind"].clone();
        received.iter().map(kind).collect::<Vec<_>>()
    };
    let good = async || {
        let good = kinds().into_iter().filter(|kind| kind == "good").count();
        Ok((good >= 3).then_some(()))
    };
    server.until("three that pass the filter", good).await?;
    let all = kinds();
    Ok(json!({ "applied": !all.contains(&json!("bad")) }))
}

/// One topic, and a subscription for each answer. When the one that is refused has come three times over, so would every
/// other that is not acknowledged.
pub(super) async fn answers(server: &Server) -> Result<Value> {
    const STATUSES: [u16; 14] = [
        200, 201, 202, 203, 204, 205, 206, 301, 304, 400, 404, 429, 500, 503,
    ];
    let all = server
        .subscribed("answers", "/status/500", json!({}))
        .await?;
    for status in STATUSES {
        let endpoint = all.receiver.url(&format!("/status/{status}"));
        let subscription = json!({
            "topic": "projects/demo/topics/answers",
            "pushConfig": { "pushEndpoint": format!("{endpoint}?also") },
        });
        server
            .put(&format!("subscriptions/answers-{status}"), subscription)
            .await?;
    }
    all.publish("x", json!({})).await?;
    let times = || {
        let mut times: BTreeMap<u16, usize> = BTreeMap::new();
        for received in all.receiver.received() {
            let status = received.path.strip_prefix("/status/");
            if let Some(Ok(status)) = status.map(str::parse) {
                *times.entry(status).or_default() += 1;
            }
        }
        times
    };
    let often = async || {
        let times = times();
        let everywhere = STATUSES.iter().all(|status| times.contains_key(status));
        // Two subscriptions are answered so.
        Ok((everywhere && times.get(&500) >= Some(&8)).then_some(()))
    };
    server.until("the fourth delivery", often).await?;
    let meaning = |(status, times): (u16, usize)| {
        let meaning = if times == 1 { "taken" } else { "comes again" };
        (status.to_string(), Value::from(meaning))
    };
    Ok(times().into_iter().map(meaning).collect())
}

/// 102 and the end of the connection, which no HTTP library answers with. Whether the message comes again is told by
/// a second one that is refused as often.
pub(super) async fn informational_answer(server: &Server) -> Result<Value> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let endpoint = format!("http://{}/", listener.local_addr()?);
    let refused = server
        .subscribed("informational", "/status/500", json!({}))
        .await?;
    let subscription = json!({
        "topic": "projects/demo/topics/informational",
        "pushConfig": { "pushEndpoint": endpoint },
    });
    server
        .put("subscriptions/informational-102", subscription)
        .await?;
    let mut times = 0_usize;
    let answering = async {
        loop {
            let (mut connection, _) = listener.accept().await?;
            // Some clients look at the connection once before they send anything.
            if connection.read(&mut [0; 4096]).await? > 0 {
                times += 1;
                connection
                    .write_all(b"HTTP/1.1 102 Processing\r\n\r\n")
                    .await?;
                connection.shutdown().await?;
            }
        }
    };
    refused.publish("x", json!({})).await?;
    let ended: Result<()> = tokio::select! {
        never = answering => never,
        deliveries = refused.deliveries(REPEATED) => deliveries.map(drop),
    };
    ended?;
    Ok(json!({ "comes again": times > 1, "came": times > 0 }))
}

/// What the pauses between repeated deliveries look like, as far as a busy machine tells.
async fn pauses(subscribed: &Subscribed<'_>, least: f64, most: f64) -> Result<Value> {
    subscribed.publish("x", json!({})).await?;
    let pauses = subscribed
        .server
        .pauses(&subscribed.deliveries(REPEATED).await?);
    let (first, last) = (
        *pauses.first().context("a first pause")?,
        *pauses.last().context("a last pause")?,
    );
    Ok(json!({
        "grow": last > 2.0 * first,
        "begin near the least": (0.8 * least..2.0 * least).contains(&first),
        "reach the most": last > 0.8 * most,
        "never exceed the most": pauses.iter().all(|pause| *pause < 1.25 * most),
    }))
}

pub(super) async fn no_retry_policy(server: &Server) -> Result<Value> {
    let subscribed = server
        .subscribed("no-policy", "/status/500", json!({}))
        .await?;
    // What is said of the real service: from 100 ms to a minute, which five deliveries do not reach.
    pauses(&subscribed, 0.1, 60.0).await
}

pub(super) async fn retry_policy(server: &Server) -> Result<Value> {
    let policy = json!({ "minimumBackoff": "2s", "maximumBackoff": "8s" });
    let settings = json!({ "retryPolicy": policy });
    let subscribed = server.subscribed("policy", "/status/500", settings).await?;
    pauses(&subscribed, 2.0, 8.0).await
}

pub(super) async fn ack_deadline(server: &Server) -> Result<Value> {
    let settings = json!({ "ackDeadlineSeconds": 10 });
    let subscribed = server.subscribed("deadline", "/hang", settings).await?;
    subscribed.publish("x", json!({})).await?;
    subscribed.deliveries(1).await?;
    let first = server.now();
    let deliveries = subscribed.deliveries(2).await?;
    let pause = server.now() - first;
    let [first, second] = [0, 1].map(|n| deliveries[n].json()["message"]["messageId"].clone());
    Ok(json!({
        "comes again at the deadline, the first not yet answered": (9.0..12.0).contains(&pause),
        "the same message": first == second,
    }))
}

/// The first of three with one key is refused twice.
pub(super) async fn ordering(server: &Server) -> Result<Value> {
    let settings = json!({ "enableMessageOrdering": true });
    let subscribed = server.subscribed("in-order", "/", settings).await?;
    subscribed.receiver.answer(&[500, 500]);
    for text in ["one", "two", "three"] {
        let keyed = json!({ "orderingKey": "k" });
        subscribed.publish(text, keyed).await?;
    }
    let came: Vec<String> = subscribed.deliveries(5).await?.iter().map(text).collect();
    Ok(json!(came))
}

fn text(pushed: &Received) -> String {
    let body = pushed.json();
    let data = body["message"]["data"].as_str().unwrap_or_default();
    String::from_utf8_lossy(&STANDARD.decode(data).unwrap_or_default()).into_owned()
}

/// What was published while a subscription was pulled is pushed once it has an endpoint.
pub(super) async fn backlog(server: &Server) -> Result<Value> {
    let subscribed = server.subscribed("backlog", "/", json!({})).await?;
    let to = |config: Value| {
        let path = "subscriptions/backlog:modifyPushConfig";
        server.post(path, json!({ "pushConfig": config }))
    };
    to(json!({})).await?;
    subscribed.publish("x", json!({})).await?;
    let before = subscribed.receiver.received().len();
    to(json!({ "pushEndpoint": subscribed.receiver.url("/") })).await?;
    subscribed.deliveries(1).await?;
    Ok(json!({ "pushed before": before, "pushed after": true }))
}

/// A topic `NAME-letters` with a subscription of the same name, and the settings that send dead letters there.
async fn dead_letters(server: &Server, name: &str) -> Result<Value> {
    let letters = format!("{name}-letters");
    let topic = format!("projects/demo/topics/{letters}");
    server.put(&format!("topics/{letters}"), json!({})).await?;
    server
        .put(
            &format!("subscriptions/{letters}"),
            json!({ "topic": topic }),
        )
        .await?;
    let policy = json!({ "deadLetterTopic": topic, "maxDeliveryAttempts": 5 });
    Ok(json!({ "deadLetterPolicy": policy }))
}

/// Publishes one that cannot be delivered, and shows what becomes of it.
async fn buried(subscribed: &Subscribed<'_>) -> Result<Value> {
    let id = subscribed.publish("x", budget()).await?;
    let letters = format!("{}-letters", subscribed.topic);
    let arrived = async || Ok(subscribed.server.pull(&letters).await?.pop());
    let letter = subscribed.server.until("a dead letter", arrived).await?;
    let mut message = letter["message"].clone();
    let time = message["attributes"]["CloudPubSubDeadLetterSourceTopicPublishTime"].take();
    let time = time.as_str().unwrap_or_default();
    Ok(json!({
        "data": message["data"],
        "attributes": message["attributes"],
        "time of the first publication": time.parse::<Timestamp>().is_ok(),
        "an id of its own": message["messageId"] != id.as_str(),
        "deliveries": subscribed.receiver.received().len(),
    }))
}

pub(super) async fn dead_letter_of_refusals(server: &Server) -> Result<Value> {
    let settings = dead_letters(server, "refusals").await?;
    let subscribed = server
        .subscribed("refusals", "/status/500", settings)
        .await?;
    buried(&subscribed).await
}

pub(super) async fn dead_letter_of_a_receiver_that_is_gone(server: &Server) -> Result<Value> {
    let settings = dead_letters(server, "gone").await?;
    let subscribed = server.subscribed("gone", "/", settings).await?;
    subscribed.receiver.leave();
    buried(&subscribed).await
}
