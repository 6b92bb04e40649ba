//! A server, and a client that speaks JSON to it.

use local_gcp::{LocalGcp, Options, Part, judge};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;
use std::{
    ops::Deref,
    time::{Duration, Instant},
};

pub(crate) use anyhow::{Context, Result, ensure};

/// A server in memory whose clock runs.
pub(crate) async fn start() -> Result<Api> {
    Api::start(Options::default()).await
}

/// A server in memory whose clock stands at noon on 1 November 2026.
pub(crate) async fn start_stopped() -> Result<Api> {
    Api::start(Options::stopped_at("2026-11-01T12:00:00Z".parse()?)).await
}

/// A server and an HTTP client for it.
pub(crate) struct Api {
    pub(crate) gcp: Judged,
    pub(crate) http: reqwest::Client,
}

/// A server whose answers must keep to Google's discovery documents, whatever a test asks of it. They are judged when it
/// is dropped.
pub(crate) struct Judged(Option<LocalGcp>);

impl Judged {
    pub(crate) async fn start(options: Options) -> Result<Self> {
        Ok(Self(Some(LocalGcp::start(options).await?)))
    }

    pub(crate) async fn stop(mut self) {
        self.judge();
        if let Some(gcp) = self.0.take() {
            gcp.stop().await;
        }
    }

    fn judge(&self) {
        let Some(gcp) = &self.0 else { return };
        let judgement = judge(&gcp.journal().entries());
        let mut violations = judgement.violations.iter();
        assert!(
            violations.all(|found| found.part != Part::Answer),
            "{judgement}"
        );
    }
}

impl Deref for Judged {
    type Target = LocalGcp;

    fn deref(&self) -> &LocalGcp {
        match &self.0 {
            Some(gcp) => gcp,
            None => unreachable!("only stopping takes it"),
        }
    }
}

impl Drop for Judged {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.judge();
        }
    }
}

/// A status and a body.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Api {
    pub(crate) async fn start(options: Options) -> Result<Self> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(30))
            .build()?;
        Ok(Self {
            gcp: Judged::start(options).await?,
            http,
        })
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.gcp.url()))
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Answered> {
        send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Result<Answered> {
        send(self.request(Method::DELETE, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Result<Answered> {
        send(self.request(Method::POST, path).json(&body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Result<Answered> {
        send(self.request(Method::PUT, path).json(&body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Result<Answered> {
        send(self.request(Method::PATCH, path).json(&body)).await
    }
}

pub(crate) async fn send(request: RequestBuilder) -> Result<Answered> {
    let response = request.send().await?;
    let (status, headers) = (response.status(), response.headers().clone());
    Ok(Answered {
        status,
        headers,
        text: response.text().await?,
    })
}

impl Answered {
    /// The JSON body of a success.
    pub(crate) fn ok(self) -> Result<Value> {
        ensure!(self.status.is_success(), "{} {}", self.status, self.text);
        if self.text.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&self.text).with_context(|| self.text.clone())
    }

    /// The status and the canonical code of a refusal.
    pub(crate) fn refused(&self) -> Result<(u16, String)> {
        let body: Value = serde_json::from_str(&self.text).with_context(|| self.text.clone())?;
        let code = body["error"]["status"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        Ok((self.status.as_u16(), code))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

/// Polls until `probe` yields something; fails after ten seconds.
pub(crate) async fn eventually<T>(
    what: &str,
    mut probe: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        if let Some(found) = probe().await? {
            return Ok(found);
        }
        ensure!(
            Instant::now() < deadline,
            "{what} did not happen within ten seconds"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
