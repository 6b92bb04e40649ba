//! Each test starts this binary again as the service that [`serve_until_asked`] describes, sends it requests and signals, and
//! reads what it wrote.

use crate::log_entry;
use nightshift_runtime::{
    Context, Event, Outcome, Shutdown,
    auth::{self, Guard},
    serve,
    telemetry::{self, Format, Level},
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use reqwest::Client;
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Lines},
    process::{Child, ChildStderr, Command, Stdio},
    time::{Duration, Instant},
};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[tokio::test]
#[ignore = "the process that the tests of this file start"]
async fn serve_until_asked() {
    telemetry::init(&telemetry::Options {
        format: Format::Json,
        level: Level::default(),
    })
    .unwrap();
    let shutdown = Shutdown::on_signals().unwrap();
    let options = serve::Options {
        listen: Some("127.0.0.1:0".parse().unwrap()),
        project: Some("demo".to_owned()),
        ..serve::Options::default()
    };
    let listener = options.bind().await.unwrap();
    let guard = Guard::new(&auth::Options::default(), options.address()).unwrap();
    let handler = {
        let shutdown = shutdown.clone();
        move |event: Event, _: Context| {
            let shutdown = shutdown.clone();
            async move {
                let command: Value = event.json().unwrap();
                match command["command"].as_str().unwrap() {
                    "panic" => panic!("the end of the test"),
                    "wait" => {
                        tracing::info!("waiting for the end");
                        shutdown.wait().await;
                    }
                    _ => {
                        // In a task of its own, as work in parallel is.
                        let step = async {
                            tracing::info!(event = "test.step", label.step = 1, "one step");
                        };
                        tokio::spawn(tracing::Instrument::in_current_span(step))
                            .await
                            .unwrap();
                    }
                }
                Outcome::Done
            }
        }
    };
    let ended = serve::serve(listener, &options, guard, handler, shutdown)
        .await
        .unwrap();
    assert_eq!(ended, serve::Ended::Clean);
}

struct Process {
    child: Child,
    lines: Lines<BufReader<ChildStderr>>,
    url: String,
}

impl Process {
    fn start() -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "serve::lines::serve_until_asked",
                "--ignored",
                "--nocapture",
            ])
            .env_remove("K_SERVICE")
            .env("RUST_BACKTRACE", "0")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut process = Self {
            child,
            lines,
            url: String::new(),
        };
        let started = process.until(|line| line["event"] == "serve.started");
        let address = started.last().unwrap()["address"].as_str().unwrap();
        process.url = format!("http://{address}");
        process
    }

    /// The lines up to the one that `is_last`, each of which is JSON.
    fn until(&mut self, is_last: impl Fn(&Value) -> bool) -> Vec<Value> {
        let mut seen = Vec::new();
        for line in self.lines.by_ref() {
            let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
            // Whatever a service writes is an entry of Cloud Logging.
            log_entry::entry(&line);
            let last = is_last(&line);
            seen.push(line);
            if last {
                return seen;
            }
        }
        panic!("the process ended after {seen:#?}");
    }

    fn command(&self, command: &str) -> reqwest::RequestBuilder {
        let body = json!({ "command": command });
        Client::new()
            .post(format!("{}/?token=hidden", self.url))
            .json(&body)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn a_request_is_told_as_cloud_logging_shows_requests() {
    let mut process = Process::start();
    let request = process
        .command("step")
        .header("user-agent", "tester/1")
        .header("x-forwarded-for", "1.2.3.4, 203.0.113.9");
    assert_eq!(request.send().await.unwrap().status(), 204);
    let told = process.until(|line| line["event"] == "request");
    let step = told
        .iter()
        .find(|line| line["event"] == "test.step")
        .unwrap();
    assert_eq!(log_entry::entry(step)["labels"], json!({ "step": "1" }));
    let line = told.last().unwrap();
    let mut request = line["httpRequest"].clone();
    let latency = request["latency"].take();
    assert_eq!(
        request,
        json!({
            "requestMethod": "POST", "requestUrl": "/", "requestSize": "18", "status": 204, "responseSize": "0",
            "userAgent": "tester/1", "remoteIp": "203.0.113.9", "latency": null, "protocol": "HTTP/1.1",
        })
    );
    let seconds: f64 = latency
        .as_str()
        .unwrap()
        .strip_suffix('s')
        .unwrap()
        .parse()
        .unwrap();
    assert!((0.0..10.0).contains(&seconds));
    assert!(
        line["message"]
            .as_str()
            .unwrap()
            .starts_with("POST / 204 in "),
        "{line}"
    );
    assert!(!told.iter().any(|line| line.to_string().contains("hidden")));
}

#[tokio::test]
async fn every_line_of_a_request_names_its_trace() {
    let mut process = Process::start();
    for (header, value) in [
        ("traceparent", PARENT.to_owned()),
        (
            "x-cloud-trace-context",
            format!("{TRACE}/67667974448284343;o=1"),
        ),
    ] {
        process
            .command("step")
            .header(header, value)
            .send()
            .await
            .unwrap();
        let told = process.until(|line| line["event"] == "request");
        assert!(told.iter().any(|line| line["event"] == "test.step"));
        for line in told {
            assert_eq!(
                line["logging.googleapis.com/trace"],
                format!("projects/demo/traces/{TRACE}"),
                "{line}"
            );
            assert_eq!(
                line["logging.googleapis.com/spanId"], "00f067aa0ba902b7",
                "{line}"
            );
            assert_eq!(line["logging.googleapis.com/trace_sampled"], true, "{line}");
        }
    }
    process.command("step").send().await.unwrap();
    for line in process.until(|line| line["event"] == "request") {
        assert_eq!(line["logging.googleapis.com/trace"], Value::Null);
    }
}

#[tokio::test]
async fn a_panic_is_told_with_the_trace_of_its_request() {
    let mut process = Process::start();
    let answer = process
        .command("panic")
        .header("traceparent", PARENT)
        .send()
        .await;
    assert_eq!(answer.unwrap().status(), 500);
    let told = process.until(|line| line["event"] == "request");
    let panic = told
        .iter()
        .find(|line| line["message"] == "panicked")
        .unwrap();
    assert_eq!(panic["panic"], "the end of the test");
    assert_eq!(panic["severity"], "ERROR");
    assert_eq!(panic["logging.googleapis.com/spanId"], "00f067aa0ba902b7");
}

#[tokio::test]
async fn sigterm_ends_the_process_with_its_work_done() {
    let mut process = Process::start();
    let asking = tokio::spawn(process.command("wait").send());
    let waiting = tokio::task::spawn_blocking(move || {
        process.until(|line| line["message"] == "waiting for the end");
        process
    });
    let mut process = waiting.await.unwrap();
    let asked = Instant::now();
    let pid = Pid::from_raw(process.child.id().try_into().unwrap());
    kill(pid, Signal::SIGTERM).unwrap();
    assert_eq!(asking.await.unwrap().unwrap().status(), 204);
    process.until(|line| line["event"] == "serve.ended" && line["severity"] == "INFO");
    assert!(process.child.wait().unwrap().success());
    assert!(asked.elapsed() < Duration::from_secs(10));
}
