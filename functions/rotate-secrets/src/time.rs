//! The passing of time, so that a test can hold it still or let it fly.

use async_trait::async_trait;
use nightshift_runtime::{Clock, SystemClock};
use std::time::Duration;

/// A clock that can be waited on.
///
/// Leases compare the clocks of different machines. The `Date` of Secret Manager's answers would be one clock for all, but
/// Google's clients hand out an answer's body and drop its headers, so the machine's own clock it is. Google keeps those of
/// its hosts within milliseconds of each other, and the state machine leaves 30 seconds of every lease unused.
///
/// Where they differ by more than that, somebody takes over too early. It does no more harm than a worker that wakes up
/// late: the etag lets one of the two write, the fence counts the takeover, both lead forward with the same recorded
/// candidate, and what would go back waits for a whole lease after the takeover.
#[async_trait]
pub trait Time: Clock {
    /// Returns when `duration` has passed.
    async fn sleep(&self, duration: Duration);
}

#[async_trait]
impl Time for SystemClock {
    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}
