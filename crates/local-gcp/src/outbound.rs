//! Requests that local-gcp makes itself: pushes and scheduled calls. Plain HTTP only: what they wake runs here, too.

use crate::{
    app::App,
    bench::journal::{Note, Payload, readable},
};
use axum::{
    body::Body,
    http::{HeaderMap, Method, Request, StatusCode, Uri},
};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use jiff::Timestamp;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
    time::{Duration, Instant},
};

/// Answers are read to their end up to this size, so that the connection can be used again.
const LARGEST_ANSWER: usize = 1 << 20;
/// However slow the clock here runs, nobody waits longer for an answer than this.
const PATIENCE: Duration = Duration::from_mins(30);

/// The HTTP client.
pub(crate) struct Outbound(Client<HttpConnector, Body>);

/// What is to be delivered.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    /// What the journal calls it, for instance `pubsub.push`.
    pub(crate) name: &'static str,
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// When to give up, on the clock here.
    pub(crate) deadline: Timestamp,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Undelivered {
    #[error("{0:?} is not a URL that can be called: {1}")]
    Url(String, String),
    #[error("no answer before the deadline")]
    Deadline,
    #[error("{0}")]
    Transport(String),
}

impl Outbound {
    pub(crate) fn new() -> Self {
        Self(Client::builder(TokioExecutor::new()).build_http())
    }

    async fn send(&self, delivery: &Delivery) -> Result<StatusCode, Undelivered> {
        let bad = |problem: &str| Undelivered::Url(delivery.url.clone(), problem.to_owned());
        let uri: Uri = delivery.url.parse().map_err(|_| bad("it does not parse"))?;
        if uri.scheme_str() != Some("http") {
            return Err(bad("only http:// is delivered to from here"));
        }
        let mut request = Request::new(Body::from(delivery.body.clone()));
        *request.method_mut() = delivery.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = delivery.headers.clone();
        // An informational answer such as 102 is an answer here: Pub/Sub takes it for an acknowledgement.
        let informational = Arc::new(AtomicU16::new(0));
        let seen = informational.clone();
        hyper::ext::on_informational(&mut request, move |head| {
            seen.store(head.status().as_u16(), Ordering::Relaxed);
        });
        match self.0.request(request).await {
            Ok(response) => {
                let (head, body) = response.into_parts();
                // Nothing depends on the body; a broken one only costs the connection.
                let _ = Limited::new(body, LARGEST_ANSWER).collect().await;
                Ok(head.status)
            }
            Err(error) => match StatusCode::from_u16(informational.load(Ordering::Relaxed)) {
                Ok(status) => Ok(status),
                Err(_) => Err(Undelivered::Transport(chain(&error))),
            },
        }
    }
}

impl App {
    /// Makes one request, notes it in the journal, and says with which status it was answered.
    pub(crate) async fn deliver(&self, delivery: Delivery) -> Result<StatusCode, Undelivered> {
        let begun = Instant::now();
        let at = self.clock.now();
        let answer = tokio::select! {
            answer = self.outbound.send(&delivery) => answer,
            () = self.clock.wait_until(delivery.deadline) => Err(Undelivered::Deadline),
            () = tokio::time::sleep(PATIENCE) => Err(Undelivered::Deadline),
        };
        self.journal.record(Note {
            request: Payload::of(&delivery.headers, &delivery.body, &[]),
            headers: readable(&delivery.headers),
            status: answer.as_ref().map_or(0, StatusCode::as_u16),
            response: answer
                .as_ref()
                .err()
                .map_or(Payload::None, |e| Payload::Text(e.to_string())),
            took: begun.elapsed(),
            ..Note::out(delivery.name, delivery.method.as_str(), &delivery.url, at)
        });
        answer
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}
