//! The one clock of everything served here. It runs, stands still, and can be set.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};
use tokio::sync::watch;

/// Sleeps are cut into pieces, so that a suspended machine does not oversleep by hours.
const LONGEST_SLEEP: Duration = Duration::from_mins(1);

/// How the clock stands to real time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Mode {
    /// Ahead of real time (or behind it) by this many nanoseconds.
    Running {
        /// Nanoseconds.
        offset: i64,
    },
    /// Stands at this instant.
    Stopped {
        /// RFC 3339.
        at: Timestamp,
    },
}

/// The clock.
#[derive(Debug)]
pub(crate) struct Clock {
    mode: watch::Sender<Mode>,
    /// Whether it runs again when it has arrived where it is being moved to.
    runs_on: AtomicBool,
    /// Shows how it stands to programs that go by it.
    file: Option<PathBuf>,
}

impl Clock {
    /// A clock that `file`, if any, shows from now on.
    pub(crate) fn new(mode: Mode, file: Option<PathBuf>) -> io::Result<Self> {
        let clock = Self {
            mode: watch::Sender::new(mode),
            runs_on: AtomicBool::new(false),
            file,
        };
        clock.show(mode)?;
        Ok(clock)
    }

    /// Writes the file as the runtime of the functions reads it (`NIGHTSHIFT_CLOCK_FILE`): the instant at which the clock
    /// stands still, or how far it is ahead of real time. Whoever reads it meets the old text or the new.
    fn show(&self, mode: Mode) -> io::Result<()> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let text = match mode {
            Mode::Stopped { at } => at.to_string(),
            Mode::Running { offset } => SignedDuration::from_nanos(offset).to_string(),
        };
        let mut next = file.clone().into_os_string();
        next.push(".next");
        fs::write(&next, text)?;
        fs::rename(&next, file)
    }

    pub(crate) fn now(&self) -> Timestamp {
        read(*self.mode.borrow())
    }

    pub(crate) fn mode(&self) -> Mode {
        *self.mode.borrow()
    }

    pub(crate) fn is_running(&self) -> bool {
        matches!(self.mode(), Mode::Running { .. })
    }

    /// Whether it runs. While it is moved it stands at one instant after the other, which is nobody's wish.
    pub(crate) fn runs(&self) -> bool {
        self.is_running() || self.runs_on.load(Ordering::Relaxed)
    }

    /// It is being moved, and runs afterwards or not, until what is returned is dropped.
    pub(crate) fn moving(&self, running: bool) -> Moving<'_> {
        self.runs_on.store(running, Ordering::Relaxed);
        Moving(self)
    }

    /// Sets the clock, running or not as `running` says.
    pub(crate) fn set(&self, to: Timestamp, running: bool) {
        let mode = if running {
            running_from(to)
        } else {
            Mode::Stopped { at: to }
        };
        if let Err(error) = self.show(mode) {
            tracing::error!(%error, "the file of the clock is not written; programs that go by it see another time");
        }
        self.mode.send_replace(mode);
    }

    /// Returns once the clock has reached `at`, however it gets there.
    pub(crate) async fn wait_until(&self, at: Timestamp) {
        let mut changes = self.mode.subscribe();
        loop {
            let mode = *changes.borrow_and_update();
            let left = at.duration_since(read(mode));
            if left <= SignedDuration::ZERO {
                return;
            }
            let nap = match mode {
                Mode::Running { .. } => left.unsigned_abs().min(LONGEST_SLEEP),
                Mode::Stopped { .. } => LONGEST_SLEEP,
            };
            tokio::select! {
                () = tokio::time::sleep(nap) => {}
                moved = changes.changed() => {
                    if moved.is_err() {
                        return;
                    }
                }
            }
        }
    }
}

/// As long as a clock is being moved.
pub(crate) struct Moving<'a>(&'a Clock);

impl Drop for Moving<'_> {
    fn drop(&mut self) {
        self.0.runs_on.store(false, Ordering::Relaxed);
    }
}

fn read(mode: Mode) -> Timestamp {
    match mode {
        Mode::Stopped { at } => at,
        Mode::Running { offset } => {
            let now = Timestamp::now();
            now.checked_add(SignedDuration::from_nanos(offset))
                .unwrap_or(now)
        }
    }
}

fn running_from(to: Timestamp) -> Mode {
    let ahead = to.duration_since(Timestamp::now()).as_nanos();
    Mode::Running {
        offset: i64::try_from(ahead).unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn while_it_is_moved_a_clock_runs_if_it_runs_afterwards() {
        let clock = Clock::new(Mode::Running { offset: 0 }, None).unwrap();
        let moving = clock.moving(true);
        clock.set(Timestamp::UNIX_EPOCH, false);
        assert!(clock.runs() && !clock.is_running());
        drop(moving);
        assert!(!clock.runs());
    }
}
