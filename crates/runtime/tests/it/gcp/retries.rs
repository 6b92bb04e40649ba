use super::{Act, Flaky, SECRET, flaky::OK, gcp, quick, secrets};
use google_cloud_gax::options::RequestOptionsBuilder;
use google_cloud_secretmanager_v1::{client::SecretManagerService, model::SecretPayload};
use nightshift_runtime::RetryPolicy;
use std::time::{Duration, Instant};

const UNAVAILABLE: Act = Act::Answer(
    503,
    r#"{"error":{"code":503,"status":"UNAVAILABLE","message":"busy"}}"#,
);
const TOO_MANY: Act = Act::Answer(
    429,
    r#"{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"quota"}}"#,
);
const INTERNAL: Act = Act::Answer(
    500,
    r#"{"error":{"code":500,"status":"INTERNAL","message":"oops"}}"#,
);
const BAD_GATEWAY: Act = Act::Answer(502, "<html>");
const DENIED: Act = Act::Answer(
    403,
    r#"{"error":{"code":403,"status":"PERMISSION_DENIED","message":"no"}}"#,
);

/// Reads a secret from a server that does `acts`: whether it got it, and how often it asked.
async fn read(acts: impl IntoIterator<Item = Act>) -> (bool, usize) {
    let server = Flaky::start(acts).await;
    let read = secrets(&gcp(&server))
        .await
        .get_secret()
        .set_name(SECRET)
        .send()
        .await;
    (read.is_ok(), server.seen().len())
}

/// Adds a version, which done twice makes two.
async fn add(client: &SecretManagerService, safe: bool) -> bool {
    let payload = SecretPayload::new().set_data("x");
    let call = client
        .add_secret_version()
        .set_parent(SECRET)
        .set_payload(payload);
    let call = if safe {
        call.with_idempotency(true)
    } else {
        call
    };
    call.send().await.is_ok()
}

async fn added(acts: impl IntoIterator<Item = Act>, safe: bool) -> (bool, usize) {
    let server = Flaky::start(acts).await;
    let done = add(&secrets(&gcp(&server)).await, safe).await;
    (done, server.seen().len())
}

#[tokio::test]
async fn a_read_is_tried_again_whatever_passes_by_itself() {
    for fault in [
        UNAVAILABLE,
        TOO_MANY,
        INTERNAL,
        BAD_GATEWAY,
        Act::HangUp,
        Act::BreakOff,
    ] {
        assert_eq!(read([fault.clone(), OK]).await, (true, 2), "{fault:?}");
    }
    let all = [UNAVAILABLE, TOO_MANY, INTERNAL, Act::HangUp, OK];
    assert_eq!(read(all).await, (true, 5));
}

#[tokio::test]
async fn a_read_is_not_tried_again_when_that_changes_nothing() {
    assert_eq!(read([DENIED, OK]).await, (false, 1));
}

#[tokio::test]
async fn attempts_end_when_they_are_used_up() {
    for fault in [UNAVAILABLE, TOO_MANY, INTERNAL, Act::HangUp] {
        assert_eq!(read([fault.clone()]).await, (false, 5), "{fault:?}");
    }
}

#[tokio::test]
async fn attempts_end_when_the_time_is_over() {
    let server = Flaky::start([TOO_MANY]).await;
    let patient = RetryPolicy {
        max_attempts: 1000,
        initial_delay: Duration::from_millis(40),
        multiplier: 1.0,
        // Long enough for a second attempt on a machine that has much else to do.
        deadline: Duration::from_secs(1),
        ..quick()
    };
    let begun = Instant::now();
    let client = secrets(&gcp(&server).with_retry(patient)).await;
    assert!(client.get_secret().set_name(SECRET).send().await.is_err());
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
    assert!(
        (2..=26).contains(&server.seen().len()),
        "{}",
        server.seen().len()
    );
}

#[tokio::test]
async fn what_must_not_happen_twice_is_not_repeated_once_google_may_have_begun() {
    for fault in [
        UNAVAILABLE,
        INTERNAL,
        BAD_GATEWAY,
        Act::HangUp,
        Act::BreakOff,
    ] {
        assert_eq!(
            added([fault.clone(), OK], false).await,
            (false, 1),
            "{fault:?}"
        );
    }
}

#[tokio::test]
async fn what_was_refused_before_it_began_is_repeated_always() {
    assert_eq!(added([TOO_MANY, TOO_MANY, OK], false).await, (true, 3));
}

#[tokio::test]
async fn what_the_caller_calls_safe_is_repeated_like_a_read() {
    for fault in [UNAVAILABLE, INTERNAL, Act::HangUp, Act::BreakOff] {
        assert_eq!(
            added([fault.clone(), OK], true).await,
            (true, 2),
            "{fault:?}"
        );
    }
}

#[tokio::test]
async fn silence_is_given_up_and_asked_again_where_that_is_safe() {
    for (safe, expected) in [(true, (true, 2)), (false, (false, 1))] {
        let server = Flaky::start([Act::Silence, OK]).await;
        let gcp = gcp(&server).with_attempt_timeout(Duration::from_millis(100));
        let done = add(&secrets(&gcp).await, safe).await;
        assert_eq!((done, server.seen().len()), expected, "safe: {safe}");
    }
}
