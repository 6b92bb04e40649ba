//! One line for each request, as Cloud Logging shows requests, and the trace in every line about it.

use crate::{
    metrics, report,
    trace::{self, TraceContext},
};
use axum::{
    body::{Body, HttpBody},
    extract::{ConnectInfo, Request, State},
    middleware::Next,
    response::Response,
};
use http::header;
use std::{net::SocketAddr, sync::Arc, time::Instant};
use tracing::{Instrument, debug, info};

/// Longer ones are cut: the sender chooses them.
const MAX_TEXT: usize = 256;

pub(super) async fn count(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    metrics::request_answered(response.status());
    response
}

pub(super) async fn log(
    State(project): State<Option<Arc<str>>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let span = trace::request(TraceContext::of(request.headers()), project.as_deref());
    let seen = Seen::of(&request, peer);
    async move {
        let response = next.run(request).await;
        seen.tell(&response);
        response
    }
    .instrument(span)
    .await
}

/// What is kept of a request until it is answered.
struct Seen {
    begun: Instant,
    method: String,
    /// Without the query, which may say anything.
    path: String,
    size: Option<u64>,
    agent: Option<String>,
    remote: String,
    protocol: &'static str,
}

impl Seen {
    fn of(request: &Request, peer: SocketAddr) -> Self {
        let headers = request.headers();
        let text = |name| headers.get(name)?.to_str().ok();
        // Google's front end adds the address it sees behind what the sender says.
        let forwarded = text(header::HeaderName::from_static("x-forwarded-for"))
            .and_then(|list| list.rsplit(',').next())
            .map(|last| cut(last.trim()));
        Self {
            begun: Instant::now(),
            method: request.method().to_string(),
            path: cut(request.uri().path()),
            size: request.body().size_hint().exact(),
            agent: text(header::USER_AGENT).map(cut),
            remote: forwarded.unwrap_or_else(|| peer.ip().to_string()),
            protocol: match request.version() {
                http::Version::HTTP_2 => "HTTP/2",
                http::Version::HTTP_10 => "HTTP/1.0",
                _ => "HTTP/1.1",
            },
        }
    }

    /// Questions of Cloud Run itself after our health are told only on request: there is one every few seconds.
    fn tell(&self, response: &Response<Body>) {
        macro_rules! tell {
            ($level:ident) => {
                $level!(
                    event = "request",
                    httpRequest.requestMethod = self.method,
                    httpRequest.requestUrl = self.path,
                    httpRequest.requestSize = self.size.map(|size| size.to_string()),
                    httpRequest.status = response.status().as_u16(),
                    httpRequest.responseSize = response
                        .body()
                        .size_hint()
                        .exact()
                        .map(|size| size.to_string()),
                    httpRequest.userAgent = self.agent,
                    httpRequest.remoteIp = self.remote,
                    httpRequest.latency = format!("{:.6}s", self.begun.elapsed().as_secs_f64()),
                    httpRequest.protocol = self.protocol,
                    "{} {} {} in {}",
                    self.method,
                    self.path,
                    response.status().as_u16(),
                    report::duration(self.begun.elapsed()),
                )
            };
        }
        let probe = matches!(self.path.as_str(), "/health" | "/ready" | "/metrics");
        if probe && response.status().is_success() {
            tell!(debug);
        } else {
            tell!(info);
        }
    }
}

fn cut(text: &str) -> String {
    text[..text.floor_char_boundary(MAX_TEXT)].to_owned()
}
