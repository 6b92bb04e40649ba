//! `backup serve` over HTTP: one event, one piece of work, one answer.

use crate::{
    bed::Bed,
    cloud::Cloud,
    consistency::{client, until},
    process::{self, Ended, Running, backup, run},
};
use backup::repository::State;
use nix::sys::signal::Signal;
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use std::{process::Command, time::Duration};
use tokio::task::JoinHandle;

/// A running service and a caller.
pub(crate) struct Service {
    pub(crate) process: Running,
    pub(crate) url: String,
    http: Client,
}

impl Service {
    /// `backup serve` of the database `app` with more arguments.
    pub(crate) fn start(bed: &Bed, arguments: &[&str]) -> Self {
        Self::of(serve(bed, "", arguments))
    }

    pub(crate) fn of(mut command: Command) -> Self {
        command.args(["--listen", "127.0.0.1:0"]);
        let mut process = Running::start(command);
        let said = process.said_so_far();
        let url = process.until("it serves", || {
            let said = said.lock().unwrap();
            let line = said.lines().find(|line| line.contains("serve.started"))?;
            let line: Value = serde_json::from_str(line).unwrap();
            Some(format!("http://{}", line["address"].as_str().unwrap()))
        });
        Self {
            process,
            url,
            http: Client::new(),
        }
    }

    fn post(&self, body: &Value) -> RequestBuilder {
        self.http.post(&self.url).json(body)
    }

    /// What a person's command is answered.
    async fn command(&self, body: Value) -> (u16, Value) {
        answered(self.post(&body).send().await.unwrap()).await
    }

    /// What a message that Pub/Sub pushes is answered.
    async fn push(&self, id: &str, data: &str) -> (u16, Value) {
        let message = json!({
            "messageId": id, "publishTime": "2026-11-01T12:00:00Z", "data": base64(data),
        });
        let body =
            json!({"message": message, "subscription": "projects/demo/subscriptions/nightly"});
        answered(self.post(&body).send().await.unwrap()).await
    }

    /// Asks it to end and waits for that.
    pub(crate) fn stop(self) -> Ended {
        self.process.signal(Signal::SIGTERM);
        self.process.end()
    }
}

/// `backup serve` with lines as JSON, and `more` in its configuration.
pub(crate) fn serve(bed: &Bed, more: &str, arguments: &[&str]) -> Command {
    let url = bed.server.socket_url("app");
    let mut command = bed.backup(more, &["serve", "--log-format", "json", "--from", &url]);
    command.args(arguments);
    if let Some(file) = bed.server.password_file() {
        command.env("PGPASSFILE", file);
    }
    command
}

fn base64(text: &str) -> String {
    use ::base64::{Engine, engine::general_purpose::STANDARD};
    STANDARD.encode(text)
}

async fn answered(answer: Response) -> (u16, Value) {
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap_or_default())
}

/// A server with a table of 2,000 rows.
fn bed() -> Bed {
    let bed = Bed::empty(15);
    let fill = "CREATE TABLE orders AS SELECT generate_series(1, 2000) AS id";
    bed.server.psql("app", fill).unwrap();
    bed
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_to_run_is_answered_with_the_report_when_the_backup_is_there() {
    let bed = bed();
    let service = Service::start(&bed, &[]);
    let (status, answer) = service.command(json!({"command": "run"})).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["event"], "backup.completed");
    assert_eq!(answer["outcome"], "success");
    assert_eq!(answer["report"]["rows"], 2000);
    let ids = bed.repository.ids().await.unwrap();
    assert_eq!(answer["report"]["id"], ids[0].as_str());
    let state = bed.repository.state(&ids[0]).await.unwrap();
    assert!(matches!(state, State::Complete(_)), "{state:?}");
    let ended = service.stop().well();
    assert_eq!(ended.stdout, "");
    assert!(
        ended.stderr.contains(r#""event":"backup.completed""#),
        "{}",
        ended.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_comes_again_makes_no_second_backup() {
    let bed = bed();
    let service = Service::start(&bed, &[]);
    let run = r#"{"command":"run"}"#;
    let (status, first) = service.push("17", run).await;
    assert_eq!(status, 200, "{first}");
    let (status, again) = service.push("17", run).await;
    assert_eq!(status, 200, "{again}");
    assert_eq!(again["made_before"], first["report"]["id"]);
    assert_eq!(bed.manifests().len(), 1);
    // Nor to another instance that starts later.
    service.stop().well();
    let service = Service::start(&bed, &[]);
    let (_, again) = service.push("17", run).await;
    assert_eq!(again["made_before"], first["report"]["id"]);
    // Another message is another backup.
    let (status, next) = service.push("18", run).await;
    assert_eq!((status, next["outcome"].as_str()), (200, Some("success")));
    assert_eq!(bed.manifests().len(), 2);
}

/// Keeps every run from its rows until it is rolled back.
async fn locked(blocker: &mut tokio_postgres::Client) -> tokio_postgres::Transaction<'_> {
    let lock = blocker.transaction().await.unwrap();
    lock.batch_execute("LOCK TABLE orders").await.unwrap();
    lock
}

/// Asks for a run, and returns once it waits for the lock.
async fn a_run_that_waits(bed: &Bed, service: &Service) -> JoinHandle<reqwest::Result<Response>> {
    let asked = tokio::spawn(service.post(&json!({"command": "run"})).send());
    let waits = "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE application_name LIKE 'nightshift%' AND wait_event_type = 'Lock')";
    until(&client(bed, "postgres").await, waits).await;
    asked
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_is_refused_at_once_here_and_in_another_instance() {
    let bed = bed();
    let mut blocker = client(&bed, "app").await;
    let lock = locked(&mut blocker).await;
    let service = Service::start(&bed, &[]);
    let first = a_run_that_waits(&bed, &service).await;

    let other = Service::start(&bed, &[]);
    for (service, said) in [
        (&service, "is being done here already"),
        (&other, "another run ("),
    ] {
        let begun = std::time::Instant::now();
        let (status, answer) = service.command(json!({"command": "run"})).await;
        assert_eq!((status, &answer["error"]["code"]), (409, &json!("busy")));
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains(said), "{message}");
        assert!(begun.elapsed() < Duration::from_secs(5));
    }
    // What is no backup does not wait for one.
    let (status, _) = service.command(json!({"command": "status"})).await;
    assert_eq!(status, 200);

    lock.rollback().await.unwrap();
    let (status, answer) = answered(first.await.unwrap().unwrap()).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(bed.manifests().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_ends_a_run_in_order_answers_503_and_leaves_the_lease_free() {
    let bed = bed();
    let mut blocker = client(&bed, "app").await;
    let lock = locked(&mut blocker).await;
    let service = Service::start(&bed, &[]);
    let asked = a_run_that_waits(&bed, &service).await;
    let begun = std::time::Instant::now();
    let ended = service.stop().well();
    assert!(begun.elapsed() < Duration::from_secs(9), "{}", ended.stderr);
    let (status, answer) = answered(asked.await.unwrap().unwrap()).await;
    assert_eq!(status, 503, "{answer}");
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains("nothing was published"), "{message}");
    assert!(ended.stderr.contains("backup.failed"), "{}", ended.stderr);

    lock.rollback().await.unwrap();
    run(bed.backup_run("")).well();
}

#[tokio::test(flavor = "multi_thread")]
async fn near_its_deadline_a_run_is_ended_in_order() {
    let bed = bed();
    let mut blocker = client(&bed, "app").await;
    let lock = locked(&mut blocker).await;
    let service = Service::start(&bed, &["--deadline", "2s"]);
    let (status, answer) = service.command(json!({"command": "run"})).await;
    assert_eq!(status, 503, "{answer}");
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains("nothing was published"), "{message}");
    lock.rollback().await.unwrap();
    let (status, answer) = service.command(json!({"command": "run"})).await;
    assert_eq!(status, 200, "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn prune_drill_and_status_are_done_and_what_is_not_known_is_refused_by_name() {
    let bed = bed();
    let service = Service::of(serve(&bed, "[retention]\nlast = 1", &[]));
    let (status, answer) = service.command(json!({"command": "run"})).await;
    assert_eq!(status, 200, "{answer}");
    let (status, answer) = service.command(json!({"command": "drill"})).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["report"]["level"], "restore");
    assert_eq!(answer["outcome"], "success");
    let (status, answer) = service.command(json!({"command": "status"})).await;
    assert_eq!((status, &answer["outcome"]), (200, &json!("success")));
    let (status, answer) = service
        .command(json!({"command": "prune", "dry_run": true}))
        .await;
    assert_eq!((status, &answer["event"]), (200, &json!("backup.pruned")));

    for (data, said) in [
        (json!({"command": "explode"}), "unknown variant `explode`"),
        (
            json!({"command": "run", "from": "postgres://h/d"}),
            "unknown field `from`",
        ),
    ] {
        let (status, answer) = service.command(data).await;
        assert_eq!(status, 400, "{answer}");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains(said), "{message}");
    }
    let (status, answer) = service.push("19", "").await;
    assert_eq!(
        (status, &answer["error"]["code"]),
        (400, &json!("no_command"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspicious_backup_is_done_and_said_so_and_a_server_that_is_away_is_asked_for_later() {
    let mut bed = bed();
    let service = Service::start(&bed, &[]);
    let run = json!({"command": "run"});
    assert_eq!(service.command(run.clone()).await.0, 200);
    bed.server
        .psql("app", "DELETE FROM orders WHERE id > 7")
        .unwrap();
    let (status, answer) = service.command(run.clone()).await;
    assert_eq!((status, &answer["outcome"]), (200, &json!("suspicious")));
    assert!(
        answer["error"].as_str().unwrap().contains("it has 7 rows"),
        "{answer}"
    );
    // Somebody has to look before older ones go.
    let (status, answer) = service.command(json!({"command": "status"})).await;
    assert_eq!(status, 200, "{answer}");

    bed.server.stop().unwrap();
    let (status, answer) = service.command(run).await;
    assert_eq!(
        (status, &answer["error"]["code"]),
        (503, &json!("unavailable")),
        "{answer}"
    );
    let ended = service.stop().well();
    assert!(
        ended.stderr.contains(r#""event":"backup.failed""#),
        "{}",
        ended.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_pushed_with_a_token_makes_a_backup_in_the_bucket_and_a_stranger_does_not() {
    const CALLER: &str = "push@demo.iam.gserviceaccount.com";
    let cloud = Cloud::start().await;
    let bed = bed();
    let audience = "https://backup.example";
    let arguments = [
        "--auth",
        "verify",
        "--audience",
        audience,
        "--caller",
        CALLER,
    ];
    let service = Service::of(cloud.command(serve(&bed, "", &arguments)));
    let (status, _) = service.command(json!({"command": "run"})).await;
    assert_eq!(status, 401);

    let push = json!({"pushEndpoint": service.url, "oidcToken": {"serviceAccountEmail": CALLER, "audience": audience}});
    cloud
        .topic_with("nightly", json!({"pushConfig": push}))
        .await;
    cloud.publish("nightly", r#"{"command":"run"}"#).await;
    let repository = cloud.repository();
    process::until_async("the backup is there", async || {
        let survey = repository.survey().await.unwrap();
        survey
            .iter()
            .any(|entry| matches!(entry.state, State::Complete(_)))
            .then_some(())
    })
    .await;
    service.stop().well();
}

#[test]
fn what_would_make_every_event_fail_is_refused_at_the_start() {
    for (arguments, said) in [
        (&["--listen", "0.0.0.0:0"][..], "--auth"),
        (
            &["--pull", "nightly"],
            "write projects/PROJECT/subscriptions/NAME",
        ),
        (&["--from", "postgres://:secret@h/d"], "password"),
    ] {
        let mut command = backup(&["serve", "--from", "postgres://h/d", "--to", "file:///tmp"]);
        if arguments[0] == "--from" {
            command = backup(&["serve", "--to", "file:///tmp"]);
        }
        command.args(arguments);
        let ended = run(command);
        assert_eq!(ended.code, Some(2), "{}", ended.stderr);
        assert!(ended.stderr.contains(said), "{said}: {}", ended.stderr);
        assert!(!ended.stderr.contains("secret@"), "{}", ended.stderr);
    }
}
