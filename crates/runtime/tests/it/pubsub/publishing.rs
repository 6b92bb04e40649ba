use super::{Broker, TOPIC, gcp, on_both};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use nightshift_runtime::pubsub::{Outcomes, Published};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};
use tokio::net::TcpListener;

const PATIENCE: Duration = Duration::from_secs(20);

on_both!(
    outcomes_arrive_before_the_end_and_in_order({ "enableMessageOrdering": true }),
    an_outcome_that_cannot_be_published_is_counted_and_holds_up_no_other({}),
);

async fn outcomes_arrive_before_the_end_and_in_order(broker: Broker) {
    let outcomes = Outcomes::to(&gcp(&broker.url), TOPIC).await.unwrap();
    for run in 0..5 {
        outcomes.publish("rotation.completed", "secret-a", &json!({ "run": run }));
        outcomes.publish("rotation.completed", "secret-b", &json!({ "run": run }));
    }
    assert_eq!(
        outcomes.flush(PATIENCE).await,
        Published { sent: 10, lost: 0 }
    );

    let mut runs: HashMap<String, Vec<i64>> = HashMap::new();
    for message in broker.take(10).await {
        assert_eq!(message["attributes"]["event"], "rotation.completed");
        let data = STANDARD.decode(message["data"].as_str().unwrap()).unwrap();
        let data: Value = serde_json::from_slice(&data).unwrap();
        let key = message["orderingKey"].as_str().unwrap().to_owned();
        runs.entry(key)
            .or_default()
            .push(data["run"].as_i64().unwrap());
    }
    assert_eq!(runs["secret-a"], [0, 1, 2, 3, 4]);
    assert_eq!(runs["secret-b"], [0, 1, 2, 3, 4]);
    // Nothing is left to wait for.
    assert_eq!(outcomes.flush(PATIENCE).await, Published::default());
}

async fn an_outcome_that_cannot_be_published_is_counted_and_holds_up_no_other(broker: Broker) {
    let absent = "projects/demo/topics/absent";
    let outcomes = Outcomes::to(&gcp(&broker.url), absent).await.unwrap();
    outcomes.publish("rotation.completed", "a", &json!({}));
    assert_eq!(
        outcomes.flush(PATIENCE).await,
        Published { sent: 0, lost: 1 }
    );
    // The same key is tried again: its topic may be there by now.
    outcomes.publish("rotation.completed", "a", &json!({}));
    assert_eq!(
        outcomes.flush(PATIENCE).await,
        Published { sent: 0, lost: 1 }
    );
}

#[tokio::test]
async fn a_topic_that_does_not_answer_is_not_waited_for_longer_than_patience() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let outcomes = Outcomes::to(&gcp(&url), TOPIC).await.unwrap();
    outcomes.publish("rotation.completed", "a", &json!({}));
    outcomes.publish("rotation.completed", "b", &json!({}));
    let begun = Instant::now();
    let published = outcomes.flush(Duration::from_millis(200)).await;
    assert_eq!(published, Published { sent: 0, lost: 2 });
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn an_outcome_that_is_no_json_is_counted_as_lost() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let outcomes = Outcomes::to(&gcp(&url), TOPIC).await.unwrap();
    outcomes.publish("rotation.completed", "a", &HashMap::from([(vec![1], 1)]));
    assert_eq!(
        outcomes.flush(PATIENCE).await,
        Published { sent: 0, lost: 1 }
    );
}
