//! What the user writes, validated into a [`Policy`] per budget.
//!
//! Unknown keys, steps that can do nothing and steps that could do too much are errors: a ladder is read once, in peace,
//! and climbed when nobody watches.

mod channel;
mod validate;
mod work;

pub use channel::{
    ChannelConfig, FeedConfig, HookConfig, PagerdutyConfig, PubsubConfig, WebhookConfig,
};

pub use validate::{Place, PolicyError, Problem};

use crate::{
    action::Resource,
    money::{BasisPoints, Micros},
    period::Period,
    policy::{Class, Mode, Policy, Restore},
    store,
};
use nightshift_runtime::config::HumanDuration;
use serde::{Deserialize, Deserializer, de};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
    str::FromStr,
};

/// What `cap_billing.i_know` must say.
pub const I_KNOW: &str = "resources may be irretrievably deleted";

/// The whole configuration file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Whether anything is really done; not, by default.
    #[serde(default)]
    pub mode: Mode,
    /// The project the guard runs in: nothing in it is ever a target.
    pub guard_project: String,
    /// What is left alone whatever it costs, as `family:path`.
    #[serde(default)]
    pub protected: Vec<Text<Resource>>,
    /// Whether triggers that look ahead may throttle.
    #[serde(default)]
    pub allow_predictive_throttle: bool,
    /// Whose billing may be unlinked.
    #[serde(default)]
    pub cap_billing: CapConfig,
    /// Where the guard keeps its memory; only `evaluate` and `simulate` need none.
    pub state: Option<Text<store::Place>>,
    /// The way messages come, for `check`.
    #[serde(default)]
    pub feed: FeedConfig,
    /// Who is told, by name.
    #[serde(default, rename = "channel")]
    pub channels: BTreeMap<String, ChannelConfig>,
    /// The budgets.
    #[serde(default, rename = "budget")]
    pub budgets: Vec<BudgetConfig>,
}

/// The first of the two consents to unlinking billing; the second is a label on the project.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CapConfig {
    /// Whether it is given.
    pub enabled: bool,
    /// For which projects.
    pub projects: BTreeSet<String>,
    /// In which knowledge: [`I_KNOW`].
    pub i_know: String,
}

/// One budget.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BudgetConfig {
    /// The billing account that owns it, such as `01D4EE-079462-DFD6EC`.
    pub account: String,
    /// Its id in the account.
    pub id: String,
    /// How long its period is.
    #[serde(default)]
    pub period: Period,
    /// The ISO 4217 code of its amounts.
    pub currency: String,
    /// What its amount may be.
    #[serde(default)]
    pub amount: AmountConfig,
    /// The channels that hear what concerns no single step; the first of the first step, by default.
    pub tell: Option<Vec<String>>,
    /// The rungs.
    #[serde(default, rename = "step")]
    pub steps: Vec<StepConfig>,
}

/// What a budget's amount may be; outside is a mistake somewhere, and held.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AmountConfig {
    /// At least this.
    pub min: Option<Text<Micros>>,
    /// At most this.
    pub max: Option<Text<Micros>>,
}

/// One rung.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepConfig {
    /// Its name.
    pub id: String,
    /// How far it goes.
    pub class: Class,
    /// When it fires.
    pub when: WhenConfig,
    /// Channels to tell, and actions, as `verb:path[=value]`.
    #[serde(rename = "do")]
    pub what: Vec<String>,
    /// Whether it is for real when the whole is.
    pub mode: Option<Mode>,
    /// Below which share it lets go.
    pub release: Option<Text<BasisPoints>>,
    /// When it lets go by itself.
    pub restore: Option<Restore>,
    /// How many messages in a row must be below `release`.
    pub release_after: Option<u32>,
    /// How many messages in a row must satisfy the trigger.
    pub confirm: Option<u32>,
    /// How far apart the first and the last of those must be.
    pub confirm_min: Option<HumanDuration>,
    /// How long it stays quiet after it let go.
    pub cool_down: Option<HumanDuration>,
}

/// When a step fires.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum WhenConfig {
    /// The cost has reached a share (`"90%"`) or an amount (`"500"`).
    Actual(Text<Threshold>),
    /// Google's forecast has passed a share.
    GoogleForecast(Text<BasisPoints>),
    /// At this pace the period ends at a share.
    Pace(Text<BasisPoints>),
    /// At this pace the budget lasts at most so many hours.
    RunwayHours(u32),
    /// The last 6 hours were unusual.
    Spike(SpikeConfig),
    /// Google has found an anomaly of at least this deviation.
    Anomaly {
        /// The smallest deviation that counts.
        min: Text<Micros>,
    },
}

/// What counts as a spike.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SpikeConfig {
    /// How many times the median of 6 hours.
    pub factor: Option<u32>,
    /// At least this share of the budget.
    pub floor: Option<Text<BasisPoints>>,
    /// How many whole buckets of 6 hours it takes to know what is usual.
    pub min_buckets: Option<usize>,
}

/// A share of the budget, or an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Threshold {
    /// Of the budget.
    Share(BasisPoints),
    /// Whatever the budget is.
    Amount(Micros),
}

/// A text that is neither a percentage nor an amount.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is neither a percentage such as \"90%\" nor an amount such as \"500\"")]
pub struct InvalidThreshold(String);

impl FromStr for Threshold {
    type Err = InvalidThreshold;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let share = text.parse().map(Self::Share);
        let either = share.or_else(|_| text.parse().map(Self::Amount));
        either.map_err(|_| InvalidThreshold(text.to_owned()))
    }
}

/// A value that is written as text, and read by its [`FromStr`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text<T>(pub T);

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(de::Error::custom)
    }
}

impl Config {
    /// The policies, one per budget, in the order they are written.
    pub fn policies(&self) -> Result<Vec<Policy>, PolicyError> {
        validate::policies(self)
    }

    /// Whether what only a guard at work needs is there: a memory, and every channel that is named.
    pub fn check_for_work(&self) -> Result<(), PolicyError> {
        work::check(self)
    }
}

#[cfg(test)]
mod tests;
