//! The users.

use anyhow::Context as _;
use rand::Rng as _;
use reqwest::{Client, RequestBuilder, header};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

/// A user gives up then, and that is a failure.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Target {
    /// Its address.
    pub url: String,
    /// The JSON of a POST; without, it is a GET.
    pub post: Option<String>,
}

/// Who comes when.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How many there are in the end.
    pub users: u32,
    /// How long it takes until all have joined, evenly.
    pub ramp: Duration,
    /// How long all of them stay.
    pub hold: Duration,
    /// The least time between an answer and the next request; the most is twice as long.
    pub think: Duration,
}

/// What they got.
#[derive(Debug, Default)]
pub struct Answers {
    /// From each request to the end of its answer, or to giving up, in ascending order.
    pub latencies: Vec<Duration>,
    /// Answers that were none or no 2xx, in words, and how many of each there were.
    pub failures: BTreeMap<String, usize>,
}

/// Lets the users come, and waits until the last has gone.
pub async fn drive(target: &Target, plan: &Plan) -> anyhow::Result<Answers> {
    let client = Client::builder().timeout(PATIENCE).build()?;
    // A wrong address is said once, and not by each of a hundred users.
    target.request(&client).build().context(format!(
        "the address {:?} cannot be asked; write one such as http://127.0.0.1:8080/health",
        target.url
    ))?;
    let begin = Instant::now();
    let end = begin + plan.ramp + plan.hold;
    let mut users = JoinSet::new();
    for number in 0..plan.users {
        let joins = begin + plan.ramp * number / plan.users;
        let (client, target, think) = (client.clone(), target.clone(), plan.think);
        users.spawn(async move {
            tokio::time::sleep_until(joins.into()).await;
            stay(&client, &target, think, end).await
        });
    }
    let mut all = Answers::default();
    while let Some(answers) = users.join_next().await {
        all.add(answers?);
    }
    all.latencies.sort_unstable();
    Ok(all)
}

async fn stay(client: &Client, target: &Target, think: Duration, end: Instant) -> Answers {
    let mut answers = Answers::default();
    while Instant::now() < end {
        let asked = Instant::now();
        let failure = ask(client, target).await.err();
        answers.latencies.push(asked.elapsed());
        if let Some(failure) = failure {
            *answers.failures.entry(failure).or_default() += 1;
        }
        let thought = think.mul_f64(1.0 + rand::rng().random::<f64>());
        tokio::time::sleep(thought).await;
    }
    answers
}

async fn ask(client: &Client, target: &Target) -> Result<(), String> {
    let answer = target.request(client).send().await.map_err(in_words)?;
    let status = answer.status();
    // Whoever has only the head has no answer yet.
    answer.bytes().await.map_err(in_words)?;
    if status.is_success() {
        return Ok(());
    }
    Err(status.to_string())
}

fn in_words(error: reqwest::Error) -> String {
    match &error {
        error if error.is_timeout() => format!("no answer within {} s", PATIENCE.as_secs()),
        error if error.is_connect() => "no connection".to_owned(),
        _ => error.without_url().to_string(),
    }
}

impl Target {
    fn request(&self, client: &Client) -> RequestBuilder {
        match &self.post {
            None => client.get(&self.url),
            Some(body) => client
                .post(&self.url)
                .header(header::CONTENT_TYPE, "application/json")
                .body(body.clone()),
        }
    }
}

impl Answers {
    fn add(&mut self, other: Self) {
        self.latencies.extend(other.latencies);
        for (what, count) in other.failures {
            *self.failures.entry(what).or_default() += count;
        }
    }

    /// How many failed.
    pub fn failed(&self) -> usize {
        self.failures.values().sum()
    }

    /// The latency that so many of a hundred requests stayed within, of the nearest rank.
    pub fn percentile(&self, of_hundred: usize) -> Option<Duration> {
        let rank = (self.latencies.len() * of_hundred).div_ceil(100);
        self.latencies.get(rank.max(1) - 1).copied()
    }
}
