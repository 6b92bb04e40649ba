//! The work that both contenders do.

use nightshift_runtime::{Context, Event, Handler, Outcome};
use serde::Deserialize;

/// What a budget tells its topic, several times a day:
/// <https://docs.cloud.google.com/billing/docs/how-to/budgets-programmatic-notifications>.
#[derive(Debug, Deserialize)]
#[expect(
    dead_code,
    reason = "nothing is decided by them; they have to be there and of their types"
)]
#[serde(rename_all = "camelCase")]
struct Notification {
    budget_display_name: String,
    cost_amount: f64,
    budget_amount: f64,
    currency_code: String,
}

/// Reads the notification; whatever it says, there is nothing to do.
#[derive(Debug)]
pub struct Receiver;

impl Handler for Receiver {
    async fn handle(&self, event: Event, _: Context) -> Outcome {
        match event.json::<Notification>() {
            Ok(notification) => {
                tracing::debug!(?notification, "nothing to do");
                Outcome::Done
            }
            Err(error) => error.into(),
        }
    }
}
