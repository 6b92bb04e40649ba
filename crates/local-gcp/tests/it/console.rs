//! The console as HTTP sees it; what it does in a browser is tried by the crate `nightshift`.

use crate::support::{Api, Context as _, Result, send, start, start_stopped};
use reqwest::Method;
use serde_json::json;

const PAGE: &str = "text/html,application/xhtml+xml,*/*;q=0.8";

async fn page(api: &Api) -> Result<String> {
    let asked = api.request(Method::GET, "/").header("accept", PAGE);
    let answer = send(asked).await?;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    Ok(answer.text)
}

#[tokio::test]
async fn a_browser_gets_the_page_and_others_what_google_has_there() -> Result<()> {
    let api = start().await?;
    assert!(page(&api).await?.starts_with("<!doctype html>"));
    let metadata = api
        .request(Method::GET, "/")
        .header("metadata-flavor", "Google");
    let metadata = send(metadata).await?;
    assert_eq!(metadata.header("metadata-flavor"), "Google");
    // Looking at the page is no request to Google.
    let noted = api.gcp.journal().entries();
    assert_eq!(
        noted
            .iter()
            .map(|entry| entry.api.as_str())
            .collect::<Vec<_>>(),
        ["metadata.ping"]
    );
    Ok(())
}

#[tokio::test]
async fn every_file_that_the_page_names_is_served_and_nothing_is_from_elsewhere() -> Result<()> {
    let api = start().await?;
    let mut texts = vec![page(&api).await?];
    let mut seen = vec![];
    while let Some(text) = texts.pop() {
        let quoted = text.split('"');
        let quoted =
            quoted.filter(|word| word.starts_with("./") || word.starts_with("/_local/console/"));
        for name in quoted.filter_map(|path| path.rsplit('/').next()) {
            if seen.iter().any(|one| one == name) {
                continue;
            }
            let answer = api.get(&format!("/_local/console/{name}")).await?;
            assert_eq!(answer.status, 200, "{name}");
            seen.push(name.to_owned());
            texts.push(answer.text);
        }
        for address in text
            .split("http")
            .skip(1)
            .filter(|rest| rest.starts_with("://") || rest.starts_with("s://"))
        {
            // The name of a language, not an address.
            assert!(
                address.starts_with("://www.w3.org/2000/svg"),
                "http{}",
                address.get(..40).unwrap_or(address)
            );
        }
    }
    assert!(seen.len() >= 9, "{seen:?}");
    let missing = api.get("/_local/console/nothing.js").await?;
    assert_eq!(missing.refused()?, (404, "NOT_FOUND".to_owned()));
    Ok(())
}

#[tokio::test]
async fn looking_is_not_noted_and_hit_by_no_fault_but_acting_is() -> Result<()> {
    let api = start().await?;
    let fault = json!({"method": "pubsub.*", "status": 503, "times": 0});
    api.post("/_local/faults", fault).await?.ok()?;
    let topics = "/v1/projects/demo/topics";
    let marked = |method, path: &str| api.request(method, path).header("x-local-console", "read");
    send(marked(Method::GET, topics)).await?.ok()?;
    assert!(api.gcp.journal().entries().is_empty());
    // The mark is for reading only.
    let path = format!("{topics}/t");
    let put = send(marked(Method::PUT, &path).json(&json!({}))).await?;
    assert_eq!(put.refused()?.0, 503);
    assert_eq!(api.get(topics).await?.refused()?.0, 503);
    assert_eq!(api.gcp.journal().entries().len(), 2);
    Ok(())
}

#[tokio::test]
async fn a_timer_fires_before_its_time_as_if_it_had_been_due() -> Result<()> {
    let api = start_stopped().await?;
    api.gcp.seed(json!({
        "pubsub": {
            "topics": [{"name": "projects/demo/topics/turns"}],
            "subscriptions": [{"name": "projects/demo/subscriptions/turns", "topic": "projects/demo/topics/turns"}],
        },
        "secretmanager": {"secrets": [{
            "name": "projects/demo/secrets/db", "topics": [{"name": "projects/demo/topics/turns"}],
            "rotation": {"nextRotationTime": "2026-12-01T00:00:00Z", "rotationPeriod": "2592000s"},
        }]},
    }))?;
    let next = api.get("/_local/clock").await?.ok()?["nextTimer"].clone();
    let timer = json!({"api": next["api"], "key": next["key"]});
    assert_eq!(timer["api"], "secretmanager");
    api.post("/_local/timers:fire", timer).await?.ok()?;
    let pulled = api
        .post(
            "/v1/projects/demo/subscriptions/turns:pull",
            json!({"maxMessages": 1}),
        )
        .await?
        .ok()?;
    assert_eq!(
        pulled["receivedMessages"][0]["message"]["attributes"]["eventType"],
        "SECRET_ROTATE"
    );
    let secret = api.get("/v1/projects/demo/secrets/db").await?.ok()?;
    assert_eq!(
        secret["rotation"]["nextRotationTime"],
        "2026-12-01T12:00:00Z"
    );
    let unknown = json!({"api": "secretmanager", "key": "rotate nothing"});
    let refused = api.post("/_local/timers:fire", unknown).await?;
    assert_eq!(refused.refused()?, (404, "NOT_FOUND".to_owned()));
    Ok(())
}

#[tokio::test]
async fn the_overview_names_the_locations_that_hold_something() -> Result<()> {
    let api = start().await?;
    for (region, id) in [("us-central1", "a"), ("europe-west1", "b")] {
        let path = format!("/v2/projects/demo/locations/{region}/services?serviceId={id}");
        let body = json!({"template": {"containers": [{"image": "img"}]}});
        api.post(&path, body).await?.ok()?;
    }
    let home = api.get("/_local").await?.ok()?;
    let locations = home["locations"].as_array().context("a list")?;
    assert_eq!(locations, &[json!("europe-west1"), json!("us-central1")]);
    Ok(())
}
