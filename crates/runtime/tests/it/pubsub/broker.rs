//! A server with a topic and a subscription: Google's emulator, where there is one, or local-gcp.

use super::{SUBSCRIPTION, TOPIC};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use local_gcp::LocalGcp;
use pubsub_emulator::Emulator;
use reqwest::Client;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Ends with its test.
pub(crate) struct Broker {
    pub(crate) url: String,
    http: Client,
    server: Server,
}

/// What has to be kept for the server to run.
enum Server {
    Emulator { _running: Emulator },
    Local(LocalGcp),
}

impl Broker {
    /// `None`, and a line that says so, where there is none on this machine.
    pub(crate) async fn emulator(subscription: Value) -> Option<Self> {
        let started = tokio::task::spawn_blocking(Emulator::start).await.unwrap();
        let Some(emulator) = started.unwrap() else {
            eprintln!("skipped: gcloud's Pub/Sub emulator is not on this machine");
            return None;
        };
        let url = emulator.url().to_owned();
        let server = Server::Emulator { _running: emulator };
        Some(Self::with(url, server, subscription).await)
    }

    /// One whose clock runs.
    pub(crate) async fn local(subscription: Value) -> Self {
        let gcp = LocalGcp::start(local_gcp::Options::default())
            .await
            .unwrap();
        Self::with(gcp.url().to_owned(), Server::Local(gcp), subscription).await
    }

    async fn with(url: String, server: Server, mut subscription: Value) -> Self {
        let broker = Self {
            url,
            http: Client::new(),
            server,
        };
        broker.put(TOPIC, &json!({})).await;
        subscription["topic"] = TOPIC.into();
        broker.put(SUBSCRIPTION, &subscription).await;
        broker
    }

    /// What only local-gcp can be asked: its clock, its journal, its faults.
    pub(crate) fn gcp(&self) -> &LocalGcp {
        match &self.server {
            Server::Local(gcp) => gcp,
            Server::Emulator { .. } => panic!("this is the emulator"),
        }
    }

    async fn put(&self, name: &str, body: &Value) {
        let url = format!("{}/v1/{name}", self.url);
        let answer = self.http.put(url).json(body).send().await.unwrap();
        assert!(
            answer.status().is_success(),
            "{}",
            answer.text().await.unwrap()
        );
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        let url = format!("{}/v1/{path}", self.url);
        let answer = self.http.post(url).json(body).send().await.unwrap();
        assert!(answer.status().is_success());
        answer.json().await.unwrap()
    }

    pub(crate) async fn publish(&self, texts: &[&str]) {
        let messages: Vec<_> = texts
            .iter()
            .map(|text| json!({ "data": STANDARD.encode(text), "attributes": { "n": text } }))
            .collect();
        self.post(
            &format!("{TOPIC}:publish"),
            &json!({ "messages": messages }),
        )
        .await;
    }

    /// Messages that wait for somebody now, without waiting for them.
    pub(crate) async fn waiting(&self) -> Vec<Value> {
        let ask = json!({ "maxMessages": 100, "returnImmediately": true });
        let mut answer = self.post(&format!("{SUBSCRIPTION}:pull"), &ask).await;
        match answer["receivedMessages"].take() {
            Value::Array(messages) => messages,
            _ => Vec::new(),
        }
    }

    /// The first `count` messages that come, acknowledged.
    pub(crate) async fn take(&self, count: usize) -> Vec<Value> {
        let end = Instant::now() + Duration::from_secs(20);
        let mut taken = Vec::new();
        while taken.len() < count {
            assert!(Instant::now() < end, "only {taken:?} came");
            let messages = self.waiting().await;
            let ids: Vec<_> = messages
                .iter()
                .map(|message| message["ackId"].clone())
                .collect();
            if !ids.is_empty() {
                let path = format!("{SUBSCRIPTION}:acknowledge");
                self.post(&path, &json!({ "ackIds": ids })).await;
            }
            taken.extend(
                messages
                    .into_iter()
                    .map(|mut message| message["message"].take()),
            );
        }
        taken
    }
}

/// Tests that are given a [`Broker`] with this subscription: each with Google's emulator and with local-gcp.
macro_rules! on_both {
    ($($name:ident($subscription:tt)),* $(,)?) => {
        mod emulator {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let subscription = serde_json::json!($subscription);
                if let Some(broker) = crate::pubsub::broker::Broker::emulator(subscription).await {
                    super::$name(broker).await;
                }
            })*
        }

        mod local_gcp {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let subscription = serde_json::json!($subscription);
                super::$name(crate::pubsub::broker::Broker::local(subscription).await).await;
            })*
        }
    };
}
pub(crate) use on_both;
