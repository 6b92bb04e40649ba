//! A clock that the test moves.

use async_trait::async_trait;
use jiff::Timestamp;
use nightshift_runtime::{Clock, clock::ManualClock};
use rotate_secrets::time::Time;
use std::time::Duration;

#[derive(Clone)]
pub(crate) struct TestTime {
    clock: ManualClock,
    start: Timestamp,
}

impl TestTime {
    pub(crate) fn new() -> Self {
        let start = "2026-10-02T13:00:00Z".parse().unwrap();
        Self {
            clock: ManualClock::at(start),
            start,
        }
    }

    pub(crate) fn start(&self) -> Timestamp {
        self.start
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.clock.set(self.clock.now() + time);
    }

    pub(crate) fn pass_to(&self, at: Timestamp) {
        self.clock
            .set(at.max(self.clock.now() + Duration::from_secs(1)));
    }

    pub(crate) fn restart(&self) {
        self.clock.set(self.start);
    }
}

impl Clock for TestTime {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

#[async_trait]
impl Time for TestTime {
    async fn sleep(&self, duration: Duration) {
        self.pass(duration);
        tokio::task::yield_now().await;
    }
}
