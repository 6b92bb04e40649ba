use super::{Emulator, SUBSCRIPTION, gcp, options};
use nightshift_runtime::{
    Context, Event, Outcome, Shutdown, event,
    pubsub::{Ended, PullError, pull},
};
use serde_json::json;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tokio::{sync::Semaphore, task::JoinHandle, time::timeout};

const PATIENCE: Duration = Duration::from_secs(30);

/// Pulls in the background until the shutdown.
fn pulling<F, Handling>(
    emulator: &Emulator,
    shutdown: &Shutdown,
    handler: F,
) -> JoinHandle<Result<Ended, PullError>>
where
    F: Fn(Event, Context) -> Handling + Send + Sync + 'static,
    Handling: Future<Output = Outcome> + Send + 'static,
{
    let (gcp, shutdown) = (gcp(&emulator.url), shutdown.clone());
    tokio::spawn(async move { pull(&gcp, &options(), handler, shutdown).await })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_succeeds_is_taken_and_what_does_not_comes_again() {
    let Some(emulator) = Emulator::start(json!({ "ackDeadlineSeconds": 10 })).await else {
        return;
    };
    emulator.publish(&["good", "bad", "panic", "ugly"]).await;
    let seen = Arc::new(Mutex::new(HashMap::<String, Vec<Event>>::new()));
    let done = Arc::new(Semaphore::new(0));
    let shutdown = Shutdown::new();
    let handler = {
        let (seen, done) = (seen.clone(), done.clone());
        move |event: Event, _: Context| {
            let text = String::from_utf8(event.data.to_vec()).unwrap();
            let times = {
                let mut seen = seen.lock().unwrap();
                let events = seen.entry(text.clone()).or_default();
                events.push(event);
                events.len()
            };
            let done = done.clone();
            async move {
                match (text.as_str(), times) {
                    ("bad", 1) => return Outcome::later("busy", "not now"),
                    ("panic", 1) => panic!("the first time"),
                    ("ugly", 1) => return Outcome::refused("ugly", "no"),
                    _ => {}
                }
                done.add_permits(1);
                Outcome::Done
            }
        }
    };
    let pulling = pulling(&emulator, &shutdown, handler);
    timeout(PATIENCE, done.acquire_many(4))
        .await
        .expect("four done")
        .unwrap()
        .forget();
    shutdown.request();
    assert_eq!(pulling.await.unwrap().unwrap(), Ended::Clean);

    let seen = seen.lock().unwrap();
    let times = |text: &str| seen[text].len();
    assert_eq!(
        [times("good"), times("bad"), times("panic"), times("ugly")],
        [1, 2, 2, 2]
    );
    let good = &seen["good"][0];
    let subscription = Some(SUBSCRIPTION.to_owned());
    assert_eq!(
        good.source,
        event::Source::PubSub {
            subscription,
            topic: None
        }
    );
    assert_eq!(good.attributes.get("n"), Some("good"));
    assert!(good.id.is_some() && good.time.is_some() && good.ordering_key.is_none());
    assert_eq!(seen["bad"][0].id, seen["bad"][1].id);
    assert_eq!(emulator.waiting().await, Vec::<serde_json::Value>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_is_held_longer_than_its_ack_deadline_while_it_is_worked_on() {
    let Some(emulator) = Emulator::start(json!({ "ackDeadlineSeconds": 10 })).await else {
        return;
    };
    emulator.publish(&["long"]).await;
    let begun = Arc::new(Semaphore::new(0));
    let gate = Arc::new(Semaphore::new(0));
    let shutdown = Shutdown::new();
    let handler = {
        let (begun, gate) = (begun.clone(), gate.clone());
        move |_: Event, _: Context| {
            let (begun, gate) = (begun.clone(), gate.clone());
            async move {
                begun.add_permits(1);
                gate.acquire().await.unwrap().forget();
                Outcome::Done
            }
        }
    };
    let pulling = pulling(&emulator, &shutdown, handler);
    timeout(PATIENCE, begun.acquire())
        .await
        .unwrap()
        .unwrap()
        .forget();
    // Until well beyond the ten seconds of the subscription, nobody else is given it.
    let beyond = Instant::now() + Duration::from_secs(14);
    while Instant::now() < beyond {
        assert!(
            emulator.waiting().await.is_empty(),
            "given to somebody else"
        );
        let again = timeout(Duration::from_millis(250), begun.acquire()).await;
        assert!(again.is_err(), "delivered a second time");
    }
    gate.add_permits(1);
    shutdown.request();
    assert_eq!(pulling.await.unwrap().unwrap(), Ended::Clean);
    assert!(emulator.waiting().await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_finishes_what_has_begun_and_takes_no_more() {
    let Some(emulator) = Emulator::start(json!({})).await else {
        return;
    };
    let begun = Arc::new(Semaphore::new(0));
    let shutdown = Shutdown::new();
    let handler = {
        let begun = begun.clone();
        move |_: Event, context: Context| {
            begun.add_permits(1);
            async move {
                context.shutdown.wait().await;
                Outcome::Done
            }
        }
    };
    let pulling = pulling(&emulator, &shutdown, handler);
    emulator.publish(&["first"]).await;
    timeout(PATIENCE, begun.acquire())
        .await
        .unwrap()
        .unwrap()
        .forget();
    shutdown.request();
    let ended = timeout(Duration::from_secs(10), pulling)
        .await
        .expect("within ten seconds");
    assert_eq!(ended.unwrap().unwrap(), Ended::Clean);
    emulator.publish(&["late"]).await;
    let late = emulator.take(1).await;
    assert_eq!(late[0]["attributes"]["n"], "late");
    assert_eq!(begun.available_permits(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_end_in_time_is_given_back_before_ten_seconds_have_passed() {
    let Some(emulator) = Emulator::start(json!({ "ackDeadlineSeconds": 60 })).await else {
        return;
    };
    emulator.publish(&["endless"]).await;
    let begun = Arc::new(Semaphore::new(0));
    let shutdown = Shutdown::new();
    let handler = {
        let begun = begun.clone();
        move |_: Event, _: Context| {
            begun.add_permits(1);
            std::future::pending::<Outcome>()
        }
    };
    let pulling = pulling(&emulator, &shutdown, handler);
    timeout(PATIENCE, begun.acquire())
        .await
        .unwrap()
        .unwrap()
        .forget();
    shutdown.request();
    let ended = timeout(Duration::from_secs(10), pulling)
        .await
        .expect("within ten seconds");
    assert_eq!(ended.unwrap().unwrap(), Ended::CutShort { messages: 1 });
    // At once, not after the minute that its lease had.
    assert_eq!(emulator.take(1).await[0]["attributes"]["n"], "endless");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscription_that_is_not_there_is_an_error_that_names_it() {
    let Some(emulator) = Emulator::start(json!({})).await else {
        return;
    };
    let mut options = options();
    options.subscription = "projects/demo/subscriptions/absent".to_owned();
    let handler = |_: Event, _: Context| async { Outcome::Done };
    let gcp = gcp(&emulator.url);
    let pulled = pull(&gcp, &options, handler, Shutdown::new());
    let error = timeout(PATIENCE, pulled).await.expect("ends").unwrap_err();
    assert!(
        error.to_string().contains("subscriptions/absent"),
        "{error}"
    );
    assert!(matches!(error, PullError::Pull { .. }), "{error:?}");
}
