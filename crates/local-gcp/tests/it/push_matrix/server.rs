//! Either server, and time as it passes there.

use crate::{
    receiver::{Received, Receiver},
    support::{Answered, Context as _, Result, ensure, send},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use local_gcp::LocalGcp;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How long the emulator's slowest behaviour may take on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(45);
/// How long local-gcp may be asked to let time pass, on its clock.
const STEPS: u32 = 1_000;

/// A server whose pushes are looked at.
pub(super) struct Server {
    url: String,
    http: Client,
    begun: Instant,
    /// The server whose clock we move; the emulator's moves by itself.
    local: Option<LocalGcp>,
}

/// A topic with a push subscription of the same name, and who gets the pushes.
pub(super) struct Subscribed<'a> {
    pub(super) server: &'a Server,
    pub(super) topic: String,
    pub(super) receiver: Receiver,
}

impl Server {
    pub(super) fn local(local: LocalGcp) -> Self {
        Self {
            url: local.url().to_owned(),
            http: Client::new(),
            begun: Instant::now(),
            local: Some(local),
        }
    }

    pub(super) fn emulator(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            http: Client::new(),
            begun: Instant::now(),
            local: None,
        }
    }

    pub(super) async fn call(&self, method: Method, path: &str, body: &Value) -> Result<Answered> {
        let url = format!("{}/v1/projects/demo/{path}", self.url);
        send(self.http.request(method, url).json(body)).await
    }

    pub(super) async fn put(&self, path: &str, body: Value) -> Result<Value> {
        self.call(Method::PUT, path, &body).await?.ok()
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Result<Value> {
        self.call(Method::POST, path, &body).await?.ok()
    }

    /// A topic and a push subscription, both called `name`, with these settings; pushes go to `path`.
    pub(super) async fn subscribed(
        &self,
        name: &str,
        path: &str,
        settings: Value,
    ) -> Result<Subscribed<'_>> {
        let receiver = Receiver::start().await?;
        self.put(&format!("topics/{name}"), json!({})).await?;
        let mut settings = settings;
        settings["pushConfig"]["pushEndpoint"] = receiver.url(path).into();
        settings["topic"] = format!("projects/demo/topics/{name}").into();
        self.put(&format!("subscriptions/{name}"), settings).await?;
        Ok(Subscribed {
            server: self,
            topic: name.to_owned(),
            receiver,
        })
    }

    /// The messages that a subscription has now.
    pub(super) async fn pull(&self, name: &str) -> Result<Vec<Value>> {
        let request = json!({ "maxMessages": 100, "returnImmediately": true });
        let answer = self
            .post(&format!("subscriptions/{name}:pull"), request)
            .await?;
        Ok(answer["receivedMessages"]
            .as_array()
            .cloned()
            .unwrap_or_default())
    }

    /// Lets time pass until `probe` yields something: there a moment of it, here as much as the next thing due takes.
    pub(super) async fn until<T>(
        &self,
        what: &str,
        mut probe: impl AsyncFnMut() -> Result<Option<T>>,
    ) -> Result<T> {
        let end = Instant::now() + PATIENCE;
        for step in 0..STEPS {
            if let Some(found) = probe().await? {
                return Ok(found);
            }
            match &self.local {
                // What is on its way already needs no time to pass.
                Some(_) if step < 10 => tokio::time::sleep(Duration::from_millis(5)).await,
                Some(local) => self.pass(local).await?,
                None => tokio::time::sleep(Duration::from_millis(50)).await,
            }
            ensure!(Instant::now() < end, "{what} did not happen");
        }
        anyhow::bail!("{what} did not happen")
    }

    /// Moves local-gcp's clock, not waiting long for a receiver that means to hang.
    async fn pass(&self, local: &LocalGcp) -> Result<()> {
        let url = format!("{}/_local/clock", local.url());
        let step = json!({ "advance": "500ms", "settle": "100ms" });
        send(self.http.post(url).json(&step)).await?.ok()?;
        Ok(())
    }

    /// Seconds since some moment, on the server's clock.
    pub(super) fn now(&self) -> f64 {
        match &self.local {
            Some(local) => {
                let since = local.now().duration_since(jiff::Timestamp::UNIX_EPOCH);
                since.as_secs_f64()
            }
            None => self.begun.elapsed().as_secs_f64(),
        }
    }

    /// Seconds between deliveries, on the server's clock.
    pub(super) fn pauses(&self, received: &[Received]) -> Vec<f64> {
        let seconds: Vec<f64> = match &self.local {
            Some(local) => {
                let pushes = local.journal().of("pubsub.push");
                let first = pushes.first().map(|entry| entry.at).unwrap_or_default();
                let since = |entry: &local_gcp::Entry| entry.at.duration_since(first);
                let times = pushes.iter().map(|entry| since(entry).as_secs_f64());
                times.collect()
            }
            None => {
                let first = received.first().map(|first| first.at);
                let since = |one: &Received| first.map(|first| one.at - first);
                let times = received.iter().filter_map(since);
                times.map(|time| time.as_secs_f64()).collect()
            }
        };
        seconds.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }
}

impl Subscribed<'_> {
    /// Publishes one message and says its id.
    pub(super) async fn publish(&self, text: &str, mut message: Value) -> Result<String> {
        if !text.is_empty() {
            message["data"] = STANDARD.encode(text).into();
        }
        let path = format!("topics/{}:publish", self.topic);
        let answer = self
            .server
            .post(&path, json!({ "messages": [message] }))
            .await?;
        let id = answer["messageIds"][0].as_str();
        Ok(id.context("a message id")?.to_owned())
    }

    /// The first `count` deliveries.
    pub(super) async fn deliveries(&self, count: usize) -> Result<Vec<Received>> {
        let enough = async || {
            let received = self.receiver.received();
            Ok((received.len() >= count).then_some(received))
        };
        let what = format!("delivery {count} of {}", self.topic);
        let mut received = self.server.until(&what, enough).await?;
        received.truncate(count);
        Ok(received)
    }
}
