//! Pub/Sub over REST: topics, subscriptions, pull.

use crate::support::{Api, Result, start, start_stopped};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

pub(crate) const TOPIC: &str = "projects/demo/topics/events";
pub(crate) const SUBSCRIPTION: &str = "projects/demo/subscriptions/sub";

/// A topic and a subscription with these settings.
pub(crate) async fn subscribed(api: &Api, mut settings: Value) -> Result<()> {
    api.put(&format!("/v1/{TOPIC}"), json!({})).await?.ok()?;
    settings["topic"] = TOPIC.into();
    api.put(&format!("/v1/{SUBSCRIPTION}"), settings)
        .await?
        .ok()?;
    Ok(())
}

pub(crate) async fn publish(api: &Api, text: &str) -> Result<String> {
    publish_with(api, text, json!({})).await
}

pub(crate) async fn publish_with(api: &Api, text: &str, mut message: Value) -> Result<String> {
    message["data"] = STANDARD.encode(text).into();
    let answer = api
        .post(
            &format!("/v1/{TOPIC}:publish"),
            json!({ "messages": [message] }),
        )
        .await?
        .ok()?;
    Ok(answer["messageIds"][0]
        .as_str()
        .unwrap_or_default()
        .to_owned())
}

pub(crate) async fn pull(api: &Api, subscription: &str) -> Result<Vec<Value>> {
    let request = json!({ "maxMessages": 100, "returnImmediately": true });
    let answer = api
        .post(&format!("/v1/{subscription}:pull"), request)
        .await?
        .ok()?;
    Ok(answer["receivedMessages"]
        .as_array()
        .cloned()
        .unwrap_or_default())
}

pub(crate) fn texts(received: &[Value]) -> Vec<String> {
    let text = |m: &Value| {
        STANDARD
            .decode(m["message"]["data"].as_str().unwrap_or_default())
            .unwrap_or_default()
    };
    received
        .iter()
        .map(|m| String::from_utf8_lossy(&text(m)).into_owned())
        .collect()
}

fn ack_ids(received: &[Value]) -> Value {
    received.iter().map(|m| m["ackId"].clone()).collect()
}

#[tokio::test]
async fn topics_are_created_listed_in_pages_and_deleted() -> Result<()> {
    let api = start().await?;
    for name in ["aaa", "bbb", "ccc"] {
        api.put(
            &format!("/v1/projects/demo/topics/{name}"),
            json!({"labels": {"k": "v"}}),
        )
        .await?
        .ok()?;
    }
    let again = api.put("/v1/projects/demo/topics/aaa", json!({})).await?;
    assert_eq!(again.refused()?, (409, "ALREADY_EXISTS".to_owned()));
    let first = api.get("/v1/projects/demo/topics?pageSize=2").await?.ok()?;
    let token = first["nextPageToken"].as_str().unwrap_or_default();
    let second = api
        .get(&format!(
            "/v1/projects/demo/topics?pageSize=2&pageToken={token}"
        ))
        .await?
        .ok()?;
    assert_eq!(
        second,
        json!({"topics": [{"name": "projects/demo/topics/ccc", "labels": {"k": "v"}}]})
    );
    assert_eq!(
        api.delete("/v1/projects/demo/topics/ccc").await?.ok()?,
        json!({})
    );
    assert_eq!(
        api.get("/v1/projects/demo/topics/ccc").await?.refused()?,
        (404, "NOT_FOUND".to_owned())
    );
    Ok(())
}

#[tokio::test]
async fn a_subscription_gets_googles_defaults() -> Result<()> {
    let api = start().await?;
    subscribed(&api, json!({"retryPolicy": {}})).await?;
    let got = api.get(&format!("/v1/{SUBSCRIPTION}")).await?.ok()?;
    assert_eq!(
        got,
        json!({
            "name": SUBSCRIPTION,
            "topic": TOPIC,
            "pushConfig": {},
            "ackDeadlineSeconds": 10,
            "messageRetentionDuration": "604800s",
            "expirationPolicy": {"ttl": "2678400s"},
            "retryPolicy": {"minimumBackoff": "10s", "maximumBackoff": "600s"},
            "state": "ACTIVE",
        })
    );
    Ok(())
}

#[tokio::test]
async fn settings_that_google_refuses_are_refused_with_its_code() -> Result<()> {
    let api = start().await?;
    api.put(&format!("/v1/{TOPIC}"), json!({})).await?.ok()?;
    let dead = |attempts: u32, topic: &str| json!({"deadLetterPolicy": {"deadLetterTopic": topic, "maxDeliveryAttempts": attempts}});
    for (settings, status, code) in [
        (dead(3, TOPIC), 400, "OUT_OF_RANGE"),
        (dead(101, TOPIC), 400, "OUT_OF_RANGE"),
        (dead(5, "projects/demo/topics/nowhere"), 404, "NOT_FOUND"),
        (json!({"ackDeadlineSeconds": 5}), 400, "INVALID_ARGUMENT"),
        (json!({"filter": "domain = 1"}), 400, "INVALID_ARGUMENT"),
        (
            json!({"pushConfig": {"pushEndpoint": "nowhere"}}),
            400,
            "INVALID_ARGUMENT",
        ),
        (
            json!({"retryPolicy": {"minimumBackoff": "700s"}}),
            400,
            "INVALID_ARGUMENT",
        ),
        (
            json!({"messageRetentionDuration": "9m"}),
            400,
            "INVALID_ARGUMENT",
        ),
        (json!({"ackDeadlineSecond": 10}), 400, "INVALID_ARGUMENT"),
    ] {
        let mut body = settings.clone();
        body["topic"] = TOPIC.into();
        let refused = api
            .put(&format!("/v1/{SUBSCRIPTION}"), body)
            .await?
            .refused()?;
        assert_eq!(refused, (status, code.to_owned()), "{settings}");
    }
    let missing = json!({"topic": "projects/demo/topics/nowhere"});
    assert_eq!(
        api.put(&format!("/v1/{SUBSCRIPTION}"), missing)
            .await?
            .refused()?
            .0,
        404
    );
    let named = api
        .put(
            "/v1/projects/demo/subscriptions/1x",
            json!({"topic": TOPIC}),
        )
        .await?;
    assert_eq!(named.refused()?.0, 400);
    Ok(())
}

#[tokio::test]
async fn messages_that_google_refuses_are_refused() -> Result<()> {
    let api = start().await?;
    api.put(&format!("/v1/{TOPIC}"), json!({})).await?.ok()?;
    for (body, status) in [
        (json!({"messages": []}), 400),
        (json!({"messages": [{}]}), 400),
        (json!({"messages": [{"data": ""}]}), 400),
        (json!({"messages": [{"data": "%%%"}]}), 400),
        (json!({"messages": [{"attributes": {"googx": "1"}}]}), 400),
        (
            json!({"messages": [{"data": STANDARD.encode(vec![0; 10_000_001])}]}),
            400,
        ),
    ] {
        assert_eq!(
            api.post(&format!("/v1/{TOPIC}:publish"), body)
                .await?
                .refused()?
                .0,
            status
        );
    }
    let nowhere = api
        .post(
            "/v1/projects/demo/topics/nowhere:publish",
            json!({"messages": [{"data": "eA=="}]}),
        )
        .await?;
    assert_eq!(nowhere.refused()?.0, 404);
    Ok(())
}

#[tokio::test]
async fn a_pulled_message_comes_once_and_is_gone_when_acknowledged() -> Result<()> {
    let api = start_stopped().await?;
    subscribed(&api, json!({})).await?;
    let id = publish_with(
        &api,
        "hello",
        json!({"attributes": {"a": "b"}, "orderingKey": "k"}),
    )
    .await?;
    let received = pull(&api, SUBSCRIPTION).await?;
    let wanted = json!({
        "data": "aGVsbG8=",
        "attributes": {"a": "b"},
        "messageId": id,
        "publishTime": "2026-11-01T12:00:00Z",
        "orderingKey": "k",
    });
    assert_eq!(received[0]["message"], wanted);
    assert_eq!(
        pull(&api, SUBSCRIPTION).await?.len(),
        0,
        "it is out already"
    );
    let path = format!("/v1/{SUBSCRIPTION}:acknowledge");
    api.post(&path, json!({"ackIds": ack_ids(&received)}))
        .await?
        .ok()?;
    api.gcp.advance("1h".parse()?).await?;
    assert_eq!(pull(&api, SUBSCRIPTION).await?.len(), 0);
    Ok(())
}

#[tokio::test]
async fn an_unacknowledged_message_comes_again_after_its_deadline_and_not_before() -> Result<()> {
    let api = start_stopped().await?;
    subscribed(&api, json!({"ackDeadlineSeconds": 20})).await?;
    publish(&api, "x").await?;
    assert_eq!(pull(&api, SUBSCRIPTION).await?.len(), 1);
    api.gcp.advance("19s".parse()?).await?;
    assert_eq!(pull(&api, SUBSCRIPTION).await?.len(), 0);
    api.gcp.advance("1s".parse()?).await?;
    assert_eq!(pull(&api, SUBSCRIPTION).await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_deadline_can_be_moved_and_given_up() -> Result<()> {
    let api = start_stopped().await?;
    subscribed(&api, json!({})).await?;
    publish(&api, "x").await?;
    let path = format!("/v1/{SUBSCRIPTION}:modifyAckDeadline");
    let received = pull(&api, SUBSCRIPTION).await?;
    api.post(
        &path,
        json!({"ackIds": ack_ids(&received), "ackDeadlineSeconds": 60}),
    )
    .await?
    .ok()?;
    api.gcp.advance("59s".parse()?).await?;
    assert_eq!(pull(&api, SUBSCRIPTION).await?.len(), 0);
    api.post(
        &path,
        json!({"ackIds": ack_ids(&received), "ackDeadlineSeconds": 0}),
    )
    .await?
    .ok()?;
    assert_eq!(pull(&api, SUBSCRIPTION).await?.len(), 1);
    let long = json!({"ackIds": ack_ids(&received), "ackDeadlineSeconds": 601});
    assert_eq!(api.post(&path, long).await?.refused()?.0, 400);
    assert_eq!(
        api.post(&path, json!({"ackIds": ["nonsense"]}))
            .await?
            .refused()?
            .0,
        400
    );
    Ok(())
}

#[tokio::test]
async fn a_filter_lets_only_matching_messages_through() -> Result<()> {
    let api = start().await?;
    subscribed(
        &api,
        json!({"filter": "attributes.eventType = \"SECRET_ROTATE\""}),
    )
    .await?;
    publish_with(
        &api,
        "no",
        json!({"attributes": {"eventType": "SECRET_VERSION_ADD"}}),
    )
    .await?;
    publish_with(
        &api,
        "yes",
        json!({"attributes": {"eventType": "SECRET_ROTATE"}}),
    )
    .await?;
    assert_eq!(texts(&pull(&api, SUBSCRIPTION).await?), ["yes"]);
    Ok(())
}

#[tokio::test]
async fn messages_of_one_ordering_key_come_one_after_the_other() -> Result<()> {
    let api = start_stopped().await?;
    subscribed(&api, json!({"enableMessageOrdering": true})).await?;
    for (text, key) in [("a1", "a"), ("b1", "b"), ("a2", "a"), ("free", "")] {
        publish_with(&api, text, json!({"orderingKey": key})).await?;
    }
    let first = pull(&api, SUBSCRIPTION).await?;
    assert_eq!(texts(&first), ["a1", "b1", "free"]);
    // The second of a key waits for the first, even when that one has to come again.
    api.gcp.advance("10s".parse()?).await?;
    let again = pull(&api, SUBSCRIPTION).await?;
    assert_eq!(texts(&again), ["a1", "b1", "free"]);
    api.post(
        &format!("/v1/{SUBSCRIPTION}:acknowledge"),
        json!({"ackIds": ack_ids(&again)}),
    )
    .await?
    .ok()?;
    assert_eq!(texts(&pull(&api, SUBSCRIPTION).await?), ["a2"]);
    Ok(())
}

#[tokio::test]
async fn what_fails_five_times_goes_to_the_dead_letters_with_its_history() -> Result<()> {
    let api = start_stopped().await?;
    let (letters, dead) = (
        "projects/demo/topics/letters",
        "projects/demo/subscriptions/dead",
    );
    api.put(&format!("/v1/{letters}"), json!({})).await?.ok()?;
    api.put(&format!("/v1/{dead}"), json!({"topic": letters}))
        .await?
        .ok()?;
    let policy =
        json!({"deadLetterPolicy": {"deadLetterTopic": letters, "maxDeliveryAttempts": 5}});
    subscribed(&api, policy).await?;
    publish_with(
        &api,
        "poison",
        json!({"attributes": {"a": "b"}, "orderingKey": "kk"}),
    )
    .await?;
    for attempt in 1..=5 {
        let received = pull(&api, SUBSCRIPTION).await?;
        assert_eq!(received[0]["deliveryAttempt"], attempt);
        assert_eq!(
            pull(&api, dead).await?.len(),
            0,
            "not before the fifth failure"
        );
        api.gcp.advance("10s".parse()?).await?;
    }
    assert_eq!(pull(&api, SUBSCRIPTION).await?.len(), 0);
    let letter = pull(&api, dead).await?.remove(0)["message"].clone();
    assert_eq!(
        (&letter["data"], &letter["orderingKey"]),
        (&json!(STANDARD.encode("poison")), &json!("kk"))
    );
    let wanted = json!({
        "a": "b",
        "CloudPubSubDeadLetterSourceDeliveryCount": "5",
        "CloudPubSubDeadLetterSourceSubscription": "sub",
        "CloudPubSubDeadLetterSourceSubscriptionProject": "demo",
        "CloudPubSubDeadLetterSourceTopicPublishTime": "2026-11-01T12:00:00Z",
    });
    assert_eq!(letter["attributes"], wanted);
    Ok(())
}

#[tokio::test]
async fn a_message_nobody_takes_is_gone_after_the_retention() -> Result<()> {
    let api = start_stopped().await?;
    subscribed(&api, json!({"messageRetentionDuration": "600s"})).await?;
    publish(&api, "old").await?;
    api.gcp.advance("300s".parse()?).await?;
    publish(&api, "new").await?;
    api.gcp.advance("301s".parse()?).await?;
    assert_eq!(texts(&pull(&api, SUBSCRIPTION).await?), ["new"]);
    api.gcp.advance("300s".parse()?).await?;
    assert_eq!(pull(&api, SUBSCRIPTION).await?.len(), 0);
    Ok(())
}

#[tokio::test]
async fn only_fields_in_the_mask_change_and_fixed_ones_cannot() -> Result<()> {
    let api = start().await?;
    subscribed(&api, json!({"labels": {"a": "b"}})).await?;
    let path = format!("/v1/{SUBSCRIPTION}");
    let patch = |mask: &str, s: Value| json!({"subscription": s, "updateMask": mask});
    let body = patch(
        "ack_deadline_seconds",
        json!({"ackDeadlineSeconds": 60, "labels": {}}),
    );
    let changed = api.patch(&path, body).await?.ok()?;
    assert_eq!(
        (&changed["ackDeadlineSeconds"], &changed["labels"]),
        (&json!(60), &json!({"a": "b"}))
    );
    assert_eq!(
        api.patch(&path, patch("filter", json!({"filter": "attributes:a"})))
            .await?
            .refused()?
            .0,
        400
    );
    assert_eq!(
        api.patch(&path, patch("", json!({}))).await?.refused()?.0,
        400
    );
    Ok(())
}

#[tokio::test]
async fn a_subscription_outlives_its_topic() -> Result<()> {
    let api = start().await?;
    subscribed(&api, json!({})).await?;
    publish(&api, "kept").await?;
    api.delete(&format!("/v1/{TOPIC}")).await?.ok()?;
    assert_eq!(
        api.get(&format!("/v1/{SUBSCRIPTION}")).await?.ok()?["topic"],
        "_deleted-topic_"
    );
    assert_eq!(texts(&pull(&api, SUBSCRIPTION).await?), ["kept"]);
    Ok(())
}

#[tokio::test]
async fn exactly_once_delivery_refuses_a_late_acknowledgement() -> Result<()> {
    let api = start_stopped().await?;
    subscribed(&api, json!({"enableExactlyOnceDelivery": true})).await?;
    publish(&api, "x").await?;
    let received = pull(&api, SUBSCRIPTION).await?;
    api.gcp.advance("10s".parse()?).await?;
    let late = api
        .post(
            &format!("/v1/{SUBSCRIPTION}:acknowledge"),
            json!({"ackIds": ack_ids(&received)}),
        )
        .await?;
    assert_eq!(late.refused()?, (400, "FAILED_PRECONDITION".to_owned()));
    assert!(
        late.text.contains("PERMANENT_FAILURE_INVALID_ACK_ID"),
        "{}",
        late.text
    );
    assert_eq!(
        pull(&api, SUBSCRIPTION).await?.len(),
        1,
        "and so the message came again"
    );
    Ok(())
}
