//! Where the spend is going. Billing data lags by hours, so what is reported is not what has been spent.
//!
//! Every rate is in micros an hour, and every division rounds down.

use crate::{
    money::{BasisPoints, Micros},
    policy::Spike,
    series::{BUCKET, Series},
};
use jiff::Timestamp;
use serde::Serialize;

/// How far billing is assumed to lag behind use, in hours. Google says "up to 24"; most of it arrives within these.
pub const LAG_HOURS: i128 = 6;
/// Before this much of a period has passed nothing is projected.
const QUIET: i64 = 24 * 3600;
/// How many median absolute deviations above the median are unusual.
const DEVIATIONS: i128 = 6;

/// What the spend will be, if it goes on like this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Projection {
    /// Micros an hour over the last 6 hours.
    #[serde(with = "text")]
    pub burn_6h: i128,
    /// Micros an hour over the last 24 hours.
    #[serde(with = "text")]
    pub burn_24h: i128,
    /// The cost with what has been used and is not billed yet.
    #[serde(with = "text")]
    pub effective: i128,
    /// The cost at the end of the period.
    #[serde(with = "text")]
    pub at_period_end: i128,
}

impl Projection {
    /// Projects the spend of the period `[start, end)` from `cost` at `now`; none while too little is known.
    pub fn new(
        series: &Series,
        (start, end): (Timestamp, Timestamp),
        now: Timestamp,
        cost: Micros,
    ) -> Option<Self> {
        if now.as_second() - start.as_second() < QUIET {
            return None;
        }
        let burn_24h = burn(series, 24, now, cost)?;
        let burn_6h = burn(series, 6, now, cost).unwrap_or(burn_24h);
        let effective = cost.wide() + burn_6h * LAG_HOURS;
        let left = i128::from((end.as_second() - now.as_second()).max(0));
        Some(Self {
            burn_6h,
            burn_24h,
            effective,
            at_period_end: effective + burn_24h * left / 3600,
        })
    }

    /// Whether the period will end at this share of the budget or more.
    pub fn will_reach(&self, share: BasisPoints, amount: Micros) -> bool {
        let whole = i128::from(BasisPoints::WHOLE.get());
        self.at_period_end * whole >= i128::from(share.get()) * amount.wide()
    }

    /// Whether the budget will be used up within `hours`.
    pub fn exhausts_within(&self, hours: u32, amount: Micros) -> bool {
        self.burn_6h > 0 && amount.wide() - self.effective <= self.burn_6h * i128::from(hours)
    }
}

/// Micros an hour over the last `hours`; none when less than half of them is known.
fn burn(series: &Series, hours: i64, now: Timestamp, cost: Micros) -> Option<i128> {
    let (now_s, window) = (now.as_second(), hours * 3600);
    let since = (now_s - window).max(series.first()?);
    let span = now_s - since;
    if span * 2 < window {
        return None;
    }
    let grown = cost.wide() - series.cost_at(since, now, cost).wide();
    Some((grown * 3600).div_euclid(i128::from(span)).max(0))
}

/// Whether the last 6 hours cost far more than the usual 6 hours.
///
/// Median and median absolute deviation, because billing arrives in lumps that would carry a mean away.
pub fn is_spike(
    series: &Series,
    spike: Spike,
    now: Timestamp,
    cost: Micros,
    amount: Micros,
) -> bool {
    let mut usual: Vec<i128> = series
        .buckets()
        .iter()
        .map(|bucket| bucket.wide())
        .collect();
    let Some(first) = series.first().filter(|_| usual.len() >= spike.min_buckets) else {
        return false;
    };
    let middle = median(&mut usual);
    let mut deviations: Vec<i128> = usual.iter().map(|bucket| (bucket - middle).abs()).collect();
    let deviation = median(&mut deviations);
    let since = (now.as_second() - BUCKET).max(first);
    let grown = cost.wide() - series.cost_at(since, now, cost).wide();
    let whole = i128::from(BasisPoints::WHOLE.get());
    let floor = (amount.wide() * i128::from(spike.floor.get())).div_euclid(whole);
    let unusual = (middle * i128::from(spike.factor)).max(middle + deviation * DEVIATIONS);
    grown >= unusual.max(floor)
}

fn median(values: &mut [i128]) -> i128 {
    values.sort_unstable();
    let middle = values.len() / 2;
    let at = |index: usize| values.get(index).copied().unwrap_or_default();
    if values.len() % 2 == 1 {
        at(middle)
    } else {
        (at(middle.saturating_sub(1)) + at(middle)).div_euclid(2)
    }
}

/// Numbers above 2⁵³ are text in JSON.
mod text {
    use serde::Serializer;

    pub(super) fn serialize<S: Serializer>(value: &i128, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(value)
    }
}
