//! A budget's status: several times a day, whether a threshold was crossed or not.

use super::{Malformed, Received, field, fields, number};
use crate::money::{BasisPoints, Micros};
use jiff::Timestamp;

/// What Google says about a budget.
///
/// What is absent or unusable is none: it is the decision that judges it, not the parser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetNotification {
    /// The billing account that owns the budget.
    pub account: String,
    /// The budget's id in it.
    pub budget: String,
    /// The version of the form; only "1.0" is known.
    pub schema: Option<String>,
    /// The id in the topic.
    pub message_id: String,
    /// When the topic got it.
    pub publish_time: Timestamp,
    /// The budget's name for people; it can be changed, so nothing hangs on it.
    pub display_name: Option<String>,
    /// What the period has cost so far. It can fall, and be negative, when credits arrive.
    pub cost: Option<Micros>,
    /// The budget's amount for the period.
    pub amount: Option<Micros>,
    /// Where the amount comes from.
    pub amount_type: AmountType,
    /// When the period began.
    pub interval_start: Option<Timestamp>,
    /// The highest configured threshold that the cost has passed: information only, the amounts decide.
    pub alert_threshold: Option<BasisPoints>,
    /// The highest configured threshold that Google's forecast has passed.
    pub forecast_threshold: Option<BasisPoints>,
    /// The ISO 4217 code of all amounts.
    pub currency: Option<String>,
}

/// Where a budget's amount comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AmountType {
    /// A person set it, so when it rises a person raised it.
    Specified,
    /// It follows what an earlier period cost.
    Derived,
    /// Something this version does not know.
    Unknown,
}

impl AmountType {
    fn read(name: Option<&str>) -> Self {
        match name {
            Some("SPECIFIED_AMOUNT") => Self::Specified,
            Some("LAST_MONTH_COST" | "LAST_PERIODS_COST") => Self::Derived,
            _ => Self::Unknown,
        }
    }
}

impl BudgetNotification {
    pub(super) fn read(
        received: &Received<'_>,
        account: &str,
        budget: &str,
    ) -> Result<Self, Malformed> {
        let fields = fields(received, "budget message")?;
        let share = |name| number(&fields, name).and_then(BasisPoints::from_ratio);
        let money = |name| number(&fields, name).and_then(Micros::from_decimal);
        let text = |name| field::<String>(&fields, name);
        Ok(Self {
            account: account.to_owned(),
            budget: budget.to_owned(),
            schema: received.attributes.get("schemaVersion").cloned(),
            message_id: received.message_id.to_owned(),
            publish_time: received.publish_time,
            display_name: text("budgetDisplayName"),
            cost: money("costAmount"),
            amount: money("budgetAmount"),
            amount_type: AmountType::read(text("budgetAmountType").as_deref()),
            interval_start: text("costIntervalStart").and_then(|start| start.parse().ok()),
            alert_threshold: share("alertThresholdExceeded"),
            forecast_threshold: share("forecastThresholdExceeded"),
            currency: text("currencyCode"),
        })
    }
}
