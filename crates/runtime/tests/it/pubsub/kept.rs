//! What local-gcp has afterwards, and what happens to the same message meanwhile: with its clock, journal and faults.

use super::{
    Broker, SUBSCRIPTION, gcp, options,
    pulling::{PATIENCE, counted, gated, next, pulling},
};
use local_gcp::Fault;
use nightshift_runtime::{
    Outcome, Shutdown,
    pubsub::{Ended, PullError},
    telemetry,
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Instant,
};
use tokio::{sync::Semaphore, task::JoinHandle};

const ENDPOINT: &str = "TEST_PULL_ENDPOINT";

/// How many acknowledgements have arrived.
fn acknowledged(broker: &Broker) -> usize {
    let calls = broker.gcp().journal().of("pubsub.Subscriber.Acknowledge");
    let answered = calls.iter().filter(|call| call.status == 200);
    let ids = answered.filter_map(|call| Some(call.json.as_ref()?["ackIds"].as_array()?.len()));
    ids.sum()
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "{what} did not happen");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

/// The end is clean, and however long one waits then, nobody is given anything.
async fn ends_with_nothing_left(
    broker: &Broker,
    shutdown: &Shutdown,
    pulling: JoinHandle<Result<Ended, PullError>>,
) {
    shutdown.request();
    assert_eq!(pulling.await.unwrap().unwrap(), Ended::Clean);
    broker.gcp().advance("2h".parse().unwrap()).await.unwrap();
    let left = broker.waiting().await;
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn an_acknowledged_message_is_gone_for_good() {
    for exactly_once in [false, true] {
        let settings = json!({ "enableExactlyOnceDelivery": exactly_once });
        let broker = Broker::local(settings).await;
        broker.publish(&["x"]).await;
        let (begun, handler) = counted(|_| async { Outcome::Done });
        let shutdown = Shutdown::new();
        let pulling = pulling(&broker, &shutdown, handler);
        next(&begun).await;
        until("an acknowledgement", || acknowledged(&broker) == 1).await;
        ends_with_nothing_left(&broker, &shutdown, pulling).await;
    }
}

#[tokio::test]
async fn what_may_succeed_later_is_given_back_and_comes_when_the_retry_policy_says() {
    let policy = json!({ "retryPolicy": { "minimumBackoff": "60s", "maximumBackoff": "600s" } });
    let broker = Broker::local(policy).await;
    broker.gcp().run_clock(false).await.unwrap();
    broker.publish(&["x"]).await;
    let again = Arc::new(Semaphore::new(0));
    let (begun, handler) = {
        let again = again.clone();
        counted(move |_| {
            let first = again.available_permits() == 0;
            again.add_permits(1);
            async move {
                if first {
                    Outcome::later("busy", "not now")
                } else {
                    Outcome::Done
                }
            }
        })
    };
    let shutdown = Shutdown::new();
    let pulling = pulling(&broker, &shutdown, handler);
    next(&begun).await;
    let given_back = || {
        let calls = broker
            .gcp()
            .journal()
            .of("pubsub.Subscriber.ModifyAckDeadline");
        let deadline = |call: &Value| call["ackDeadlineSeconds"].as_i64().unwrap_or_default();
        calls
            .iter()
            .filter_map(|call| call.json.as_ref())
            .any(|call| deadline(call) == 0)
    };
    until("giving it back", given_back).await;
    broker.gcp().advance("59s".parse().unwrap()).await.unwrap();
    assert_eq!(begun.available_permits(), 0, "it came before its time");
    broker.gcp().advance("10s".parse().unwrap()).await.unwrap();
    next(&begun).await;
    until("an acknowledgement", || acknowledged(&broker) == 1).await;
    ends_with_nothing_left(&broker, &shutdown, pulling).await;
}

/// Its lease ended on the server, as it does when this process cannot reach it for too long.
#[tokio::test]
async fn a_message_that_comes_again_while_it_is_worked_on_is_handled_twice_and_then_gone() {
    let broker = Broker::local(json!({})).await;
    broker.publish(&["x"]).await;
    let (begun, gate, handler) = gated();
    let shutdown = Shutdown::new();
    let pulling = pulling(&broker, &shutdown, handler);
    next(&begun).await;
    broker.gcp().advance("1h".parse().unwrap()).await.unwrap();
    next(&begun).await;
    gate.add_permits(2);
    until("both acknowledgements", || acknowledged(&broker) == 2).await;
    ends_with_nothing_left(&broker, &shutdown, pulling).await;
}

#[tokio::test]
async fn a_stream_that_cannot_be_opened_is_tried_again() {
    let broker = Broker::local(json!({})).await;
    broker.gcp().faults().add(Fault {
        times: Some(2),
        status: Some(503),
        ..Fault::on("pubsub.Subscriber.StreamingPull")
    });
    broker.publish(&["x"]).await;
    let (begun, handler) = counted(|_| async { Outcome::Done });
    let shutdown = Shutdown::new();
    let pulling = pulling(&broker, &shutdown, handler);
    next(&begun).await;
    until("an acknowledgement", || acknowledged(&broker) == 1).await;
    ends_with_nothing_left(&broker, &shutdown, pulling).await;
}

/// Without exactly-once delivery the client library sends an acknowledgement once, and lets the message come again.
#[tokio::test]
async fn work_whose_acknowledgement_is_lost_is_done_again() {
    let broker = Broker::local(json!({})).await;
    broker.gcp().faults().add(Fault {
        status: Some(503),
        ..Fault::on("pubsub.Subscriber.Acknowledge")
    });
    broker.publish(&["x"]).await;
    let (begun, handler) = counted(|_| async { Outcome::Done });
    let shutdown = Shutdown::new();
    let pulling = pulling(&broker, &shutdown, handler);
    next(&begun).await;
    let journal = broker.gcp().journal();
    let lost = || !journal.of("pubsub.Subscriber.Acknowledge").is_empty();
    until("the lost acknowledgement", lost).await;
    broker.gcp().advance("1h".parse().unwrap()).await.unwrap();
    next(&begun).await;
    until("an acknowledgement", || acknowledged(&broker) == 1).await;
    ends_with_nothing_left(&broker, &shutdown, pulling).await;
}

/// With it, the acknowledgement is repeated until it is certain.
#[tokio::test]
async fn an_acknowledgement_that_must_be_certain_is_repeated() {
    let broker = Broker::local(json!({ "enableExactlyOnceDelivery": true })).await;
    broker.gcp().faults().add(Fault {
        times: Some(2),
        status: Some(503),
        ..Fault::on("pubsub.Subscriber.Acknowledge")
    });
    broker.publish(&["x"]).await;
    let (begun, handler) = counted(|_| async { Outcome::Done });
    let shutdown = Shutdown::new();
    let pulling = pulling(&broker, &shutdown, handler);
    next(&begun).await;
    until("an acknowledgement", || acknowledged(&broker) == 1).await;
    ends_with_nothing_left(&broker, &shutdown, pulling).await;
    assert_eq!(begun.available_permits(), 0, "handled a second time");
}

#[tokio::test]
#[ignore = "the process that the test below starts"]
async fn pull_until_asked() {
    let endpoint = std::env::var(ENDPOINT).unwrap();
    telemetry::init(&telemetry::Options {
        format: telemetry::Format::Json,
        level: telemetry::Level::default(),
    })
    .unwrap();
    let shutdown = Shutdown::on_signals().unwrap();
    let (_, handler) = counted(|context| async move {
        tracing::info!("waiting for the end");
        context.shutdown.wait().await;
        Outcome::Done
    });
    let mut options = options();
    options.concurrency = std::num::NonZeroU16::MIN;
    let gcp = gcp(&endpoint);
    let pulled = nightshift_runtime::pubsub::pull(&gcp, &options, handler, shutdown);
    assert_eq!(pulled.await.unwrap(), Ended::Clean);
}

fn child(broker: &Broker) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "pubsub::kept::pull_until_asked",
            "--ignored",
            "--nocapture",
        ])
        .env(ENDPOINT, &broker.url)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_finishes_and_acknowledges_what_has_begun_and_leaves_the_rest() {
    let broker = Broker::local(json!({})).await;
    let mut child = child(&broker);
    broker.publish(&["first", "second"]).await;
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let works = tokio::task::spawn_blocking(move || {
        let mut lines = lines.map_while(Result::ok);
        let works = lines.any(|line| line.contains("waiting for the end"));
        (works, lines)
    });
    let (works, lines) = works.await.unwrap();
    assert!(works, "the process ended before it worked");
    let reading = tokio::task::spawn_blocking(move || lines.for_each(drop));
    let asked = Instant::now();
    kill(
        Pid::from_raw(child.id().try_into().unwrap()),
        Signal::SIGTERM,
    )
    .unwrap();
    let ended = tokio::task::spawn_blocking(move || child.wait())
        .await
        .unwrap();
    assert!(ended.unwrap().success());
    assert!(asked.elapsed().as_secs() < 10, "{:?}", asked.elapsed());
    reading.await.unwrap();
    assert_eq!(acknowledged(&broker), 1);
    broker.gcp().advance("2h".parse().unwrap()).await.unwrap();
    let left = broker.waiting().await;
    assert_eq!(left.len(), 1, "{left:?} of {SUBSCRIPTION}");
}
