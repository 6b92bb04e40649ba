use super::{CALLER, check, claims, keys::SigningKey, now, verifying};
use ::http::StatusCode;
use jiff::{SignedDuration, ToSpan};
use nightshift_runtime::auth::Rejection;
use serde_json::json;
use std::{sync::Arc, time::Instant};
use tokio::task::JoinSet;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_cold_callers_cause_one_fetch_and_four_thousand_warm_ones_none() {
    let (server, key, guard, _) = verifying().await;
    let guard = Arc::new(guard);
    let token = Arc::new(key.token(&claims()));
    for callers in [50, 4000] {
        let mut checks = JoinSet::new();
        for _ in 0..callers {
            let (guard, token) = (guard.clone(), token.clone());
            checks.spawn(async move { check(&guard, &token).await });
        }
        for checked in checks.join_all().await {
            assert_eq!(checked.unwrap(), CALLER);
        }
        assert_eq!(server.asked(), 1, "after {callers} callers");
    }
}

#[tokio::test]
async fn a_new_key_is_looked_for_and_an_old_one_forgotten() {
    let (server, old, guard, clock) = verifying().await;
    check(&guard, &old.token(&claims())).await.unwrap();

    let new = SigningKey::new("second");
    server.publish(&[&old, &new]);
    clock.set(now() + 61.seconds());
    check(&guard, &new.token(&claims())).await.unwrap();
    check(&guard, &old.token(&claims())).await.unwrap();
    assert_eq!(server.asked(), 2);

    server.publish(&[&new]);
    clock.set(now() + 3700.seconds());
    let mut claims = claims();
    claims["exp"] = (now().as_second() + 7200).into();
    check(&guard, &new.token(&claims)).await.unwrap();
    assert_eq!(
        check(&guard, &old.token(&claims)).await,
        Err(Rejection::UnknownKey)
    );
    assert_eq!(server.asked(), 3);
}

#[tokio::test]
async fn unknown_keys_make_nobody_ask_more_than_once_a_minute() {
    let (server, key, guard, clock) = verifying().await;
    let unknown = SigningKey::new("unknown").token(&claims());
    for minute in 0..3 {
        clock.set(now() + SignedDuration::from_secs(minute * 61));
        for _ in 0..100 {
            assert_eq!(check(&guard, &unknown).await, Err(Rejection::UnknownKey));
        }
        check(&guard, &key.token(&claims())).await.unwrap();
        assert_eq!(server.asked(), usize::try_from(minute).unwrap() + 1);
    }
}

#[tokio::test]
async fn a_caller_is_not_refused_because_the_keys_cannot_be_fetched() {
    let (server, key, guard, clock) = verifying().await;
    let token = key.token(&claims());
    server.fall_ill(Some(StatusCode::INTERNAL_SERVER_ERROR));
    let rejection = check(&guard, &token).await.unwrap_err();
    assert_eq!(rejection, Rejection::KeysUnavailable);
    assert_eq!(rejection.status(), 503);
    // Tried twice, and not again before some seconds have passed.
    assert_eq!(server.asked(), 2);
    for _ in 0..50 {
        assert_eq!(check(&guard, &token).await, Err(Rejection::KeysUnavailable));
    }
    assert_eq!(server.asked(), 2);
    server.fall_ill(None);
    clock.set(now() + 6.seconds());
    check(&guard, &token).await.unwrap();
}

#[tokio::test]
async fn stale_keys_are_good_for_an_hour_when_no_others_can_be_had() {
    let (server, key, guard, clock) = verifying().await;
    let mut claims = claims();
    claims["exp"] = (now().as_second() + 86_400).into();
    let token = key.token(&claims);
    check(&guard, &token).await.unwrap();
    server.fall_ill(Some(StatusCode::SERVICE_UNAVAILABLE));
    for minutes in [61, 90, 119] {
        clock.set(now() + SignedDuration::from_mins(minutes));
        check(&guard, &token).await.unwrap();
    }
    clock.set(now() + SignedDuration::from_mins(121));
    assert_eq!(check(&guard, &token).await, Err(Rejection::KeysUnavailable));
}

#[tokio::test]
async fn an_answer_without_a_usable_key_is_no_answer() {
    let (server, key, guard, clock) = verifying().await;
    let token = key.token(&claims());
    let mut for_encryption = key.published();
    for_encryption["use"] = "enc".into();
    let mut rs512 = key.published();
    rs512["alg"] = "RS512".into();
    let elliptic = json!({ "kid": key.id, "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA" });
    for (step, keys) in [
        vec![],
        vec![for_encryption],
        vec![rs512],
        vec![elliptic.clone(), json!("key"), json!({})],
    ]
    .into_iter()
    .enumerate()
    {
        server.publish_json(keys);
        clock.set(now() + SignedDuration::from_secs(6 * i64::try_from(step).unwrap()));
        assert_eq!(
            check(&guard, &token).await,
            Err(Rejection::KeysUnavailable),
            "step {step}"
        );
    }
    // Keys of other kinds beside ours are no hindrance.
    server.publish_json(vec![elliptic, json!({}), key.published()]);
    clock.set(now() + 60.seconds());
    check(&guard, &token).await.unwrap();
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_not_waited_for_by_each_caller_in_turn() {
    let key = SigningKey::new("first");
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let options = nightshift_runtime::auth::Options {
        endpoint: Some(format!("http://{}", silent.local_addr().unwrap())),
        ..super::options(nightshift_runtime::auth::Mode::Verify, None)
    };
    let address = "127.0.0.1:1".parse().unwrap();
    let guard = nightshift_runtime::auth::Guard::new(&options, address).unwrap();
    let guard = guard.with_clock(nightshift_runtime::clock::ManualClock::at(now()));
    let token = key.token(&claims());
    let begun = Instant::now();
    let checks = (0..20).map(|_| check(&guard, &token));
    for checked in futures::future::join_all(checks).await {
        assert_eq!(checked, Err(Rejection::KeysUnavailable));
    }
    assert!(begun.elapsed().as_secs() < 9, "{:?}", begun.elapsed());
}
