//! The plugin protocol's gRPC, as much of it as Terraform asks for: unary calls over a unix socket.

use crate::protocol::{Schemas, answer};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    response::Response,
};
use bytes::{BufMut as _, BytesMut};
use http::{HeaderMap, HeaderValue, Uri, header::CONTENT_TYPE};
use http_body_util::{BodyExt as _, Full};
use prost::Message as _;
use std::{io, sync::Arc};
use tokio::{net::UnixListener, sync::Notify};

/// Flag and length before each message.
const FRAME_HEADER: usize = 5;

const OK: HeaderValue = HeaderValue::from_static("0");
const UNIMPLEMENTED: HeaderValue = HeaderValue::from_static("12");

struct Plugin {
    schema: Vec<u8>,
    stop: Notify,
}

/// Serves `schema` until Terraform says `Shutdown`.
pub async fn serve(listener: UnixListener, schema: Schemas) -> io::Result<()> {
    let plugin = Arc::new(Plugin {
        schema: schema.encode_to_vec(),
        stop: Notify::new(),
    });
    let router = Router::new().fallback(call).with_state(plugin.clone());
    axum::serve(listener, router)
        .with_graceful_shutdown(async move { plugin.stop.notified().await })
        .await
}

async fn call(State(plugin): State<Arc<Plugin>>, uri: Uri, request: Bytes) -> Response {
    let method = uri.path().rsplit('/').next().unwrap_or_default();
    let message = request.get(FRAME_HEADER..).unwrap_or_default();
    let reply = answer(method, message, &plugin.schema);
    if method == "Shutdown" {
        plugin.stop.notify_one();
    }
    let status = if reply.is_some() { OK } else { UNIMPLEMENTED };
    let trailers = HeaderMap::from_iter([(http::HeaderName::from_static("grpc-status"), status)]);
    let body = Full::new(reply.map(|reply| framed(&reply)).unwrap_or_default())
        .with_trailers(async move { Some(Ok(trailers)) });
    let mut response = Response::new(Body::new(body));
    let grpc = HeaderValue::from_static("application/grpc");
    response.headers_mut().insert(CONTENT_TYPE, grpc);
    response
}

/// One uncompressed gRPC message. A schema is far below the 4 GiB that the length can say.
fn framed(message: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(FRAME_HEADER + message.len());
    frame.put_u8(0);
    frame.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    frame.extend_from_slice(message);
    frame.freeze()
}
