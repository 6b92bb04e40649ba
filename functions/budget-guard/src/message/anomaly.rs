//! A cost anomaly that Google has found (Preview): read tolerantly, and never a reason to enforce by itself.
//!
//! The documentation's own examples write fields in `camelCase` and in `snake_case`, and amounts as Money objects and as plain
//! numbers.

use super::{Fields, Malformed, Received, field, fields, number};
use crate::money::Micros;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

/// What Google says about an anomaly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnomalyNotification {
    /// The id of the billing account, without `billingAccounts/`.
    pub account: String,
    /// What is unusual, such as `projects/123456`.
    pub resource: String,
    /// Its name for people.
    pub resource_name: Option<String>,
    /// The anomaly's own name; the message's id where it has none. The same one may be reported again.
    pub name: String,
    /// The id in the topic.
    pub message_id: String,
    /// When the topic got it.
    pub publish_time: Timestamp,
    /// How much more was spent than expected; none when the message does not say.
    pub deviation: Option<Deviation>,
}

/// How much more was spent than expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deviation {
    /// How much.
    pub amount: Micros,
    /// The ISO 4217 code, when the message has one.
    pub currency: Option<String>,
}

impl AnomalyNotification {
    pub(super) fn read(
        received: &Received<'_>,
        account: &str,
        resource: &str,
    ) -> Result<Self, Malformed> {
        let fields = fields(received, "cost anomaly")?;
        let text = |camel, snake| either(&fields, camel, snake, field::<String>);
        let id = |name: &str| name.rsplit('/').next().unwrap_or(name).to_owned();
        Ok(Self {
            account: id(account),
            resource: resource.to_owned(),
            resource_name: text("resourceDisplayName", "resource_display_name"),
            name: text("anomalyName", "anomaly_name")
                .unwrap_or_else(|| received.message_id.to_owned()),
            message_id: received.message_id.to_owned(),
            publish_time: received.publish_time,
            deviation: deviation(&fields),
        })
    }
}

fn deviation(fields: &Fields) -> Option<Deviation> {
    if let Some(stated) = money(fields, "deviationAmount", "deviation_amount") {
        return Some(stated);
    }
    let actual = money(fields, "actualSpendAmount", "actual_spend_amount")?;
    let expected = money(fields, "expectedSpendAmount", "expected_spend_amount")?;
    Some(Deviation {
        amount: Micros::narrow(actual.amount.wide() - expected.amount.wide())?,
        currency: actual.currency,
    })
}

fn money(fields: &Fields, camel: &str, snake: &str) -> Option<Deviation> {
    either(fields, camel, snake, |fields, name| {
        let (amount, currency) = match number(fields, name) {
            Some(text) => (Micros::from_decimal(text)?, None),
            None => {
                let money: Money = field(fields, name)?;
                (money.micros()?, money.currency)
            }
        };
        Some(Deviation { amount, currency })
    })
}

fn either<T>(
    fields: &Fields,
    camel: &str,
    snake: &str,
    read: impl Fn(&Fields, &str) -> Option<T>,
) -> Option<T> {
    read(fields, camel).or_else(|| read(fields, snake))
}

/// `google.type.Money`: whole units as a string, and billionths of the same sign.
#[derive(Deserialize)]
struct Money {
    #[serde(default, rename = "currencyCode", alias = "currency_code")]
    currency: Option<String>,
    #[serde(default)]
    units: Option<Box<RawValue>>,
    #[serde(default)]
    nanos: i64,
}

impl Money {
    /// Rounded down to a micro; absent units are zero, as protobuf leaves them out.
    fn micros(&self) -> Option<Micros> {
        let units = match &self.units {
            Some(raw) => raw.get().trim_matches('"').parse::<i64>().ok()?,
            None => 0,
        };
        let nanos = i128::from(units) * 1_000_000_000 + i128::from(self.nanos);
        Micros::narrow(nanos.div_euclid(1000))
    }
}
