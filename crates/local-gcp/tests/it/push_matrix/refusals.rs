//! What is refused, and in which words for programs.

use super::server::Server;
use crate::support::Result;
use reqwest::Method;
use serde_json::{Map, Value, json};

/// The answers to some calls: the status, and of an error its code and the fields of its body.
async fn answers(server: &Server, calls: &[(&str, Method, &str, Value)]) -> Result<Value> {
    let mut answers = Map::new();
    for (what, method, path, body) in calls {
        let answered = server.call(method.clone(), path, body).await?;
        let status = answered.status.as_u16();
        let shown = if answered.status.is_success() {
            json!(status)
        } else {
            let error: Value = serde_json::from_str(&answered.text).unwrap_or_default();
            let error = &error["error"];
            let well_formed = error["code"] == status && error["message"].is_string();
            json!([status, error["status"], well_formed])
        };
        answers.insert((*what).to_owned(), shown);
    }
    Ok(answers.into())
}

pub(super) async fn ids(server: &Server) -> Result<Value> {
    let long = "x".repeat(255);
    let too_long = "x".repeat(256);
    let mut answers = Map::new();
    for (what, id) in [
        ("of 3", "abc"),
        ("of 255", long.as_str()),
        ("of every sign", "A-b.c_d~e+f%25g"),
        ("of 2", "ab"),
        ("of 256", too_long.as_str()),
        ("that begins with a digit", "1bc"),
        ("that begins with goog", "google"),
        ("with another sign", "ab$c"),
    ] {
        let path = format!("topics/{id}");
        let made = server.call(Method::PUT, &path, &json!({})).await?;
        answers.insert(what.to_owned(), made.status.as_u16().into());
    }
    Ok(answers.into())
}

pub(super) async fn publishing(server: &Server) -> Result<Value> {
    server.put("topics/publishing", json!({})).await?;
    let to = |what, messages| {
        let path = "topics/publishing:publish";
        (what, Method::POST, path, json!({ "messages": messages }))
    };
    answers(
        server,
        &[
            to("a message", json!([{ "data": "eA==" }])),
            to("no messages", json!([])),
            to("an empty message", json!([{}])),
            to("data that are no base64", json!([{ "data": "!" }])),
            to(
                "a field that is not there",
                json!([{ "data": "eA==", "nonsense": 1 }]),
            ),
            (
                "a topic that is not there",
                Method::POST,
                "topics/publishing-absent:publish",
                json!({ "messages": [{ "data": "eA==" }] }),
            ),
        ],
    )
    .await
}

pub(super) async fn administration(server: &Server) -> Result<Value> {
    let topic = "projects/demo/topics/administration";
    server.put("topics/administration", json!({})).await?;
    let taken = json!({ "topic": topic, "pushConfig": { "pushEndpoint": "http://127.0.0.1:9/" } });
    server
        .put("subscriptions/administration", taken.clone())
        .await?;
    let subscribe = |what, path, settings: Value| {
        let mut settings = settings;
        if settings["topic"].is_null() {
            settings["topic"] = topic.into();
        }
        (what, Method::PUT, path, settings)
    };
    let get = |what, path| (what, Method::GET, path, Value::Null);
    answers(
        server,
        &[
            (
                "a topic again",
                Method::PUT,
                "topics/administration",
                json!({}),
            ),
            (
                "a subscription again",
                Method::PUT,
                "subscriptions/administration",
                taken,
            ),
            subscribe(
                "a topic that is not there",
                "subscriptions/administration-nowhere",
                json!({ "topic": "projects/demo/topics/administration-absent" }),
            ),
            subscribe(
                "an ack deadline of 5 s",
                "subscriptions/administration-hasty",
                json!({ "ackDeadlineSeconds": 5 }),
            ),
            subscribe(
                "an ack deadline of 601 s",
                "subscriptions/administration-patient",
                json!({ "ackDeadlineSeconds": 601 }),
            ),
            subscribe(
                "a backoff of 601 s",
                "subscriptions/administration-backoff",
                json!({ "retryPolicy": { "maximumBackoff": "601s" } }),
            ),
            subscribe(
                "a filter that cannot be read",
                "subscriptions/administration-filtered",
                json!({ "filter": "attributes.kind =" }),
            ),
            subscribe(
                "an endpoint that is no URL",
                "subscriptions/administration-endpoint",
                json!({ "pushConfig": { "pushEndpoint": "nonsense" } }),
            ),
            get("an absent topic", "topics/administration-absent"),
            get(
                "an absent subscription",
                "subscriptions/administration-absent",
            ),
            (
                "deleting what is absent",
                Method::DELETE,
                "topics/administration-absent",
                Value::Null,
            ),
        ],
    )
    .await
}

pub(super) async fn dead_letter_policies(server: &Server) -> Result<Value> {
    server.put("topics/policies", json!({})).await?;
    let with = |what, letters: &str, attempts: u32| {
        let policy = json!({
            "deadLetterTopic": format!("projects/demo/topics/{letters}"),
            "maxDeliveryAttempts": attempts,
        });
        let settings =
            json!({ "topic": "projects/demo/topics/policies", "deadLetterPolicy": policy });
        (what, Method::PUT, "subscriptions/policies", settings)
    };
    answers(
        server,
        &[
            with("3 attempts", "policies", 3),
            with("101 attempts", "policies", 101),
            with("a topic that is not there", "policies-absent", 5),
        ],
    )
    .await
}
