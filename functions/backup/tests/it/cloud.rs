//! A Google Cloud of the test's own, with a bucket to back up into.

use ::base64::{Engine, engine::general_purpose::STANDARD};
use backup::{
    chunk::Sealed,
    google::Google,
    repository::Repository,
    store::{Store, StoreError},
};
use futures::TryStreamExt;
use local_gcp::{LocalGcp, Options, judge};
use nightshift_runtime::gcp;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use std::{process::Command, time::Duration};

/// Where backups go.
pub(crate) const TARGET: &str = "gs://vault/nightly";

/// Stops when it is dropped, and has Google's discovery documents judge what was asked of it.
pub(crate) struct Cloud {
    pub(crate) gcp: LocalGcp,
    http: Client,
}

impl Cloud {
    /// With an empty bucket.
    pub(crate) async fn start() -> Self {
        let cloud = Self {
            gcp: LocalGcp::start(Options::default()).await.unwrap(),
            http: Client::new(),
        };
        let bucket =
            json!({"name": "vault", "softDeletePolicy": {"retentionDurationSeconds": "0"}});
        cloud
            .ask(Method::POST, "/storage/v1/b?project=demo", bucket)
            .await;
        cloud
    }

    /// Asks for what must succeed, as a person does with another tool.
    pub(crate) async fn ask(&self, method: Method, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", self.gcp.url());
        let answer = self.http.request(method, url).json(&body).send().await;
        let answer = answer.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Changes the settings of an object below the target.
    pub(crate) async fn patch(&self, object: &str, settings: Value) {
        let name = format!("nightly/{object}").replace('/', "%2F");
        let path = format!("/storage/v1/b/vault/o/{name}");
        self.ask(Method::PATCH, &path, settings).await;
    }

    /// A topic and a subscription to it, both called `name`.
    pub(crate) async fn topic_with(&self, name: &str, mut subscription: Value) {
        let topic = format!("projects/demo/topics/{name}");
        self.ask(Method::PUT, &format!("/v1/{topic}"), json!({}))
            .await;
        subscription["topic"] = json!(topic);
        let path = format!("/v1/projects/demo/subscriptions/{name}");
        self.ask(Method::PUT, &path, subscription).await;
    }

    pub(crate) async fn publish(&self, topic: &str, data: &str) {
        let path = format!("/v1/projects/demo/topics/{topic}:publish");
        let messages = json!({"messages": [{"data": STANDARD.encode(data)}]});
        self.ask(Method::POST, &path, messages).await;
    }

    /// Takes the messages that wait.
    pub(crate) async fn pull(&self, subscription: &str) -> Vec<Value> {
        let path = format!("/v1/projects/demo/subscriptions/{subscription}");
        let most = json!({"maxMessages": 10, "returnImmediately": true});
        let pulled = self.ask(Method::POST, &format!("{path}:pull"), most).await;
        let received = pulled["receivedMessages"].as_array().cloned();
        let received = received.unwrap_or_default();
        if !received.is_empty() {
            let ids: Vec<_> = received.iter().map(|one| &one["ackId"]).collect();
            let acknowledged = json!({"ackIds": ids});
            self.ask(Method::POST, &format!("{path}:acknowledge"), acknowledged)
                .await;
        }
        received
            .into_iter()
            .map(|mut one| one["message"].take())
            .collect()
    }

    pub(crate) fn store(&self) -> Store {
        let google = Google::new(gcp::Options {
            endpoint: Some(self.gcp.url().to_owned()),
        });
        Store::open(TARGET.parse().unwrap(), &google, Duration::from_secs(20)).unwrap()
    }

    pub(crate) fn repository(&self) -> Repository {
        Repository::new(self.store())
    }

    /// The names of the objects below a folder of the target.
    pub(crate) async fn names(&self, folder: &str) -> Vec<String> {
        let listed: Vec<_> = self.store().list(folder).try_collect().await.unwrap();
        listed.into_iter().map(|listed| listed.object).collect()
    }

    /// `command` with this bucket for its target.
    pub(crate) fn command(&self, mut command: Command) -> Command {
        command
            .env("NIGHTSHIFT_GCP_ENDPOINT", self.gcp.url())
            .args(["--to", TARGET]);
        command
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let judgement = judge(&self.gcp.journal().entries());
            assert!(judgement.violations.is_empty(), "{judgement}");
        }
    }
}

/// What a message says.
pub(crate) fn data(message: &Value) -> Value {
    let bytes = STANDARD.decode(message["data"].as_str().unwrap()).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// Holds a store to this: what is in the place of a new object is compared with it, and never overwritten.
pub(crate) async fn creates_once(store: &Store, name: &str) {
    let [one, two] = ["one", "two"].map(|text| Sealed::new(text.as_bytes().to_vec()));
    store.create(name, &one).await.unwrap();
    store.create(name, &one).await.unwrap();
    let refused = store.create(name, &two).await.unwrap_err();
    assert!(matches!(refused, StoreError::Exists(_)), "{refused}");
    assert_eq!(store.read(name).await.unwrap(), "one");
}
