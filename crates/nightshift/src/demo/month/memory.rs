//! What the guard remembers, read where it keeps it.

use crate::{
    Error,
    up::{
        Google,
        budget::{AMOUNT, BUDGET, MEMORY},
    },
};
use jiff::Timestamp;
use serde_json::Value;

/// The memory of the budget at one moment.
#[derive(Debug)]
pub(super) struct Memory(Value);

impl Memory {
    /// None before the first message.
    pub(super) async fn read(google: &Google) -> Result<Option<Self>, Error> {
        let (account, id) = BUDGET;
        let name = format!("budget-guard/v1/{account}/{id}/state.json");
        let listed = google
            .look(&format!("/storage/v1/b/{MEMORY}/o?prefix={name}"))
            .await?;
        if listed["items"].is_null() {
            return Ok(None);
        }
        let object = name.replace('/', "%2F");
        let path = format!("/storage/v1/b/{MEMORY}/o/{object}?alt=media");
        google.look(&path).await.map(Self).map(Some)
    }

    /// Whether this message is judged, everything it asks for is done, and everybody is told.
    pub(super) fn has_settled(&self, id: &str) -> bool {
        let list = |of: &Value| of.as_array().cloned().unwrap_or_default();
        let items = list(&self.0["plan"]["items"]);
        self.0["watermark"]["message_id"] == id
            && self.0["plan"]["lease"].is_null()
            && items.iter().all(|item| item["state"] == "done")
            && list(&self.0["outbox"]).is_empty()
    }

    /// The steps in force, in the order they fired.
    pub(super) fn steps(&self) -> Vec<String> {
        let latches = self.0["latches"].as_array().into_iter().flatten();
        let step = |latch: &Value| latch["step"].as_str().unwrap_or_default().to_owned();
        latches.map(step).collect()
    }

    /// The cost as a share of the budget, in whole percent.
    pub(super) fn share(&self) -> String {
        format!("{} %", self.micros() / 10_000 / i64::from(AMOUNT))
    }

    fn micros(&self) -> i64 {
        // Money is kept as text, which no reader rounds.
        let cost = self.0["cost"].as_str().and_then(|cost| cost.parse().ok());
        cost.unwrap_or_default()
    }

    /// A line of the story.
    pub(super) fn line(&self, at: Timestamp) -> String {
        let micros = self.micros();
        let steps = self.steps();
        let step = steps
            .last()
            .map_or("normal: nothing is held", |step| match step.as_str() {
                "half" => "half    told, nothing else",
                "slow" => "slow    search has one instance, BigQuery a quota",
                "stop" => {
                    "stop    search, storefront in America, the report, its database, a machine"
                }
                other => other,
            });
        format!(
            "{}  {:>8}.{:02} of {AMOUNT} dollars  {:>5}  {step}",
            at.strftime("%b %d %H:%M"),
            micros / 1_000_000,
            micros % 1_000_000 / 10_000,
            self.share(),
        )
    }
}
