//! Takes each request to its method and notes both in the journal.

use super::{
    Answer, ApiError, Call, Content, Query, Reply, api::Method, error, origin, template::Params,
    wire::Cut,
};
use crate::{
    app::App,
    bench::{
        faults::{Decision, Effects},
        journal::{Journal, Note, Payload},
    },
    console,
    google::fields,
};
use axum::{
    body::{Body, to_bytes},
    extract::{ConnectInfo, State},
    http::{HeaderMap, Request, request::Parts},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use std::{sync::Arc, time::Instant};

/// A buffered body may be as large as the largest multipart upload anybody sends.
const MAX_BUFFERED_BODY: usize = 1 << 30;

/// The fallback of the axum router: everything but `/_local`.
pub(crate) async fn dispatch(
    State(app): State<App>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: Request<Body>,
) -> Response {
    let begun = Instant::now();
    let (parts, body) = request.into_parts();
    let observed = !console::is_looking(&parts);
    let query = Query::parse(parts.uri.query().unwrap_or_default());
    let host = origin::host(&parts.uri, &parts.headers);
    let found = app
        .router
        .find(&parts.method, parts.uri.path(), &query, &host);
    let mut note = Journal::note(&parts, app.clock.now());
    let reply = match found {
        None => error::google(&unknown(&parts)),
        Some((method, params)) => {
            note.api = method.id;
            let answered = Visit {
                app: &app,
                method,
                params,
                query,
                cut: &cut,
                observed,
            }
            .run(parts, body, &mut note);
            match answered.await {
                Ok(reply) => reply,
                Err((render, error)) => render(&error).retry_after(error.retry_after),
            }
        }
    };
    note.answer(&reply, begun.elapsed());
    if observed {
        app.journal.record(note);
    }
    reply.into_response()
}

fn unknown(parts: &Parts) -> ApiError {
    ApiError::not_found(format!(
        "local-gcp serves no method at {} {}",
        parts.method,
        parts.uri.path()
    ))
}

/// A request together with the method that it means.
struct Visit<'a> {
    app: &'a App,
    method: Arc<Method>,
    params: Params,
    query: Query,
    cut: &'a Cut,
    /// Whether faults may hit it.
    observed: bool,
}

impl Visit<'_> {
    async fn run(
        self,
        parts: Parts,
        body: Body,
        note: &mut Note,
    ) -> Result<Reply, (error::RenderError, ApiError)> {
        let render = self.method.render;
        let cut = self.cut;
        let fault = if self.observed {
            self.app.faults.decide(self.method.id, parts.uri.path())
        } else {
            Decision::default()
        };
        note.fault.clone_from(&fault.label);
        if let Some(delay) = fault.delay {
            self.app.faults.wait(delay).await;
        }
        if fault.reset {
            cut.reset();
            return Ok(Reply::bare(axum::http::StatusCode::SERVICE_UNAVAILABLE));
        }
        if let Some(refusal) = fault.refusal {
            return Err((render, refusal));
        }
        let lose_answer = fault.lose_answer;
        let reply = self.handle(parts.headers, body, fault.effects, note).await;
        if lose_answer {
            cut.reset();
        }
        reply.map_err(|error| (render, error))
    }

    async fn handle(
        self,
        headers: HeaderMap,
        body: Body,
        effects: Effects,
        note: &mut Note,
    ) -> Answer {
        let (body, stream) = if self.method.streams {
            (Bytes::new(), body)
        } else {
            (buffer(body).await?, Body::empty())
        };
        note.request = Payload::of(&headers, &body, self.method.secret);
        note.secret = self.method.secret;
        let selector = self.query.get("fields").map(fields::parse).transpose()?;
        let api = self.method.id.split('.').next().unwrap_or_default();
        let call = Call {
            app: self.app.clone(),
            params: self.params,
            query: self.query,
            headers,
            body,
            stream: stream.into(),
            effects,
            api,
        };
        let mut reply = (self.method.handler)(call).await?;
        if let (Some(selector), Content::Json(value)) = (selector, &mut reply.content) {
            selector.apply(value);
        }
        Ok(reply)
    }
}

async fn buffer(body: Body) -> Result<Bytes, ApiError> {
    to_bytes(body, MAX_BUFFERED_BODY)
        .await
        .map_err(|e| ApiError::invalid(format!("cannot read the request body: {e}")))
}
