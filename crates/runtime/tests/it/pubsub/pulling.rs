use super::{Broker, SUBSCRIPTION, gcp, on_both, options};
use nightshift_runtime::{
    Context, Event, Handler, Outcome, Shutdown, event,
    pubsub::{Ended, PullError, pull},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tokio::{sync::Semaphore, task::JoinHandle, time::timeout};

pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// Pulls in the background until the shutdown.
pub(super) fn pulling(
    broker: &Broker,
    shutdown: &Shutdown,
    handler: impl Handler,
) -> JoinHandle<Result<Ended, PullError>> {
    let (gcp, shutdown) = (gcp(&broker.url), shutdown.clone());
    tokio::spawn(async move { pull(&gcp, &options(), handler, shutdown).await })
}

/// A handler that does `work` for each message, and how many it has begun.
pub(super) fn counted<Work>(
    work: impl Fn(Context) -> Work + Send + Sync + 'static,
) -> (Arc<Semaphore>, impl Handler)
where
    Work: Future<Output = Outcome> + Send + 'static,
{
    let begun = Arc::new(Semaphore::new(0));
    let handler = {
        let begun = begun.clone();
        move |_: Event, context: Context| {
            begun.add_permits(1);
            work(context)
        }
    };
    (begun, handler)
}

/// [`counted`], each of which waits for a permit before it is done.
pub(super) fn gated() -> (Arc<Semaphore>, Arc<Semaphore>, impl Handler) {
    let gate = Arc::new(Semaphore::new(0));
    let (begun, handler) = {
        let gate = gate.clone();
        counted(move |_| {
            let gate = gate.clone();
            async move {
                gate.acquire().await.unwrap().forget();
                Outcome::Done
            }
        })
    };
    (begun, gate, handler)
}

/// Waits until one more has begun.
pub(super) async fn next(begun: &Semaphore) {
    let one = timeout(PATIENCE, begun.acquire()).await;
    one.expect("a message comes").unwrap().forget();
}

/// How often each message comes that ends as its text and the count say.
type Seen = Arc<Mutex<HashMap<String, Vec<Event>>>>;

/// Succeeds with what comes for the second time and with what is good, and counts that.
fn moody(seen: &Seen, done: &Arc<Semaphore>) -> impl Handler + use<> {
    let (seen, done) = (seen.clone(), done.clone());
    move |event: Event, _: Context| {
        let text = String::from_utf8(event.data.to_vec()).unwrap();
        let first = {
            let mut seen = seen.lock().unwrap();
            let events = seen.entry(text.clone()).or_default();
            events.push(event);
            events.len() == 1
        };
        let done = done.clone();
        async move {
            match text.as_str() {
                "bad" if first => return Outcome::later("busy", "not now"),
                "panic" if first => panic!("the first time"),
                "ugly" if first => return Outcome::refused("ugly", "no"),
                _ => done.add_permits(1),
            }
            Outcome::Done
        }
    }
}

on_both!(
    what_succeeds_is_taken_and_what_does_not_comes_again({ "ackDeadlineSeconds": 10 }),
    a_message_is_held_longer_than_its_ack_deadline_while_it_is_worked_on({ "ackDeadlineSeconds": 10 }),
    the_end_finishes_what_has_begun_and_takes_no_more({}),
    what_does_not_end_in_time_is_cut_short_before_ten_seconds_have_passed({}),
    a_subscription_that_is_not_there_is_an_error_that_names_it({}),
);

async fn what_succeeds_is_taken_and_what_does_not_comes_again(broker: Broker) {
    broker.publish(&["good", "bad", "panic", "ugly"]).await;
    let (seen, done, shutdown) = (
        Seen::default(),
        Arc::new(Semaphore::new(0)),
        Shutdown::new(),
    );
    let pulling = pulling(&broker, &shutdown, moody(&seen, &done));
    let four = timeout(PATIENCE, done.acquire_many(4)).await;
    four.expect("four are done").unwrap().forget();
    shutdown.request();
    assert_eq!(pulling.await.unwrap().unwrap(), Ended::Clean);
    assert!(broker.waiting().await.is_empty());

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
}

async fn a_message_is_held_longer_than_its_ack_deadline_while_it_is_worked_on(broker: Broker) {
    broker.publish(&["long"]).await;
    let (begun, gate, handler) = gated();
    let shutdown = Shutdown::new();
    let pulling = pulling(&broker, &shutdown, handler);
    next(&begun).await;
    // Until well beyond the ten seconds of the subscription, nobody else is given it.
    let beyond = Instant::now() + Duration::from_secs(14);
    while Instant::now() < beyond {
        assert!(broker.waiting().await.is_empty(), "given to somebody else");
        let again = timeout(Duration::from_millis(250), begun.acquire()).await;
        assert!(again.is_err(), "delivered a second time");
    }
    gate.add_permits(1);
    shutdown.request();
    assert_eq!(pulling.await.unwrap().unwrap(), Ended::Clean);
    assert!(broker.waiting().await.is_empty());
}

async fn the_end_finishes_what_has_begun_and_takes_no_more(broker: Broker) {
    let (begun, handler) = counted(|context| async move {
        context.shutdown.wait().await;
        Outcome::Done
    });
    let shutdown = Shutdown::new();
    let pulling = pulling(&broker, &shutdown, handler);
    broker.publish(&["first"]).await;
    next(&begun).await;
    shutdown.request();
    let ended = timeout(Duration::from_secs(10), pulling)
        .await
        .expect("within ten seconds");
    assert_eq!(ended.unwrap().unwrap(), Ended::Clean);
    broker.publish(&["late"]).await;
    let late = timeout(Duration::from_millis(500), begun.acquire()).await;
    assert!(late.is_err(), "a message was taken after the end");
}

/// Who gets it next cannot be seen here: the emulator may go on handing messages to a stream that has hung up.
async fn what_does_not_end_in_time_is_cut_short_before_ten_seconds_have_passed(broker: Broker) {
    broker.publish(&["endless"]).await;
    let (begun, handler) = counted(|_| std::future::pending());
    let shutdown = Shutdown::new();
    let pulling = pulling(&broker, &shutdown, handler);
    next(&begun).await;
    shutdown.request();
    let ended = timeout(Duration::from_secs(10), pulling).await;
    let ended = ended.expect("within ten seconds").unwrap().unwrap();
    assert_eq!(ended, Ended::CutShort { messages: 1 });
}

async fn a_subscription_that_is_not_there_is_an_error_that_names_it(broker: Broker) {
    let mut options = options();
    options.subscription = "projects/demo/subscriptions/absent".to_owned();
    let handler = |_: Event, _: Context| async { Outcome::Done };
    let gcp = gcp(&broker.url);
    let pulled = pull(&gcp, &options, handler, Shutdown::new());
    let error = timeout(PATIENCE, pulled).await.expect("ends").unwrap_err();
    assert!(
        error.to_string().contains("subscriptions/absent"),
        "{error}"
    );
    assert!(matches!(error, PullError::Pull { .. }), "{error:?}");
}
