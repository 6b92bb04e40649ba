//! A client of the shop's database as an application is one: it logs in again and again with whatever is published.

use super::{Google, PROJECT, SHOP_PASSWORD};
use crate::Error;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use nightshift_runtime::report::count;
use reqwest::Method;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{task::JoinHandle, time::MissedTickBehavior};
use tokio_postgres::NoTls;

/// How often its counter is written down for the console.
const TOLD: Duration = Duration::from_millis(500);

/// What has become of the logins so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counts {
    /// How many there were as whom.
    pub(crate) by_user: BTreeMap<String, u64>,
    /// How many failed.
    pub(crate) failed: u64,
    /// Why the last of them did.
    pub(crate) why: Option<String>,
}

impl Counts {
    /// How many succeeded.
    pub(crate) fn logins(&self) -> u64 {
        self.by_user.values().sum()
    }

    /// How many there were as whom.
    pub(crate) fn by_user(&self) -> String {
        let words = |(user, logins): (&String, &u64)| format!("{} as {user}", count(*logins));
        let all: Vec<_> = self.by_user.iter().map(words).collect();
        all.join(", ")
    }

    /// As the console shows it.
    fn note(&self) -> Value {
        let failed = match &self.why {
            None => "none failed".to_owned(),
            Some(why) => format!("{} failed, the last with `{why}`", self.failed),
        };
        let text = format!(
            "{} logins: {}; {failed}",
            count(self.logins()),
            self.by_user()
        );
        let shown: String = text.chars().take(200).collect();
        json!({ "text": shown, "good": self.failed == 0 })
    }
}

/// A client that runs until it is dropped.
#[derive(Debug)]
pub(crate) struct Client {
    counts: Arc<Mutex<Counts>>,
    running: JoinHandle<()>,
}

impl Client {
    /// Logs in once in each `pace`, if the machine has the time.
    pub(crate) fn start(google: &Google, pace: Duration) -> Result<Self, Error> {
        let counts = Arc::new(Mutex::new(Counts::default()));
        let google = Google::new(google.url.clone())?;
        let living = counts.clone();
        let running = tokio::spawn(async move {
            tokio::join!(live(&google, &living, pace), tell(&google, &living));
        });
        Ok(Self { counts, running })
    }

    pub(crate) fn counts(&self) -> Counts {
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

async fn live(google: &Google, counts: &Mutex<Counts>, pace: Duration) {
    let mut pace = tokio::time::interval(pace);
    pace.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        pace.tick().await;
        let done = match published(google).await {
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

/// Shows the counter on the console's page.
async fn tell(google: &Google, counts: &Mutex<Counts>) {
    let mut pace = tokio::time::interval(TOLD);
    pace.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        pace.tick().await;
        let note = counts.lock().unwrap_or_else(PoisonError::into_inner).note();
        // A page that is a moment behind is no harm, and the end of local-gcp is told elsewhere.
        let _ = google
            .ask(Method::PUT, "/_local/notes/client", Some(&note))
            .await;
    }
}

/// What readers of the secret get.
pub(crate) async fn published(google: &Google) -> Result<Value, Error> {
    let path = format!("/v1/projects/{PROJECT}/secrets/{SHOP_PASSWORD}/versions/latest:access");
    let read = google.look(&path).await?;
    let data = read["payload"]["data"].as_str().unwrap_or_default();
    let unfit = || Error::Unproven(format!("{SHOP_PASSWORD} does not hold JSON"));
    let bytes = BASE64_STANDARD.decode(data).map_err(|_| unfit())?;
    serde_json::from_slice(&bytes).map_err(|_| unfit())
}

/// Logs in, looks at the orders, and says as whom; an error is in the server's words.
pub(crate) async fn log_in(value: &Value) -> Result<String, String> {
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
