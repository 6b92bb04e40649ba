use base64::{Engine as _, engine::general_purpose::STANDARD};
use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use reqwest::Client;
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use super::{SUBSCRIPTION, TOPIC};

const PROGRAM: &str = "platform/pubsub-emulator/bin/cloud-pubsub-emulator";

/// Google's Pub/Sub emulator on a port of the system's choice, with a topic and a subscription. Ends with its test.
pub(crate) struct Emulator {
    pub(crate) url: String,
    child: Child,
    http: Client,
}

impl Emulator {
    /// `None`, and a line that says so, where there is none on this machine.
    pub(crate) async fn start(subscription: Value) -> Option<Self> {
        let Some(program) = program() else {
            eprintln!("skipped: the Pub/Sub emulator of gcloud is not on this machine");
            return None;
        };
        // It cannot be told to choose a port, and somebody may be quicker to take the one that was free.
        let started = tokio::task::spawn_blocking(move || (0..5).find_map(|_| run(&program)));
        let (child, port) = started.await.unwrap().expect("the emulator listens");
        let emulator = Self {
            url: format!("http://127.0.0.1:{port}"),
            child,
            http: Client::new(),
        };
        emulator.put(TOPIC, &json!({})).await;
        let mut subscription = subscription;
        subscription["topic"] = TOPIC.into();
        emulator.put(SUBSCRIPTION, &subscription).await;
        Some(emulator)
    }

    async fn put(&self, name: &str, body: &Value) {
        let url = format!("{}/v1/{name}", self.url);
        let answer = self.http.put(url).json(body).send().await.unwrap();
        assert!(
            answer.status().is_success(),
            "{}",
            answer.text().await.unwrap()
        );
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        let url = format!("{}/v1/{path}", self.url);
        let answer = self.http.post(url).json(body).send().await.unwrap();
        assert!(answer.status().is_success());
        answer.json().await.unwrap()
    }

    pub(crate) async fn publish(&self, texts: &[&str]) {
        let messages: Vec<_> = texts
            .iter()
            .map(|text| json!({ "data": STANDARD.encode(text), "attributes": { "n": text } }))
            .collect();
        self.post(
            &format!("{TOPIC}:publish"),
            &json!({ "messages": messages }),
        )
        .await;
    }

    /// Messages that wait for somebody now, without waiting for them.
    pub(crate) async fn waiting(&self) -> Vec<Value> {
        let ask = json!({ "maxMessages": 100, "returnImmediately": true });
        let mut answer = self.post(&format!("{SUBSCRIPTION}:pull"), &ask).await;
        match answer["receivedMessages"].take() {
            Value::Array(messages) => messages,
            _ => Vec::new(),
        }
    }

    /// The first `count` messages that come, acknowledged.
    pub(crate) async fn take(&self, count: usize) -> Vec<Value> {
        let end = Instant::now() + Duration::from_secs(20);
        let mut taken = Vec::new();
        while taken.len() < count {
            assert!(Instant::now() < end, "only {taken:?} came");
            let messages = self.waiting().await;
            let ids: Vec<_> = messages
                .iter()
                .map(|message| message["ackId"].clone())
                .collect();
            if !ids.is_empty() {
                let path = format!("{SUBSCRIPTION}:acknowledge");
                self.post(&path, &json!({ "ackIds": ids })).await;
            }
            taken.extend(
                messages
                    .into_iter()
                    .map(|mut message| message["message"].take()),
            );
        }
        taken
    }
}

/// Starts the program on a port that is free now, and waits until it listens. `None` when it ends before.
fn run(program: &Path) -> Option<(Child, u16)> {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let mut child = Command::new(program)
        .args(["--host=127.0.0.1", &format!("--port={port}")])
        .process_group(0)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let listens = lines
        .by_ref()
        .map_while(Result::ok)
        .any(|line| line.contains("listening on"));
    if !listens {
        child.wait().unwrap();
        return None;
    }
    // What it goes on to say must go somewhere.
    std::thread::spawn(move || lines.for_each(drop));
    Some((child, port))
}

/// The emulator's program beside gcloud's own.
fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let gcloud = std::env::split_paths(&path)
        .map(|folder| folder.join("gcloud"))
        .find_map(|file| file.canonicalize().ok())?;
    let program = gcloud.parent()?.parent()?.join(PROGRAM);
    program.exists().then_some(program)
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // The program is a script that starts Java: its group holds both.
        let _ = killpg(
            Pid::from_raw(self.child.id().try_into().unwrap()),
            Signal::SIGKILL,
        );
        let _ = self.child.wait();
    }
}
