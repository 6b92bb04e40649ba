use crate::service::{Service, problem};
use nightshift_runtime::{Context, Event, Outcome, Problem, serve::Options};
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

#[derive(serde::Deserialize)]
struct Command {
    command: String,
}

/// Ends as the command says.
async fn obey(event: Event, context: Context) -> Outcome {
    assert_eq!(context.caller, None);
    let command = match event.json::<Command>() {
        Ok(command) => command.command,
        Err(error) => return error.into(),
    };
    match command.as_str() {
        "nothing" => Outcome::Done,
        "report" => Outcome::Answer(json!({ "changed": 3 })),
        "refuse" => Outcome::refused("no_such_secret", "there is no secret `x`"),
        "collide" => Outcome::conflict("already_running", "a backup is running"),
        "wait" => Outcome::later("api_unavailable", "Secret Manager answers 503"),
        "wait longer" => Outcome::Later {
            problem: Problem::new("quota", "Secret Manager answers 429"),
            after: Some(Duration::from_millis(1500)),
        },
        "fail" => Outcome::failed("defect", "an invariant does not hold"),
        "panic" => panic!("secret-value"),
        other => panic!("{other}"),
    }
}

async fn start() -> Service {
    Service::start(Options::default(), obey).await
}

#[tokio::test]
async fn each_outcome_has_one_status() {
    let service = start().await;
    let done = service.command("nothing").send().await.unwrap();
    assert_eq!(done.status(), 204);
    assert_eq!(done.bytes().await.unwrap(), "");

    let report = service.command("report").send().await.unwrap();
    assert_eq!(report.status(), 200);
    assert_eq!(
        report.json::<Value>().await.unwrap(),
        json!({ "changed": 3 })
    );

    for (command, status, code, message) in [
        ("refuse", 400, "no_such_secret", "there is no secret `x`"),
        ("collide", 409, "already_running", "a backup is running"),
        ("wait", 503, "api_unavailable", "Secret Manager answers 503"),
        ("fail", 500, "defect", "an invariant does not hold"),
    ] {
        let answer = service.command(command).send().await.unwrap();
        assert!(answer.headers().get("retry-after").is_none());
        let expected = (status, code.to_owned(), message.to_owned());
        assert_eq!(problem(answer).await, expected, "{command}");
    }

    let longer = service.command("wait longer").send().await.unwrap();
    assert_eq!(longer.status(), 503);
    assert_eq!(longer.headers()["retry-after"], "2");
}

#[tokio::test]
async fn a_panic_is_an_answer_and_not_the_end() {
    let service = start().await;
    for _ in 0..3 {
        let answer = service.command("panic").send().await.unwrap();
        let (status, code, message) = problem(answer).await;
        assert_eq!((status, code.as_str()), (500, "panicked"));
        assert!(!message.contains("secret-value"));
    }
    assert_eq!(
        service.command("nothing").send().await.unwrap().status(),
        204
    );
    assert_eq!(service.get("/health").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_push_reaches_the_handler_as_an_event() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let handler = {
        let seen = seen.clone();
        move |event: Event, _: Context| {
            seen.lock().unwrap().push(event);
            async { Outcome::Done }
        }
    };
    let service = Service::start(Options::default(), handler).await;
    let push = json!({
        "subscription": "projects/demo/subscriptions/s",
        "message": { "messageId": "7", "data": "aGVsbG8", "publishTime": "2026-01-02T03:04:05Z" },
    });
    let answer = service.http.post(&service.url).json(&push).send().await;
    assert_eq!(answer.unwrap().status(), 204);
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].data, "hello");
    assert_eq!(seen[0].id.as_ref().unwrap().to_string(), "7");
}

#[tokio::test]
async fn what_is_no_event_is_refused_by_name() {
    let service = start().await;
    let without_id = json!({ "subscription": "projects/demo/subscriptions/s", "message": {} });
    let answer = service
        .http
        .post(&service.url)
        .json(&without_id)
        .send()
        .await;
    let (status, code, message) = problem(answer.unwrap()).await;
    assert_eq!((status, code.as_str()), (400, "invalid_event"));
    assert!(message.contains("messageId"), "{message}");
}

#[tokio::test]
async fn other_paths_and_methods_say_where_to_go() {
    let service = start().await;
    let (status, code, message) = problem(service.get("/events").send().await.unwrap()).await;
    assert_eq!((status, code.as_str()), (404, "not_found"));
    assert!(message.contains("POST /"), "{message}");
    for (method, path) in [("GET", "/"), ("PUT", "/"), ("POST", "/health")] {
        let url = format!("{}{path}", service.url);
        let request = service.http.request(method.parse().unwrap(), url);
        let (status, code, _) = problem(request.send().await.unwrap()).await;
        assert_eq!(
            (status, code.as_str()),
            (405, "method_not_allowed"),
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn a_service_is_healthy_and_ready() {
    let service = start().await;
    for path in ["/health", "/ready"] {
        assert_eq!(
            service.get(path).send().await.unwrap().status(),
            200,
            "{path}"
        );
    }
}

#[tokio::test]
async fn what_was_done_can_be_read_by_prometheus() {
    let service = start().await;
    service.command("nothing").send().await.unwrap();
    service.command("refuse").send().await.unwrap();
    let answer = service.get("/metrics").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(
        answer.headers()["content-type"],
        "text/plain; version=0.0.4; charset=utf-8"
    );
    let text = answer.text().await.unwrap();
    for line in [
        "# TYPE nightshift_events_total counter",
        r#"nightshift_events_total{source="command",outcome="done"} 1"#,
        r#"nightshift_events_total{source="command",outcome="refused"} 1"#,
        r#"nightshift_event_duration_seconds_count{source="command"} 2"#,
        r#"nightshift_http_requests_total{status="204"} 1"#,
        "nightshift_events_in_flight 0",
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "no {line} in\n{text}"
        );
    }
}
