//! Calls of Google's APIs for which a generated client would be a hundred thousand lines for three methods.
//!
//! Credentials and the switch to a stand-in are the runtime's. Nothing is tried twice here: every step may be repeated as
//! a whole, by whoever drives the rotation.

use super::TargetError;
use google_cloud_auth::credentials::CacheableResource;
use http::{Extensions, HeaderMap, Method, header::AUTHORIZATION};
use nightshift_runtime::gcp::Gcp;
use secrecy::{SecretString, zeroize::Zeroizing};
use serde::Serialize;
use serde_json::Value;
use std::time::Duration;

/// For one request, so that a step of 30 s has room for three.
const ATTEMPT: Duration = Duration::from_secs(10);

/// One of Google's APIs.
pub(super) struct Api {
    http: reqwest::Client,
    gcp: Gcp,
    root: &'static str,
}

/// Why a call has no result. The words are Google's, except where they are ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum CallError {
    /// It was not sent.
    NotSent(String),
    /// It was sent, and nothing that can be understood came back.
    NoAnswer(String),
    /// Google refused.
    Refused {
        status: u16,
        /// `errors[0].reason` or `status` of the body, such as `operationInProgress`.
        reason: String,
        message: String,
    },
}

impl CallError {
    /// What may be assumed of a change after this error.
    pub(super) fn of_change(self, doing: &str) -> TargetError {
        match self {
            Self::NotSent(why) => TargetError::Unreachable(format!("{doing}: {why}")),
            Self::NoAnswer(why) => TargetError::Unknown(format!("{doing}: {why}")),
            Self::Refused {
                status,
                reason,
                message,
            } => {
                let why = format!("{doing}: {message} (HTTP {status}, {reason})");
                let busy = status == 409 || reason == "operationInProgress";
                match status {
                    _ if busy => TargetError::Unreachable(why),
                    429 => TargetError::Unreachable(why),
                    500.. => TargetError::Unknown(why),
                    _ => TargetError::Denied(why),
                }
            }
        }
    }

    /// After a question, nothing has changed: what is unknown is merely unreachable.
    pub(super) fn of_question(self, doing: &str) -> TargetError {
        match self.of_change(doing) {
            TargetError::Unknown(why) => TargetError::Unreachable(why),
            other => other,
        }
    }

    pub(super) fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status: 404, .. })
    }
}

impl Api {
    /// The API at `root`, such as `https://iam.googleapis.com`.
    pub(super) fn new(gcp: Gcp, root: &'static str) -> Result<Self, TargetError> {
        let http = client(ATTEMPT)?;
        Ok(Self { http, gcp, root })
    }

    pub(super) async fn get(&self, path: &str) -> Result<Value, CallError> {
        self.call(Method::GET, path, None::<&Value>).await
    }

    /// A request with a body, which is overwritten when it has been handed to the client.
    pub(super) async fn send<B: Serialize>(
        &self,
        method: Method,
        path: &str,
        body: &B,
    ) -> Result<Value, CallError> {
        self.call(method, path, Some(body)).await
    }

    pub(super) async fn delete(&self, path: &str) -> Result<Value, CallError> {
        self.call(Method::DELETE, path, None::<&Value>).await
    }

    async fn call<B: Serialize>(
        &self,
        method: Method,
        path: &str,
        body: Option<&B>,
    ) -> Result<Value, CallError> {
        let root = self.gcp.endpoint().unwrap_or(self.root);
        let headers = credentials(&self.gcp).await.map_err(CallError::NotSent)?;
        let mut request = self.http.request(method, format!("{root}{path}"));
        request = request.headers(headers);
        if let Some(body) = body {
            let json = serde_json::to_vec(body).map(Zeroizing::new);
            let json = json.map_err(|_| CallError::NotSent("the body is not JSON".to_owned()))?;
            request = request
                .header(http::header::CONTENT_TYPE, "application/json")
                .body(json.to_vec());
        }
        let answer = request.send().await.map_err(|error| not_sent(&error))?;
        let status = answer.status();
        let bytes = answer.bytes().await.map_err(|error| no_answer(&error))?;
        let body = serde_json::from_slice(&bytes);
        if status.is_success() {
            return body.map_err(|_| CallError::NoAnswer("the answer is not JSON".to_owned()));
        }
        Err(refused(status.as_u16(), &body.unwrap_or_default()))
    }
}

/// A client of HTTP that follows nobody elsewhere: a redirect would take credentials along.
pub(super) fn client(timeout: Duration) -> Result<reqwest::Client, TargetError> {
    reqwest::Client::builder()
        .timeout(timeout)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!(
            "nightshift-rotate-secrets/",
            env!("CARGO_PKG_VERSION")
        ))
        .build()
        .map_err(|error| TargetError::Denied(format!("make an HTTP client: {error}")))
}

/// What went wrong with a request, without its URL, which may hold names that are nobody's business.
pub(super) fn not_sent(error: &reqwest::Error) -> CallError {
    if error.is_connect() || error.is_builder() {
        return CallError::NotSent("cannot connect".to_owned());
    }
    no_answer(error)
}

fn no_answer(error: &reqwest::Error) -> CallError {
    let why = if error.is_timeout() {
        "no answer in time"
    } else {
        "the connection broke"
    };
    CallError::NoAnswer(why.to_owned())
}

fn refused(status: u16, body: &Value) -> CallError {
    let error = &body["error"];
    let reason = error["errors"][0]["reason"].as_str();
    let reason = reason
        .or(error["status"].as_str())
        .or(body["error"].as_str());
    let message = error["message"].as_str();
    let message = message.or(body["error_description"].as_str());
    CallError::Refused {
        status,
        reason: reason.unwrap_or("no reason given").to_owned(),
        message: message.unwrap_or("refused").to_owned(),
    }
}

async fn credentials(gcp: &Gcp) -> Result<HeaderMap, String> {
    match gcp.credentials().headers(Extensions::new()).await {
        Ok(CacheableResource::New { data, .. }) => Ok(data),
        Ok(CacheableResource::NotModified) => Err("the credentials gave no token".to_owned()),
        Err(error) => Err(format!("get an access token: {error}")),
    }
}

/// An `OAuth` 2 access token of our own identity.
pub(super) async fn access_token(gcp: &Gcp) -> Result<SecretString, TargetError> {
    let headers = credentials(gcp).await.map_err(TargetError::Unreachable)?;
    headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .map(SecretString::from)
        .ok_or_else(|| TargetError::Denied("the credentials are not of the bearer kind".to_owned()))
}
