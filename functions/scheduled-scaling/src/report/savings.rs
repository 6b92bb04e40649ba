//! What `report` says: what was kept, what would have been kept without us, and what that comes to.

use crate::{
    config::Config,
    history::History,
    price::{Prices, cents},
};
use jiff::{Timestamp, civil::Date};
use nightshift_runtime::{
    Report,
    report::{Column, Table},
};
use serde::Serialize;
use std::collections::BTreeMap;

/// What was saved.
#[derive(Debug, Clone, Serialize)]
pub struct Savings {
    since: Timestamp,
    until: Timestamp,
    prices_date: Date,
    targets: Vec<TargetSavings>,
    /// Dollars, over the targets that have a price.
    saved_at_most: f64,
    /// How many targets have none.
    unpriced: usize,
}

#[derive(Debug, Clone, Serialize)]
struct TargetSavings {
    target: String,
    writes: u32,
    failures: u32,
    /// Instance-hours that were kept; null when the log says nothing about the time.
    kept_hours: Option<f64>,
    /// Instance-hours that would have been kept without us; null when nobody wrote down what there was.
    without_hours: Option<f64>,
    /// Dollars; null when there is no price. Below zero when more was kept than before.
    saved_at_most: Option<f64>,
    /// Why there is no price.
    unpriced: Option<String>,
}

impl Savings {
    /// What `histories` come to between two instants.
    pub fn new(
        config: &Config,
        prices: &Prices,
        histories: &BTreeMap<String, History>,
        since: Timestamp,
        until: Timestamp,
    ) -> Self {
        let targets: Vec<_> = histories
            .iter()
            .map(|(name, history)| {
                let price = config
                    .targets
                    .iter()
                    .find(|target| target.name == *name)
                    .ok_or_else(|| {
                        "the configuration does not name it; write it with an estimate".to_owned()
                    })
                    .and_then(|target| prices.per_hour(target));
                savings(name, history, price, since, until)
            })
            .collect();
        Self {
            since,
            until,
            prices_date: prices.date,
            saved_at_most: targets
                .iter()
                .filter_map(|target| target.saved_at_most)
                .sum(),
            unpriced: targets
                .iter()
                .filter(|target| target.saved_at_most.is_none())
                .count(),
            targets,
        }
    }
}

fn savings(
    name: &str,
    history: &History,
    price: Result<f64, String>,
    since: Timestamp,
    until: Timestamp,
) -> TargetSavings {
    let hours = history.hours(since, until);
    let without = hours.and_then(|hours| hours.without);
    let saved = hours
        .zip(without)
        .map(|(hours, without)| without - hours.kept);
    TargetSavings {
        target: name.to_owned(),
        writes: history.writes,
        failures: history.failures,
        kept_hours: hours.map(|hours| hours.kept),
        without_hours: without,
        saved_at_most: saved
            .zip(price.as_ref().ok())
            .map(|(hours, price)| hours * price),
        unpriced: price.err(),
    }
}

impl Report for Savings {
    fn table(&self) -> String {
        let mut table = Table::new([
            Column::text("TARGET"),
            Column::number("KEPT h"),
            Column::number("WITHOUT US h"),
            Column::number("SAVED AT MOST"),
            Column::number("WRITES"),
            Column::number("FAILURES"),
        ]);
        let hours = |hours: Option<f64>| {
            hours.map_or_else(|| "?".to_owned(), |hours| format!("{hours:.1}"))
        };
        for target in &self.targets {
            table.row([
                target
                    .target
                    .rsplit('/')
                    .next()
                    .unwrap_or_default()
                    .to_owned(),
                hours(target.kept_hours),
                hours(target.without_hours),
                target
                    .saved_at_most
                    .map_or_else(|| "unpriced".to_owned(), cents),
                target.writes.to_string(),
                target.failures.to_string(),
            ]);
        }
        let mut text = format!(
            "{} to {} · list prices of {}\n{table}\n\nsaved at most {}",
            self.since.strftime("%F %H:%MZ"),
            self.until.strftime("%F %H:%MZ"),
            self.prices_date,
            cents(self.saved_at_most)
        );
        if self.unpriced > 0 {
            text.push_str(&format!(", excluding {} without a price", self.unpriced));
        }
        for target in &self.targets {
            if let Some(why) = &target.unpriced {
                text.push_str(&format!("\n  {}: {why}", target.target));
            }
        }
        text.push('\n');
        text
    }
}
