//! What the cost has been doing: samples of this period, and how much each 6 hours cost.

use crate::money::Micros;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Samples closer together than this say nothing new.
const APART: i64 = 15 * 60;
/// 50 hours of samples at their closest: twice what the longest look back needs.
const SAMPLES: usize = 200;
/// A bucket's length in seconds.
pub const BUCKET: i64 = 6 * 3600;
/// A week of buckets.
const BUCKETS: usize = 28;
const BUCKETS_KEPT: i64 = 28;

/// The cost over time. Seconds are fine enough: messages are twenty minutes apart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Series {
    /// When, and what the period had cost by then; oldest first.
    samples: Vec<(Timestamp, Micros)>,
    /// What whole buckets cost, oldest first. They outlive the period, so that the first days of the next know what is usual.
    buckets: Vec<Micros>,
    /// The bucket that is not over: its number in the period, and the cost at its beginning.
    bucket_open: Option<(i64, Micros)>,
}

impl Series {
    /// Begins a period: nothing has been spent at its start.
    pub(crate) fn begin(&mut self, start: Timestamp) {
        self.samples = vec![(start, Micros::ZERO)];
        self.bucket_open = Some((0, Micros::ZERO));
    }

    /// Whether no period has begun yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// Adds what the period that began at `start` has cost `at` an instant.
    pub(crate) fn add(&mut self, start: Timestamp, at: Timestamp, cost: Micros) {
        self.close_buckets(start, at, cost);
        let far_enough =
            |(last, _): &(Timestamp, Micros)| at.as_second() - last.as_second() >= APART;
        if self.samples.last().is_none_or(far_enough) {
            self.samples.push((at, cost));
            let surplus = self.samples.len().saturating_sub(SAMPLES);
            self.samples.drain(..surplus);
        }
    }

    fn close_buckets(&mut self, start: Timestamp, at: Timestamp, cost: Micros) {
        let Some((open, mut begun)) = self.bucket_open else {
            return;
        };
        let current = (at.as_second() - start.as_second()).div_euclid(BUCKET);
        // Only the last week is kept, so a guard installed late in a year does not walk through all of it.
        let oldest = open.max(current - BUCKETS_KEPT);
        let boundary = |number: i64| start.as_second() + number * BUCKET;
        if oldest > open {
            begun = self.cost_at(boundary(oldest), at, cost);
        }
        for number in oldest..current {
            let ended = self.cost_at(boundary(number + 1), at, cost);
            let growth = Micros::narrow(ended.wide() - begun.wide()).unwrap_or_default();
            self.buckets.push(growth);
            begun = ended;
        }
        if current > open {
            self.bucket_open = Some((current, begun));
        }
        let surplus = self.buckets.len().saturating_sub(BUCKETS);
        self.buckets.drain(..surplus);
    }

    /// The cost at a second of Unix time, on the line between the samples around it; `now` and `cost` are the newest.
    pub fn cost_at(&self, second: i64, now: Timestamp, cost: Micros) -> Micros {
        let after = self
            .samples
            .partition_point(|(at, _)| at.as_second() <= second);
        let Some((left_at, left)) = after.checked_sub(1).and_then(|i| self.samples.get(i)) else {
            return self.samples.first().map_or(cost, |(_, first)| *first);
        };
        let (right_at, right) = self.samples.get(after).copied().unwrap_or((now, cost));
        let span = i128::from(right_at.as_second() - left_at.as_second());
        if span <= 0 || second >= right_at.as_second() {
            return right;
        }
        let part = i128::from(second - left_at.as_second());
        let grown = ((right.wide() - left.wide()) * part).div_euclid(span);
        Micros::narrow(left.wide() + grown).unwrap_or(right)
    }

    /// The second of the oldest sample.
    pub fn first(&self) -> Option<i64> {
        self.samples.first().map(|(at, _)| at.as_second())
    }

    /// The whole buckets, oldest first.
    pub fn buckets(&self) -> &[Micros] {
        &self.buckets
    }
}
