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
    let topic = "topics/administration";
    let subscription = "subscriptions/administration";
    let settings = json!({ "topic": format!("projects/demo/{topic}") });
    server.put(topic, json!({})).await?;
    server.put(subscription, settings.clone()).await?;
    let absent = [
        "topics/administration-absent",
        "subscriptions/administration-absent",
    ];
    let null = Value::Null;
    answers(
        server,
        &[
            ("a topic again", Method::PUT, topic, json!({})),
            ("a subscription again", Method::PUT, subscription, settings),
            ("an absent topic", Method::GET, absent[0], null.clone()),
            (
                "an absent subscription",
                Method::GET,
                absent[1],
                null.clone(),
            ),
            ("deleting what is absent", Method::DELETE, absent[0], null),
        ],
    )
    .await
}

pub(super) async fn subscriptions(server: &Server) -> Result<Value> {
    server.put("topics/settings", json!({})).await?;
    let mut answered = Map::new();
    for (number, (what, mut settings)) in [
        ("an ack deadline of 5 s", json!({ "ackDeadlineSeconds": 5 })),
        (
            "an ack deadline of 601 s",
            json!({ "ackDeadlineSeconds": 601 }),
        ),
        (
            "a backoff of 601 s",
            json!({ "retryPolicy": { "maximumBackoff": "601s" } }),
        ),
        (
            "a filter that cannot be read",
            json!({ "filter": "attributes.kind =" }),
        ),
        (
            "an endpoint that is no URL",
            json!({ "pushConfig": { "pushEndpoint": "nonsense" } }),
        ),
        (
            "a topic that is not there",
            json!({ "topic": "projects/demo/topics/settings-absent" }),
        ),
    ]
    .into_iter()
    .enumerate()
    {
        if settings["topic"].is_null() {
            settings["topic"] = "projects/demo/topics/settings".into();
        }
        let path = format!("subscriptions/settings-{number}");
        let mut answer = answers(server, &[(what, Method::PUT, &path, settings)]).await?;
        answered.insert(what.to_owned(), answer[what].take());
    }
    Ok(answered.into())
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
