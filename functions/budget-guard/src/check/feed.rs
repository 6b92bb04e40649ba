//! The way messages come: topic, publisher, subscription.

use super::{Finding, NONCE};
use crate::{
    config::Config,
    google::{Api, CallError, Google},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};

/// Cloud Billing publishes in this name. Messages carry no signature: whoever else may publish can forge one.
const PUBLISHER: &str = "serviceAccount:billing-budget-alert@system.gserviceaccount.com";

pub(super) async fn look(config: &Config, google: &Google) -> Vec<Finding> {
    let mut findings = Vec::new();
    match &config.feed.topic {
        None => findings.push(Finding::warning(
            "topic",
            "not looked at; name it as `feed.topic`",
        )),
        Some(name) => findings.extend(topic(google, name).await),
    }
    match &config.feed.subscription {
        None => {
            let note = "not looked at; name it as `feed.subscription`";
            findings.push(Finding::warning("subscription", note));
        }
        Some(name) => findings.extend(subscription(config, google, name).await),
    }
    findings
}

async fn topic(google: &Google, name: &str) -> Vec<Finding> {
    let what = format!("topic {name}");
    if let Err(error) = google.get(Api::PubSub, &format!("/v1/{name}")).await {
        return vec![Finding::missing(what, error.line())];
    }
    let there = Finding::ready(what, "is there");
    let what = "publisher".to_owned();
    let policy = google
        .get(Api::PubSub, &format!("/v1/{name}:getIamPolicy"))
        .await;
    let publishers = match policy {
        Ok(policy) => publishers(&policy),
        Err(error) => {
            return vec![
                there,
                Finding::warning(what, format!("not known: {}", error.line())),
            ];
        }
    };
    let mut findings = vec![there];
    if !publishers.iter().any(|member| member == PUBLISHER) {
        findings.push(Finding::warning(
            what.clone(),
            format!("{PUBLISHER} may not publish by the topic's own policy; connect the topic to the budget again"),
        ));
    }
    let others: Vec<String> = publishers
        .into_iter()
        .filter(|member| member != PUBLISHER)
        .collect();
    findings.push(if others.is_empty() {
        Finding::ready(what, "nobody else may publish by the topic's own policy")
    } else {
        Finding::warning(
            what,
            format!("could forge a message: {}", others.join(", ")),
        )
    });
    findings
}

fn publishers(policy: &Value) -> Vec<String> {
    let bindings = policy["bindings"].as_array().into_iter().flatten();
    let publishing = bindings.filter(|binding| {
        matches!(
            binding["role"].as_str(),
            Some("roles/pubsub.publisher" | "roles/pubsub.editor" | "roles/pubsub.admin")
        )
    });
    let members =
        publishing.flat_map(|binding| binding["members"].as_array().into_iter().flatten());
    members
        .filter_map(|member| member.as_str().map(str::to_owned))
        .collect()
}

async fn subscription(config: &Config, google: &Google, name: &str) -> Vec<Finding> {
    let what = format!("subscription {name}");
    let found = match google.get(Api::PubSub, &format!("/v1/{name}")).await {
        Ok(found) => found,
        Err(error) => return vec![Finding::missing(what, error.line())],
    };
    let mut findings = Vec::new();
    if let (Some(topic), Some(of)) = (&config.feed.topic, found["topic"].as_str())
        && topic != of
    {
        findings.push(Finding::missing(
            &what,
            format!("is of {of}, not of {topic}"),
        ));
    }
    let push = &found["pushConfig"];
    let mut warn = |note: &str| findings.push(Finding::warning(&what, note));
    if push["pushEndpoint"].is_string() && push["oidcToken"].is_null() {
        warn("pushes without an OIDC token; the guard cannot tell who calls");
    }
    if found["deadLetterPolicy"].is_null() {
        warn("has no dead-letter topic; a message that cannot be read is lost after a week");
    }
    if found["expirationPolicy"]["ttl"].is_string() {
        warn("expires when nobody listens; set its expiration policy to never");
    }
    if findings.is_empty() {
        findings.push(Finding::ready(what, "is there"));
    }
    findings
}

/// A message that says it is a check, and which one; as a budget message it would be below every threshold.
pub(super) async fn publish_probe(
    google: &Google,
    topic: &str,
    nonce: &str,
    now: Timestamp,
) -> Result<(), CallError> {
    let data = json!({
        "budgetDisplayName": "nightshift check", "costAmount": 0.01, "costIntervalStart": now,
        "budgetAmount": 1000.0, "budgetAmountType": "SPECIFIED_AMOUNT", "currencyCode": "USD",
    });
    let body = json!({"messages": [{
        "data": STANDARD.encode(data.to_string()),
        "attributes": {NONCE: nonce, "schemaVersion": "1.0"},
    }]});
    let path = format!("/v1/{topic}:publish");
    google
        .change(Api::PubSub, Method::POST, &path, &body)
        .await
        .map(drop)
}
