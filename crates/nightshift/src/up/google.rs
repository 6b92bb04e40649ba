//! Asking local-gcp, as any client of Google's would.

use crate::Error;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long one of Google's long-running operations may take here.
const TO_RECONCILE: Duration = Duration::from_secs(30);

/// An HTTP client and where local-gcp is.
#[derive(Debug)]
pub(crate) struct Google {
    pub(crate) http: reqwest::Client,
    pub(crate) url: String,
}

impl Google {
    pub(crate) fn new(url: String) -> Result<Self, Error> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(30))
            .build()
            .map_err(|source| asking("prepare to ask", &url, source))?;
        Ok(Self { http, url })
    }

    /// Sends a request and reads the JSON of its answer.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Error> {
        let url = format!("{}{path}", self.url);
        let request = self.http.request(method.clone(), url);
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        answered(request, &method, path).await
    }

    /// Reads as the console does: the journal, which is about functions, leaves it out, and no fault hits it.
    pub(crate) async fn look(&self, path: &str) -> Result<Value, Error> {
        let request = self.http.get(format!("{}{path}", self.url));
        let request = request.header("x-local-console", "read");
        answered(request, &Method::GET, path).await
    }

    /// Makes a Cloud Run resource, and waits until it is there.
    pub(crate) async fn create(&self, path: &str, body: &Value) -> Result<(), Error> {
        let mut operation = self.ask(Method::POST, path, Some(body)).await?;
        let deadline = Instant::now() + TO_RECONCILE;
        while operation["done"] != true {
            if Instant::now() > deadline {
                return Err(Error::Unproven(format!(
                    "POST {path} does not come to an end"
                )));
            }
            sleep(Duration::from_millis(50)).await;
            let name = operation["name"].as_str().unwrap_or_default();
            operation = self.ask(Method::GET, &format!("/v2/{name}"), None).await?;
        }
        match &operation["error"] {
            Value::Null => Ok(()),
            error => Err(Error::Unproven(format!("POST {path} ended with {error}"))),
        }
    }
}

async fn answered(
    request: reqwest::RequestBuilder,
    method: &Method,
    path: &str,
) -> Result<Value, Error> {
    let failed = |source| asking(method.as_str(), path, source);
    let answer = request.send().await.map_err(failed)?;
    let status = answer.status();
    let text = answer.text().await.map_err(failed)?;
    if !status.is_success() {
        return Err(Error::Unproven(format!(
            "{method} {path} was answered {status}: {text}"
        )));
    }
    if status == StatusCode::NO_CONTENT {
        return Ok(Value::Null);
    }
    serde_json::from_str(&text).map_err(|source| Error::Unreadable {
        command: format!("{method} {path}"),
        source,
    })
}

fn asking(doing: &str, what: &str, source: reqwest::Error) -> Error {
    Error::Asking {
        doing: format!("{doing} {what}"),
        source,
    }
}
