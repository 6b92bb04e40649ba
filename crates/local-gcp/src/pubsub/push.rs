//! Delivery by push: the request in its four forms, and what the answer means.

use super::{
    message::Message,
    queue::{self, Delivery},
    redelivery::{self, Failure},
    subscription::{NoWrapper, Subscription},
};
use crate::{
    app::App,
    google::json::rfc3339,
    http::ApiError,
    identity::token,
    outbound::{self, Undelivered},
    store::Tx,
};
use axum::http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// How many pushes of one subscription are under way at once.
const WINDOW: usize = 100;

const AGENT: &str = "APIs-Google; (+https://developers.google.com/webmasters/APIs-Google.html)";

/// Answers that acknowledge. 203 is not among them, and neither is any redirect.
const ACKNOWLEDGING: [u16; 5] = [102, 200, 201, 202, 204];

/// Headers that belong to the connection or to us, whatever an attribute is called.
const RESERVED: [&str; 8] = [
    "authorization",
    "connection",
    "content-length",
    "expect",
    "host",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// Starts as many pushes as fit. Called whenever something became ready or a place became free.
pub(super) fn pump(app: &App, tx: &mut Tx, subscription: &Subscription) {
    if !subscription.is_push() || !queue::has_ready(tx, &subscription.name) {
        return;
    }
    let room = WINDOW.saturating_sub(queue::outstanding(tx, &subscription.name, None));
    let until = app
        .clock
        .now()
        .saturating_add(subscription.ack_deadline())
        .unwrap_or(Timestamp::MAX);
    for delivery in queue::lease(tx, &subscription.name, room, until, 0) {
        let (app, subscription) = (app.clone(), subscription.clone());
        tx.afterwards(move || {
            let work = attempt(app.clone(), subscription, delivery, until);
            app.spawn(work);
        });
    }
}

async fn attempt(app: App, subscription: Subscription, delivery: Delivery, until: Timestamp) {
    let answer = match request(&app, &subscription, &delivery, until) {
        Ok(request) => app.deliver(request).await,
        Err(error) => Err(Undelivered::Transport(error.message)),
    };
    let acknowledged = match answer {
        Ok(status) => ACKNOWLEDGING.contains(&status.as_u16()),
        // The lease's own timer takes the message back.
        Err(Undelivered::Deadline) => return,
        Err(error) => {
            tracing::debug!(subscription = subscription.name, %error, "a push came to nothing");
            false
        }
    };
    let settled = app.store.write(|tx| {
        // An answer in time counts; after that the message is out on another attempt.
        if acknowledged && queue::is_current(tx, &delivery.key, delivery.attempt) {
            queue::acknowledge(tx, &delivery.key);
        } else if queue::is_current(tx, &delivery.key, delivery.attempt) {
            redelivery::fail(&app, tx, &subscription, &delivery.key, Failure::Refused)?;
        }
        if let Some(subscription) = tx.get::<Subscription>(&subscription.name) {
            pump(&app, tx, &subscription);
        }
        Ok::<_, ApiError>(())
    });
    if let Err(error) = settled {
        tracing::error!(subscription = subscription.name, %error, "the outcome of a push was not kept");
    }
}

fn request(
    app: &App,
    subscription: &Subscription,
    delivery: &Delivery,
    deadline: Timestamp,
) -> Result<outbound::Delivery, ApiError> {
    let config = &subscription.push_config;
    let mut headers = HeaderMap::new();
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    let body = match &config.no_wrapper {
        None => {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            Bytes::from(wrapped(subscription, delivery).to_string())
        }
        Some(NoWrapper { write_metadata }) => {
            if *write_metadata {
                metadata(&mut headers, subscription, &delivery.message);
            }
            delivery.message.data.clone()
        }
    };
    if let Some(oidc) = &config.oidc_token {
        let audience = if oidc.audience.is_empty() {
            &config.push_endpoint
        } else {
            &oidc.audience
        };
        let token = token::id_token(app, &oidc.service_account_email, audience, true)?;
        let value = HeaderValue::from_str(&format!("Bearer {token}"));
        headers.insert(
            AUTHORIZATION,
            value.map_err(|e| ApiError::internal(e.to_string()))?,
        );
    }
    Ok(outbound::Delivery {
        name: "pubsub.push",
        method: Method::POST,
        url: config.push_endpoint.clone(),
        headers,
        body,
        deadline,
    })
}

/// The JSON body. Id and time stand there twice, as the real service has it; the delivery attempt stands at the top, and
/// only when there is a dead letter policy.
fn wrapped(subscription: &Subscription, delivery: &Delivery) -> Value {
    let message = &delivery.message;
    let mut inner = Map::new();
    let time = Value::from(rfc3339(message.publish_time));
    inner.insert("attributes".to_owned(), json!(message.attributes));
    inner.insert("data".to_owned(), STANDARD.encode(&message.data).into());
    for name in ["messageId", "message_id"] {
        inner.insert(name.to_owned(), message.message_id.clone().into());
    }
    for name in ["publishTime", "publish_time"] {
        inner.insert(name.to_owned(), time.clone());
    }
    if !message.ordering_key.is_empty() {
        inner.insert(
            "orderingKey".to_owned(),
            message.ordering_key.clone().into(),
        );
    }
    let mut body = json!({ "message": inner, "subscription": subscription.name });
    if subscription.dead_letter_policy.is_some() {
        body["deliveryAttempt"] = delivery.attempt.into();
    }
    body
}

/// The headers of an unwrapped push. Attributes that HTTP cannot carry are left out.
fn metadata(headers: &mut HeaderMap, subscription: &Subscription, message: &Message) {
    let own = [
        ("x-goog-pubsub-message-id", message.message_id.clone()),
        ("x-goog-pubsub-publish-time", rfc3339(message.publish_time)),
        ("x-goog-pubsub-subscription-name", subscription.name.clone()),
        ("x-goog-pubsub-ordering-key", message.ordering_key.clone()),
    ];
    let attributes = message
        .attributes
        .iter()
        .map(|(name, value)| (name.as_str(), value.clone()));
    for (name, value) in attributes.chain(own.into_iter().filter(|(_, value)| !value.is_empty())) {
        let parsed = (name.parse::<HeaderName>(), HeaderValue::from_str(&value));
        if let (Ok(name), Ok(value)) = parsed
            && !RESERVED.contains(&name.as_str())
        {
            headers.insert(name, value);
        }
    }
}
