//! The program against services on this machine.

use axum::{Router, http::StatusCode, routing::get};
use std::{
    process::{Command, Output},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// Serves until the test ends, and says where.
async fn serve(answer: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, answer).await.unwrap() });
    format!("http://{address}/health")
}

/// A hundred users within a second, who think for a tenth of one.
async fn load(url: &str, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_load"));
    command.arg(url).args(["--ramp", "1s", "--hold", "1s"]);
    command.args(["--think", "100ms"]).args(more);
    tokio::task::spawn_blocking(move || command.output())
        .await
        .unwrap()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap() + &String::from_utf8_lossy(&output.stderr)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_well_passes_with_a_hundred_users() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let route = get(move || async move {
        count.fetch_add(1, Ordering::Relaxed);
    });
    let url = serve(Router::new().route("/health", route)).await;
    let output = load(&url, &["--output", "json"]).await;
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let asked = asked.load(Ordering::Relaxed);
    assert!(asked > 200, "a hundred users asked {asked} times");
    assert!(said(&output).contains(&format!("\"requests\": {asked}")));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_slow_fails_and_the_report_says_by_how_much() {
    let route = get(|| tokio::time::sleep(Duration::from_millis(60)));
    let url = serve(Router::new().route("/health", route)).await;
    let output = load(&url, &["--p95", "50ms"]).await;
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(
        said(&output).contains("and not within 50 ms"),
        "{}",
        said(&output)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_fails_now_and_then_fails() {
    let number = Arc::new(AtomicUsize::new(0));
    let route = get(move || async move {
        if number.fetch_add(1, Ordering::Relaxed).is_multiple_of(20) {
            StatusCode::SERVICE_UNAVAILABLE
        } else {
            StatusCode::OK
        }
    });
    let url = serve(Router::new().route("/health", route)).await;
    let output = load(&url, &["--users", "20"]).await;
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(
        said(&output).contains("503 Service Unavailable"),
        "{}",
        said(&output)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_none_is_refused_before_anybody_comes() {
    let output = load("shop.example.com", &[]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said(&output).contains("write one such as"),
        "{}",
        said(&output)
    );
}
