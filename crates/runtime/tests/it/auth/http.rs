//! What a caller sees of it.

use super::{KeyServer, Mode, SigningKey, claims, claims_but, options};
use crate::service::{Service, problem};
use ::http::StatusCode;
use nightshift_runtime::{Context, Event, Outcome, auth::Guard, serve};
use serde_json::{Value, json};

/// A service that answers with its caller, and a key whose tokens it believes.
async fn start() -> (Service, KeyServer, SigningKey) {
    let key = SigningKey::new("first");
    let server = KeyServer::start(&[&key]).await;
    let address = "0.0.0.0:8080".parse().unwrap();
    let guard = Guard::new(&options(Mode::Verify, Some(&server)), address).unwrap();
    let clock = nightshift_runtime::clock::ManualClock::at(super::now());
    let handler = |_: Event, context: Context| async move {
        Outcome::Answer(json!({ "caller": context.caller.as_deref() }))
    };
    let service = Service::guarded(serve::Options::default(), guard.with_clock(clock), handler);
    (service.await, server, key)
}

#[tokio::test]
async fn the_handler_learns_who_calls() {
    let (service, _server, key) = start().await;
    let request = service.command("x").bearer_auth(key.token(&claims()));
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(answer, json!({ "caller": super::CALLER }));
}

#[tokio::test]
async fn strangers_are_told_why_and_nothing_else() {
    let (service, server, key) = start().await;
    let answer = service.command("x").send().await.unwrap();
    assert_eq!(answer.headers()["www-authenticate"], "Bearer");
    let (status, code, message) = problem(answer).await;
    assert_eq!((status, code.as_str()), (401, "token_missing"));
    assert_eq!(message, "there is no bearer token");

    let mallory = key.token(&claims_but(&json!({ "email": "mallory@evil.example" })));
    let answer = service
        .command("x")
        .bearer_auth(mallory)
        .send()
        .await
        .unwrap();
    let (status, code, message) = problem(answer).await;
    assert_eq!((status, code.as_str()), (403, "caller_not_allowed"));
    assert!(!message.contains(super::CALLER), "{message}");

    server.fall_ill(Some(StatusCode::BAD_GATEWAY));
    let new = SigningKey::new("second").token(&claims());
    let answer = service.command("x").bearer_auth(new).send().await.unwrap();
    let (status, code, _) = problem(answer).await;
    // The keys were fetched a moment ago, so this one is not Google's.
    assert_eq!((status, code.as_str()), (401, "token_invalid"));
}

#[tokio::test]
async fn an_unread_event_of_a_stranger_costs_no_body() {
    let (service, _server, _) = start().await;
    let body = vec![b' '; 1024];
    let answer = service
        .http
        .post(&service.url)
        .body(body)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 401);
}

#[tokio::test]
async fn health_needs_no_token_and_metrics_need_one_from_afar() {
    let (service, _server, key) = start().await;
    assert_eq!(service.get("/health").send().await.unwrap().status(), 200);
    assert_eq!(service.get("/metrics").send().await.unwrap().status(), 200);
    let from_afar = || {
        service
            .get("/metrics")
            .header("x-forwarded-for", "203.0.113.9")
    };
    assert_eq!(from_afar().send().await.unwrap().status(), 401);
    let with_token = from_afar().bearer_auth(key.token(&claims()));
    assert_eq!(with_token.send().await.unwrap().status(), 200);
}
