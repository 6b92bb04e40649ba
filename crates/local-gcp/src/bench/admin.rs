//! `/_local`: clock, faults, journal, levels, notes, reset and seed.

use super::{
    faults::{Fault, Planned, glob},
    journal::Entry,
    levels::{self, Level},
    notes::Note,
};
use crate::{
    app::App,
    engine::{self, Early, Move, Moved},
    google::json,
    http::{ApiError, Reply, error},
};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
    routing::{get, post, put},
};
use futures::{Stream, StreamExt as _, stream};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{collections::BTreeMap, convert::Infallible, sync::Arc};
use tokio::sync::broadcast::error::RecvError;

pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/_local", get(overview))
        .route("/_local/clock", get(read_clock).post(move_clock))
        .route(
            "/_local/faults",
            get(list_faults).post(add_fault).delete(clear_faults),
        )
        .route("/_local/faults/{id}", axum::routing::delete(remove_fault))
        .route("/_local/journal", get(read_journal).delete(clear_journal))
        .route("/_local/journal/stream", get(follow_journal))
        .route("/_local/contract", get(judge_journal))
        .route("/_local/levels", get(list_levels))
        .route("/_local/notes", get(list_notes))
        .route("/_local/notes/{name}", put(write_note).delete(remove_note))
        .route("/_local/seed", post(seed))
        .route("/_local/reset", post(reset))
        .route("/_local/keys:roll", post(roll_keys))
        .route("/_local/timers:fire", post(fire_timer))
}

/// An [`ApiError`] in Google's JSON form.
struct Refusal(ApiError);

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        error::google(&self.0).into_response()
    }
}

async fn overview(State(app): State<App>) -> Json<Value> {
    let methods = |api: &crate::http::Api| api.methods.iter().map(|m| m.id).collect::<Vec<_>>();
    let apis: Vec<Value> = app
        .apis
        .iter()
        .map(|api| json!({ "name": api.name, "methods": methods(api) }))
        .collect();
    Json(json!({
        "url": app.url,
        "project": app.options.project,
        "locations": app.store.view().locations(),
        "projectNumber": app.identity.project_number(&app.options.project).to_string(),
        "serviceAccount": app.options.service_account,
        "clock": clock(&app),
        "apis": apis,
    }))
}

fn clock(app: &App) -> Value {
    let next = engine::timers::first(&app.store.view());
    json!({ "now": app.clock.now(), "running": app.clock.runs(), "nextTimer": next })
}

async fn read_clock(State(app): State<App>) -> Json<Value> {
    Json(clock(&app))
}

async fn move_clock(State(app): State<App>, body: Bytes) -> Result<Json<Moved>, Refusal> {
    let to: Move = json::decode(&body)?;
    Ok(Json(engine::move_clock(&app, to).await?))
}

async fn list_faults(State(app): State<App>) -> Json<Vec<Planned>> {
    Json(app.faults.list())
}

async fn add_fault(State(app): State<App>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let fault: Fault = json::decode(&body)?;
    let known = app
        .apis
        .iter()
        .flat_map(|api| &api.methods)
        .any(|m| glob(&fault.method, m.id));
    if !known {
        let message = format!(
            "no method is named {:?}; GET /_local lists them",
            fault.method
        );
        return Err(ApiError::invalid(message).into());
    }
    Ok(Json(json!({ "id": app.faults.add(fault) })))
}

async fn remove_fault(State(app): State<App>, Path(id): Path<u64>) -> Result<StatusCode, Refusal> {
    if app.faults.remove(id) {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::not_found(format!("there is no fault {id}")).into())
    }
}

async fn clear_faults(State(app): State<App>) -> StatusCode {
    app.faults.clear();
    StatusCode::NO_CONTENT
}

/// Which entries of the journal are wanted.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Which {
    /// Only those after this number.
    after: u64,
    /// Only methods of this name, in which `*` stands for anything.
    api: Option<String>,
    /// The last so many.
    limit: Option<usize>,
    /// `jsonl` for one object a line.
    format: Option<String>,
}

impl Which {
    fn wants(&self, entry: &Entry) -> bool {
        entry.seq > self.after
            && self
                .api
                .as_ref()
                .is_none_or(|pattern| glob(pattern, &entry.api))
    }

    fn entries(&self, app: &App) -> Vec<Arc<Entry>> {
        let mut entries = app.journal.since(self.after);
        entries.retain(|entry| self.wants(entry));
        let surplus = entries
            .len()
            .saturating_sub(self.limit.unwrap_or(usize::MAX));
        entries.drain(..surplus);
        entries
    }
}

async fn read_journal(
    State(app): State<App>,
    Query(which): Query<Which>,
) -> Result<Reply, Refusal> {
    let entries = which.entries(&app);
    if which.format.as_deref() == Some("jsonl") {
        let line = |entry: &Arc<Entry>| serde_json::to_string(&**entry).map(|line| line + "\n");
        let text: String = entries
            .iter()
            .map(line)
            .collect::<Result<_, _>>()
            .map_err(|error| rendering(&error))?;
        return Ok(Reply::text("application/x-ndjson", text));
    }
    let entries: Vec<&Entry> = entries.iter().map(|entry| &**entry).collect();
    Ok(Reply::json(&entries)?)
}

/// Takes the same parameters as the journal, and judges what it would answer.
async fn judge_journal(
    State(app): State<App>,
    Query(which): Query<Which>,
) -> Result<Reply, Refusal> {
    Ok(Reply::json(&crate::judge(&which.entries(&app)))?)
}

fn rendering(error: &serde_json::Error) -> ApiError {
    ApiError::internal(format!("cannot render the journal: {error}"))
}

async fn clear_journal(State(app): State<App>) -> StatusCode {
    app.journal.clear();
    StatusCode::NO_CONTENT
}

/// Server-sent events: first what is kept after `?after=`, then each new entry as it comes.
async fn follow_journal(
    State(app): State<App>,
    Query(which): Query<Which>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let live = app.journal.follow();
    let kept = app.journal.since(which.after);
    let last = kept.last().map_or(which.after, |entry| entry.seq);
    let live = stream::unfold(live, |mut live| async {
        loop {
            match live.recv().await {
                Ok(entry) => return Some((entry, live)),
                // Too slow: entries were skipped. Their numbers show it, and a GET fetches them.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    });
    let live = live.filter(move |entry| std::future::ready(entry.seq > last));
    let events = stream::iter(kept).chain(live).filter_map(move |entry| {
        let event = which.wants(&entry).then(|| {
            let event = Event::default().id(entry.seq.to_string());
            event
                .json_data(&*entry)
                .unwrap_or_else(|error| Event::default().comment(error.to_string()))
        });
        std::future::ready(event.map(Ok))
    });
    let stopping = app.stopping.clone();
    Sse::new(events.take_until(stopping.cancelled_owned())).keep_alive(KeepAlive::default())
}

async fn list_levels(State(app): State<App>) -> Json<Vec<Level>> {
    Json(levels::all(&app.store.view()))
}

async fn list_notes(State(app): State<App>) -> Json<BTreeMap<String, Note>> {
    Json(app.notes.all())
}

async fn write_note(
    State(app): State<App>,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<StatusCode, Refusal> {
    app.notes.put(name, json::decode(&body)?)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn remove_note(
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<StatusCode, Refusal> {
    app.notes.remove(&name)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn seed(State(app): State<App>, body: Bytes) -> Result<Json<Value>, Refusal> {
    app.seed(json::decode(&body)?)?;
    Ok(Json(json!({})))
}

async fn reset(State(app): State<App>) -> Result<Json<Value>, Refusal> {
    app.reset()?;
    Ok(Json(json!({})))
}

async fn roll_keys(State(app): State<App>) -> Result<Json<Value>, Refusal> {
    let kid = app.identity.roll(&app)?;
    Ok(Json(json!({ "kid": kid })))
}

async fn fire_timer(State(app): State<App>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let early: Early = json::decode(&body)?;
    engine::fire_early(&app, &early).await?;
    Ok(Json(json!({})))
}
