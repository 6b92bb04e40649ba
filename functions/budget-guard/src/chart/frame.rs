//! Where time and money lie on the picture.

use crate::{
    policy::Trigger,
    rehearsal::{Scene, Story},
};
use jiff::Timestamp;

pub(super) const WIDTH: f64 = 1000.0;
pub(super) const HEIGHT: f64 = 480.0;
pub(super) const LEFT: f64 = 80.0;
pub(super) const RIGHT: f64 = 940.0;
/// Above it, the title and what the lines are.
pub(super) const TOP: f64 = 66.0;
pub(super) const BOTTOM: f64 = 390.0;
/// The upper edge of the band of levels.
pub(super) const BAND: f64 = 420.0;

const DAY: i64 = 86_400;

/// The stretch of time and money that is shown.
pub(super) struct Frame {
    from: i64,
    until: i64,
    lowest: f64,
    highest: f64,
}

impl Frame {
    /// From the beginning of the first period to the end of the last, and as high as cost and rungs go.
    ///
    /// Projections may go beyond: early in a period they are far off, and the rest would be flat.
    pub(super) fn around(story: &Story<'_>, readings: &[&Scene]) -> Self {
        let period = story.policy.period;
        let bound = |scene: Option<&&Scene>| scene.map(|scene| scene.at);
        let first = bound(readings.first()).or(story.scenes.first().map(|scene| scene.at));
        let last = bound(readings.last()).or(first);
        let seconds = |at: Option<Timestamp>| at.map_or(0, Timestamp::as_second);
        let from = seconds(first.and_then(|at| period.start_of(at)));
        let end = last
            .and_then(|at| period.start_of(at))
            .and_then(|start| period.end_of(start));
        let share = story
            .policy
            .steps
            .iter()
            .filter_map(|step| match step.when {
                Trigger::Actual(share) => Some(f64::from(share.get()) / 10_000.0),
                _ => None,
            });
        let share = share.fold(1.0, f64::max);
        let (mut lowest, mut highest) = (0.0f64, 0.0f64);
        for scene in readings {
            let cost = scene.decision.cost.map_or(0.0, |cost| float(cost.wide()));
            let budget = scene
                .decision
                .budget
                .map_or(0.0, |budget| float(budget.wide()));
            lowest = lowest.min(cost);
            highest = highest.max(cost).max(budget * share);
        }
        Self {
            from,
            until: seconds(end).max(from + DAY),
            lowest,
            highest: (highest * 1.08).max(1_000_000.0),
        }
    }

    pub(super) fn x(&self, at: Timestamp) -> f64 {
        self.x_of(at.as_second())
    }

    fn x_of(&self, second: i64) -> f64 {
        let part =
            float(i128::from(second - self.from)) / float(i128::from(self.until - self.from));
        LEFT + part.clamp(0.0, 1.0) * (RIGHT - LEFT)
    }

    /// The height of an amount in micros.
    pub(super) fn y(&self, micros: i128) -> f64 {
        let part = (float(micros) - self.lowest) / (self.highest - self.lowest);
        BOTTOM - part.clamp(0.0, 1.0) * (BOTTOM - TOP)
    }

    /// Round amounts, about five of them, with their heights.
    pub(super) fn amounts(&self) -> Vec<(f64, String)> {
        let rough = (self.highest - self.lowest) / 5.0;
        let power = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0]
            .into_iter()
            .map(|n| n * power)
            .find(|step| *step >= rough);
        let step = step.unwrap_or(rough);
        let first = (self.lowest / step).ceil();
        let amounts = (0..20).map(|n| (first + f64::from(n)) * step);
        let shown = amounts.take_while(|amount| *amount <= self.highest);
        let label = |amount: f64| {
            let units = amount / 1_000_000.0;
            if step >= 1_000_000.0 {
                format!("{units:.0}")
            } else {
                format!("{units:.2}")
            }
        };
        shown
            .map(|amount| (self.y(whole(amount)), label(amount)))
            .collect()
    }

    /// Dates, about ten of them, with their places.
    pub(super) fn days(&self) -> Vec<(f64, String)> {
        let days = (self.until - self.from) / DAY;
        let every = (days / 10).max(1) * DAY;
        let marks = (0..12).map(|n| self.from + n * every);
        marks
            .take_while(|second| *second <= self.until)
            .filter_map(|second| {
                let at = Timestamp::from_second(second).ok()?;
                Some((self.x_of(second), at.strftime("%b %-d").to_string()))
            })
            .collect()
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a place on a picture a thousand points wide"
)]
fn float(value: i128) -> f64 {
    value as f64
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a round amount, shown on a picture"
)]
fn whole(value: f64) -> i128 {
    value as i128
}
