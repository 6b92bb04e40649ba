//! What a job calls: the request of one attempt.

use super::job::Job;
use crate::{
    app::App,
    google::{json, schema::Object},
    http::{ApiError, Code},
    identity::token,
    outbound::Delivery,
    pubsub::NewMessage,
};
use axum::http::{
    HeaderMap, HeaderName, HeaderValue, Method, Uri,
    header::{AUTHORIZATION, CONTENT_TYPE, HOST, USER_AGENT},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;

const AGENT: &str = "Google-Cloud-Scheduler";

/// Headers that the scheduler sets itself or takes out.
const OWN: [&str; 3] = ["host", "content-length", "user-agent"];
const OWN_PREFIXES: [&str; 3] = ["x-google-", "x-appengine-", "x-cloudscheduler"];

const GOOGLE: &str = ".googleapis.com";

/// Fills in and checks the target, of which there must be one.
pub(super) fn settle(spec: &mut Object) -> Result<(), ApiError> {
    if spec.contains_key("appEngineHttpTarget") {
        return Err(ApiError::new(
            Code::Unimplemented,
            "app_engine_http_target is not served by local-gcp: use http_target",
        ));
    }
    let pubsub = spec.contains_key("pubsubTarget");
    match spec.get_mut("httpTarget") {
        Some(Value::Object(http)) if !pubsub => settle_http(http),
        None if pubsub => check_pubsub(&spec["pubsubTarget"]),
        _ => Err(ApiError::invalid(
            "a job needs one target: either http_target or pubsub_target",
        )),
    }
}

fn settle_http(http: &mut Object) -> Result<(), ApiError> {
    let invalid = |message: &str| Err(ApiError::invalid(format!("http_target.{message}")));
    let uri = http.get("uri").and_then(Value::as_str).unwrap_or_default();
    let parsed: Option<Uri> = uri.parse().ok();
    let host = parsed
        .as_ref()
        .and_then(Uri::host)
        .unwrap_or_default()
        .to_owned();
    let scheme = parsed.as_ref().and_then(Uri::scheme_str);
    if host.is_empty() || !matches!(scheme, Some("http" | "https")) {
        return invalid("uri: it must be a whole URL that begins with http:// or https://");
    }
    let method = http
        .entry("httpMethod")
        .or_insert_with(|| "POST".into())
        .clone();
    if http.contains_key("body") && !["POST", "PUT", "PATCH"].iter().any(|m| method == *m) {
        return invalid("body: only POST, PUT and PATCH take one");
    }
    if http.contains_key("oidcToken") && http.contains_key("oauthToken") {
        return invalid("oidc_token and oauth_token exclude each other");
    }
    if http.contains_key("oauthToken") && !host.ends_with(GOOGLE) {
        return invalid("oauth_token: such tokens go to *.googleapis.com only; use oidc_token");
    }
    for token in ["oidcToken", "oauthToken"] {
        let Some(Value::Object(token)) = http.get_mut(token) else {
            continue;
        };
        let email = token.get("serviceAccountEmail").and_then(Value::as_str);
        if email.is_none_or(|email| !email.contains('@')) {
            return invalid("a token needs its service_account_email");
        }
    }
    let audience = Value::from(uri_of(http));
    if let Some(Value::Object(token)) = http.get_mut("oidcToken") {
        token.entry("audience").or_insert(audience);
    }
    Ok(())
}

fn uri_of(http: &Object) -> String {
    let uri = http.get("uri").and_then(Value::as_str);
    uri.unwrap_or_default().to_owned()
}

fn check_pubsub(target: &Value) -> Result<(), ApiError> {
    let topic = target["topicName"].as_str().unwrap_or_default();
    let parts: Vec<&str> = topic.split('/').collect();
    if !matches!(parts[..], ["projects", _, "topics", _]) {
        return Err(ApiError::invalid(format!(
            "pubsub_target.topic_name: {topic:?} is not of the form projects/PROJECT/topics/TOPIC"
        )));
    }
    let empty = |field: &str| match &target[field] {
        Value::String(text) => text.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => true,
    };
    if empty("data") && empty("attributes") {
        return Err(ApiError::invalid(
            "pubsub_target: data or attributes are needed",
        ));
    }
    Ok(())
}

/// The topic and the message of a Pub/Sub target.
pub(super) fn message(target: &Value) -> Result<(&str, NewMessage), ApiError> {
    let attributes: BTreeMap<String, String> = match target.get("attributes") {
        Some(attributes) => json::decode_value(attributes.clone())?,
        None => BTreeMap::new(),
    };
    let topic = target["topicName"].as_str().unwrap_or_default();
    Ok((topic, NewMessage::new(bytes(&target["data"]), attributes)))
}

/// The schema has made sure that it is base64.
fn bytes(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap_or_default();
    STANDARD.decode(text).unwrap_or_default()
}

/// The request of an attempt on an HTTP target. `scheduled` is the same for all attempts of a run.
pub(super) fn request(
    app: &App,
    job: &Job,
    target: &Value,
    scheduled: Timestamp,
    deadline: Timestamp,
) -> Result<Delivery, ApiError> {
    let uri = target["uri"].as_str().unwrap_or_default();
    let mut headers = HeaderMap::new();
    for (name, value) in target["headers"].as_object().into_iter().flatten() {
        add(&mut headers, name, value.as_str().unwrap_or_default())?;
    }
    let body = bytes(&target["body"]);
    if !body.is_empty() && !headers.contains_key(CONTENT_TYPE) {
        let default = HeaderValue::from_static("application/octet-stream");
        headers.insert(CONTENT_TYPE, default);
    }
    let id = job.name.rsplit('/').next().unwrap_or_default();
    let value = |text: &str| {
        HeaderValue::from_str(text).map_err(|e| ApiError::internal(format!("a header: {e}")))
    };
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    headers.insert("x-cloudscheduler", HeaderValue::from_static("true"));
    headers.insert("x-cloudscheduler-jobname", value(id)?);
    headers.insert(
        "x-cloudscheduler-scheduletime",
        value(&json::rfc3339(scheduled))?,
    );
    if let Some(token) = bearer(app, target)? {
        headers.insert(AUTHORIZATION, value(&format!("Bearer {token}"))?);
    }
    let url = here(app, uri, &mut headers);
    let method = target["httpMethod"].as_str().unwrap_or_default();
    Ok(Delivery {
        name: "cloudscheduler.run",
        method: Method::from_bytes(method.as_bytes()).unwrap_or(Method::POST),
        url,
        headers,
        body: body.into(),
        deadline,
    })
}

fn add(headers: &mut HeaderMap, name: &str, value: &str) -> Result<(), ApiError> {
    let lower = name.to_ascii_lowercase();
    if OWN.contains(&lower.as_str()) || OWN_PREFIXES.iter().any(|own| lower.starts_with(own)) {
        return Ok(());
    }
    let parsed = (lower.parse::<HeaderName>(), HeaderValue::from_str(value));
    let (Ok(name), Ok(value)) = parsed else {
        return Err(ApiError::invalid(format!(
            "{name:?} is not a header that HTTP can carry"
        )));
    };
    headers.insert(name, value);
    Ok(())
}

fn bearer(app: &App, target: &Value) -> Result<Option<String>, ApiError> {
    if target["oauthToken"].is_object() {
        return Ok(Some(token::access_token()));
    }
    let oidc = &target["oidcToken"];
    if !oidc.is_object() {
        return Ok(None);
    }
    let text = |field: &str| oidc[field].as_str().unwrap_or_default();
    token::id_token(app, text("serviceAccountEmail"), text("audience"), true).map(Some)
}

/// Google's own APIs are served here; everything else is called where it is.
fn here(app: &App, uri: &str, headers: &mut HeaderMap) -> String {
    let Some(parsed) = uri.parse::<Uri>().ok() else {
        return uri.to_owned();
    };
    let host = parsed.host().unwrap_or_default();
    if !host.ends_with(GOOGLE) {
        return uri.to_owned();
    }
    if let Ok(host) = HeaderValue::from_str(host) {
        headers.insert(HOST, host);
    }
    let path = parsed.path_and_query().map_or("/", |path| path.as_str());
    format!("{}{path}", app.url)
}
