//! Reads millions of damaged events, and says how many were accepted, how many refused, and whether any made the parser
//! panic. Needs nothing but a stable toolchain; `cargo fuzz run event` in `crates/runtime` finds deeper paths.
//!
//! ```text
//! cargo run --release -p nightshift-runtime --example mutate_events -- --count 10000000
//! ```
//!
//! The inputs are the recorded requests of the tests and a few of each other form, changed at random. The same seed
//! makes the same inputs; a panic ends the run with the number of its input.

use anyhow::{Context, ensure};
use bytes::Bytes;
use clap::Parser;
use http::{HeaderMap, HeaderName, HeaderValue};
use nightshift_runtime::Event;
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    time::Instant,
};

/// Reads damaged events and reports what became of them
#[derive(Parser)]
struct Options {
    /// How many inputs to read
    #[arg(long, default_value_t = 1_000_000)]
    count: u64,

    /// What the changes are drawn from
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// The first input, to see one again
    #[arg(long, default_value_t = 0)]
    from: u64,
}

#[derive(Clone, Debug)]
struct Request {
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let requests = requests()?;
    let mut outcomes = BTreeMap::<String, u64>::new();
    let started = Instant::now();
    for number in options.from..options.from + options.count {
        let mut rng = StdRng::seed_from_u64(options.seed.rotate_left(32) ^ number);
        let request = damaged(&requests, &mut rng);
        let outcome = catch_unwind(AssertUnwindSafe(|| outcome(&request)))
            .ok()
            .with_context(|| panicked(&options, number, &request))??;
        *outcomes.entry(outcome).or_default() += 1;
    }
    report(&options, &outcomes, started)
}

fn panicked(options: &Options, number: u64, request: &Request) -> String {
    let seed = options.seed;
    format!("panicked: --seed {seed} --from {number} --count 1\n{request:?}")
}

fn report(
    options: &Options,
    outcomes: &BTreeMap<String, u64>,
    started: Instant,
) -> anyhow::Result<()> {
    let seconds = started.elapsed().as_secs_f64();
    let mut out = io::stdout().lock();
    for (outcome, count) in outcomes {
        writeln!(out, "{count:>10}  {outcome}")?;
    }
    writeln!(
        out,
        "{:>10}  inputs of seed {} in {seconds:.1} s, none of which made the parser panic",
        options.count, options.seed
    )?;
    Ok(())
}

/// What becomes of one request, in a few words.
fn outcome(request: &Request) -> anyhow::Result<String> {
    let mut headers = HeaderMap::new();
    for (name, value) in &request.headers {
        // What no HTTP server would hand on needs no reading.
        if let (Ok(name), Ok(value)) = (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_bytes(value),
        ) {
            headers.append(name, value);
        }
    }
    match Event::parse(&headers, Bytes::copy_from_slice(&request.body)) {
        Ok(event) => {
            ensure!(
                event.data.len() <= request.body.len(),
                "data out of nowhere"
            );
            let json = event.json::<Value>().is_ok();
            let data = if json { "JSON" } else { "other data" };
            Ok(format!("accepted: {}, {data}", event.source.name()))
        }
        Err(error) => {
            let said = error.to_string();
            ensure!(said.len() < 1000, "an error as long as its input: {said}");
            let variant = format!("{error:?}");
            let variant = variant.split([' ', '(', '{']).next().unwrap_or_default();
            Ok(format!("refused: {variant}"))
        }
    }
}

/// The requests to begin from.
fn requests() -> anyhow::Result<Vec<Request>> {
    let mut requests = Vec::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures/pubsub");
    for file in fs::read_dir(folder)? {
        let recorded: Value = serde_json::from_slice(&fs::read(file?.path())?)?;
        let headers: Vec<(String, String)> = serde_json::from_value(recorded["headers"].clone())?;
        let body = match (&recorded["json"], &recorded["text"]) {
            (Value::Null, text) => text.as_str().unwrap_or_default().to_owned(),
            (json, _) => json.to_string(),
        };
        requests.push(Request {
            headers: headers
                .into_iter()
                .map(|(name, value)| (name, value.into_bytes()))
                .collect(),
            body: body.into_bytes(),
        });
    }
    requests.extend(OTHERS.iter().map(|(headers, body)| {
        Request {
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
                .collect(),
            body: body.as_bytes().to_vec(),
        }
    }));
    // A stable order, whatever the file system's is.
    requests.sort_by(|one, other| one.body.cmp(&other.body));
    Ok(requests)
}

/// One of each form that was not recorded.
const OTHERS: [(&[(&str, &str)], &str); 5] = [
    (
        &[("content-type", "application/json")],
        r#"{"command":"run"}"#,
    ),
    (
        &[
            ("x-cloudscheduler", "true"),
            ("x-cloudscheduler-jobname", "nightly"),
            ("x-cloudscheduler-scheduletime", "2026-11-01T02:00:00Z"),
        ],
        "",
    ),
    (
        &[("content-type", "application/cloudevents+json")],
        r#"{"specversion":"1.0","id":"1","source":"/s","type":"t","time":"2026-11-01T02:00:00Z","n":1,"data_base64":"aGVsbG8="}"#,
    ),
    (
        &[
            ("ce-specversion", "1.0"),
            ("ce-id", "1"),
            ("ce-source", "/s"),
            ("ce-type", "t"),
            ("ce-extension", "%E2%82%AC"),
        ],
        "{}",
    ),
    (
        &[
            ("ce-specversion", "1.0"),
            ("ce-id", "1"),
            ("ce-source", "//pubsub.googleapis.com/projects/p/topics/t"),
            ("ce-type", "google.cloud.pubsub.topic.v1.messagePublished"),
            ("content-type", "application/json"),
        ],
        r#"{"message":{"data":"aGVsbG8=","messageId":"1","publishTime":"2026-11-01T02:00:00Z"},"subscription":"s","deliveryAttempt":5}"#,
    ),
];

/// Pieces that mean something to the parser.
const WORDS: [&str; 24] = [
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "\\",
    "null",
    "true",
    "-1",
    "1e999",
    "\\ud800",
    "\\u0000",
    "\"message\":",
    "\"subscription\":",
    "\"data\":",
    "\"command\":",
    "\"attributes\":",
    "{}",
    "\u{feff}",
    "[[[[[[[[[[[[[[[[",
    "====",
    "9999999999999999999999",
];

/// One of `requests`, mostly changed.
fn damaged(requests: &[Request], rng: &mut StdRng) -> Request {
    let any = |rng: &mut StdRng| requests.choose(rng).cloned();
    let Some(mut request) = any(rng) else {
        return Request {
            headers: Vec::new(),
            body: Vec::new(),
        };
    };
    for _ in 0..rng.random_range(0..6) {
        match rng.random_range(0..10) {
            0..=5 => change(&mut request.body, rng),
            6 => {
                if let Some((_, value)) = pick(&mut request.headers, rng) {
                    change(value, rng);
                }
            }
            7 => {
                let at = rng.random_range(0..=request.headers.len());
                request.headers.truncate(at);
            }
            8 => request
                .headers
                .extend(any(rng).and_then(|other| other.headers.choose(rng).cloned())),
            _ => {
                if let Some(other) = any(rng) {
                    request.body = spliced(&request.body, &other.body, rng);
                }
            }
        }
    }
    request
}

fn pick<'a, T>(items: &'a mut [T], rng: &mut StdRng) -> Option<&'a mut T> {
    let at = rng.random_range(0..items.len().max(1));
    items.get_mut(at)
}

/// The beginning of one with the end of the other.
fn spliced(one: &[u8], other: &[u8], rng: &mut StdRng) -> Vec<u8> {
    let end = rng.random_range(0..=one.len());
    let start = rng.random_range(0..=other.len());
    [&one[..end], &other[start..]].concat()
}

/// Flips, drops, doubles or inserts something.
fn change(bytes: &mut Vec<u8>, rng: &mut StdRng) {
    let at = rng.random_range(0..=bytes.len());
    let to = rng.random_range(at..=bytes.len().min(at + 32));
    match rng.random_range(0..6) {
        0 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << rng.random_range(0..8);
            }
        }
        1 => bytes.truncate(at),
        2 => drop(bytes.drain(at..to)),
        3 => {
            let doubled = bytes[at..to].to_vec();
            bytes.splice(at..at, doubled);
        }
        4 => {
            let word = WORDS.choose(rng).copied().unwrap_or_default();
            bytes.splice(at..at, word.bytes());
        }
        _ => bytes.insert(at, rng.random()),
    }
}
