//! The gRPC methods that Google's clients use to publish and to receive.

use super::{message, pull, stream};
use crate::{
    app::App,
    http::{Answer, Api, ApiError, Call, Reply},
};
use axum::{body::Body, http::Request};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1 as proto;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tonic::{Status, server::Grpc};
use tonic_prost::ProstCodec;
use tonic_types::{ErrorDetails, StatusExt as _};

/// A pull over gRPC waits this long (real time) for a first message.
const PULL_WAIT: Duration = Duration::from_secs(5);
const LARGEST_MESSAGE: usize = 20 << 20;

pub(super) fn methods(api: Api) -> Api {
    let api = api.errors(|error| Reply::whole(status(error).into_http()));
    let api = unary(
        api,
        "pubsub.Publisher.Publish",
        "/google.pubsub.v1.Publisher/Publish",
        publish,
    );
    let api = unary(
        api,
        "pubsub.Subscriber.Pull",
        "/google.pubsub.v1.Subscriber/Pull",
        pull,
    );
    let api = unary(
        api,
        "pubsub.Subscriber.Acknowledge",
        "/google.pubsub.v1.Subscriber/Acknowledge",
        acknowledge,
    );
    let api = unary(
        api,
        "pubsub.Subscriber.ModifyAckDeadline",
        "/google.pubsub.v1.Subscriber/ModifyAckDeadline",
        modify_ack_deadline,
    );
    api.post(
        "pubsub.Subscriber.StreamingPull",
        "/google.pubsub.v1.Subscriber/StreamingPull",
        streaming_pull,
    )
    .streams()
}

/// How the journal shows a protocol buffer.
trait Shown {
    fn shown(&self) -> Value;
}

/// Adds a unary method.
fn unary<Req, Res, F>(
    api: Api,
    id: &'static str,
    path: &'static str,
    method: impl Fn(App, Req) -> F + Clone + Send + Sync + 'static,
) -> Api
where
    Req: prost::Message + Default + Shown + Send + 'static,
    Res: prost::Message + Default + Shown + Send + 'static,
    F: Future<Output = Result<Res, ApiError>> + Send + 'static,
{
    let handler = move |call: Call| {
        let method = method.clone();
        async move {
            let seen = Arc::new(Mutex::new((Value::Null, Value::Null)));
            let (noted, app) = (seen.clone(), call.app.clone());
            let service = tower::service_fn(move |request: tonic::Request<Req>| {
                let request = request.into_inner();
                let shown = request.shown();
                let (noted, answer) = (noted.clone(), method(app.clone(), request));
                async move {
                    let answer = answer.await;
                    let result = match &answer {
                        Ok(answer) => answer.shown(),
                        Err(error) => error.rpc_status(),
                    };
                    *noted.lock().unwrap_or_else(PoisonError::into_inner) = (shown, result);
                    answer
                        .map(tonic::Response::new)
                        .map_err(|error| status(&error))
                }
            });
            let mut grpc = Grpc::new(ProstCodec::<Res, Req>::default())
                .max_decoding_message_size(LARGEST_MESSAGE);
            let response = grpc.unary(service, http_request(call)).await;
            let (request, answer) =
                std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner));
            Ok(Reply::whole(response.map(Body::new)).noting(request, answer))
        }
    };
    api.post(id, path, handler).streams()
}

fn http_request(call: Call) -> Request<Body> {
    let mut request = Request::new(call.take_stream());
    *request.headers_mut() = call.headers;
    request
}

/// A refusal in the form of gRPC, its `ErrorInfo` included.
pub(super) fn status(error: &ApiError) -> Status {
    let code = tonic::Code::from_i32(error.code.number());
    let Some(info) = error.details.first() else {
        return Status::new(code, &error.message);
    };
    let text = |key: &str| info[key].as_str().unwrap_or_default().to_owned();
    let metadata = info["metadata"].as_object().into_iter().flatten();
    let metadata: HashMap<String, String> = metadata
        .map(|(k, v)| (k.clone(), v.as_str().unwrap_or_default().to_owned()))
        .collect();
    let details = ErrorDetails::with_error_info(text("reason"), text("domain"), metadata);
    Status::with_error_details(code, &error.message, details)
}

async fn publish(
    app: App,
    request: proto::PublishRequest,
) -> Result<proto::PublishResponse, ApiError> {
    let messages = request.messages.into_iter().map(|message| {
        let attributes = message.attributes.into_iter().collect();
        let mut new = message::NewMessage::new(message.data, attributes);
        new.ordering_key = message.ordering_key;
        new
    });
    let messages = messages.collect();
    let message_ids = app
        .store
        .write(|tx| message::publish(&app, tx, &request.topic, messages))?;
    Ok(proto::PublishResponse { message_ids })
}

async fn pull(app: App, request: proto::PullRequest) -> Result<proto::PullResponse, ApiError> {
    let (subscription, deliveries) = pull::take(
        &app,
        &request.subscription,
        request.max_messages.into(),
        PULL_WAIT,
    )
    .await?;
    let received_messages = deliveries
        .iter()
        .map(|delivery| received(&subscription, delivery))
        .collect();
    Ok(proto::PullResponse { received_messages })
}

async fn acknowledge(app: App, request: proto::AcknowledgeRequest) -> Result<(), ApiError> {
    pull::acknowledge_all(&app, &request.subscription, &request.ack_ids)
}

async fn modify_ack_deadline(
    app: App,
    request: proto::ModifyAckDeadlineRequest,
) -> Result<(), ApiError> {
    let seconds = request.ack_deadline_seconds.into();
    pull::modify_deadlines(&app, &request.subscription, &request.ack_ids, seconds)
}

async fn streaming_pull(call: Call) -> Answer {
    type Codec = ProstCodec<proto::StreamingPullResponse, proto::StreamingPullRequest>;
    let app = call.app.clone();
    let service = tower::service_fn(
        move |request: tonic::Request<tonic::Streaming<proto::StreamingPullRequest>>| {
            let responses = stream::open(app.clone(), request.into_inner());
            async { Ok::<_, Status>(tonic::Response::new(responses)) }
        },
    );
    let response = Grpc::new(Codec::default())
        .streaming(service, http_request(call))
        .await;
    Ok(Reply::whole(response.map(Body::new)))
}

/// A message on its way out.
pub(super) fn received(
    subscription: &super::subscription::Subscription,
    delivery: &super::queue::Delivery,
) -> proto::ReceivedMessage {
    let message = &delivery.message;
    let attempt = if subscription.dead_letter_policy.is_some() {
        delivery.attempt
    } else {
        0
    };
    proto::ReceivedMessage {
        ack_id: delivery.ack_id(),
        message: Some(proto::PubsubMessage {
            data: message.data.clone(),
            attributes: message.attributes.clone().into_iter().collect(),
            message_id: message.message_id.clone(),
            publish_time: Some(timestamp(message.publish_time)),
            ordering_key: message.ordering_key.clone(),
        }),
        delivery_attempt: i32::try_from(attempt).unwrap_or(i32::MAX),
    }
}

fn timestamp(at: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: at.as_second(),
        nanos: at.subsec_nanosecond(),
    }
}

impl Shown for () {
    fn shown(&self) -> Value {
        json!({})
    }
}

impl Shown for proto::PubsubMessage {
    fn shown(&self) -> Value {
        let mut shown =
            json!({ "data": STANDARD.encode(&self.data), "attributes": self.attributes });
        if !self.ordering_key.is_empty() {
            shown["orderingKey"] = self.ordering_key.clone().into();
        }
        if !self.message_id.is_empty() {
            shown["messageId"] = self.message_id.clone().into();
        }
        shown
    }
}

impl Shown for proto::PublishRequest {
    fn shown(&self) -> Value {
        let messages: Vec<Value> = self.messages.iter().map(Shown::shown).collect();
        json!({ "topic": self.topic, "messages": messages })
    }
}

impl Shown for proto::PublishResponse {
    fn shown(&self) -> Value {
        json!({ "messageIds": self.message_ids })
    }
}

impl Shown for proto::PullRequest {
    fn shown(&self) -> Value {
        json!({ "subscription": self.subscription, "maxMessages": self.max_messages })
    }
}

impl Shown for proto::PullResponse {
    fn shown(&self) -> Value {
        let one = |m: &proto::ReceivedMessage| json!({ "ackId": m.ack_id, "message": m.message.as_ref().map(Shown::shown) });
        json!({ "receivedMessages": self.received_messages.iter().map(one).collect::<Vec<_>>() })
    }
}

impl Shown for proto::AcknowledgeRequest {
    fn shown(&self) -> Value {
        json!({ "subscription": self.subscription, "ackIds": self.ack_ids })
    }
}

impl Shown for proto::ModifyAckDeadlineRequest {
    fn shown(&self) -> Value {
        json!({
            "subscription": self.subscription,
            "ackIds": self.ack_ids,
            "ackDeadlineSeconds": self.ack_deadline_seconds,
        })
    }
}
