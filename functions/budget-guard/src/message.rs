//! What arrives on the topic: a budget's status, a cost anomaly, or something else.
//!
//! The envelope is not read here: a message comes as its id, its publish time, its attributes and its data. Attributes say
//! which kind it is, and which budget it is about; fields nobody knows are left alone, and a field that is absent or of
//! another type stays absent, for the decision to judge.

mod anomaly;
mod budget;
mod envelope;

pub use anomaly::{AnomalyNotification, Deviation};
pub use budget::{AmountType, BudgetNotification};
pub use envelope::{Envelope, InvalidEnvelope};

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// A message as Pub/Sub delivered it.
#[derive(Debug, Clone, Copy)]
pub struct Received<'a> {
    /// Unique in its topic; the same when it is delivered again.
    pub message_id: &'a str,
    /// When the topic got it.
    pub publish_time: Timestamp,
    /// Its attributes.
    pub attributes: &'a BTreeMap<String, String>,
    /// Its data, decoded.
    pub data: &'a [u8],
}

/// A message, understood: what a decision takes.
#[derive(Debug, Clone)]
pub enum Message {
    /// A budget's status.
    Budget(BudgetNotification),
    /// A cost anomaly.
    Anomaly(AnomalyNotification),
    /// Neither: the attributes that make it one of the two are missing.
    Unrecognized,
}

/// A message of a known kind whose data cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("read the data of {kind} {message_id} as JSON")]
pub struct Malformed {
    /// What it was taken for.
    pub kind: &'static str,
    /// Which.
    pub message_id: String,
    /// What is wrong.
    pub source: serde_json::Error,
}

impl Message {
    /// Understands a message.
    pub fn read(received: &Received<'_>) -> Result<Self, Malformed> {
        let attribute = |name: &str| received.attributes.get(name).map(String::as_str);
        if let (Some(account), Some(budget)) =
            (attribute("billingAccountId"), attribute("budgetId"))
        {
            return BudgetNotification::read(received, account, budget).map(Self::Budget);
        }
        if let (Some(account), Some(resource)) =
            (attribute("billingAccountName"), attribute("resourceName"))
        {
            return AnomalyNotification::read(received, account, resource).map(Self::Anomaly);
        }
        Ok(Self::Unrecognized)
    }
}

/// The fields of a JSON object, each as its text.
type Fields = BTreeMap<String, Box<RawValue>>;

fn fields(received: &Received<'_>, kind: &'static str) -> Result<Fields, Malformed> {
    serde_json::from_slice(received.data).map_err(|source| Malformed {
        kind,
        message_id: received.message_id.to_owned(),
        source,
    })
}

/// A field of the type it should have; none when it is absent or of another.
fn field<T: DeserializeOwned>(fields: &Fields, name: &str) -> Option<T> {
    serde_json::from_str(fields.get(name)?.get()).ok()
}

/// The text of a field that is a JSON number.
fn number<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    let text = fields.get(name)?.get();
    // A JSON value that begins like a number is one.
    text.starts_with(|c: char| c == '-' || c.is_ascii_digit())
        .then_some(text)
}
