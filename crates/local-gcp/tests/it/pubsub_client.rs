//! The official Rust client of Pub/Sub: administration over REST, messages over gRPC.

use crate::{
    pubsub::{SUBSCRIPTION, TOPIC, publish, pull, subscribed, texts},
    support::{Api, Context as _, Result, ensure, eventually, start},
};
use google_cloud_auth::credentials::{Credentials, anonymous};
use google_cloud_pubsub::{
    client::{Publisher, Subscriber, SubscriptionAdmin, TopicAdmin},
    model::Message,
    subscriber::{MessageStream, handler::Handler},
};
use local_gcp::Fault;
use serde_json::json;
use std::time::Duration;

fn anonymous() -> Credentials {
    anonymous::Builder::new().build()
}

pub(crate) async fn publisher(api: &Api, topic: &str) -> Result<Publisher> {
    let builder = Publisher::builder(topic)
        .with_endpoint(api.gcp.url())
        .with_credentials(anonymous());
    Ok(builder.build().await?)
}

pub(crate) async fn subscriber(api: &Api) -> Result<Subscriber> {
    Ok(Subscriber::builder()
        .with_endpoint(api.gcp.url())
        .with_credentials(anonymous())
        .build()
        .await?)
}

pub(crate) async fn next(stream: &mut MessageStream) -> Result<(Message, Handler)> {
    let next = tokio::time::timeout(Duration::from_secs(10), stream.next()).await;
    Ok(next
        .context("no message within ten seconds")?
        .context("the stream ended")??)
}

#[tokio::test]
async fn topics_and_subscriptions_are_administered() -> Result<()> {
    let api = start().await?;
    let topics = TopicAdmin::builder()
        .with_endpoint(api.gcp.url())
        .with_credentials(anonymous())
        .build()
        .await?;
    let subscriptions = SubscriptionAdmin::builder()
        .with_endpoint(api.gcp.url())
        .with_credentials(anonymous())
        .build()
        .await?;
    topics.create_topic().set_name(TOPIC).send().await?;
    let made = subscriptions
        .create_subscription()
        .set_name(SUBSCRIPTION)
        .set_topic(TOPIC)
        .send()
        .await?;
    ensure!(made.ack_deadline_seconds == 10);
    ensure!(
        subscriptions
            .get_subscription()
            .set_subscription(SUBSCRIPTION)
            .send()
            .await?
            .topic
            == TOPIC
    );
    let listed = topics
        .list_topics()
        .set_project("projects/demo")
        .send()
        .await?;
    ensure!(listed.topics.len() == 1);
    subscriptions
        .delete_subscription()
        .set_subscription(SUBSCRIPTION)
        .send()
        .await?;
    let gone = subscriptions
        .get_subscription()
        .set_subscription(SUBSCRIPTION)
        .send()
        .await;
    ensure!(gone.is_err_and(|error| error.http_status_code() == Some(404)));
    Ok(())
}

#[tokio::test]
async fn what_the_client_publishes_can_be_pulled_and_the_journal_shows_it() -> Result<()> {
    let api = start().await?;
    subscribed(&api, json!({})).await?;
    let publisher = publisher(&api, TOPIC).await?;
    let message = Message::new()
        .set_data("hello")
        .set_attributes([("a", "b")])
        .set_ordering_key("k");
    let id = publisher.publish(message).await?;
    let received = pull(&api, SUBSCRIPTION).await?;
    assert_eq!(texts(&received), ["hello"]);
    assert_eq!(received[0]["message"]["messageId"], id);
    assert_eq!(
        (
            &received[0]["message"]["orderingKey"],
            &received[0]["message"]["attributes"]
        ),
        (&json!("k"), &json!({"a": "b"}))
    );
    let noted = api.gcp.journal().of("pubsub.Publisher.Publish");
    assert_eq!(
        noted[0].json.as_ref().map(|json| &json["topic"]),
        Some(&json!(TOPIC))
    );
    Ok(())
}

#[tokio::test]
async fn the_client_publishes_again_after_unavailable() -> Result<()> {
    let api = start().await?;
    subscribed(&api, json!({})).await?;
    api.gcp.faults().add(Fault {
        times: Some(2),
        status: Some(503),
        ..Fault::on("pubsub.Publisher.Publish")
    });
    publisher(&api, TOPIC)
        .await?
        .publish(Message::new().set_data("late"))
        .await?;
    assert_eq!(texts(&pull(&api, SUBSCRIPTION).await?), ["late"]);
    assert_eq!(api.gcp.journal().of("pubsub.Publisher.Publish").len(), 3);
    Ok(())
}

#[tokio::test]
async fn publishing_to_a_topic_that_is_not_there_is_not_found() -> Result<()> {
    let api = start().await?;
    let error = publisher(&api, TOPIC)
        .await?
        .publish(Message::new().set_data("x"))
        .await
        .err()
        .context("no error")?;
    ensure!(format!("{error:?}").contains("NotFound"), "{error:?}");
    Ok(())
}

#[tokio::test]
async fn a_stream_receives_acknowledges_and_gives_back() -> Result<()> {
    let api = start().await?;
    subscribed(&api, json!({})).await?;
    for text in ["one", "two"] {
        publish(&api, text).await?;
    }
    let mut stream = subscriber(&api).await?.subscribe(SUBSCRIPTION).build();
    let (first, handler) = next(&mut stream).await?;
    assert_eq!(&*first.data, b"one");
    handler.nack();
    let (second, handler) = next(&mut stream).await?;
    assert_eq!(&*second.data, b"two");
    handler.ack();
    let (again, handler) = next(&mut stream).await?;
    assert_eq!(
        (&*again.data, again.message_id.as_str()),
        (&b"one"[..], first.message_id.as_str())
    );
    handler.ack();
    publish(&api, "three").await?;
    let (third, handler) = next(&mut stream).await?;
    assert_eq!(&*third.data, b"three");
    handler.ack();
    stream.shutdown_token().shutdown().await;
    let acknowledged = async || {
        let calls = api.gcp.journal().of("pubsub.Subscriber.Acknowledge");
        let ids = |e: &local_gcp::Entry| {
            e.json
                .as_ref()
                .and_then(|j| Some(j["ackIds"].as_array()?.len()))
        };
        Ok(Some(()).filter(|()| calls.iter().filter_map(|e| ids(e)).sum::<usize>() == 3))
    };
    eventually("three acknowledgements", acknowledged).await?;
    api.gcp.advance("1h".parse()?).await?;
    assert_eq!(pull(&api, SUBSCRIPTION).await?.len(), 0);
    Ok(())
}

#[tokio::test]
async fn a_stream_gets_no_more_than_it_asked_for() -> Result<()> {
    let api = start().await?;
    subscribed(&api, json!({})).await?;
    for n in 0..5 {
        publish(&api, &n.to_string()).await?;
    }
    let mut stream = subscriber(&api)
        .await?
        .subscribe(SUBSCRIPTION)
        .set_max_outstanding_messages(2)
        .build();
    let (_, first) = next(&mut stream).await?;
    let (_, _second) = next(&mut stream).await?;
    let third = tokio::time::timeout(Duration::from_millis(300), stream.next()).await;
    ensure!(
        third.is_err(),
        "a third message came although two are outstanding"
    );
    first.ack();
    next(&mut stream).await?;
    Ok(())
}

#[tokio::test]
async fn exactly_once_acknowledgements_are_confirmed() -> Result<()> {
    let api = start().await?;
    subscribed(&api, json!({"enableExactlyOnceDelivery": true})).await?;
    publish(&api, "x").await?;
    let mut stream = subscriber(&api).await?.subscribe(SUBSCRIPTION).build();
    let (_, handler) = next(&mut stream).await?;
    let Handler::ExactlyOnce(handler) = handler else {
        anyhow::bail!("not exactly once: {handler:?}")
    };
    handler.confirmed_ack().await?;
    assert_eq!(pull(&api, SUBSCRIPTION).await?.len(), 0);
    Ok(())
}

#[tokio::test]
async fn a_late_exactly_once_acknowledgement_fails_for_good() -> Result<()> {
    let api = start().await?;
    subscribed(&api, json!({"enableExactlyOnceDelivery": true})).await?;
    publish(&api, "x").await?;
    let mut stream = subscriber(&api).await?.subscribe(SUBSCRIPTION).build();
    let (_, handler) = next(&mut stream).await?;
    let Handler::ExactlyOnce(handler) = handler else {
        anyhow::bail!("not exactly once: {handler:?}")
    };
    // An hour passes on the server before the client can extend the deadline.
    api.gcp.advance("1h".parse()?).await?;
    ensure!(handler.confirmed_ack().await.is_err());
    Ok(())
}

#[tokio::test]
async fn the_delivery_attempt_reaches_the_client() -> Result<()> {
    let api = start().await?;
    let letters = "projects/demo/topics/letters";
    api.put(&format!("/v1/{letters}"), json!({})).await?.ok()?;
    subscribed(
        &api,
        json!({"deadLetterPolicy": {"deadLetterTopic": letters}}),
    )
    .await?;
    publish(&api, "x").await?;
    let mut stream = subscriber(&api).await?.subscribe(SUBSCRIPTION).build();
    for attempt in 1..=3 {
        let (_, handler) = next(&mut stream).await?;
        assert_eq!(handler.delivery_attempt(), Some(attempt));
        handler.nack();
    }
    Ok(())
}

#[tokio::test]
async fn a_large_message_passes_in_both_directions() -> Result<()> {
    let api = start().await?;
    subscribed(&api, json!({})).await?;
    let data = vec![b'x'; 9_000_000];
    publisher(&api, TOPIC)
        .await?
        .publish(Message::new().set_data(data.clone()))
        .await?;
    let mut stream = subscriber(&api).await?.subscribe(SUBSCRIPTION).build();
    let (message, handler) = next(&mut stream).await?;
    assert_eq!(message.data.len(), data.len());
    handler.ack();
    Ok(())
}

#[tokio::test]
async fn a_stream_to_a_subscription_that_is_not_there_ends_with_not_found() -> Result<()> {
    let api = start().await?;
    let mut stream = subscriber(&api).await?.subscribe(SUBSCRIPTION).build();
    let first = tokio::time::timeout(Duration::from_secs(10), stream.next()).await?;
    let error = first
        .context("the stream ended without an error")?
        .err()
        .context("a message came")?;
    let code = error.status().map(|status| status.code.name());
    assert_eq!(code, Some("NOT_FOUND"), "{error:?}");
    Ok(())
}
