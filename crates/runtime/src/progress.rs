//! Progress of long work: bars for a person who watches, a line now and then for a log.
//!
//! Bars are drawn only when standard error is a terminal and logs are text (see [`telemetry::init`](crate::telemetry::init));
//! log lines then appear above them. Everywhere else progress is an `info` event at most every 30 seconds.

mod bar;
mod lines;

use crate::{report, terminal};
use indicatif::ProgressBar;
use lines::Lines;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// What progress is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Bytes, shown as `1.4 GB`.
    Bytes,
    /// Things, shown as `1,234`.
    Items,
}

/// One piece of long work and how far it is. Clones are the same piece.
///
/// It is cheap to advance from many threads at once. When the last clone is dropped without
/// [`finish`](Self::finish), the bar disappears and nothing is told: the error that ended the work says more.
#[derive(Debug, Clone)]
pub struct Progress(Arc<Work>);

#[derive(Debug)]
struct Work {
    title: String,
    unit: Unit,
    total: Option<u64>,
    done: AtomicU64,
    started: Instant,
    shown: Shown,
}

#[derive(Debug)]
enum Shown {
    Bar(ProgressBar),
    Lines(Lines),
}

/// The time between two lines of progress in a log.
const BETWEEN_LINES: Duration = Duration::from_secs(30);

impl Progress {
    /// Begins to show work called `title`, of `total` units if that is known.
    pub fn new(title: impl Into<String>, total: Option<u64>, unit: Unit) -> Self {
        let title = terminal::printable(&title.into()).into_owned();
        let shown = if terminal::bars_allowed() {
            Shown::Bar(bar::draw(terminal::bars(), title.clone(), total, unit))
        } else {
            Shown::Lines(Lines::every(BETWEEN_LINES))
        };
        Self::shown_as(shown, title, total, unit)
    }

    /// Like [`new`](Self::new), but never a bar, and a line at most `every` so often.
    pub fn in_lines(
        every: Duration,
        title: impl Into<String>,
        total: Option<u64>,
        unit: Unit,
    ) -> Self {
        Self::shown_as(Shown::Lines(Lines::every(every)), title.into(), total, unit)
    }

    fn shown_as(shown: Shown, title: String, total: Option<u64>, unit: Unit) -> Self {
        let (done, started) = (AtomicU64::new(0), Instant::now());
        Self(Arc::new(Work {
            title,
            unit,
            total,
            done,
            started,
            shown,
        }))
    }

    /// Advances by `amount`.
    pub fn inc(&self, amount: u64) {
        self.0.done.fetch_add(amount, Ordering::Relaxed);
        match &self.0.shown {
            Shown::Bar(bar) => bar.inc(amount),
            Shown::Lines(lines) => lines.tell_if_due(&self.0),
        }
    }

    /// How far the work is.
    pub fn done(&self) -> u64 {
        self.0.done.load(Ordering::Relaxed)
    }

    /// Says what is being worked on now.
    pub fn set_message(&self, message: impl Into<String>) {
        let message = message.into();
        match &self.0.shown {
            Shown::Bar(bar) => bar.set_message(terminal::printable(&message).into_owned()),
            Shown::Lines(lines) => lines.set_message(message),
        }
    }

    /// Ends the work: the bar disappears, and one `info` event says how much was done in what time.
    pub fn finish(self, message: &str) {
        if let Shown::Bar(bar) = &self.0.shown {
            bar.finish_and_clear();
        }
        let done = self.done();
        let took = self.0.started.elapsed();
        tracing::info!(
            work = self.0.title,
            bytes = (self.0.unit == Unit::Bytes).then_some(done),
            items = (self.0.unit == Unit::Items).then_some(done),
            took = report::duration(took),
            seconds = took.as_secs_f64(),
            "{message}"
        );
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        if let Shown::Bar(bar) = &self.shown {
            bar.finish_and_clear();
        }
    }
}

impl Unit {
    fn show(self, amount: u64) -> String {
        match self {
            Self::Bytes => report::bytes(amount),
            Self::Items => report::count(amount),
        }
    }
}

#[cfg(test)]
mod tests;
