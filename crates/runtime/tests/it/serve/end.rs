use crate::service::{Service, problem};
use nightshift_runtime::{
    Context, Event, Outcome,
    serve::{Ended, Options},
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Semaphore,
};

fn closed() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(0))
}

async fn held_up(gate: &Arc<Semaphore>, begun: &Arc<Semaphore>) -> Service {
    let (gate, begun) = (gate.clone(), begun.clone());
    let handler = move |_: Event, _: Context| {
        let (gate, begun) = (gate.clone(), begun.clone());
        async move {
            begun.add_permits(1);
            let _passed = gate.acquire().await;
            Outcome::Done
        }
    };
    Service::start(Options::default(), handler).await
}

#[tokio::test]
async fn what_has_begun_is_finished_and_answered() {
    let (gate, begun) = (closed(), closed());
    let service = held_up(&gate, &begun).await;
    let asking = tokio::spawn(service.command("x").send());
    begun.acquire().await.unwrap().forget();
    let address = service.url.strip_prefix("http://").unwrap().to_owned();
    service.shutdown.request();
    // Nobody new is taken.
    while TcpStream::connect(&address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!asking.is_finished());
    gate.add_permits(1);
    assert_eq!(asking.await.unwrap().unwrap().status(), 204);
    assert_eq!(service.ended().await, Ended::Clean);
}

#[tokio::test]
async fn nothing_begins_once_the_end_is_asked_for() {
    let (gate, begun) = (closed(), closed());
    let service = held_up(&gate, &begun).await;
    // A request that is half sent: to a connection that waits for its first, the end would come at once.
    let address = service.url.strip_prefix("http://").unwrap();
    let mut connection = TcpStream::connect(address).await.unwrap();
    let body = r#"{"command":"x"}"#;
    let head = format!(
        "POST / HTTP/1.1\r\nhost: f\r\ncontent-length: {}\r\n",
        body.len()
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    service.shutdown.request();
    let rest = format!("\r\n{body}");
    // The service may have hung up already.
    let _ = connection.write_all(rest.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = connection.read_to_end(&mut answer).await;
    let answer = String::from_utf8(answer).unwrap();
    let refused = answer.starts_with("HTTP/1.1 503 ") && answer.contains(r#""code":"stopping""#);
    assert!(answer.is_empty() || refused, "{answer}");
    assert_eq!(service.ended().await, Ended::Clean);
    assert_eq!(begun.available_permits(), 0);
}

#[tokio::test]
async fn what_does_not_end_in_time_is_cut_short_and_answered_before_ten_seconds_have_passed() {
    let (gate, begun) = (closed(), closed());
    let service = held_up(&gate, &begun).await;
    let asking = tokio::spawn(service.command("x").send());
    begun.acquire().await.unwrap().forget();
    let asked = Instant::now();
    let ended = service.stop().await;
    assert_eq!(ended, Ended::CutShort { events: 1 });
    let took = asked.elapsed();
    assert!(
        (Duration::from_secs(7)..Duration::from_secs(10)).contains(&took),
        "{took:?}"
    );
    let (status, code, _) = problem(asking.await.unwrap().unwrap()).await;
    assert_eq!((status, code.as_str()), (503, "stopping"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_that_blocks_its_thread_does_not_hold_up_the_end() {
    let (release, released) = std::sync::mpsc::channel::<()>();
    let released = std::sync::Mutex::new(released);
    let begun = closed();
    let handler = {
        let begun = begun.clone();
        move |_: Event, _: Context| {
            begun.add_permits(1);
            let _ = released.lock().unwrap().recv();
            async { Outcome::Done }
        }
    };
    let service = Service::start(Options::default(), handler).await;
    let asking = tokio::spawn(service.command("x").send());
    begun.acquire().await.unwrap().forget();
    let asked = Instant::now();
    assert_eq!(service.stop().await, Ended::CutShort { events: 1 });
    assert!(asked.elapsed() < Duration::from_secs(10));
    assert_eq!(asking.await.unwrap().unwrap().status(), 503);
    drop(release);
}
