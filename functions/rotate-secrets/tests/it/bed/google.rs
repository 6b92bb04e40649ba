//! local-gcp, and a look at it that is not counted.

use super::{SECRET, SERVICE, SIDE};
use base64::Engine as _;
use local_gcp::{LocalGcp, Options};
use rotate_secrets::rotation::{State, state::STATE_ANNOTATION};
use serde_json::{Value, json};

pub(crate) struct Google {
    pub(crate) gcp: LocalGcp,
    http: reqwest::Client,
}

impl Google {
    pub(crate) async fn start() -> Self {
        Self::with(Options {
            run_writes_per_minute: None,
            operation_time: std::time::Duration::ZERO,
            ..Options::default()
        })
        .await
    }

    pub(crate) async fn with(options: Options) -> Self {
        Self {
            gcp: LocalGcp::start(options).await.unwrap(),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
        }
    }

    pub(crate) fn url(&self) -> &str {
        self.gcp.url()
    }

    pub(crate) fn reset(&self) {
        self.gcp.reset().unwrap();
    }

    /// The two secrets, the first version, and services that were deployed with it.
    pub(crate) fn seed(&self, first: &str, services: usize) {
        let state = State::adopted(rotate_secrets::rotation::state::VersionNumber(1));
        let service = |index: usize| {
            let key = json!({"secretKeyRef": {"secret": "db", "version": "1"}});
            json!({
                "name": format!("{SERVICE}{index}"),
                "template": {"containers": [{"image": "img", "env": [{"name": "DB", "valueSource": key}]}]},
            })
        };
        let services: Vec<Value> = (0..services).map(service).collect();
        self.gcp
            .seed(json!({
                "secretmanager": {"secrets": [
                    {
                        "name": SECRET,
                        "replication": {"automatic": {}},
                        "annotations": {(STATE_ANNOTATION): state.to_annotation().unwrap()},
                        "versionAliases": {"current": "1"},
                        "versions": [{"text": first}],
                    },
                    {"name": SIDE, "replication": {"automatic": {}}, "versions": []},
                ]},
                "run": {"services": services},
            }))
            .unwrap();
    }

    pub(crate) async fn get(&self, path: &str) -> Option<Value> {
        let url = format!("{}{path}", self.url());
        let answer = self.http.get(url).send().await.unwrap();
        if !answer.status().is_success() {
            return None;
        }
        Some(serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap())
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", self.url());
        let answer = self.http.post(url).json(&body).send().await.unwrap();
        let text = answer.text().await.unwrap();
        serde_json::from_str(&text).unwrap()
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", self.url());
        let answer = self.http.patch(url).json(&body).send().await.unwrap();
        let text = answer.text().await.unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// The number of a secret's project, by which Google names it in its answers.
    pub(crate) async fn project_number(&self, secret: &str) -> u64 {
        let secret = self.get(&format!("/v1/{secret}")).await.unwrap();
        let name = secret["name"].as_str().unwrap();
        name.split('/').nth(1).unwrap().parse().unwrap()
    }

    pub(crate) async fn secret(&self) -> Value {
        self.get(&format!("/v1/{SECRET}")).await.unwrap()
    }

    pub(crate) async fn state(&self) -> Option<State> {
        let secret = self.secret().await;
        let text = secret["annotations"][STATE_ANNOTATION].as_str()?;
        Some(State::from_annotation(text).unwrap())
    }

    /// The bytes of a version, by number, alias or `latest`; none if nobody can read it.
    pub(crate) async fn value(&self, secret: &str, version: &str) -> Option<String> {
        Some(self.access(secret, version).await?.1)
    }

    /// The number of a version, and its bytes; none if nobody can read it.
    pub(crate) async fn access(&self, secret: &str, version: &str) -> Option<(u64, String)> {
        let path = format!("/v1/{secret}/versions/{version}:access");
        let read = self.get(&path).await?;
        let (_, number) = read["name"].as_str().unwrap().rsplit_once('/').unwrap();
        let data = read["payload"]["data"].as_str().unwrap();
        let bytes = base64::prelude::BASE64_STANDARD.decode(data).unwrap();
        Some((number.parse().unwrap(), String::from_utf8(bytes).unwrap()))
    }

    /// The states of all versions, the oldest first.
    pub(crate) async fn versions(&self, secret: &str) -> Vec<String> {
        let path = format!("/v1/{secret}/versions?pageSize=1000");
        let listed = self.get(&path).await.unwrap();
        let versions = listed["versions"].as_array().cloned().unwrap_or_default();
        let mut states: Vec<String> = versions
            .iter()
            .map(|version| version["state"].as_str().unwrap().to_owned())
            .collect();
        states.reverse();
        states
    }

    pub(crate) async fn enabled(&self, secret: &str) -> usize {
        let states = self.versions(secret).await;
        states.iter().filter(|state| *state == "ENABLED").count()
    }
}
