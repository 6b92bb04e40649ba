//! Progress in a log: an event now and then.

use super::{Unit, Work};
use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// When the next line is due, and what it says besides the figures.
#[derive(Debug)]
pub(super) struct Lines {
    every: Duration,
    /// In milliseconds since the work was started.
    due: AtomicU64,
    message: Mutex<String>,
}

impl Lines {
    pub(super) fn every(every: Duration) -> Self {
        Self {
            every,
            due: AtomicU64::new(milliseconds(every)),
            message: Mutex::default(),
        }
    }

    pub(super) fn set_message(&self, message: String) {
        *self.message.lock().unwrap_or_else(PoisonError::into_inner) = message;
    }

    /// Tells how far `work` is, if a line is due. Of several threads that see it due, one tells.
    pub(super) fn tell_if_due(&self, work: &Work) {
        let now = milliseconds(work.started.elapsed());
        let due = self.due.load(Ordering::Relaxed);
        let next = now.saturating_add(milliseconds(self.every));
        if now >= due
            && self
                .due
                .compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
        {
            self.tell(work);
        }
    }

    fn tell(&self, work: &Work) {
        let done = work.done.load(Ordering::Relaxed);
        let message = self
            .message
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        tracing::info!(
            work = work.title,
            now = (!message.is_empty()).then_some(message),
            bytes = (work.unit == Unit::Bytes).then_some(done),
            items = (work.unit == Unit::Items).then_some(done),
            total = work.total,
            percent = work.total.and_then(|total| percent(done, total)),
            "in progress"
        );
    }
}

/// `done` of `total` in whole percent, rounded down so that 100 means all.
pub(super) fn percent(done: u64, total: u64) -> Option<u64> {
    u64::try_from((u128::from(done) * 100).checked_div(u128::from(total))?).ok()
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
