//! What is answered beside events.

use super::{answer, intake::Intake};
use crate::Handler;
use axum::{
    extract::{ConnectInfo, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, Method, StatusCode, Uri, header::CONTENT_TYPE};
use std::{net::SocketAddr, sync::Arc};

pub(super) async fn health() -> Response {
    answer::with_json(StatusCode::OK, r#"{"status":"ok"}"#.to_owned())
}

pub(super) async fn ready<H: Handler>(State(intake): State<Arc<Intake<H>>>) -> Response {
    if intake.shutdown.requested() {
        return answer::error(
            StatusCode::SERVICE_UNAVAILABLE,
            "stopping",
            "the process is about to end",
        );
    }
    answer::with_json(StatusCode::OK, r#"{"status":"ready"}"#.to_owned())
}

pub(super) async fn metrics<H: Handler>(
    State(intake): State<Arc<Intake<H>>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    // What comes through a proxy on this machine comes from elsewhere.
    let near = peer.ip().is_loopback() && !headers.contains_key("x-forwarded-for");
    if !near && let Err(rejection) = intake.guard.check(&headers).await {
        return answer::to_rejected(&rejection);
    }
    let text = intake.metrics.render();
    (
        [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        text,
    )
        .into_response()
}

pub(super) async fn not_found(uri: Uri) -> Response {
    let message = format!(
        "there is no {}: events go to `POST /`; there are `/health`, `/ready` and `/metrics`",
        uri.path()
    );
    answer::error(StatusCode::NOT_FOUND, "not_found", &message)
}

pub(super) async fn wrong_method(method: Method, uri: Uri) -> Response {
    let message = format!(
        "{} does not answer {method}: events go to `POST /`",
        uri.path()
    );
    answer::error(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        &message,
    )
}
