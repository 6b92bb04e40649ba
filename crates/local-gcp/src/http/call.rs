//! One request on its way to a handler.

use super::{ApiError, Query, template::Params};
use crate::{
    app::App,
    bench::faults::Effects,
    store::{Tx, View},
};
use axum::{body::Body, http::HeaderMap};
use bytes::Bytes;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use std::sync::{Mutex, PoisonError};

/// A request whose method is known.
pub(crate) struct Call {
    pub(crate) app: App,
    pub(crate) params: Params,
    pub(crate) query: Query,
    pub(crate) headers: HeaderMap,
    /// The whole body; empty where the method streams.
    pub(crate) body: Bytes,
    /// The body of a method that streams; locked because a body cannot be shared and a call can.
    pub(crate) stream: Mutex<Body>,
    /// What a test asked to go wrong within this call.
    pub(crate) effects: Effects,
    /// The table prefix of the API, which a stale read refers to.
    pub(crate) api: &'static str,
}

impl Call {
    /// A variable of the path template.
    pub(crate) fn param(&self, name: &str) -> Result<&str, ApiError> {
        let value = self.params.get(name).map(String::as_str);
        value.ok_or_else(|| ApiError::internal(format!("the path template has no variable {name}")))
    }

    /// The body of a method that streams. It is there once.
    pub(crate) fn take_stream(&self) -> Body {
        std::mem::take(&mut *self.stream.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The JSON body. An empty body counts as `{}`: gcloud sends none with `:disable` and its like.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        let body: &[u8] = if self.body.is_empty() {
            b"{}"
        } else {
            &self.body
        };
        crate::google::json::decode(body)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.app.clock.now()
    }

    /// The state as this call may see it: the newest, or an older one when a fault says so.
    pub(crate) fn view(&self) -> View {
        self.app
            .store
            .view_before(self.api, self.effects.stale_writes)
    }

    /// Changes the state, or nothing when `change` fails.
    pub(crate) fn write<R>(
        &self,
        change: impl FnOnce(&mut Tx) -> Result<R, ApiError>,
    ) -> Result<R, ApiError> {
        self.app.store.write(change)
    }
}
