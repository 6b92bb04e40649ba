//! The real program, as a process.

use crate::bed::{ACCOUNT, BUDGET, Bed};
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Read},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

/// The program with these arguments, at its most talkative.
pub(crate) fn program(bed: &Bed, config: &str, args: &[&str]) -> Command {
    let path = bed.folder.path().join("program.toml");
    std::fs::write(&path, config).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_budget-guard"));
    command
        .args(args)
        .arg("--config")
        .arg(path)
        .env("NIGHTSHIFT_GCP_ENDPOINT", bed.gcp.url())
        .env("RUST_LOG", "trace")
        .env("USER", "anna")
        .env_remove("NIGHTSHIFT_CONFIG")
        .env_remove("NIGHTSHIFT_CLOCK_FILE");
    command
}

/// The file that programs go by whose clock is moved.
pub(crate) struct Clock(PathBuf);

impl Clock {
    pub(crate) fn of(bed: &Bed, now: Timestamp) -> Self {
        let clock = Self(bed.folder.path().join("now"));
        clock.set(now);
        clock
    }

    pub(crate) fn set(&self, now: Timestamp) {
        let next = self.0.with_extension("next");
        std::fs::write(&next, now.to_string()).unwrap();
        std::fs::rename(next, &self.0).unwrap();
    }

    /// The same program by this clock.
    pub(crate) fn wind(&self, mut command: Command) -> Command {
        command
            .env("NIGHTSHIFT_CLOCK_FILE", &self.0)
            .env("RUST_LOG", "info");
        command
    }
}

/// A process that ends with its test.
pub(crate) struct Serving {
    child: Child,
    pub(crate) url: String,
    http: reqwest::Client,
    stderr: Option<std::thread::JoinHandle<String>>,
}

impl Serving {
    /// One that listens, or that pulls and also answers nobody.
    pub(crate) fn start(mut command: Command) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        command
            .arg("--listen")
            .arg(port.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut reader = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        // The line that says that it listens, or its end.
        while !["listening", "serving", "pulling"]
            .iter()
            .any(|word| said.contains(word))
        {
            let read = reader.read_line(&mut said).unwrap();
            assert!(read > 0, "{said}");
        }
        let stderr = std::thread::spawn(move || {
            reader.read_to_string(&mut said).unwrap();
            said
        });
        Self {
            child,
            url: format!("http://{port}"),
            http: reqwest::Client::new(),
            stderr: Some(stderr),
        }
    }

    /// The status that a request of this body is answered with; none when the process dies over it.
    pub(crate) async fn post(&self, body: &Value) -> Option<u16> {
        let sent = self.http.post(&self.url).json(body).send();
        Some(sent.await.ok()?.status().as_u16())
    }

    pub(crate) fn end(mut self) -> String {
        let id = Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        kill(id, Signal::SIGTERM).unwrap();
        assert!(self.child.wait().unwrap().success());
        self.stderr.take().unwrap().join().unwrap()
    }
}

impl Drop for Serving {
    /// As a machine that is gone: at once, wherever it is.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The body of a push about the month of `at`.
pub(crate) fn delivery(id: u64, at: Timestamp, cost: &str, amount: &str) -> Value {
    let message = message(id, at, cost, amount);
    json!({"subscription": "projects/p/subscriptions/s", "message": message})
}

/// The same as it is pulled.
pub(crate) fn message(id: u64, at: Timestamp, cost: &str, amount: &str) -> Value {
    let start = budget_guard::period::Period::Month.start_of(at).unwrap();
    let data = format!(
        r#"{{"budgetDisplayName":"prod","costAmount":{cost},"costIntervalStart":"{start}","budgetAmount":{amount},"budgetAmountType":"SPECIFIED_AMOUNT","currencyCode":"USD"}}"#
    );
    json!({
        "messageId": id.to_string(), "publishTime": at,
        "attributes": {"billingAccountId": ACCOUNT, "budgetId": BUDGET, "schemaVersion": "1.0"},
        "data": STANDARD.encode(data),
    })
}
