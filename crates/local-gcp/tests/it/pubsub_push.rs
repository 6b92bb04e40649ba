//! Pub/Sub pushes: their forms, what the answers mean, and when they come again.

use crate::{
    pubsub::{SUBSCRIPTION, TOPIC, publish, publish_with, pull, subscribed},
    receiver::Receiver,
    support::{Api, Result, eventually, start, start_stopped},
};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const PUSHER: &str = "push@demo.iam.gserviceaccount.com";

fn push_to(receiver: &Receiver, path: &str) -> Value {
    json!({"pushConfig": {"pushEndpoint": receiver.url(path)}})
}

/// The shape of the bodies that Google's emulator was seen to send, with what it lacks of the real service's.
#[tokio::test]
async fn a_wrapped_push_has_the_documented_body() -> Result<()> {
    let (api, receiver) = (start_stopped().await?, Receiver::start().await?);
    subscribed(&api, push_to(&receiver, "/push")).await?;
    let attributes = json!({"billingAccountId": "01D4EE-079462-DFD6EC", "schemaVersion": "1.0"});
    let id = publish_with(
        &api,
        "{\"costAmount\":1}",
        json!({"attributes": attributes, "orderingKey": "k"}),
    )
    .await?;
    let received = receiver.wait_for(1).await?.remove(0);
    assert_eq!(
        (received.path.as_str(), received.header("content-type")),
        ("/push", "application/json")
    );
    let wanted = json!({
        "subscription": SUBSCRIPTION,
        "message": {
            "attributes": attributes,
            "data": "eyJjb3N0QW1vdW50IjoxfQ==",
            "messageId": id,
            "message_id": id,
            "orderingKey": "k",
            "publishTime": "2026-11-01T12:00:00Z",
            "publish_time": "2026-11-01T12:00:00Z",
        },
    });
    assert_eq!(received.json(), wanted);
    Ok(())
}

#[tokio::test]
async fn a_message_of_attributes_alone_has_empty_data() -> Result<()> {
    let (api, receiver) = (start().await?, Receiver::start().await?);
    subscribed(&api, push_to(&receiver, "/push")).await?;
    publish_with(&api, "", json!({"attributes": {"only": "attrs"}})).await?;
    let message = receiver.wait_for(1).await?.remove(0).json()["message"].clone();
    assert_eq!(
        (&message["data"], &message["attributes"]),
        (&json!(""), &json!({"only": "attrs"}))
    );
    assert!(message.get("orderingKey").is_none());
    Ok(())
}

#[tokio::test]
async fn the_delivery_attempt_stands_at_the_top_and_only_with_a_dead_letter_policy() -> Result<()> {
    let (api, receiver) = (start_stopped().await?, Receiver::start().await?);
    let letters = "projects/demo/topics/letters";
    api.put(&format!("/v1/{letters}"), json!({})).await?.ok()?;
    let mut settings = push_to(&receiver, "/push");
    settings["deadLetterPolicy"] = json!({"deadLetterTopic": letters});
    subscribed(&api, settings).await?;
    receiver.answer(&[500, 500]);
    publish(&api, "x").await?;
    receiver.wait_for(1).await?;
    api.gcp.advance("1m".parse()?).await?;
    let attempts: Vec<Value> = receiver
        .wait_for(3)
        .await?
        .iter()
        .map(|r| r.json()["deliveryAttempt"].clone())
        .collect();
    assert_eq!(attempts, [1, 2, 3]);
    Ok(())
}

#[tokio::test]
async fn an_unwrapped_push_is_the_bare_data_without_a_content_type() -> Result<()> {
    let (api, receiver) = (start().await?, Receiver::start().await?);
    let mut settings = push_to(&receiver, "/push");
    settings["pushConfig"]["noWrapper"] = json!({});
    subscribed(&api, settings).await?;
    publish_with(&api, "hello", json!({"attributes": {"ce-type": "x"}})).await?;
    let received = receiver.wait_for(1).await?.remove(0);
    assert_eq!(
        (&*received.body, received.header("content-type")),
        (&b"hello"[..], "")
    );
    assert_eq!(
        (
            received.header("ce-type"),
            received.header("x-goog-pubsub-message-id")
        ),
        ("", "")
    );
    Ok(())
}

#[tokio::test]
async fn an_unwrapped_push_with_metadata_has_attributes_as_headers() -> Result<()> {
    let (api, receiver) = (start_stopped().await?, Receiver::start().await?);
    let mut settings = push_to(&receiver, "/push");
    settings["pushConfig"]["noWrapper"] = json!({"writeMetadata": true});
    subscribed(&api, settings).await?;
    let attributes = json!({
        "ce-type": "x", "content-type": "text/plain", "no header": "y", "host": "elsewhere", "bad": "a\nb",
    });
    let id = publish_with(
        &api,
        "hello",
        json!({"attributes": attributes, "orderingKey": "k1"}),
    )
    .await?;
    let received = receiver.wait_for(1).await?.remove(0);
    let seen: BTreeMap<&str, &str> = [
        "ce-type",
        "content-type",
        "bad",
        "x-goog-pubsub-message-id",
        "x-goog-pubsub-publish-time",
        "x-goog-pubsub-subscription-name",
        "x-goog-pubsub-ordering-key",
    ]
    .map(|name| (name, received.header(name)))
    .into();
    let wanted = [
        ("ce-type", "x"),
        ("content-type", "text/plain"),
        ("bad", ""),
        ("x-goog-pubsub-message-id", id.as_str()),
        ("x-goog-pubsub-publish-time", "2026-11-01T12:00:00Z"),
        ("x-goog-pubsub-subscription-name", SUBSCRIPTION),
        ("x-goog-pubsub-ordering-key", "k1"),
    ];
    assert_eq!(seen, wanted.into());
    assert_ne!(received.header("host"), "elsewhere");
    Ok(())
}

#[tokio::test]
async fn a_push_carries_a_token_that_verifies() -> Result<()> {
    let (api, receiver) = (start().await?, Receiver::start().await?);
    let mut settings = push_to(&receiver, "/push");
    settings["pushConfig"]["oidcToken"] = json!({"serviceAccountEmail": PUSHER});
    subscribed(&api, settings).await?;
    publish(&api, "x").await?;
    let received = receiver.wait_for(1).await?.remove(0);
    let token = received
        .header("authorization")
        .trim_start_matches("Bearer ");
    let keys: JwkSet = serde_json::from_value(api.get("/oauth2/v3/certs").await?.ok()?)?;
    let kid = decode_header(token)?.kid.unwrap_or_default();
    let key = DecodingKey::from_jwk(keys.find(&kid).ok_or_else(|| anyhow::anyhow!("no key"))?)?;
    let mut rules = Validation::new(Algorithm::RS256);
    // Without an audience of its own the endpoint's URL is the audience.
    rules.set_audience(&[receiver.url("/push")]);
    rules.set_issuer(&["https://accounts.google.com"]);
    let claims = decode::<Value>(token, &key, &rules)?.claims;
    assert_eq!(
        (&claims["email"], &claims["email_verified"]),
        (&json!(PUSHER), &json!(true))
    );
    Ok(())
}

#[tokio::test]
async fn only_the_documented_answers_acknowledge() -> Result<()> {
    let (api, receiver) = (start_stopped().await?, Receiver::start().await?);
    subscribed(&api, push_to(&receiver, "/push")).await?;
    for (status, acknowledges) in [
        (200, true),
        (201, true),
        (202, true),
        (204, true),
        (203, false),
        (301, false),
        (400, false),
        (404, false),
        (429, false),
        (500, false),
    ] {
        let before = receiver.received().len();
        receiver.answer(&[status]);
        publish(&api, "x").await?;
        receiver.wait_for(before + 1).await?;
        // A minute is longer than the first pauses between pushes.
        api.gcp.advance("1m".parse()?).await?;
        let deliveries = receiver.received().len() - before;
        assert_eq!(deliveries, if acknowledges { 1 } else { 2 }, "{status}");
    }
    Ok(())
}

#[tokio::test]
async fn an_informational_102_acknowledges() -> Result<()> {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let api = start().await?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/", listener.local_addr()?);
    subscribed(&api, json!({"pushConfig": {"pushEndpoint": url}})).await?;
    publish(&api, "x").await?;
    let (mut line, _) = listener.accept().await?;
    let mut buffer = [0; 4096];
    assert!(line.read(&mut buffer).await? > 0);
    line.write_all(b"HTTP/1.1 102 Processing\r\n\r\n").await?;
    line.shutdown().await?;
    drop(line);
    let pushed = async || {
        Ok(api
            .gcp
            .journal()
            .of("pubsub.push")
            .first()
            .map(|entry| entry.status))
    };
    assert_eq!(eventually("the push", pushed).await?, 102);
    Ok(())
}

/// When deliveries came, in milliseconds after the first, by the clock of the server.
fn delivery_times(api: &Api) -> Vec<i128> {
    let pushes = api.gcp.journal().of("pubsub.push");
    let first = pushes.first().map(|entry| entry.at).unwrap_or_default();
    let since = |at: Timestamp| at.duration_since(first).as_millis();
    pushes.iter().map(|entry| since(entry.at)).collect()
}

#[tokio::test]
async fn refused_pushes_slow_down_exponentially_within_the_retry_policy() -> Result<()> {
    let (api, receiver) = (start_stopped().await?, Receiver::start().await?);
    let mut settings = push_to(&receiver, "/push");
    settings["retryPolicy"] = json!({"minimumBackoff": "2s", "maximumBackoff": "8s"});
    subscribed(&api, settings).await?;
    receiver.answer(&[500; 5]);
    publish(&api, "x").await?;
    receiver.wait_for(1).await?;
    api.gcp.advance("2m".parse()?).await?;
    let times = delivery_times(&api);
    let pauses: Vec<i128> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let wanted = [2000, 4000, 8000, 8000, 8000];
    assert_eq!(pauses.len(), wanted.len(), "{pauses:?}");
    for (pause, least) in pauses.iter().zip(wanted) {
        assert!(
            (least - 1..=(least * 11 / 10).min(8000) + 1).contains(pause),
            "{pauses:?}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn without_a_retry_policy_refused_pushes_still_slow_down() -> Result<()> {
    let (api, receiver) = (start_stopped().await?, Receiver::start().await?);
    subscribed(&api, push_to(&receiver, "/push")).await?;
    receiver.answer(&[503; 4]);
    publish(&api, "x").await?;
    receiver.wait_for(1).await?;
    api.gcp.advance("10s".parse()?).await?;
    let times = delivery_times(&api);
    assert_eq!(times.len(), 5);
    assert!(
        (100..=110).contains(&times[1]) && (1500..=1650).contains(&times[4]),
        "{times:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_handler_that_is_too_slow_gets_the_message_again_while_it_works() -> Result<()> {
    let (api, receiver) = (start_stopped().await?, Receiver::start().await?);
    subscribed(&api, push_to(&receiver, "/hang")).await?;
    publish(&api, "x").await?;
    receiver.wait_for(1).await?;
    for second in [10, 20] {
        let body = json!({"advance": "10s", "settle": "0s"});
        api.post("/_local/clock", body).await?.ok()?;
        receiver.wait_for(1 + second / 10).await?;
    }
    assert_eq!(
        delivery_times(&api).len(),
        2,
        "the first two were given up at their deadlines"
    );
    receiver.release();
    let done = async || {
        Ok(api
            .gcp
            .journal()
            .of("pubsub.push")
            .iter()
            .any(|e| e.status == 204)
            .then_some(()))
    };
    eventually("an answer in time", done).await?;
    api.gcp.advance("1m".parse()?).await?;
    assert_eq!(receiver.received().len(), 3, "that one counted");
    Ok(())
}

#[tokio::test]
async fn a_receiver_that_is_not_there_counts_as_a_refusal() -> Result<()> {
    let api = start_stopped().await?;
    let gone = Receiver::start().await?;
    let url = gone.url("/push");
    drop(gone);
    let letters = "projects/demo/topics/letters";
    api.put(&format!("/v1/{letters}"), json!({})).await?.ok()?;
    let dead = "projects/demo/subscriptions/dead";
    api.put(&format!("/v1/{dead}"), json!({"topic": letters}))
        .await?
        .ok()?;
    let policy = json!({"deadLetterTopic": letters, "maxDeliveryAttempts": 5});
    subscribed(
        &api,
        json!({"pushConfig": {"pushEndpoint": url}, "deadLetterPolicy": policy}),
    )
    .await?;
    publish(&api, "x").await?;
    api.gcp.advance("1m".parse()?).await?;
    let attributes = pull(&api, dead).await?.remove(0)["message"]["attributes"].clone();
    assert_eq!(attributes["CloudPubSubDeadLetterSourceDeliveryCount"], "5");
    Ok(())
}

#[tokio::test]
async fn a_backlog_is_pushed_once_an_endpoint_is_set_and_not_pulled_any_more() -> Result<()> {
    let (api, receiver) = (start().await?, Receiver::start().await?);
    subscribed(&api, json!({})).await?;
    for n in 0..250 {
        publish(&api, &n.to_string()).await?;
    }
    let config = json!({"pushConfig": {"pushEndpoint": receiver.url("/push")}});
    api.post(&format!("/v1/{SUBSCRIPTION}:modifyPushConfig"), config)
        .await?
        .ok()?;
    assert_eq!(receiver.wait_for(250).await?.len(), 250);
    let pull = api
        .post(
            &format!("/v1/{SUBSCRIPTION}:pull"),
            json!({"maxMessages": 1}),
        )
        .await?;
    assert_eq!(pull.refused()?, (400, "FAILED_PRECONDITION".to_owned()));
    Ok(())
}

#[tokio::test]
async fn messages_to_a_deleted_subscription_stop() -> Result<()> {
    let (api, receiver) = (start_stopped().await?, Receiver::start().await?);
    subscribed(&api, push_to(&receiver, "/push")).await?;
    receiver.answer(&[500; 100]);
    publish(&api, "x").await?;
    receiver.wait_for(1).await?;
    api.delete(&format!("/v1/{SUBSCRIPTION}")).await?.ok()?;
    api.gcp.advance("1h".parse()?).await?;
    assert_eq!(receiver.received().len(), 1);
    assert_eq!(
        api.get(&format!("/v1/{TOPIC}/subscriptions")).await?.ok()?,
        json!({})
    );
    Ok(())
}
