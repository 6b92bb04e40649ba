use crate::service::{Service, problem};
use nightshift_runtime::{Context, Event, Outcome, event::MAX_BODY, serve::Options};
use std::{num::NonZeroU16, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Semaphore,
};

/// A handler that takes a permit for each event: the test gives them.
fn gated(
    gate: &Arc<Semaphore>,
    begun: &Arc<Semaphore>,
) -> impl Fn(Event, Context) -> Gated + Send + Sync + 'static {
    let (gate, begun) = (gate.clone(), begun.clone());
    move |_, _| {
        let (gate, begun) = (gate.clone(), begun.clone());
        Box::pin(async move {
            begun.add_permits(1);
            gate.acquire().await.unwrap().forget();
            Outcome::Done
        })
    }
}

type Gated = std::pin::Pin<Box<dyn Future<Output = Outcome> + Send>>;

fn closed() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(0))
}

#[tokio::test]
async fn one_event_more_than_there_are_places_is_told_to_come_again() {
    let (gate, begun) = (closed(), closed());
    let options = Options {
        concurrency: NonZeroU16::new(2).unwrap(),
        ..Options::default()
    };
    let service = Service::start(options, gated(&gate, &begun)).await;
    let held: Vec<_> = (0..2)
        .map(|_| tokio::spawn(service.command("x").send()))
        .collect();
    begun.acquire_many(2).await.unwrap().forget();

    let refused = service.command("x").send().await.unwrap();
    assert_eq!(refused.headers()["retry-after"], "1");
    let (status, code, _) = problem(refused).await;
    assert_eq!((status, code.as_str()), (503, "busy"));
    // A full house is not an ill one.
    assert_eq!(service.get("/health").send().await.unwrap().status(), 200);

    gate.add_permits(3);
    for held in held {
        assert_eq!(held.await.unwrap().unwrap().status(), 204);
    }
    assert_eq!(service.command("x").send().await.unwrap().status(), 204);
}

#[tokio::test]
async fn work_that_takes_too_long_is_dropped_and_comes_again() {
    let (gate, begun) = (closed(), closed());
    let options = Options {
        deadline: Duration::from_millis(50).into(),
        concurrency: NonZeroU16::MIN,
        ..Options::default()
    };
    let service = Service::start(options, gated(&gate, &begun)).await;
    let (status, code, _) = problem(service.command("x").send().await.unwrap()).await;
    assert_eq!((status, code.as_str()), (503, "deadline"));
    // Its place is free again.
    gate.add_permits(1);
    assert_eq!(service.command("x").send().await.unwrap().status(), 204);
}

#[tokio::test]
async fn a_body_that_never_ends_has_the_same_deadline() {
    let options = Options {
        deadline: Duration::from_millis(50).into(),
        ..Options::default()
    };
    let service = Service::start(options, |_: Event, _: Context| async { Outcome::Done }).await;
    let mut connection = connect(&service).await;
    let head = "POST / HTTP/1.1\r\nhost: f\r\ncontent-length: 10\r\n\r\n{";
    connection.write_all(head.as_bytes()).await.unwrap();
    let answer = read(&mut connection).await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains(r#""code":"deadline""#), "{answer}");
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused_whether_announced_or_not() {
    let service = Service::start(Options::default(), |_: Event, _: Context| async {
        Outcome::Done
    })
    .await;
    let mut connection = connect(&service).await;
    let head = format!(
        "POST / HTTP/1.1\r\nhost: f\r\ncontent-length: {}\r\n\r\n",
        MAX_BODY + 1
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    let answer = read(&mut connection).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains(r#""code":"body_too_large""#), "{answer}");

    let mut connection = connect(&service).await;
    let (mut from, mut to) = connection.split();
    let sending = async {
        to.write_all(b"POST / HTTP/1.1\r\nhost: f\r\ntransfer-encoding: chunked\r\n\r\n")
            .await?;
        let chunk = format!("100000\r\n{}\r\n", " ".repeat(0x10_0000));
        for _ in 0..17 {
            to.write_all(chunk.as_bytes()).await?;
        }
        Ok::<_, std::io::Error>(())
    };
    let mut answer = [0; 12];
    // Whoever is refused early may find the connection closed while they still send.
    let (_, read) = tokio::join!(sending, from.read_exact(&mut answer));
    read.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 400");
}

#[tokio::test]
async fn work_goes_on_when_its_caller_hangs_up() {
    let (gate, begun) = (closed(), closed());
    let service = Service::start(Options::default(), gated(&gate, &begun)).await;
    let asking = tokio::spawn(service.command("x").send());
    begun.acquire().await.unwrap().forget();
    asking.abort();
    assert!(asking.await.unwrap_err().is_cancelled());
    let stopping = tokio::spawn(service.stop());
    gate.add_permits(1);
    assert_eq!(
        stopping.await.unwrap(),
        nightshift_runtime::serve::Ended::Clean
    );
    // Taken by the work that went on.
    assert_eq!(gate.available_permits(), 0);
}

async fn connect(service: &Service) -> TcpStream {
    let address = service.url.strip_prefix("http://").unwrap();
    TcpStream::connect(address).await.unwrap()
}

/// What is answered until the other side closes, or has said everything.
async fn read(connection: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    while !answer.ends_with(b"}}") {
        assert_ne!(connection.read_buf(&mut answer).await.unwrap(), 0);
    }
    String::from_utf8(answer).unwrap()
}
