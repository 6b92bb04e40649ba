//! The passing of time, so that a test can hold it still or let it fly.

use async_trait::async_trait;
use nightshift_runtime::{Clock, SystemClock};
use std::time::Duration;

/// A clock that can be waited on.
///
/// Leases compare the clocks of different machines. Google keeps those of its hosts within milliseconds of each other, and
/// the state machine leaves 30 seconds of every lease unused.
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
