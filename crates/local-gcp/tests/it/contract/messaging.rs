//! Pub/Sub: REST for everything, and the gRPC methods by the official client.

use crate::{
    pubsub_client::{next, publisher, subscriber},
    support::{Api, Result, ensure},
};
use google_cloud_pubsub::model::Message;
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1 as proto;
use serde_json::{Value, json};

const TOPIC: &str = "projects/demo/topics/tour";
const SUBSCRIPTION: &str = "projects/demo/subscriptions/tour";

pub(super) async fn tour(api: &Api) -> Result<()> {
    let (topic, subscription) = (format!("/v1/{TOPIC}"), format!("/v1/{SUBSCRIPTION}"));
    let settings = json!({"labels": {"team": "x"}, "messageRetentionDuration": "86400s"});
    api.put(&topic, settings.clone()).await?.ok()?;
    let again = api.put(&topic, settings).await?;
    ensure!(again.status == 409, "{again:?}");
    let patch = json!({"topic": {"name": TOPIC, "labels": {"team": "y"}}, "updateMask": "labels"});
    api.patch(&topic, patch).await?.ok()?;
    api.get(&topic).await?.ok()?;
    api.get("/v1/projects/demo/topics?pageSize=5").await?.ok()?;
    subscriptions(api, &subscription).await?;
    api.get(&format!("{topic}/subscriptions")).await?.ok()?;
    messages(api, &topic, &subscription).await?;
    grpc(api).await?;
    api.post(&format!("{subscription}:detach"), json!({}))
        .await?
        .ok()?;
    api.get(&subscription).await?.ok()?;
    api.delete(&subscription).await?.ok()?;
    api.delete(&topic).await?.ok()?;
    api.get(&topic).await?.refused()?;
    api.get(&subscription).await?.refused()?;
    Ok(())
}

async fn subscriptions(api: &Api, one: &str) -> Result<()> {
    api.put("/v1/projects/demo/topics/dead", json!({}))
        .await?
        .ok()?;
    let settings = json!({
        "topic": TOPIC, "ackDeadlineSeconds": 20, "labels": {"a": "b"}, "filter": "attributes:kind",
        "enableMessageOrdering": true, "messageRetentionDuration": "3600s", "retainAckedMessages": true,
        "expirationPolicy": {"ttl": "2678400s"},
        "retryPolicy": {"minimumBackoff": "10s", "maximumBackoff": "600s"},
        "deadLetterPolicy": {"deadLetterTopic": "projects/demo/topics/dead", "maxDeliveryAttempts": 5},
    });
    api.put(one, settings).await?.ok()?;
    api.get("/v1/projects/demo/subscriptions").await?.ok()?;
    let push = json!({"pushConfig": {
        "pushEndpoint": "http://127.0.0.1:1/", "noWrapper": {"writeMetadata": true},
        "oidcToken": {"serviceAccountEmail": "push@demo.iam.gserviceaccount.com", "audience": "a"},
    }});
    let configure = format!("{one}:modifyPushConfig");
    api.post(&configure, push).await?.ok()?;
    api.get(one).await?.ok()?;
    api.post(&configure, json!({"pushConfig": {}}))
        .await?
        .ok()?;
    let patch = json!({
        "subscription": {"name": SUBSCRIPTION, "ackDeadlineSeconds": 10},
        "updateMask": "ackDeadlineSeconds",
    });
    api.patch(one, patch).await?.ok()?;
    Ok(())
}

async fn messages(api: &Api, topic: &str, subscription: &str) -> Result<()> {
    let message = json!({"data": "aGk=", "attributes": {"kind": "x"}, "orderingKey": "k"});
    api.post(&format!("{topic}:publish"), json!({"messages": [message]}))
        .await?
        .ok()?;
    let take = json!({"maxMessages": 10, "returnImmediately": true});
    let pulled: Value = api
        .post(&format!("{subscription}:pull"), take)
        .await?
        .ok()?;
    let ack = &pulled["receivedMessages"][0]["ackId"];
    ensure!(ack.is_string(), "{pulled}");
    let longer = json!({"ackIds": [ack], "ackDeadlineSeconds": 30});
    api.post(&format!("{subscription}:modifyAckDeadline"), longer)
        .await?
        .ok()?;
    api.post(
        &format!("{subscription}:acknowledge"),
        json!({"ackIds": [ack]}),
    )
    .await?
    .ok()?;
    let back = json!({"time": "2026-01-01T00:00:00Z"});
    api.post(&format!("{subscription}:seek"), back)
        .await?
        .ok()?;
    let nothing = json!({"messages": [{}]});
    api.post(&format!("{topic}:publish"), nothing)
        .await?
        .refused()?;
    Ok(())
}

/// What the official client does over gRPC, and the calls that it does not make; the discovery documents have no say in it.
async fn grpc(api: &Api) -> Result<()> {
    let publisher = publisher(api, TOPIC).await?;
    let message = || Message::new().set_attributes([("kind", "x")]);
    publisher.publish(message()).await?;
    let subscription = SUBSCRIPTION.to_owned();
    let pull = proto::PullRequest {
        subscription: subscription.clone(),
        max_messages: 1,
        ..Default::default()
    };
    unary(api, "Pull", pull).await?;
    publisher.publish(message()).await?;
    let client = subscriber(api).await?;
    let mut stream = client.subscribe(SUBSCRIPTION).build();
    let (_, handler) = next(&mut stream).await?;
    handler.ack();
    let acknowledge = proto::AcknowledgeRequest {
        subscription: subscription.clone(),
        ack_ids: vec![],
    };
    unary(api, "Acknowledge", acknowledge).await?;
    let modify = proto::ModifyAckDeadlineRequest {
        subscription,
        ack_ids: vec![],
        ack_deadline_seconds: 10,
    };
    unary(api, "ModifyAckDeadline", modify).await
}

/// One gRPC message: not compressed, its length, its bytes.
async fn unary(api: &Api, method: &str, message: impl prost::Message) -> Result<()> {
    let bytes = message.encode_to_vec();
    let mut frame = vec![0];
    frame.extend(u32::try_from(bytes.len())?.to_be_bytes());
    frame.extend(bytes);
    let http2 = reqwest::Client::builder()
        .no_proxy()
        .http2_prior_knowledge()
        .build()?;
    let url = format!("{}/google.pubsub.v1.Subscriber/{method}", api.gcp.url());
    let request = http2.post(url).header("content-type", "application/grpc");
    let answer = request.header("te", "trailers").body(frame).send().await?;
    ensure!(answer.status() == 200, "{method}: {answer:?}");
    Ok(())
}
