//! Traces as a collector gets them, from this binary started again as the process that [`trace`] describes.

use axum::{Router, body::Bytes, extract::State, routing::post};
use nightshift_runtime::{
    Context, Event, Outcome, Shutdown,
    auth::{self, Guard},
    serve,
    telemetry::{self, Format, Level},
};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest, common::v1::any_value, trace::v1::Span,
};
use prost::Message;
use serde_json::Value;
use std::{
    collections::HashMap,
    process::{Command, Stdio},
};
use tokio::{net::TcpListener, sync::mpsc};

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// Serves one request with `traceparent` and ends.
#[test]
#[ignore = "the process that the tests of this file start"]
fn trace() {
    telemetry::init(&telemetry::Options {
        format: Format::Json,
        level: Level::default(),
    })
    .unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let shutdown = Shutdown::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let guard = Guard::new(&auth::Options::default(), listener.local_addr().unwrap()).unwrap();
        let handler = |_: Event, _: Context| async {
            let step = tracing::info_span!("step", chunk = 7);
            step.in_scope(|| tracing::info!("in a step"));
            Outcome::Done
        };
        let options = serve::Options::default();
        let serving = serve::serve(listener, &options, guard, handler, shutdown.clone());
        let asking = async {
            let request = reqwest::Client::new()
                .post(url)
                .header("traceparent", PARENT);
            let answer = request.body(r#"{"command":"x"}"#).send().await.unwrap();
            assert_eq!(answer.status(), 204);
            shutdown.request();
        };
        let (ended, ()) = tokio::join!(serving, asking);
        assert_eq!(ended.unwrap(), serve::Ended::Clean);
    });
    telemetry::finish();
}

/// Runs [`trace`] with these variables, and returns the lines of its log.
async fn run(variables: &[(&str, &str)]) -> Vec<Value> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "otlp::trace", "--ignored", "--nocapture"])
        .env_remove("OTEL_EXPORTER_OTLP_ENDPOINT")
        .env("RUST_BACKTRACE", "0")
        .envs(variables.iter().copied())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{log}");
    log.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// A collector, and what it is sent.
async fn collector() -> (String, mpsc::UnboundedReceiver<ExportTraceServiceRequest>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let take = |State(sender): State<mpsc::UnboundedSender<_>>, body: Bytes| async move {
        sender
            .send(ExportTraceServiceRequest::decode(body).unwrap())
            .unwrap();
    };
    let routes = Router::new()
        .route("/v1/traces", post(take))
        .with_state(sender);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (url, receiver)
}

fn hex(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_collector_gets_the_spans_of_a_request_in_the_trace_of_its_sender() {
    let (url, mut sent) = collector().await;
    let log = run(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &url),
        ("OTEL_SERVICE_NAME", "rotate-secrets"),
    ])
    .await;

    let mut spans: HashMap<String, Span> = HashMap::new();
    while let Ok(request) = sent.try_recv() {
        for resource in request.resource_spans {
            let attributes = resource.resource.unwrap().attributes;
            let name = attributes
                .into_iter()
                .find(|pair| pair.key == "service.name")
                .unwrap();
            let name = name.value.unwrap().value.unwrap();
            assert_eq!(
                name,
                any_value::Value::StringValue("rotate-secrets".to_owned())
            );
            let sent = resource
                .scope_spans
                .into_iter()
                .flat_map(|scope| scope.spans);
            spans.extend(sent.map(|span| (span.name.clone(), span)));
        }
    }
    let (request, step) = (&spans["request"], &spans["step"]);
    assert_eq!(hex(&request.trace_id), "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(hex(&request.parent_span_id), "00f067aa0ba902b7");
    assert_eq!(
        (&step.trace_id, &step.parent_span_id),
        (&request.trace_id, &request.span_id)
    );
    assert!(step.attributes.iter().any(|pair| pair.key == "chunk"));
    // The exporter's own requests are no part of it.
    assert_eq!(spans.len(), 2, "{:?}", spans.keys());

    let line = log
        .iter()
        .find(|line| line["message"] == "in a step")
        .unwrap();
    assert_eq!(line["logging.googleapis.com/trace"], hex(&request.trace_id));
    assert_eq!(line["logging.googleapis.com/spanId"], hex(&request.span_id));
}

#[tokio::test]
async fn without_a_collector_everything_is_as_ever() {
    let log = run(&[]).await;
    let line = log
        .iter()
        .find(|line| line["message"] == "in a step")
        .unwrap();
    assert_eq!(line["logging.googleapis.com/spanId"], "00f067aa0ba902b7");
}

#[tokio::test]
async fn a_collector_that_is_not_there_costs_a_warning_and_not_the_run() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let log = run(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &url)]).await;
    assert!(log.iter().any(|line| line["event"] == "serve.ended"));
    let told = |line: &&Value| line["severity"] == "WARNING" || line["severity"] == "ERROR";
    assert!(log.iter().filter(told).count() > 0, "{log:#?}");
}
