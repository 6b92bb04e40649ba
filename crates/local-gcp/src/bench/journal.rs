//! Everything that was asked and answered, for tests to assert on and for a console to show.

use crate::http::{Content, Reply};
use axum::http::{HeaderMap, header::AUTHORIZATION, header::CONTENT_TYPE, request::Parts};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::broadcast;

/// How many exchanges are kept.
const KEPT: usize = 20_000;
/// Bodies beyond this many bytes are noted by their size only.
const LARGEST_BODY: usize = 1 << 20;
/// Stands where a secret was.
pub(crate) const LEFT_OUT: &str = "(left out)";

/// One request and its answer, or one delivery that local-gcp made itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// Counts up from 1.
    pub seq: u64,
    /// The time on local-gcp's clock.
    pub at: Timestamp,
    /// `in` for a request that was served, `out` for a push or a scheduled call that was made.
    pub direction: Direction,
    /// Google's name for the method, for instance `storage.objects.get`; empty when none matched.
    pub api: String,
    /// HTTP method.
    pub method: String,
    /// The path, percent-encoded as it came; for deliveries the whole URL.
    pub path: String,
    /// The query string as it came.
    pub query: String,
    /// Request headers; the value of `Authorization` is left out.
    pub headers: Vec<(String, String)>,
    /// HTTP status; 0 when a delivery got no answer.
    pub status: u16,
    /// The request body, if it was JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub json: Option<Value>,
    /// The request body, if it was text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The answer's body, if it was JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resp: Option<Value>,
    /// The answer's body, if it was text; for a delivery, why there was no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resp_text: Option<String>,
    /// How long it took, in milliseconds of real time.
    pub ms: f64,
    /// The fault that hit the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// Who asked whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Somebody called local-gcp.
    In,
    /// Local-gcp called somebody.
    Out,
}

/// The last 20,000 exchanges.
#[derive(Debug)]
pub struct Journal {
    state: Mutex<State>,
    live: broadcast::Sender<Arc<Entry>>,
}

#[derive(Debug, Default)]
struct State {
    last: u64,
    entries: VecDeque<Arc<Entry>>,
}

/// An entry in the making.
pub(crate) struct Note {
    pub(crate) at: Timestamp,
    pub(crate) direction: Direction,
    pub(crate) api: &'static str,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) request: Payload,
    pub(crate) status: u16,
    pub(crate) response: Payload,
    pub(crate) secret: &'static [&'static str],
    pub(crate) took: Duration,
    pub(crate) fault: Option<String>,
}

/// A body as the journal keeps it.
#[derive(Debug, Default)]
pub(crate) enum Payload {
    #[default]
    None,
    Json(Value),
    Text(String),
}

impl Default for Journal {
    fn default() -> Self {
        Self {
            state: Mutex::default(),
            live: broadcast::Sender::new(1024),
        }
    }
}

impl Journal {
    /// The entries after `seq`, oldest first.
    pub fn since(&self, seq: u64) -> Vec<Arc<Entry>> {
        let state = self.lock();
        let start = state.entries.partition_point(|entry| entry.seq <= seq);
        state.entries.range(start..).cloned().collect()
    }

    /// All entries, oldest first.
    pub fn entries(&self) -> Vec<Arc<Entry>> {
        self.since(0)
    }

    /// The entries of the methods that `pattern` names, in which `*` stands for anything.
    pub fn of(&self, pattern: &str) -> Vec<Arc<Entry>> {
        let entries = self.entries().into_iter();
        entries
            .filter(|entry| super::faults::glob(pattern, &entry.api))
            .collect()
    }

    /// Forgets all entries; counting goes on.
    pub fn clear(&self) {
        self.lock().entries.clear();
    }

    /// The entries to come.
    pub(crate) fn follow(&self) -> broadcast::Receiver<Arc<Entry>> {
        self.live.subscribe()
    }

    pub(crate) fn note(parts: &Parts, at: Timestamp) -> Note {
        Note {
            direction: Direction::In,
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: readable(&parts.headers),
            ..Note::out("", parts.method.as_str(), parts.uri.path(), at)
        }
    }

    pub(crate) fn record(&self, note: Note) {
        let (json, text) = note.request.split();
        let (resp, resp_text) = note.response.split();
        let mut state = self.lock();
        state.last += 1;
        let entry = Arc::new(Entry {
            seq: state.last,
            at: note.at,
            direction: note.direction,
            api: note.api.to_owned(),
            method: note.method,
            path: note.path,
            query: note.query,
            headers: note.headers,
            status: note.status,
            json,
            text,
            resp,
            resp_text,
            ms: (note.took.as_secs_f64() * 1e5).round() / 1e2,
            fault: note.fault,
        });
        if state.entries.len() == KEPT {
            state.entries.pop_front();
        }
        state.entries.push_back(entry.clone());
        // Sent under the lock, so that followers see entries in order. Nobody may be listening.
        let _ = self.live.send(entry);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Note {
    /// An exchange that local-gcp began.
    pub(crate) fn out(api: &'static str, method: &str, path: &str, at: Timestamp) -> Self {
        Self {
            at,
            direction: Direction::Out,
            api,
            method: method.to_owned(),
            path: path.to_owned(),
            query: String::new(),
            headers: vec![],
            request: Payload::None,
            status: 0,
            response: Payload::None,
            secret: &[],
            took: Duration::ZERO,
            fault: None,
        }
    }

    pub(crate) fn answer(&mut self, reply: &Reply, took: Duration) {
        self.status = reply.status.as_u16();
        self.took = took;
        if let Some(noted) = &reply.noted {
            let (request, answer) = (**noted).clone();
            self.request = Payload::json(request, self.secret);
            if !answer.is_null() {
                self.response = Payload::json(answer, self.secret);
                return;
            }
        }
        self.response = match &reply.content {
            Content::Json(value) => Payload::json(value.clone(), self.secret),
            Content::Text(_, text) if text.len() <= LARGEST_BODY => Payload::Text(text.clone()),
            _ => Payload::None,
        };
    }
}

impl Payload {
    /// A body as its media type says; what is neither JSON nor text is not kept.
    pub(crate) fn of(headers: &HeaderMap, body: &[u8], secret: &[&str]) -> Self {
        if body.is_empty() || body.len() > LARGEST_BODY {
            return Self::None;
        }
        let media_type = headers
            .get(CONTENT_TYPE)
            .and_then(|v| v.to_str().ok())
            .unwrap_or_default();
        if !media_type.starts_with("multipart/")
            && let Ok(value) = serde_json::from_slice(body)
        {
            return Self::json(value, secret);
        }
        let textual = [
            "text/",
            "application/xml",
            "multipart/",
            "application/x-www-form",
        ];
        if textual.iter().any(|prefix| media_type.starts_with(prefix)) {
            return std::str::from_utf8(body)
                .map_or(Self::None, |text| Self::Text(text.to_owned()));
        }
        Self::None
    }

    fn json(mut value: Value, secret: &[&str]) -> Self {
        if !secret.is_empty() {
            redact(&mut value, secret);
        }
        Self::Json(value)
    }

    fn split(self) -> (Option<Value>, Option<String>) {
        match self {
            Self::None => (None, None),
            Self::Json(value) => (Some(value), None),
            Self::Text(text) => (None, Some(text)),
        }
    }
}

fn redact(value: &mut Value, secret: &[&str]) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                if secret.contains(&key.as_str()) && !value.is_object() {
                    *value = Value::String(LEFT_OUT.to_owned());
                } else {
                    redact(value, secret);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| redact(item, secret)),
        _ => {}
    }
}

pub(crate) fn readable(headers: &HeaderMap) -> Vec<(String, String)> {
    let pair = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
        let value = if name == AUTHORIZATION {
            LEFT_OUT
        } else {
            value.to_str().unwrap_or("(not text)")
        };
        (name.to_string(), value.to_owned())
    };
    headers.iter().map(pair).collect()
}
