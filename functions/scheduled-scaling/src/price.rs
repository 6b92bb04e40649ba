//! What instances cost, and what a schedule saves at most.

use crate::{
    config::{Billing, Estimate, Kind, Target},
    timeline::Timeline,
};
use clap::ValueEnum;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// List prices, with the date they were read.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// When they were read.
    pub date: Date,
    /// Cloud Run.
    #[serde(default)]
    run: Vec<RunPrices>,
    /// Cloud SQL.
    #[serde(default)]
    sql: Vec<SqlPrices>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct RunPrices {
    regions: Vec<String>,
    idle: Rate,
    always: Rate,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct SqlPrices {
    regions: Vec<String>,
    /// Per processor and hour.
    cpu: f64,
    /// Per GiB and hour.
    gib: f64,
}

/// Dollars a second.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rate {
    /// Per processor.
    cpu: f64,
    /// Per GiB.
    gib: f64,
}

/// What a schedule is compared with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Baseline {
    /// What there was before us; the largest value of the schedule where that is not known
    #[default]
    Original,
    /// The largest value of the schedule, held all the time: for those who would otherwise have set that
    Peak,
}

/// A price for one target over one timeline, in dollars.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cost {
    /// The floor compared with, in instances.
    pub baseline: u32,
    /// What an instance costs an hour while it is kept and serves nothing.
    pub per_instance_hour: f64,
    /// What the scheduled floor costs.
    pub scheduled: f64,
    /// What the baseline would cost.
    pub at_baseline: f64,
    /// The most that is saved: an instance that traffic would have kept anyway saves nothing.
    pub saves_at_most: f64,
    /// The least that is added, where the schedule goes above the baseline.
    pub adds_at_least: f64,
}

/// The prices in this program.
pub const BUILT_IN: &str = include_str!("prices.toml");

impl Prices {
    /// Dollars that one instance of `target` costs a second, or why that is not known.
    fn per_second(&self, target: &Target, estimate: &Estimate) -> Result<f64, String> {
        let cpu = f64::from(estimate.milli_cpu) / 1000.0;
        let gib = gib(estimate);
        match target.kind {
            Kind::Service => {
                let region = target.region().unwrap_or_default();
                let prices = self
                    .run
                    .iter()
                    .find(|prices| prices.regions.iter().any(|known| known == region))
                    .ok_or_else(|| format!("no price is known for Cloud Run in {region}"))?;
                let rate = match estimate.billing {
                    Billing::Request => prices.idle,
                    Billing::Instance => prices.always,
                };
                Ok(cpu * rate.cpu + gib * rate.gib)
            }
            Kind::WorkerPool => Err("no confirmed price is known for worker pools".to_owned()),
            Kind::Sql => {
                let region = estimate.region.as_deref().ok_or(
                    "a database's name does not tell its region; write it as estimate.region",
                )?;
                let prices = self
                    .sql
                    .iter()
                    .find(|prices| prices.regions.iter().any(|known| known == region))
                    .ok_or_else(|| format!("no price is known for Cloud SQL in {region}"))?;
                let single = (cpu * prices.cpu + gib * prices.gib) / 3600.0;
                Ok(if estimate.highly_available {
                    2.0 * single
                } else {
                    single
                })
            }
        }
    }

    /// Dollars that one instance of `target` costs an hour while it is kept, or why that is not known.
    pub fn per_hour(&self, target: &Target) -> Result<f64, String> {
        let unknown = "its instances are not known; write them as estimate";
        let estimate = target.estimate.as_ref().ok_or(unknown)?;
        Ok(self.per_second(target, estimate)? * 3600.0)
    }

    /// What `timeline` costs, or why that is not known. An unknown price is never zero.
    pub fn cost(
        &self,
        target: &Target,
        timeline: &Timeline,
        baseline: Baseline,
    ) -> Result<Cost, String> {
        let estimate = target
            .estimate
            .as_ref()
            .ok_or("its instances are not known offline; write them as estimate")?;
        let rate = self.per_second(target, estimate)?;
        let unknown = "the schedule goes by what was found; write that as estimate.baseline";
        let original = estimate.baseline.filter(|_| baseline == Baseline::Original);
        let baseline = original.or_else(|| timeline.peak()).ok_or(unknown)?;
        let dollars = |count: &dyn Fn(u32) -> u32| {
            let seconds = timeline.instance_seconds(count).ok_or(unknown)?;
            Ok::<_, String>(seconds * rate)
        };
        Ok(Cost {
            baseline,
            per_instance_hour: rate * 3600.0,
            scheduled: dollars(&|floor| floor)?,
            at_baseline: dollars(&|_| baseline)?,
            saves_at_most: dollars(&|floor| baseline.saturating_sub(floor))?,
            adds_at_least: dollars(&|floor| floor.saturating_sub(baseline))?,
        })
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "memory of an instance is far below the 2^53 bytes that a float counts exactly"
)]
fn gib(estimate: &Estimate) -> f64 {
    estimate.memory.bytes() as f64 / f64::from(1 << 30)
}

/// What a sum over `days` comes to in a month of 365/12 days.
pub fn a_month(dollars: f64, days: f64) -> f64 {
    dollars * 365.0 / 12.0 / days
}

/// A sum with two significant figures, which is as far as an estimate goes: `$9.5`, `$41`, `$1200`, `$0.023`.
pub fn two_figures(dollars: f64) -> String {
    if dollars <= 0.0 {
        return "$0".to_owned();
    }
    // The exponent of a price fits any integer.
    let digits = format!("{dollars:.1e}");
    let Some((_, exponent)) = digits.split_once('e') else {
        return format!("${dollars}");
    };
    let rounded: f64 = digits.parse().unwrap_or(dollars);
    let decimals = 1 - exponent.parse::<i32>().unwrap_or(0);
    format!("${rounded:.*}", usize::try_from(decimals).unwrap_or(0))
}

/// A sum to the cent.
pub fn cents(dollars: f64) -> String {
    format!("${dollars:.2}")
}
