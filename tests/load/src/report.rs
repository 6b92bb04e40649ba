//! What came of it, held against the limits.

use crate::{Answers, Plan, Target};
use nightshift_runtime::report::{self, Column, Table};
use serde::Serialize;
use std::{collections::BTreeMap, time::Duration};

/// What a service must keep to.
#[derive(Debug, Clone)]
pub struct Limits {
    /// What 95 of 100 answers must be faster than.
    pub p95: Duration,
    /// How many answers of a thousand may fail.
    pub failures_per_thousand: u32,
}

/// What came of it.
#[derive(Debug, Serialize)]
pub struct Report {
    url: String,
    users: u32,
    seconds: u64,
    requests: usize,
    p50_ms: u128,
    p95_ms: u128,
    p99_ms: u128,
    max_ms: u128,
    failed: usize,
    failures: BTreeMap<String, usize>,
    /// The limits that were not kept, in words; empty when all is well.
    pub missed: Vec<String>,
}

impl Report {
    /// Holds answers against limits.
    pub fn new(target: &Target, plan: &Plan, answers: &Answers, limits: &Limits) -> Self {
        let at = |share| answers.percentile(share).unwrap_or_default().as_millis();
        Self {
            url: target.url.clone(),
            users: plan.users,
            seconds: (plan.ramp + plan.hold).as_secs(),
            requests: answers.latencies.len(),
            p50_ms: at(50),
            p95_ms: at(95),
            p99_ms: at(99),
            max_ms: at(100),
            failed: answers.failed(),
            failures: answers.failures.clone(),
            missed: missed(answers, limits),
        }
    }
}

fn missed(answers: &Answers, limits: &Limits) -> Vec<String> {
    let mut missed = Vec::new();
    let (requests, failed) = (answers.latencies.len(), answers.failed());
    match answers.percentile(95) {
        None => missed.push("nobody asked for anything: the time was too short".to_owned()),
        Some(p95) if p95 >= limits.p95 => missed.push(format!(
            "95 of 100 answers came within {} ms, and not within {} ms",
            p95.as_millis(),
            limits.p95.as_millis()
        )),
        Some(_) => {}
    }
    let allowed = usize::try_from(limits.failures_per_thousand).unwrap_or(usize::MAX);
    // As the limit is less than one of a hundred, ten of a thousand are too many already; none are well by any limit.
    if failed > 0 && failed * 1000 >= allowed * requests {
        missed.push(format!(
            "{failed} of {requests} requests failed; fewer than {allowed} of 1000 may"
        ));
    }
    missed
}

impl report::Report for Report {
    fn table(&self) -> String {
        let headings = ["REQUESTS", "P50 ms", "P95 ms", "P99 ms", "MAX ms", "FAILED"];
        let mut table = Table::new(headings.map(Column::number));
        table.row([
            self.requests.to_string(),
            self.p50_ms.to_string(),
            self.p95_ms.to_string(),
            self.p99_ms.to_string(),
            self.max_ms.to_string(),
            self.failed.to_string(),
        ]);
        let failures = self.failures.iter();
        let failures = failures.map(|(what, count)| format!("{count} × {what}"));
        let missed = self.missed.iter().map(|what| format!("missed: {what}"));
        let said: Vec<String> = failures.chain(missed).collect();
        format!(
            "{} users of {} for {} s\n{table}\n{}",
            self.users,
            self.url,
            self.seconds,
            said.join("\n")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(latencies: impl Iterator<Item = u64>, failed: usize) -> Answers {
        Answers {
            latencies: latencies.map(Duration::from_millis).collect(),
            failures: BTreeMap::from([("503".to_owned(), failed)]),
        }
    }

    const LIMITS: Limits = Limits {
        p95: Duration::from_millis(500),
        failures_per_thousand: 10,
    };

    #[test]
    fn five_slow_answers_of_a_hundred_are_well_and_six_are_not() {
        let slow = |count: u64| answers((0..100).map(|n| if n < 100 - count { 1 } else { 900 }), 0);
        assert!(missed(&slow(5), &LIMITS).is_empty());
        let said = missed(&slow(6), &LIMITS);
        assert_eq!(
            said,
            ["95 of 100 answers came within 900 ms, and not within 500 ms"]
        );
    }

    #[test]
    fn less_than_one_of_a_hundred_may_fail() {
        assert!(missed(&answers(std::iter::repeat_n(1, 1000), 9), &LIMITS).is_empty());
        let said = missed(&answers(std::iter::repeat_n(1, 1000), 10), &LIMITS);
        assert_eq!(
            said,
            ["10 of 1000 requests failed; fewer than 10 of 1000 may"]
        );
    }

    #[test]
    fn nothing_asked_is_nothing_proven() {
        assert_eq!(missed(&Answers::default(), &LIMITS).len(), 1);
    }
}
