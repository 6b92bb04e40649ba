//! Compute Engine over REST: machines that stop and start.

use crate::support::{Api, Result, ensure, eventually};
use local_gcp::{Code, Fault, Options};
use serde_json::{Value, json};
use std::time::Duration;

const BOX: &str = "/compute/v1/projects/web/zones/eu-a/instances/box";

/// A machine that runs, on a server where changes take so long.
async fn seeded(operation_time: Duration) -> Result<Api> {
    let api = Api::start(Options {
        operation_time,
        ..Options::stopped_at("2026-11-01T12:00:00Z".parse()?)
    })
    .await?;
    api.gcp.seed(json!({"compute": {"instances": [
        {"project": "web", "zone": "eu-a", "name": "box", "labels": {"team": "web"}},
        {"project": "web", "zone": "eu-a", "name": "off", "status": "TERMINATED"},
    ]}}))?;
    Ok(api)
}

async fn status(api: &Api) -> Result<Value> {
    Ok(api.get(BOX).await?.ok()?["status"].take())
}

/// The operation once it has ended.
pub(crate) async fn ended(api: &Api, operation: &Value) -> Result<Value> {
    let name = operation["name"].as_str().unwrap_or_default();
    let path = format!("/compute/v1/projects/web/zones/eu-a/operations/{name}");
    eventually("the operation's end", async || {
        let operation = api.get(&path).await?.ok()?;
        Ok((operation["status"] == "DONE").then_some(operation))
    })
    .await
}

#[tokio::test]
async fn a_seeded_machine_runs_unless_the_seed_says_otherwise() -> Result<()> {
    let api = seeded(Duration::from_millis(1)).await?;
    let found = api.get(BOX).await?.ok()?;
    assert_eq!(
        (&found["name"], &found["status"], &found["labels"]),
        (&json!("box"), &json!("RUNNING"), &json!({"team": "web"}))
    );
    let off = api.get(&BOX.replace("box", "off")).await?.ok()?;
    assert_eq!(off["status"], "TERMINATED");
    Ok(())
}

#[tokio::test]
async fn a_machine_stops_and_starts_and_is_on_its_way_meanwhile() -> Result<()> {
    let api = seeded(Duration::from_secs(2)).await?;
    for (verb, passing, there) in [
        ("stop", "STOPPING", "TERMINATED"),
        ("start", "STAGING", "RUNNING"),
    ] {
        let operation = api.post(&format!("{BOX}/{verb}"), json!({})).await?.ok()?;
        assert_eq!(operation["status"], "RUNNING", "{verb}");
        assert_eq!(status(&api).await?, passing);
        let done = ended(&api, &operation).await?;
        assert_eq!(done.get("error"), None);
        assert_eq!(status(&api).await?, there);
    }
    Ok(())
}

#[tokio::test]
async fn an_operation_that_fails_says_why_and_the_machine_is_not_where_it_should_be() -> Result<()>
{
    let api = seeded(Duration::from_millis(1)).await?;
    api.gcp.faults().add(Fault {
        fail_operation: Some(Code::Internal),
        ..Fault::on("compute.instances.stop")
    });
    let operation = api.post(&format!("{BOX}/stop"), json!({})).await?.ok()?;
    let failed = ended(&api, &operation).await?;
    let errors = failed["error"]["errors"].as_array();
    ensure!(errors.is_some_and(|errors| errors.len() == 1), "{failed}");
    assert_ne!(status(&api).await?, "TERMINATED");
    Ok(())
}

#[tokio::test]
async fn a_machine_or_an_operation_that_is_not_there_is_not_found() -> Result<()> {
    let api = seeded(Duration::from_millis(1)).await?;
    let nowhere = BOX.replace("box", "none");
    assert_eq!(api.get(&nowhere).await?.refused()?.0, 404);
    let stop = api.post(&format!("{nowhere}/stop"), json!({})).await?;
    assert_eq!(stop.refused()?.0, 404);
    let operation = "/compute/v1/projects/web/zones/eu-a/operations/operation-none";
    assert_eq!(api.get(operation).await?.refused()?.0, 404);
    Ok(())
}
