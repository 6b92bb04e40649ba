//! `rotate-secrets serve` over HTTP.

use crate::bed::Program;
use futures::future::join_all;
use serde_json::{Value, json};

const SESSION: &str = "projects/demo/secrets/session-key";

fn notification(kind: &str, secret: &str, at: &str) -> Value {
    json!({
        "message": {
            "messageId": "1", "publishTime": at,
            "attributes": {"eventType": kind, "secretId": secret, "timestamp": at},
        },
        "subscription": "projects/demo/subscriptions/rotate",
    })
}

#[tokio::test]
async fn ten_copies_of_one_event_over_http_add_one_version_and_the_rest_are_told_to_come_again() {
    let program = Program::new("").await;
    program.run(&["adopt"]).await.ended(0);
    let serving = program.serve(&[]).await;
    let event = notification("SECRET_ROTATE", SESSION, "2026-11-21T06:00:00-08:00");
    let answers = join_all((0..10).map(|_| serving.post(&event))).await;
    let mut statuses: Vec<u16> = answers.iter().map(|(status, _)| *status).collect();
    statuses.sort_unstable();
    println!("{statuses:?}");
    assert!(statuses.contains(&200));
    assert!(
        statuses
            .iter()
            .all(|status| [200, 409, 503].contains(status))
    );
    // Pub/Sub brings back what was not taken.
    let (status, answer) = serving.post(&event).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["secrets"][0]["outcome"], "duplicate");
    assert_eq!(program.google.versions(SESSION).await.len(), 2);
}

#[tokio::test]
async fn events_that_are_none_of_ours_are_answered_204_and_nothing_is_written() {
    let program = Program::new("").await;
    program.run(&["adopt"]).await.ended(0);
    let serving = program.serve(&[]).await;
    let before = program.google.get(&format!("/v1/{SESSION}")).await.unwrap();
    let at = "2026-11-21T06:00:00-08:00";
    for (kind, secret) in [
        ("SECRET_VERSION_ADD", SESSION),
        ("SECRET_UPDATE", SESSION),
        ("SECRET_NEWLY_INVENTED", SESSION),
        ("SECRET_ROTATE", "projects/demo/secrets/not-ours"),
        ("SECRET_ROTATE", "projects/99/secrets/session-key"),
    ] {
        let (status, _) = serving.post(&notification(kind, secret, at)).await;
        assert_eq!(status, 204, "{kind} {secret}");
    }
    let after = program.google.get(&format!("/v1/{SESSION}")).await.unwrap();
    assert_eq!(before, after);
}

#[tokio::test]
async fn commands_and_the_tick_are_answered_with_what_came_of_them() {
    let program = Program::new("").await;
    let serving = program.serve(&[]).await;
    let (status, answer) = serving.post(&json!({"command": "tick"})).await;
    assert_eq!(
        (status, answer["secrets"].as_array().unwrap().len()),
        (200, 2),
        "{answer}"
    );
    let rotate = json!({"command": "rotate", "secret": "session-key"});
    let (status, answer) = serving.post(&rotate).await;
    assert_eq!(
        (status, &answer["secrets"][0]["outcome"]),
        (200, &json!("rotated"))
    );
    let (status, answer) = serving.post(&json!({"command": "status"})).await;
    assert_eq!(
        (status, &answer["secrets"][1]["current"]),
        (200, &json!(2)),
        "{answer}"
    );
    let (status, answer) = serving
        .post(&json!({"command": "rotate", "secret": "x"}))
        .await;
    assert_eq!(
        (status, &answer["error"]["code"]),
        (400, &json!("unknown_secret"))
    );
    let rollback = json!({"command": "rollback", "secret": "session-key"});
    let (status, answer) = serving.post(&rollback).await;
    assert_eq!(
        (status, &answer["error"]["code"]),
        (400, &json!("refused")),
        "{answer}"
    );
}

/// Lets every version that is added be answered with this status; returns the fault's number.
fn failing(program: &Program, status: u16) -> u64 {
    program.google.gcp.faults().add(local_gcp::Fault {
        times: Some(0),
        status: Some(status),
        ..local_gcp::Fault::on("secretmanager.*addVersion")
    })
}

#[tokio::test]
async fn a_failure_that_passes_is_answered_503_and_the_event_is_taken_when_it_has_passed() {
    let program = Program::new("").await;
    program.run(&["adopt"]).await.ended(0);
    let serving = program.serve(&[]).await;
    let away = failing(&program, 503);
    let event = notification("SECRET_ROTATE", SESSION, "2026-11-21T06:00:00-08:00");
    let (status, answer) = serving.post(&event).await;
    let error = &answer["error"];
    assert_eq!(
        (status, &error["code"]),
        (503, &json!("not_finished")),
        "{answer}"
    );
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("it is tried again at"), "{message}");
    assert_eq!(program.google.versions(SESSION).await.len(), 1);
    program.google.gcp.faults().remove(away);
    // A person does not wait for the next try; Pub/Sub brings the event back all the same.
    let rotate = json!({"command": "rotate", "secret": "session-key"});
    for (body, outcome) in [(&rotate, "rotated"), (&event, "duplicate")] {
        let (status, answer) = serving.post(body).await;
        let ended = &answer["secrets"][0]["outcome"];
        assert_eq!((status, ended), (200, &json!(outcome)), "{answer}");
    }
}

#[tokio::test]
async fn a_failure_that_only_a_person_can_mend_is_answered_200_recorded_and_told() {
    let program = Program::new("").await;
    program.run(&["adopt"]).await.ended(0);
    let serving = program.serve(&[]).await;
    failing(&program, 403);
    let event = notification("SECRET_ROTATE", SESSION, "2026-11-21T06:00:00-08:00");
    let (status, answer) = serving.post(&event).await;
    let one = &answer["secrets"][0];
    assert_eq!(
        (status, &one["outcome"]),
        (200, &json!("failed")),
        "{answer}"
    );
    assert_eq!(one["error"], "secret-denied");
    let told = serving.until("rotation.failed").await;
    assert_eq!(
        (&told["severity"], &told["secret"]),
        (&json!("ERROR"), &json!(SESSION))
    );
    let (_, answer) = serving.post(&json!({"command": "status"})).await;
    let one = &answer["secrets"][1];
    assert_eq!(
        (&one["secret"], &one["error"]),
        (&json!("session-key"), &json!("secret-denied"))
    );
    assert!(one["next"].is_string(), "{answer}");
}

#[tokio::test]
async fn the_schedule_of_secret_manager_wakes_the_service_and_the_secret_is_rotated() {
    let program = Program::new("").await;
    program.run(&["adopt"]).await.ended(0);
    let serving = program.serve(&[]).await;
    let google = &program.google;
    let put = |path: &str, body: Value| {
        let url = format!("{}{path}", google.url());
        async move {
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            let answer = client.put(url).json(&body).send().await.unwrap();
            assert!(
                answer.status().is_success(),
                "{}",
                answer.text().await.unwrap()
            );
        }
    };
    put("/v1/projects/demo/topics/rotate", json!({})).await;
    let subscription = json!({
        "topic": "projects/demo/topics/rotate",
        "pushConfig": {"pushEndpoint": serving.url},
        "filter": "attributes.eventType = \"SECRET_ROTATE\"",
    });
    put("/v1/projects/demo/subscriptions/rotate", subscription).await;
    let next = google.gcp.now() + std::time::Duration::from_hours(2);
    let schedule = json!({
        "topics": [{"name": "projects/demo/topics/rotate"}],
        "rotation": {"nextRotationTime": next.to_string(), "rotationPeriod": "86400s"},
    });
    let path = format!("/v1/{SESSION}?updateMask=topics,rotation");
    let patched = google.patch(&path, schedule).await;
    assert!(patched["rotation"].is_object(), "{patched}");
    google
        .gcp
        .advance(jiff::SignedDuration::from_hours(3))
        .await
        .unwrap();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(50);
    while google.versions(SESSION).await != ["DISABLED", "ENABLED"] {
        assert!(std::time::Instant::now() < deadline, "{}", serving.said());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
