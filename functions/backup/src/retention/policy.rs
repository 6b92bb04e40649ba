//! What the user writes under `[retention]`.

use super::{Rule, day, each, hour, month, week, year};
use jiff::{SignedDuration, tz::TimeZone};
use nightshift_runtime::config::HumanDuration;
use serde::Deserialize;
use std::time::Duration;

/// Longer than a lapsed lease is forgiven ([`crate::lease::FORGIVEN`]).
const SHORTEST_GRACE: SignedDuration = SignedDuration::from_hours(2);

/// Which backups to keep.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// The newest so many.
    pub last: u32,
    /// The newest of each of so many hours.
    pub hourly: u32,
    /// … days.
    pub daily: u32,
    /// … ISO weeks.
    pub weekly: u32,
    /// … months.
    pub monthly: u32,
    /// … years.
    pub yearly: u32,
    /// Everything younger than this.
    pub within: Option<HumanDuration>,
    /// The zone whose days and hours are meant.
    pub time_zone: String,
    /// Whether the very oldest backup is kept for a rule that has slots left: it grows into the slot of the first week,
    /// month or year.
    pub oldest_fills: bool,
    /// How many of the newest complete backups nothing may delete; at least one.
    pub min_keep: u32,
    /// The share of a database's complete backups that one prune may delete; more is taken for a mistake in the policy.
    pub max_delete_ratio: f64,
    /// How long the objects of a run without a manifest are left alone: it may still be at work.
    pub debris_grace: HumanDuration,
}

impl Default for Policy {
    fn default() -> Self {
        let hours = |hours: u64| HumanDuration::from(Duration::from_secs(hours * 3600));
        Self {
            last: 0,
            hourly: 0,
            daily: 0,
            weekly: 0,
            monthly: 0,
            yearly: 0,
            within: None,
            time_zone: "UTC".to_owned(),
            oldest_fills: true,
            min_keep: 1,
            max_delete_ratio: 0.5,
            debris_grace: hours(48),
        }
    }
}

/// Why nothing can be decided.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// No rule is set.
    #[error(
        "empty policy: nothing is deleted; set at least one of last, hourly, daily, weekly, monthly, yearly, within under [retention]"
    )]
    Empty,
    /// The zone is not known.
    #[error(
        "retention.time_zone is `{0}`, which is no IANA time zone; write one such as \"Europe/Berlin\""
    )]
    Zone(String),
    /// A run that is still at work could lose what it has stored.
    #[error(
        "retention.debris_grace is {0}; write at least \"2h\": a run may publish for an hour after its lease has lapsed"
    )]
    Grace(HumanDuration),
    /// The ratio is no share.
    #[error("retention.max_delete_ratio is {0}; write a share from 0.0 to 1.0")]
    Ratio(f64),
}

impl Policy {
    /// Refuses what cannot be meant.
    pub fn validate(&self) -> Result<(), PolicyError> {
        if self.debris_grace() < SHORTEST_GRACE {
            return Err(PolicyError::Grace(self.debris_grace));
        }
        self.zone().map(drop)
    }

    /// The zone, once everything else is known to be sound.
    pub(super) fn zone(&self) -> Result<TimeZone, PolicyError> {
        if self.rules().is_empty() && self.within.is_none() {
            return Err(PolicyError::Empty);
        }
        if !(0.0..=1.0).contains(&self.max_delete_ratio) {
            return Err(PolicyError::Ratio(self.max_delete_ratio));
        }
        TimeZone::get(&self.time_zone).map_err(|_| PolicyError::Zone(self.time_zone.clone()))
    }

    /// The rules with slots, in the order in which reasons are given.
    pub(super) fn rules(&self) -> Vec<Rule> {
        let all = [
            Rule {
                name: "last",
                slots: self.last,
                period: each,
            },
            Rule {
                name: "hourly",
                slots: self.hourly,
                period: hour,
            },
            Rule {
                name: "daily",
                slots: self.daily,
                period: day,
            },
            Rule {
                name: "weekly",
                slots: self.weekly,
                period: week,
            },
            Rule {
                name: "monthly",
                slots: self.monthly,
                period: month,
            },
            Rule {
                name: "yearly",
                slots: self.yearly,
                period: year,
            },
        ];
        all.into_iter().filter(|rule| rule.slots > 0).collect()
    }

    pub(super) fn within(&self) -> Option<SignedDuration> {
        self.within.map(signed)
    }

    /// How long the objects of a run without a manifest are left alone.
    pub fn debris_grace(&self) -> SignedDuration {
        signed(self.debris_grace)
    }

    pub(super) fn min_keep(&self) -> usize {
        usize::try_from(self.min_keep.max(1)).unwrap_or(usize::MAX)
    }

    /// Whether deleting `going` of `complete` backups is more than one prune may.
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts of backups are far below 2^52"
    )]
    pub(super) fn refuses(&self, going: usize, complete: usize) -> bool {
        going as f64 > self.max_delete_ratio * complete as f64
    }
}

fn signed(duration: HumanDuration) -> SignedDuration {
    SignedDuration::try_from(Duration::from(duration)).unwrap_or(SignedDuration::MAX)
}
