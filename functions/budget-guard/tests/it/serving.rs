//! The program at work: pulling, asked whether it hears, with its memory in a folder, and what it counts.

use crate::{
    bed::Bed,
    program::{Clock, Serving, delivery, message, program},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How long anything here may take, on a machine that others use too.
const DEADLINE: Duration = Duration::from_mins(2);
const FEED: &str = "projects/finops-admin/subscriptions/feed";

async fn subscribe(bed: &Bed, push: Value) {
    let subscription = json!({"topic": "projects/finops-admin/topics/budgets", "ackDeadlineSeconds": 120, "pushConfig": push});
    bed.ask("PUT", &format!("/v1/{FEED}"), subscription).await;
}

/// Publishes as Cloud Billing does.
async fn publish(bed: &Bed, mut message: Value) {
    let object = message.as_object_mut().unwrap();
    object.retain(|key, _| ["attributes", "data"].contains(&key.as_str()));
    let body = json!({"messages": [message]});
    bed.ask(
        "POST",
        "/v1/projects/finops-admin/topics/budgets:publish",
        body,
    )
    .await;
}

/// Waits until the job is in this state.
async fn until_the_job_is(bed: &Bed, state: &str) {
    let begun = Instant::now();
    while bed.world().await["job"] != state {
        assert!(begun.elapsed() < DEADLINE, "never {state}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pulled_message_stops_and_the_month_after_gives_back() {
    let bed = Bed::new().await;
    subscribe(&bed, json!({})).await;
    let before = bed.world().await;
    // Messages carry the stand-in's time, and the program goes by the same.
    let october: Timestamp = "2026-10-10T10:00:00Z".parse().unwrap();
    bed.gcp.set_time(october).await.unwrap();
    let clock = Clock::of(&bed, october);
    let pulling =
        Serving::start(clock.wind(program(&bed, &bed.config, &["serve", "--pull", FEED])));
    publish(&bed, message(1, october, "1010", "1000")).await;
    until_the_job_is(&bed, "PAUSED").await;
    let november: Timestamp = "2026-11-01T08:00:00Z".parse().unwrap();
    clock.set(november);
    bed.gcp.set_time(november).await.unwrap();
    publish(&bed, message(2, november, "0.4", "1000")).await;
    until_the_job_is(&bed, "ENABLED").await;
    // The job is not the last thing that is given back.
    let begun = Instant::now();
    while bed.world().await != before {
        assert!(begun.elapsed() < DEADLINE);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    pulling.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_trip_shows_that_a_message_reaches_the_guard_and_decides_nothing() {
    let bed = Bed::new().await;
    let nobody = program(
        &bed,
        &bed.config,
        &["check", "--round-trip", "1s", "--output", "json"],
    );
    let found = |mut command: std::process::Command| {
        let ended = command.output().unwrap();
        let checked: Value = serde_json::from_slice(&ended.stdout).unwrap();
        let findings = checked["findings"].as_array().unwrap().clone();
        findings
            .into_iter()
            .find(|one| one["what"] == "round trip")
            .unwrap()
    };
    let lost = found(nobody);
    assert_eq!(lost["found"], "missing");
    assert!(
        lost["note"]
            .as_str()
            .unwrap()
            .contains("no guard has noted the message"),
        "{lost}"
    );
    let serving = Serving::start(program(&bed, &bed.config, &["serve"]));
    subscribe(&bed, json!({"pushEndpoint": serving.url})).await;
    let heard = found(program(
        &bed,
        &bed.config,
        &["check", "--round-trip", "50s", "--output", "json"],
    ));
    assert_eq!(heard["found"], "ready", "{heard}");
    let guard = bed.guard();
    assert_eq!(
        bed.document(&guard).await.rev,
        0,
        "no budget has heard of it"
    );
    serving.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_offline_reaches_nothing_and_says_what_it_did_not_look_at() {
    let bed = Bed::new().await;
    bed.gcp.journal().clear();
    let ended = program(
        &bed,
        &bed.config,
        &["check", "--offline", "--output", "json"],
    )
    .output()
    .unwrap();
    assert!(ended.status.success());
    let checked: Value = serde_json::from_slice(&ended.stdout).unwrap();
    let found: Vec<&Value> = checked["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["found"])
        .collect();
    assert_eq!(found[0], "ready");
    assert!(found.len() > 1 && found[1..].iter().all(|found| **found == "skipped"));
    assert!(bed.gcp.journal().entries().is_empty());
    assert!(bed.receiver.got("slack").is_empty());

    let broken = bed.config.replace("state = ", "#state = ");
    let ended = program(&bed, &broken, &["check", "--offline"])
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&ended.stdout).contains("`state`"));
}

#[tokio::test(flavor = "multi_thread")]
async fn revisions_with_a_tag_are_warned_of_by_check() {
    let bed = Bed::new().await;
    let path = "/v2/projects/web/locations/eu/services/api";
    let traffic = json!({"traffic": [
        {"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", "percent": 100, "tag": "canary"},
    ]});
    bed.ask("PATCH", &format!("{path}?updateMask=traffic"), traffic)
        .await;
    let ended = program(&bed, &bed.config, &["check", "--output", "json"])
        .output()
        .unwrap();
    let checked: Value = serde_json::from_slice(&ended.stdout).unwrap();
    let warned: Vec<&str> = checked["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["found"] == "warning")
        .filter_map(|one| one["note"].as_str())
        .filter(|note| note.contains("canary"))
        .collect();
    assert_eq!(warned.len(), 2, "the throttle and the stop: {checked:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_memory_enough_for_one_machine() {
    let bed = Bed::new().await;
    let folder = bed.folder.path().join("memory");
    std::fs::create_dir(&folder).unwrap();
    let place = format!("file://{}", folder.display());
    let config = bed.config.replace("gs://memory/guard", &place);
    let before = bed.world().await;
    let clock = Clock::of(&bed, "2026-10-10T10:00:00Z".parse().unwrap());
    let at: Timestamp = "2026-10-10T10:00:00Z".parse().unwrap();
    let serve = || Serving::start(clock.wind(program(&bed, &config, &["serve"])));
    {
        let serving = serve();
        assert_eq!(
            serving.post(&delivery(1, at, "1010", "1000")).await,
            Some(204)
        );
        assert_eq!(bed.world().await["job"], "PAUSED");
    }
    // Another process, after a kill, knows what the first one took; the command line sees the same memory.
    let serving = serve();
    let status = clock
        .wind(program(&bed, &config, &["status", "--output", "json"]))
        .output()
        .unwrap();
    let status: Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!(status["budgets"][0]["level"], "stopped");
    let november: Timestamp = "2026-11-01T08:00:00Z".parse().unwrap();
    clock.set(november);
    assert_eq!(
        serving.post(&delivery(2, november, "1", "1000")).await,
        Some(204)
    );
    assert_eq!(bed.world().await, before);
    serving.end();
    let objects = bed.get("/storage/v1/b/memory/o").await;
    assert!(objects.get("items").is_none(), "nothing went to a bucket");

    let nowhere = config.replace(&place, "file:///nowhere/at/all");
    let refused = program(&bed, &nowhere, &["tick"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("/nowhere/at/all"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_say_how_far_each_budget_is_and_hold_no_secret() {
    let bed = Bed::new().await;
    let at: Timestamp = "2026-10-10T10:00:00Z".parse().unwrap();
    let clock = Clock::of(&bed, at);
    let serving = Serving::start(clock.wind(program(&bed, &bed.config, &["serve"])));
    assert_eq!(
        serving.post(&delivery(1, at, "1010.5", "1000")).await,
        Some(204)
    );
    let figures = reqwest::get(format!("{}/metrics", serving.url));
    let figures = figures.await.unwrap().text().await.unwrap();
    let shows = |name: &str, value: &str| {
        let mut lines = figures.lines().filter(|line| line.starts_with(name));
        assert!(
            lines.any(|line| line.ends_with(value)),
            "{name} {value}: {figures}"
        );
    };
    shows("budget_guard_level{", " 3");
    shows("budget_guard_cost{", " 1010.5");
    shows("budget_guard_amount{", " 1000");
    shows(
        "budget_guard_last_message_timestamp_seconds{",
        " 1791626400",
    );
    shows("budget_guard_decisions_total{", " 1");
    shows(
        "budget_guard_notices_total{channel=\"slack\",outcome=\"sent\"}",
        " 1",
    );
    for secret in crate::bed::SECRETS {
        assert!(!figures.contains(secret));
    }
    serving.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_of_a_file_is_refused_where_money_is_real() {
    let bed = Bed::new().await;
    let clock = Clock::of(&bed, "2026-10-10T10:00:00Z".parse().unwrap());
    let mut command = clock.wind(program(&bed, &bed.config, &["tick"]));
    command
        .env_remove("NIGHTSHIFT_GCP_ENDPOINT")
        .env("GOOGLE_APPLICATION_CREDENTIALS", credentials(&bed));
    let refused = command.output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        said.contains("NIGHTSHIFT_CLOCK_FILE") && said.contains("stand-in"),
        "{said}"
    );
}

/// Credentials that nothing is asked with.
fn credentials(bed: &Bed) -> std::path::PathBuf {
    let path = bed.folder.path().join("credentials.json");
    let user = json!({"type": "authorized_user", "client_id": "a", "client_secret": "b", "refresh_token": "c"});
    std::fs::write(&path, user.to_string()).unwrap();
    path
}
