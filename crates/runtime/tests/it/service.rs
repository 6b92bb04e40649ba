//! A service in this process, and what is sent to it.

use nightshift_runtime::{
    Handler, Shutdown,
    auth::{self, Guard},
    serve::{self, Ended, ServeError},
};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};

pub(crate) struct Service {
    pub(crate) url: String,
    pub(crate) shutdown: Shutdown,
    pub(crate) http: Client,
    serving: JoinHandle<Result<Ended, ServeError>>,
}

impl Service {
    /// Serves on a port of the system's choice and lets everybody in.
    pub(crate) async fn start(options: serve::Options, handler: impl Handler) -> Self {
        let anyone = auth::Options::default();
        let guard = Guard::new(&anyone, "127.0.0.1:0".parse().unwrap()).unwrap();
        Self::guarded(options, guard, handler).await
    }

    pub(crate) async fn guarded(
        options: serve::Options,
        guard: Guard,
        handler: impl Handler,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shutdown = Shutdown::new();
        let asked = shutdown.clone();
        let serving =
            tokio::spawn(
                async move { serve::serve(listener, &options, guard, handler, asked).await },
            );
        Self {
            url,
            shutdown,
            http: Client::new(),
            serving,
        }
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.http.get(format!("{}{path}", self.url))
    }

    /// A command of a person.
    pub(crate) fn command(&self, command: &str) -> RequestBuilder {
        let body = serde_json::json!({ "command": command });
        self.http.post(&self.url).json(&body)
    }

    /// Asks for the end and waits for it.
    pub(crate) async fn stop(self) -> Ended {
        self.shutdown.request();
        self.ended().await
    }

    pub(crate) async fn ended(self) -> Ended {
        self.serving.await.unwrap().unwrap()
    }
}

/// The status, and the code and message of what went wrong.
pub(crate) async fn problem(response: Response) -> (u16, String, String) {
    let status = response.status().as_u16();
    assert_eq!(response.headers()["content-type"], "application/json");
    let body: Value = response.json().await.unwrap();
    let text = |key: &str| body["error"][key].as_str().unwrap().to_owned();
    assert_eq!(body.as_object().unwrap().len(), 1, "{body}");
    (status, text("code"), text("message"))
}
