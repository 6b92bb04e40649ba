//! A topic of yours: every notice as JSON, in the order of its budget.

use super::{PostError, webhook};
use crate::{
    config::PubsubConfig,
    google::{Api, Google},
    state::document::Posting,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::Method;
use serde_json::json;

pub(super) async fn check(config: &PubsubConfig, google: &Google) -> Result<(), PostError> {
    let asked = google
        .get(Api::PubSub, &format!("/v1/{}", config.topic))
        .await;
    asked.map(drop).map_err(Into::into)
}

pub(super) async fn post(
    config: &PubsubConfig,
    google: &Google,
    (key, what): (&str, &Posting),
) -> Result<(), PostError> {
    let data = serde_json::to_vec(&webhook::payload(key, what))?;
    let mut attributes = json!({"key": key});
    // The key of everything about a budget begins with it.
    let budget = key.splitn(3, '/').take(2).collect::<Vec<_>>().join("/");
    attributes["policy"] = budget.clone().into();
    match what {
        Posting::Resolve => attributes["kind"] = "resolved".into(),
        Posting::Alert(alert) => {
            attributes["kind"] = alert.title.clone().into();
            attributes["level"] = alert.level.clone().into();
            attributes["dry_run"] = alert.dry_run.to_string().into();
        }
    }
    let body = json!({"messages": [{
        "data": STANDARD.encode(data),
        "attributes": attributes,
        "orderingKey": budget,
    }]});
    let path = format!("/v1/{}:publish", config.topic);
    google
        .change(Api::PubSub, Method::POST, &path, &body)
        .await?;
    Ok(())
}
