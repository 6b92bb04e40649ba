//! When a failed attempt is made again.

use jiff::{SignedDuration, Timestamp};

/// What a job says about retries, with Google's defaults filled in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Policy {
    pub(super) count: i64,
    /// Zero is no limit.
    pub(super) within: SignedDuration,
    pub(super) least: SignedDuration,
    pub(super) most: SignedDuration,
    pub(super) doublings: u32,
}

impl Policy {
    /// How long to wait before retry `n` (1 is the first): it doubles `doublings` times, then grows by the last step, and
    /// stays within the bounds.
    fn pause(&self, n: u32) -> SignedDuration {
        let doubled = (n - 1).min(self.doublings);
        let linear = n - doubled;
        let factor = 1_i32.checked_shl(doubled.min(30)).unwrap_or(i32::MAX);
        let step = self.least.checked_mul(factor);
        let pause = step.and_then(|step| step.checked_mul(i32::try_from(linear).ok()?));
        pause.unwrap_or(SignedDuration::MAX).min(self.most)
    }

    /// When to make attempt `failed + 1`, the first having been made at `first` and the last having failed at `now`.
    pub(super) fn next(&self, failed: u32, first: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let at = now.checked_add(self.pause(failed)).ok()?;
        let in_time = at.duration_since(first) <= self.within;
        let counted = i64::from(failed) <= self.count;
        (counted || (self.within > SignedDuration::ZERO && in_time)).then_some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> Policy {
        Policy {
            count: 3,
            within: SignedDuration::ZERO,
            least: SignedDuration::from_secs(10),
            most: SignedDuration::from_secs(300),
            doublings: 3,
        }
    }

    #[test]
    fn pauses_double_then_grow_and_end_at_the_maximum() {
        let pauses: Vec<i64> = (1..=8).map(|n| policy().pause(n).as_secs()).collect();
        // The example of the API's own documentation.
        assert_eq!(pauses, [10, 20, 40, 80, 160, 240, 300, 300]);
        assert_eq!(policy().pause(u32::MAX).as_secs(), 300);
    }

    #[test]
    fn retries_go_on_until_both_limits_are_reached() {
        let (first, late) = (Timestamp::UNIX_EPOCH, Timestamp::from_second(1000).unwrap());
        assert!(policy().next(3, first, first).is_some());
        assert!(policy().next(4, first, first).is_none());
        let longer = Policy {
            count: 0,
            within: SignedDuration::from_secs(60),
            ..policy()
        };
        assert!(longer.next(1, first, first).is_some());
        assert!(longer.next(1, first, late).is_none());
        let none = Policy {
            count: 0,
            ..policy()
        };
        assert!(none.next(1, first, first).is_none());
    }
}
