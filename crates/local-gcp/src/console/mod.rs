//! The console: one page that shows what is here and what is asked, and lets a person move the clock, publish and break.
//!
//! It is served from here, and not by a program of its own, because all it needs is here: the same origin needs neither a
//! proxy nor an exception for other origins, and whoever runs local-gcp alone has it too. It uses Google's own APIs and
//! `/_local`, as anybody could with curl.

use crate::{
    app::App,
    http::{ApiError, dispatch::dispatch, error, wire::Cut},
};
use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Path, State},
    http::{
        HeaderMap, HeaderName, Method, Request,
        header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, VARY},
        request::Parts,
    },
    response::{IntoResponse, Response},
    routing::get,
};

const PAGE: &str = include_str!("index.html");

/// The files of the page: name, media type, content.
const FILES: &[(&str, &str, &str)] = &[
    ("console.css", "text/css", include_str!("console.css")),
    ("main.js", SCRIPT, include_str!("main.js")),
    ("api.js", SCRIPT, include_str!("api.js")),
    ("page.js", SCRIPT, include_str!("page.js")),
    ("clock.js", SCRIPT, include_str!("clock.js")),
    ("resources.js", SCRIPT, include_str!("resources.js")),
    ("events.js", SCRIPT, include_str!("events.js")),
    ("faults.js", SCRIPT, include_str!("faults.js")),
    ("journal.js", SCRIPT, include_str!("journal.js")),
    ("timeline.js", SCRIPT, include_str!("timeline.js")),
    ("notes.js", SCRIPT, include_str!("notes.js")),
    ("budgets.js", SCRIPT, include_str!("budgets.js")),
];

const SCRIPT: &str = "text/javascript";

/// Nothing from elsewhere, nothing inline.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// On every request of the page: `read` for looking, `act` for what a person pressed.
const MARK: HeaderName = HeaderName::from_static("x-local-console");

pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/", get(page).fallback(dispatch))
        .route("/_local/console/{file}", get(file))
}

/// Whether the console is only looking. No fault hits such a request, and the journal leaves it out: who watches must not
/// change what is watched.
pub(crate) fn is_looking(parts: &Parts) -> bool {
    parts.method == Method::GET && parts.headers.get(MARK).is_some_and(|mark| mark == "read")
}

/// The page for a browser; for all others `/` is what it is at Google, such as the root of the metadata server.
async fn page(app: State<App>, cut: ConnectInfo<Cut>, request: Request<Body>) -> Response {
    if is_browser(request.headers()) {
        served("text/html", PAGE)
    } else {
        dispatch(app, cut, request).await
    }
}

fn is_browser(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

async fn file(Path(name): Path<String>) -> Response {
    match FILES.iter().find(|(file, ..)| *file == name) {
        Some((_, media_type, content)) => served(media_type, content),
        None => error::google(&ApiError::not_found(format!(
            "the console has no file {name}"
        )))
        .into_response(),
    }
}

fn served(media_type: &str, content: &'static str) -> Response {
    let headers = [
        (CONTENT_TYPE, format!("{media_type}; charset=utf-8")),
        (CONTENT_SECURITY_POLICY, POLICY.to_owned()),
        // Another build may serve another page on the same port.
        (CACHE_CONTROL, "no-store".to_owned()),
        (VARY, ACCEPT.to_string()),
    ];
    (headers, content).into_response()
}
