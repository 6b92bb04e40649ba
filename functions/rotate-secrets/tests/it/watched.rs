//! What watches rotations from outside: figures, a topic that is told, a subscription that is pulled.

use crate::bed::{Program, Serving};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const SESSION: &str = "projects/demo/secrets/session-key";
const PUBLISH: &str = "[publish]\ntopic = \"projects/demo/topics/outcomes\"\n";

/// A value of one of the gauges and counters, by its name and labels; none if it is not there.
fn figure(metrics: &str, series: &str) -> Option<f64> {
    let line = metrics.lines().find_map(|line| line.strip_prefix(series));
    line.map(|value| value.trim().parse().unwrap())
}

async fn metrics(serving: &Serving) -> String {
    let got = serving.http.get(format!("{}/metrics", serving.url)).send();
    got.await.unwrap().text().await.unwrap()
}

async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(50), "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn the_figures_tell_age_phase_error_and_outcomes_of_each_secret() {
    let program = Program::new("max_age = \"90d\"").await;
    program.run(&["adopt"]).await.ended(0);
    let serving = program.serve(&[]).await;
    assert!(!metrics(&serving).await.contains("rotate_secrets_phase"));
    serving.post(&json!({"command": "tick"})).await;
    let rotate = json!({"command": "rotate", "secret": "session-key"});
    serving.post(&rotate).await;
    let after = metrics(&serving).await;
    println!("{after}");
    let of = |series: &str| figure(&after, series);
    let idle = r#"rotate_secrets_phase{secret="session-key",phase="idle"}"#;
    assert_eq!(of(idle), Some(1.0), "{after}");
    let rotated = r#"rotate_secrets_calls_total{secret="session-key",outcome="rotated"}"#;
    assert_eq!(of(rotated), Some(1.0));
    let idle = r#"rotate_secrets_calls_total{secret="api-key",outcome="idle"}"#;
    assert_eq!(of(idle), Some(1.0));
    let max_age = r#"rotate_secrets_value_max_age_seconds{secret="api-key"}"#;
    assert_eq!(of(max_age), Some(90.0 * 86_400.0));
    assert_eq!(
        of(r#"rotate_secrets_problems{secret="api-key"}"#),
        Some(0.0)
    );
    let next = r#"rotate_secrets_next_timestamp_seconds{secret="session-key"}"#;
    assert!(of(next).unwrap().is_nan());
    // It grows where no event comes any more.
    let age = r#"rotate_secrets_value_age_seconds{secret="session-key"}"#;
    until("the age grows", async || {
        figure(&metrics(&serving).await, age).filter(|age| *age > 1.0)
    })
    .await;
}

#[tokio::test]
async fn a_rotation_that_went_back_shows_its_error_and_its_next_try_until_one_succeeds() {
    let program = Program::new("").await;
    let serving = program.serve(&[]).await;
    serving.post(&json!({"command": "status"})).await;
    let unmanaged = r#"rotate_secrets_phase{secret="session-key",phase="unmanaged"}"#;
    let idle = r#"rotate_secrets_phase{secret="session-key",phase="idle"}"#;
    let error = r#"rotate_secrets_error{secret="session-key",code="secret-denied"}"#;
    let next = r#"rotate_secrets_next_timestamp_seconds{secret="session-key"}"#;
    let before = metrics(&serving).await;
    assert_eq!(figure(&before, unmanaged), Some(1.0), "{before}");
    serving.post(&json!({"command": "tick"})).await;
    let fault = program.google.gcp.faults().add(local_gcp::Fault {
        times: Some(0),
        status: Some(403),
        ..local_gcp::Fault::on("secretmanager.*addVersion")
    });
    let rotate = json!({"command": "rotate", "secret": "session-key", "force": true});
    serving.post(&rotate).await;
    let waiting = metrics(&serving).await;
    assert_eq!(figure(&waiting, unmanaged), Some(0.0), "{waiting}");
    assert_eq!(figure(&waiting, idle), Some(1.0), "{waiting}");
    assert_eq!(figure(&waiting, error), Some(1.0), "{waiting}");
    assert!(figure(&waiting, next).unwrap() > 1.7e9, "{waiting}");
    program.google.gcp.faults().remove(fault);
    let (status, answer) = serving.post(&rotate).await;
    assert_eq!(status, 200, "{answer}");
    let done = metrics(&serving).await;
    assert_eq!(figure(&done, error), Some(0.0), "{done}");
    assert!(figure(&done, next).unwrap().is_nan(), "{done}");
}

/// Makes a topic with a subscription of the same name.
async fn topic(program: &Program, name: &str) {
    let (http, url) = (reqwest::Client::new(), program.google.url());
    for (path, body) in [
        (format!("topics/{name}"), json!({})),
        (
            format!("subscriptions/{name}"),
            json!({"topic": format!("projects/demo/topics/{name}")}),
        ),
    ] {
        let url = format!("{url}/v1/projects/demo/{path}");
        let made = http.put(url).json(&body).send().await.unwrap();
        assert!(made.status().is_success(), "{made:?}");
    }
}

/// The outcomes that were told since they were last asked for.
async fn told(program: &Program) -> Vec<Value> {
    use base64::Engine as _;
    let path = "/v1/projects/demo/subscriptions/outcomes:pull";
    let body = json!({"maxMessages": 100, "returnImmediately": true});
    let pulled = program.google.post(path, body).await;
    let messages = pulled["receivedMessages"].as_array().cloned();
    for received in messages.iter().flatten() {
        let path = "/v1/projects/demo/subscriptions/outcomes:acknowledge";
        let ids = json!({"ackIds": [received["ackId"]]});
        program.google.post(path, ids).await;
    }
    let read = |received: &Value| {
        let message = &received["message"];
        let data = message["data"].as_str().unwrap();
        let data = base64::prelude::BASE64_STANDARD.decode(data).unwrap();
        let outcome: Value = serde_json::from_slice(&data).unwrap();
        assert_eq!(message["attributes"]["event"], outcome["event"]);
        assert_eq!(message["orderingKey"], outcome["secret"]);
        outcome
    };
    messages.unwrap_or_default().iter().map(read).collect()
}

#[tokio::test]
async fn a_pulled_message_rotates_and_its_outcome_is_told_to_the_topic() {
    let program = Program::configured(PUBLISH, "").await;
    topic(&program, "rotate").await;
    topic(&program, "outcomes").await;
    program.run(&["adopt"]).await.ended(0);
    let mut pulling = program.pull("projects/demo/subscriptions/rotate").await;
    let message = json!({"messages": [{"attributes": {
        "eventType": "SECRET_ROTATE", "secretId": SESSION, "timestamp": "2026-11-21T06:00:00-08:00",
    }}]});
    let path = "/v1/projects/demo/topics/rotate:publish";
    program.google.post(path, message).await;
    let outcome = until("the outcome is told", async || told(&program).await.pop()).await;
    assert_eq!(outcome["event"], "rotation.completed", "{outcome}");
    assert_eq!(outcome["outcome"], "success");
    assert_eq!(outcome["secret"], SESSION);
    assert_eq!(outcome["report"]["current"], 2);
    assert_eq!(
        program.google.versions(SESSION).await,
        ["DISABLED", "ENABLED"]
    );
    assert_eq!(pulling.terminate().await, Some(0), "{}", pulling.said());
}

#[tokio::test]
async fn a_command_tells_the_topic_too_and_a_topic_that_is_not_there_fails_no_rotation() {
    let program = Program::configured(PUBLISH, "on_drift = \"report\"").await;
    topic(&program, "outcomes").await;
    program.run(&["adopt"]).await.ended(0);
    program.run(&["tick"]).await.ended(0);
    program.run(&["rotate", "session-key"]).await.ended(0);
    let outcomes = told(&program).await;
    assert_eq!(outcomes.len(), 1, "neither tick nor adoption is news");
    assert_eq!(outcomes[0]["event"], "rotation.completed");

    let deaf = PUBLISH.replace("outcomes", "nobody");
    let program = Program::configured(&deaf, "").await;
    program.run(&["adopt"]).await.ended(0);
    let rotated = program.run(&["rotate", "session-key"]).await.ended(0);
    assert!(
        rotated.stderr.contains("not published"),
        "{}",
        rotated.stderr
    );
}

#[tokio::test]
async fn what_is_no_subscription_or_topic_is_refused_by_name() {
    let program = Program::new("").await;
    let refused = program.run(&["serve", "--pull", "rotate"]).await.ended(2);
    assert!(
        refused.stderr.contains("'--pull <SUBSCRIPTION>'")
            && refused
                .stderr
                .contains("projects/PROJECT/subscriptions/NAME"),
        "{}",
        refused.stderr
    );
    let missing = ["serve", "--pull", "projects/demo/subscriptions/none"];
    let missing = program.run(&missing).await.ended(1);
    assert!(
        missing.stderr.contains("subscriptions/none"),
        "{}",
        missing.stderr
    );
    let topic = Program::configured("[publish]\ntopic = \"outcomes\"\n", "").await;
    let refused = topic.run(&["status"]).await.ended(2);
    assert!(
        refused
            .stderr
            .contains("`publish.topic` is \"outcomes\", expected projects/PROJECT/topics/NAME"),
        "{}",
        refused.stderr
    );
}

#[tokio::test]
async fn a_rotation_is_told_when_it_is_published_and_when_it_ends_and_not_in_between() {
    let program = Program::configured(PUBLISH, "").await;
    program.rewrite("grace = \"0s\"", "grace = \"1h\"");
    topic(&program, "outcomes").await;
    program.run(&["adopt"]).await.ended(0);
    for (arguments, event, outcome, report) in [
        (
            &["rotate", "api-key"][..],
            "rotation.published",
            "success",
            "published",
        ),
        (
            &["rollback", "api-key"],
            "rotation.failed",
            "success",
            "rolled_back",
        ),
    ] {
        program.run(arguments).await.ended(0);
        let told_now = told(&program).await;
        assert_eq!(told_now.len(), 1, "{told_now:?}");
        let one = &told_now[0];
        assert_eq!(
            (&one["event"], &one["outcome"]),
            (&json!(event), &json!(outcome))
        );
        assert_eq!(one["report"]["outcome"], report);
        program.run(&["tick"]).await.ended(0);
        assert_eq!(told(&program).await, [json!(null); 0]);
    }
}
