//! Cloud Scheduler.

use super::REGION;
use crate::support::{Api, Result};
use serde_json::json;

pub(super) async fn tour(api: &Api) -> Result<()> {
    let all = format!("/v1/{REGION}/jobs");
    let name = |id: &str| format!("{REGION}/jobs/{id}");
    let one = format!("{all}/tour");
    api.put("/v1/projects/demo/topics/ticks", json!({})).await?;
    let http = json!({
        "name": name("tour"), "description": "of the tour", "schedule": "0 3 * * *", "timeZone": "Europe/Berlin",
        "attemptDeadline": "60s",
        "retryConfig": {"retryCount": 2, "minBackoffDuration": "5s", "maxBackoffDuration": "60s", "maxDoublings": 3, "maxRetryDuration": "0s"},
        "httpTarget": {
            "uri": "http://127.0.0.1:1/", "httpMethod": "POST", "body": "e30=", "headers": {"Content-Type": "application/json"},
            "oidcToken": {"serviceAccountEmail": "tick@demo.iam.gserviceaccount.com", "audience": "http://127.0.0.1:1"},
        },
    });
    api.post(&all, http.clone()).await?.ok()?;
    api.post(&all, http).await?.refused()?;
    let topic = json!({
        "name": name("topic"), "schedule": "*/5 * * * *",
        "pubsubTarget": {"topicName": "projects/demo/topics/ticks", "data": "e30=", "attributes": {"a": "b"}},
    });
    api.post(&all, topic).await?.ok()?;
    api.get(&format!("{all}?pageSize=10")).await?.ok()?;
    let changed = json!({"schedule": "0 4 * * *"});
    api.patch(&format!("{one}?updateMask=schedule"), changed)
        .await?
        .ok()?;
    for verb in ["pause", "resume"] {
        api.post(&format!("{one}:{verb}"), json!({})).await?.ok()?;
    }
    api.post(&format!("{all}/topic:run"), json!({}))
        .await?
        .ok()?;
    // Nobody listens there: what becomes of it is the job's status.
    api.post(&format!("{one}:run"), json!({})).await?.ok()?;
    api.gcp.advance(jiff::SignedDuration::from_secs(30)).await?;
    api.get(&one).await?.ok()?;
    api.get(&format!("{all}/topic")).await?.ok()?;
    api.delete(&one).await?.ok()?;
    api.delete(&format!("{all}/topic")).await?.ok()?;
    api.get(&one).await?.refused()?;
    Ok(())
}
