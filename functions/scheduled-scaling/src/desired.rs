//! What should hold at an instant: a pure function of schedule, overrides and instant.
//!
//! The first that speaks wins: overrides (hold, then the newest pin), exceptions with a value, windows, transitions, the
//! default. A boost comes on top of what the rest says. Whoever asks twice gets the same answer, so a missed trigger is made
//! good by the next one, and a doubled trigger does nothing.

mod authority;
mod boundary;
mod calendar;
mod rule;

pub use rule::Rule;

pub(crate) use calendar::days_after;

use crate::{
    overrides::Override,
    schedule::{Level, Schedule},
};
use authority::Authority;
use jiff::Timestamp;

/// What should hold at an instant, why, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desired {
    /// What is wanted.
    pub level: Level,
    /// Which rule says so.
    pub rule: Rule,
    /// When the segment began: the stretch of time with this level by this rule. None when it has always been so.
    pub since: Option<Timestamp>,
    /// When it ends, always after the instant asked for. None when it never does.
    pub until: Option<Timestamp>,
}

/// What `schedule` and `overrides` want at `at`.
///
/// It is total and deterministic, and touches neither clock nor network.
pub fn desired(schedule: &Schedule, overrides: &[Override], at: Timestamp) -> Desired {
    let authority = Authority {
        schedule,
        overrides,
    };
    let (level, rule) = authority.verdict(at);
    let same = |other: Timestamp| authority.verdict(other) == (level, rule.clone());
    let mut until = authority.next_boundary(at);
    while let Some(boundary) = until.filter(|boundary| same(*boundary)) {
        until = authority.next_boundary(boundary);
    }
    let mut since = authority.last_boundary(at);
    while let Some(before) = since.and_then(just_before).filter(|before| same(*before)) {
        since = authority.last_boundary(before);
    }
    Desired {
        level,
        rule,
        since,
        until,
    }
}

/// The first instant after `at` from which something else holds; none when nothing ever does.
pub fn next_boundary(
    schedule: &Schedule,
    overrides: &[Override],
    at: Timestamp,
) -> Option<Timestamp> {
    desired(schedule, overrides, at).until
}

/// The segments from `from` to `until`, in order and without gaps. The first begins at or before `from`; the last ends at or
/// after `until`.
pub fn segments<'a>(
    schedule: &'a Schedule,
    overrides: &'a [Override],
    from: Timestamp,
    until: Timestamp,
) -> impl Iterator<Item = Desired> + 'a {
    let first = desired(schedule, overrides, from);
    std::iter::successors(Some(first), move |segment| {
        let next = segment.until.filter(|end| *end < until)?;
        Some(desired(schedule, overrides, next))
    })
}

fn just_before(at: Timestamp) -> Option<Timestamp> {
    at.checked_sub(jiff::Span::new().nanoseconds(1)).ok()
}
