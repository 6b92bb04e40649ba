//! The few calls of Google's APIs that the guard makes, as JSON over REST.
//!
//! The generated clients know each API's types, and drop or rename what their version does not know. What is put back
//! here must be what was there, field for field, so values stay the JSON that Google gave. Credentials and the switch to a
//! stand-in are the runtime's.

mod error;

pub use error::CallError;

use google_cloud_auth::credentials::CacheableResource;
use http::{Extensions, Method};
use nightshift_runtime::{RetryPolicy, Verdict, gcp::Gcp};
use serde_json::Value;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// For one request. Google's slowest answer among those we ask for takes some seconds.
const ATTEMPT: Duration = Duration::from_secs(20);

/// One of Google's APIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    /// Cloud Run Admin v2.
    Run,
    /// Cloud Scheduler v1.
    Scheduler,
    /// Cloud SQL Admin v1.
    Sql,
    /// Compute Engine v1.
    Compute,
    /// Service Usage v1beta1, for quotas.
    ServiceUsage,
    /// Cloud Billing v1.
    Billing,
    /// Cloud Billing Budgets v1.
    Budgets,
    /// Resource Manager v3.
    Projects,
    /// Pub/Sub v1.
    PubSub,
}

impl Api {
    const fn root(self) -> &'static str {
        match self {
            Self::Run => "https://run.googleapis.com",
            Self::Scheduler => "https://cloudscheduler.googleapis.com",
            Self::Sql => "https://sqladmin.googleapis.com",
            Self::Compute => "https://compute.googleapis.com",
            Self::ServiceUsage => "https://serviceusage.googleapis.com",
            Self::Billing => "https://cloudbilling.googleapis.com",
            Self::Budgets => "https://billingbudgets.googleapis.com",
            Self::Projects => "https://cloudresourcemanager.googleapis.com",
            Self::PubSub => "https://pubsub.googleapis.com",
        }
    }
}

/// A client of all of them. Clones share connections.
#[derive(Debug, Clone)]
pub struct Google {
    http: reqwest::Client,
    gcp: Gcp,
    reads: RetryPolicy,
    /// How often an operation is asked whether it has ended.
    poll: Duration,
    /// How long an operation may take before it counts as not ended.
    patience: Duration,
}

/// Where to ask whether something long-running has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    api: Api,
    path: String,
}

impl Google {
    /// A client with the credentials of `gcp`.
    pub fn new(gcp: Gcp) -> Result<Self, CallError> {
        let built = reqwest::Client::builder()
            .timeout(ATTEMPT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!(
                "nightshift-budget-guard/",
                env!("CARGO_PKG_VERSION")
            ))
            .build();
        Ok(Self {
            http: built.map_err(|source| CallError::Client(source.without_url()))?,
            gcp,
            reads: RetryPolicy {
                max_attempts: 3,
                max_delay: Duration::from_secs(5),
                deadline: Duration::from_secs(30),
                ..RetryPolicy::default()
            },
            poll: Duration::from_millis(250),
            patience: Duration::from_mins(1),
        })
    }

    /// The same with another policy for reads, other patience with operations, and another wait between two looks.
    #[must_use]
    pub fn with_patience(self, reads: RetryPolicy, patience: Duration, poll: Duration) -> Self {
        Self {
            reads,
            poll,
            patience,
            ..self
        }
    }

    /// What the clients have in common.
    pub fn gcp(&self) -> &Gcp {
        &self.gcp
    }

    /// Reads; what fails in passing is asked again.
    pub async fn get(&self, api: Api, path: &str) -> Result<Value, CallError> {
        let what = format!("GET {path}");
        let asking = |_| self.call(api, Method::GET, path, None);
        let judge = |error: &CallError| match error {
            error if error.may_pass() => Verdict::Retry,
            _ => Verdict::Stop,
        };
        self.reads.run(&what, asking, judge).await
    }

    /// Asks once for a change. Who gets no answer must look whether it was made.
    pub async fn change(
        &self,
        api: Api,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<Value, CallError> {
        self.call(api, method, path, Some(body)).await
    }

    async fn call(
        &self,
        api: Api,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, CallError> {
        let root = self.gcp.endpoint().unwrap_or(api.root());
        let place = path.split('?').next().unwrap_or(path);
        let doing = format!("{method} {}{place}", api.root());
        let headers = self.gcp.credentials().headers(Extensions::new()).await;
        let headers = match headers {
            Ok(CacheableResource::New { data, .. }) => data,
            Ok(CacheableResource::NotModified) => http::HeaderMap::new(),
            Err(source) => return Err(CallError::Credentials(source)),
        };
        let request = self.http.request(method, format!("{root}{path}"));
        let request = match body {
            Some(body) => request.headers(headers).json(body),
            None => request.headers(headers),
        };
        let lost = |source: reqwest::Error| CallError::NoAnswer {
            doing: doing.clone(),
            source: source.without_url(),
        };
        let answer = request.send().await.map_err(lost)?;
        let status = answer.status();
        let bytes = answer.bytes().await.map_err(lost)?;
        if !status.is_success() {
            return Err(CallError::refused(doing, status, &bytes));
        }
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&bytes).map_err(|source| CallError::NotJson { doing, source })
    }

    /// Waits until what is pending has ended, and says how.
    pub async fn wait(&self, pending: &Pending) -> Result<(), CallError> {
        let started = Instant::now();
        loop {
            let operation = self.get(pending.api, &pending.path).await?;
            if operation["done"] == true || operation["status"] == "DONE" {
                return match operation.get("error") {
                    None | Some(Value::Null) => Ok(()),
                    Some(error) => Err(CallError::operation(&pending.path, error)),
                };
            }
            if started.elapsed() > self.patience {
                return Err(CallError::StillPending {
                    operation: pending.path.clone(),
                });
            }
            sleep(self.poll).await;
        }
    }
}

impl Pending {
    /// Of an operation of `api` at `path`.
    pub fn new(api: Api, path: impl Into<String>) -> Self {
        Self {
            api,
            path: path.into(),
        }
    }

    /// The operation in an answer whose name is relative to `version`, when it is not over already.
    pub fn named(api: Api, version: &str, answer: &Value) -> Option<Self> {
        if answer["done"] == true && answer.get("error").is_none() {
            return None;
        }
        let name = answer["name"].as_str()?;
        Some(Self::new(api, format!("/{version}/{name}")))
    }
}
