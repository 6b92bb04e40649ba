//! Every call to Google and to the target goes through here, is counted, and may be hit.

use super::{TestTime, watch::Watch};
use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::State,
    http::{Request, Response, StatusCode},
};
use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{net::TcpListener, sync::Notify, task::JoinHandle};

/// What happens to one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The worker dies before the call goes out.
    KilledBefore,
    /// The worker dies after the call has had its effect.
    KilledAfter,
    /// The call has its effect, and its answer is lost.
    AnswerLost,
    /// The call fails without an effect.
    Failed,
    /// The worker freezes before the call goes out, which then has its effect when it wakes up.
    FrozenBefore,
    /// The call has its effect, and the worker freezes before it hears of it.
    FrozenAfter,
}

/// What can happen to a call that changes something, and to one that does not: dying before it and dying after it are the
/// same then, and so are losing its answer and failing.
pub(crate) fn faults(call: &str) -> &'static [Fault] {
    if changes(call) {
        &[
            Fault::KilledBefore,
            Fault::KilledAfter,
            Fault::AnswerLost,
            Fault::Failed,
        ]
    } else {
        &[Fault::KilledAfter, Fault::AnswerLost]
    }
}

#[derive(Default)]
struct Planned {
    calls: Vec<String>,
    faults: Vec<(usize, Fault)>,
    watch: Option<Arc<Watch>>,
}

pub(crate) struct Gate {
    planned: Mutex<Planned>,
    kill: Notify,
    frozen: Notify,
    awake: Notify,
    time: TestTime,
}

/// How a call got through.
pub(crate) enum Passed<T> {
    Answered(T),
    AnswerLost,
    Failed,
}

impl Gate {
    pub(crate) fn new(time: TestTime) -> Self {
        Self {
            planned: Mutex::default(),
            kill: Notify::new(),
            frozen: Notify::new(),
            awake: Notify::new(),
            time,
        }
    }

    pub(crate) fn reset(&self, watch: Arc<Watch>) {
        *self.planned.lock().unwrap() = Planned {
            watch: Some(watch),
            ..Planned::default()
        };
        self.time.restart();
    }

    pub(crate) fn watch(&self) -> Arc<Watch> {
        self.planned.lock().unwrap().watch.clone().unwrap()
    }

    /// The calls that are hit, counted from 0.
    pub(crate) fn plan(&self, faults: &[(usize, Fault)]) {
        self.planned.lock().unwrap().faults = faults.to_vec();
    }

    pub(crate) fn calls(&self) -> Vec<String> {
        self.planned.lock().unwrap().calls.clone()
    }

    /// Waits until a worker has to die.
    pub(crate) async fn killed(&self) {
        self.kill.notified().await;
    }

    /// Waits until a worker is frozen.
    pub(crate) async fn froze(&self) {
        self.frozen.notified().await;
    }

    /// Wakes it up.
    pub(crate) fn wake(&self) {
        self.awake.notify_one();
    }

    async fn freeze(&self) {
        self.frozen.notify_one();
        self.awake.notified().await;
    }

    /// Counts a call, carries it out unless something happens to it, and lets a second pass.
    pub(crate) async fn pass<T>(&self, name: &str, effect: impl Future<Output = T>) -> Passed<T> {
        let fault = self.count(name);
        self.time.pass(Duration::from_secs(1));
        match fault {
            Some(Fault::Failed) => return Passed::Failed,
            Some(Fault::KilledBefore) => self.die().await,
            Some(Fault::FrozenBefore) => self.freeze().await,
            _ => {}
        }
        let answer = effect.await;
        if changes(name) {
            self.watch().look(name).await;
        }
        match fault {
            Some(Fault::FrozenAfter) => {
                self.freeze().await;
                Passed::Answered(answer)
            }
            Some(Fault::KilledAfter) => self.die().await,
            Some(Fault::AnswerLost) => Passed::AnswerLost,
            _ => Passed::Answered(answer),
        }
    }

    fn count(&self, name: &str) -> Option<Fault> {
        let mut planned = self.planned.lock().unwrap();
        let number = planned.calls.len();
        planned.calls.push(name.to_owned());
        let hit = planned.faults.iter().find(|(at, _)| *at == number);
        hit.map(|(_, fault)| *fault)
    }

    async fn die<T>(&self) -> T {
        self.kill.notify_one();
        std::future::pending().await
    }
}

/// Whether a call can change anything.
pub(crate) fn changes(call: &str) -> bool {
    !call.starts_with("GET ") && !["probe", "test"].contains(&call)
}

/// Stands between Google's clients and local-gcp.
pub(crate) struct Proxy {
    address: std::net::SocketAddr,
    server: JoinHandle<()>,
}

#[derive(Clone)]
struct Forward {
    gate: Arc<Gate>,
    to: String,
    client: reqwest::Client,
}

impl Proxy {
    pub(crate) async fn start(gate: Arc<Gate>, to: &str) -> Self {
        let forward = Forward {
            gate,
            to: to.to_owned(),
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(forwarded).with_state(forward);
        let server = tokio::spawn(async move {
            axum::serve(listener, router).await.unwrap();
        });
        Self { address, server }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn forwarded(State(forward): State<Forward>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let name = format!("{} {}", parts.method, parts.uri.path());
    let path = parts.uri.path_and_query().unwrap().as_str();
    let mut headers = parts.headers.clone();
    headers.remove("host");
    let sent = forward
        .client
        .request(parts.method.clone(), format!("{}{path}", forward.to))
        .headers(headers)
        .body(body);
    let answered = async {
        let answer = sent.send().await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        (status, headers, answer.bytes().await.unwrap())
    };
    match forward.gate.pass(&name, answered).await {
        Passed::Answered((status, headers, bytes)) => {
            if status.is_success() && parts.uri.path().ends_with(":access") {
                forward.gate.watch().read(parts.uri.path());
            }
            let mut response = Response::new(Body::from(bytes));
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            response
        }
        // The connection breaks in the middle of the answer.
        Passed::AnswerLost => {
            let broken: Result<Bytes, _> = Err(io::Error::other("lost"));
            Response::new(Body::from_stream(futures::stream::iter([broken])))
        }
        Passed::Failed => {
            let mut response = Response::new(Body::from(
                r#"{"error":{"code":503,"message":"try again","status":"UNAVAILABLE"}}"#,
            ));
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            response
        }
    }
}
