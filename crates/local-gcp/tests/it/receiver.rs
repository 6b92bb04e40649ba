//! A function, as far as deliveries can tell: it notes what comes and answers as told.

use crate::support::{Result, eventually};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
};
use serde_json::Value;
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};
use tokio::{net::TcpListener, sync::Notify};

/// What came.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) at: Instant,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Received {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

#[derive(Default)]
struct Inbox {
    received: Mutex<Vec<Received>>,
    statuses: Mutex<Vec<u16>>,
    /// A request to `/hang` is answered when this says so.
    release: Notify,
}

/// A server that stops when it is dropped.
pub(crate) struct Receiver {
    url: String,
    inbox: Arc<Inbox>,
    server: tokio::task::JoinHandle<()>,
}

impl Receiver {
    /// Answers 204, or what [`answer`](Self::answer) planned, and to `/status/N` always N.
    pub(crate) async fn start() -> Result<Self> {
        let inbox = Arc::new(Inbox::default());
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let app = Router::new().fallback(take).with_state(inbox.clone());
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, app).await;
        });
        Ok(Self { url, inbox, server })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// The statuses of the next answers, in this order.
    pub(crate) fn answer(&self, statuses: &[u16]) {
        let mut planned: Vec<u16> = statuses.to_vec();
        planned.reverse();
        *locked(&self.inbox.statuses) = planned;
    }

    pub(crate) fn release(&self) {
        self.inbox.release.notify_waiters();
    }

    /// Stops listening: whoever connects is refused.
    pub(crate) fn leave(&self) {
        self.server.abort();
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        locked(&self.inbox.received).clone()
    }

    /// Waits until so many requests came.
    pub(crate) async fn wait_for(&self, count: usize) -> Result<Vec<Received>> {
        let enough = async || Ok(Some(self.received()).filter(|received| received.len() >= count));
        eventually(&format!("delivery {count}"), enough).await
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn take(
    State(inbox): State<Arc<Inbox>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let path = uri.path().to_owned();
    let released = inbox.release.notified();
    locked(&inbox.received).push(Received {
        at: Instant::now(),
        path: path.clone(),
        headers,
        body,
    });
    if path == "/hang" {
        released.await;
    }
    let always = path.strip_prefix("/status/").and_then(|n| n.parse().ok());
    let planned = always.or_else(|| locked(&inbox.statuses).pop());
    // A number that is no status is a mistake in the test, and shows as one.
    StatusCode::from_u16(planned.unwrap_or(204)).unwrap_or(StatusCode::IM_A_TEAPOT)
}

fn locked<T>(inbox: &Mutex<T>) -> MutexGuard<'_, T> {
    inbox.lock().unwrap_or_else(PoisonError::into_inner)
}
