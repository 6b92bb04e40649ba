//! A client of the shop's database as an application is one: it logs in again and again with whatever is published.

use crate::{
    Error,
    up::{Google, PROJECT, SHOP_PASSWORD},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use reqwest::Method;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{task::JoinHandle, time::MissedTickBehavior};
use tokio_postgres::NoTls;

/// Fifty times a second, if the machine has the time.
const PACE: Duration = Duration::from_millis(20);

/// What has become of the logins so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Counts {
    /// How many there were as whom.
    pub(super) by_user: BTreeMap<String, u64>,
    /// How many failed.
    pub(super) failed: u64,
    /// Why the last of them did.
    pub(super) why: Option<String>,
}

impl Counts {
    /// How many succeeded.
    pub(super) fn logins(&self) -> u64 {
        self.by_user.values().sum()
    }
}

/// A client that runs until it is dropped.
#[derive(Debug)]
pub(super) struct Client {
    counts: Arc<Mutex<Counts>>,
    running: JoinHandle<()>,
}

impl Client {
    pub(super) fn start(google: &Google) -> Result<Self, Error> {
        let counts = Arc::new(Mutex::new(Counts::default()));
        let running = tokio::spawn(live(Google::new(google.url.clone())?, counts.clone()));
        Ok(Self { counts, running })
    }

    pub(super) fn counts(&self) -> Counts {
        self.counts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.running.abort();
    }
}

async fn live(google: Google, counts: Arc<Mutex<Counts>>) {
    let mut pace = tokio::time::interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        pace.tick().await;
        let done = match published(&google).await {
            Ok(value) => log_in(&value).await,
            Err(error) => Err(error.one_line()),
        };
        let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
        match done {
            Ok(user) => *counts.by_user.entry(user).or_default() += 1,
            Err(why) => {
                counts.failed += 1;
                counts.why = Some(why);
            }
        }
    }
}

/// What readers of the secret get.
pub(super) async fn published(google: &Google) -> Result<Value, Error> {
    let path = format!("/v1/projects/{PROJECT}/secrets/{SHOP_PASSWORD}/versions/latest:access");
    let read = google.ask(Method::GET, &path, None).await?;
    let data = read["payload"]["data"].as_str().unwrap_or_default();
    let unfit = || Error::Unproven(format!("{SHOP_PASSWORD} does not hold JSON"));
    let bytes = BASE64_STANDARD.decode(data).map_err(|_| unfit())?;
    serde_json::from_slice(&bytes).map_err(|_| unfit())
}

/// Logs in, looks at the orders, and says as whom; an error is in the server's words.
pub(super) async fn log_in(value: &Value) -> Result<String, String> {
    let url = value["url"].as_str().unwrap_or_default();
    let words = |error: tokio_postgres::Error| match error.as_db_error() {
        Some(refusal) => refusal.message().to_owned(),
        None => error.to_string(),
    };
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.map_err(words)?;
    let connection = tokio::spawn(connection);
    let asked = client
        .query_one(
            "SELECT session_user::text, (SELECT max(id) FROM shop.orders)",
            &[],
        )
        .await;
    drop(client);
    // Only how it ended, which the answer has told already.
    let _ = connection.await;
    asked.map(|row| row.get(0)).map_err(words)
}
