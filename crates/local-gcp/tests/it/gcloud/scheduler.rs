//! `gcloud scheduler`.

use super::gcloud;
use crate::{
    receiver::Receiver,
    support::{Result, start},
};
use serde_json::json;

#[tokio::test]
async fn gcloud_makes_runs_and_reschedules_a_job() -> Result<()> {
    let (api, function) = (start().await?, Receiver::start().await?);
    let Some(gcloud) = gcloud(&api)? else {
        return Ok(());
    };
    let place = "--location=europe-west1";
    let jobs = ["scheduler", "jobs"];
    let run = async |arguments: &[&str]| gcloud.run(&[&jobs, arguments].concat()).await;
    let uri = format!("--uri={}", function.url("/tick"));
    let zone = "--time-zone=Europe/Prague";
    let made = run(&[
        "create",
        "http",
        "tick",
        place,
        &uri,
        "--schedule=0 3 * * *",
        zone,
    ])
    .await?;
    assert_eq!(
        (&made["state"], &made["timeZone"]),
        (&json!("ENABLED"), &json!("Europe/Prague"))
    );
    run(&["run", "tick", place]).await?;
    let received = function.wait_for(1).await?;
    assert_eq!(received[0].header("x-cloudscheduler-jobname"), "tick");
    run(&["update", "http", "tick", place, "--schedule=0 4 * * *"]).await?;
    let changed = run(&["describe", "tick", place]).await?;
    assert_eq!(
        (
            &changed["schedule"],
            &changed["timeZone"],
            &changed["httpTarget"]["uri"]
        ),
        (
            &json!("0 4 * * *"),
            &json!("Europe/Prague"),
            &made["httpTarget"]["uri"]
        )
    );
    run(&["pause", "tick", place]).await?;
    assert_eq!(run(&["list", place]).await?[0]["state"], "PAUSED");
    run(&["resume", "tick", place]).await?;
    run(&["delete", "tick", place]).await?;
    assert_eq!(run(&["list", place]).await?, json!([]));
    Ok(())
}

#[tokio::test]
async fn gcloud_makes_a_job_that_publishes() -> Result<()> {
    let api = start().await?;
    let Some(gcloud) = gcloud(&api)? else {
        return Ok(());
    };
    let create = ["scheduler", "jobs", "create", "pubsub", "tick"];
    let what = [
        "--location=europe-west1",
        "--topic=ticks",
        "--message-body=x",
        "--schedule=0 3 * * *",
    ];
    let made = gcloud.run(&[&create[..], &what].concat()).await?;
    assert_eq!(
        (
            &made["pubsubTarget"]["topicName"],
            &made["pubsubTarget"]["data"]
        ),
        (&json!("projects/demo/topics/ticks"), &json!("eA=="))
    );
    Ok(())
}
