//! Events pulled from a subscription, and outcomes told to a topic.

use crate::{
    bed::Bed,
    cloud::Cloud,
    process::{Running, run, until_async},
    serving::serve,
};
use backup::repository::State;
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const OUTCOMES: &str = "[publish]\ntopic = \"projects/demo/topics/outcomes\"";

async fn bed(cloud: &Cloud) -> Bed {
    let bed = Bed::empty(15);
    let fill = "CREATE TABLE orders AS SELECT generate_series(1, 2000) AS id";
    bed.server.psql("app", fill).unwrap();
    for topic in ["nightly", "outcomes"] {
        cloud.topic_with(topic, json!({})).await;
    }
    bed
}

/// The outcomes that were told, until there are so many, by their event.
async fn told(cloud: &Cloud, many: usize) -> BTreeMap<String, Value> {
    let mut told = BTreeMap::new();
    until_async("the outcomes are told", async || {
        for message in cloud.pull("outcomes").await {
            let event = message["attributes"]["event"].as_str().unwrap().to_owned();
            let key = message["orderingKey"].as_str().unwrap();
            assert_eq!(key, crate::cloud::TARGET);
            told.insert(event, crate::cloud::data(&message));
        }
        (told.len() >= many).then_some(())
    })
    .await;
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pulled_message_makes_a_backup_whose_outcome_is_told_to_the_topic() {
    let cloud = Cloud::start().await;
    let bed = bed(&cloud).await;
    let subscription = "projects/demo/subscriptions/nightly";
    let command = serve(&bed, OUTCOMES, &["--pull", subscription]);
    let process = Running::start(cloud.command(command));
    cloud.publish("nightly", r#"{"command":"run"}"#).await;
    let told = told(&cloud, 1).await;
    let outcome = &told["backup.completed"];
    assert_eq!(outcome["outcome"], "success");
    assert_eq!(outcome["report"]["rows"], 2000);
    let survey = cloud.repository().survey().await.unwrap();
    assert!(matches!(survey[0].state, State::Complete(_)), "{survey:?}");
    assert_eq!(outcome["report"]["id"], survey[0].id.as_str());
    process.signal(Signal::SIGTERM);
    process.end().well();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_tells_how_it_ended_too_and_a_topic_that_is_not_there_fails_no_run() {
    let cloud = Cloud::start().await;
    let bed = bed(&cloud).await;
    let job = |more: &str, from: &str| {
        let mut command = cloud.command(bed.backup(more, &["run", "--from", from]));
        command.envs(bed.server.password_file().map(|file| ("PGPASSFILE", file)));
        command
    };
    let url = bed.server.socket_url("app");
    run(job(OUTCOMES, &url)).well();
    run(job(OUTCOMES, "host=/nonexistent dbname=app user=postgres")).refused(1);
    let told = told(&cloud, 2).await;
    assert_eq!(told["backup.completed"]["outcome"], "success");
    let failed = &told["backup.failed"];
    assert_eq!(failed["outcome"], "failure");
    assert!(
        failed["error"].as_str().unwrap().contains("connect to"),
        "{failed}"
    );
    assert!(failed.get("report").is_none());

    let ended = run(job(
        "[publish]\ntopic = \"projects/demo/topics/nobody\"",
        &url,
    ))
    .well();
    assert!(ended.stderr.contains("not published"), "{}", ended.stderr);
}
