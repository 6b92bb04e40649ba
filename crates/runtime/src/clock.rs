//! Time enters a function through [`Clock`] and nowhere else, so that a test can hold it still or move it.

use jiff::{SignedDuration, Timestamp};
use std::{
    env, fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

/// The environment variable that names a file with the time, for a program that works with a stand-in for Google: a month
/// of a budget passes in seconds there.
pub const CLOCK_VARIABLE: &str = "NIGHTSHIFT_CLOCK_FILE";

/// Says what time it is.
pub trait Clock: Send + Sync + 'static {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// The machine's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock that stands still until it is moved; clones share the same time.
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<Mutex<Timestamp>>);

impl ManualClock {
    /// A clock that shows `now`.
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(now)))
    }

    /// Moves the clock to `now`, forwards or backwards.
    pub fn set(&self, now: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The clock that a program goes by which asks the stand-in at `endpoint`, or Google without: the machine's own, or with a
/// stand-in the file that [`CLOCK_VARIABLE`] names.
pub fn of(endpoint: Option<&str>) -> Result<Arc<dyn Clock>, ClockError> {
    let endpoint = endpoint.filter(|endpoint| !endpoint.is_empty());
    match env::var_os(CLOCK_VARIABLE) {
        None => Ok(Arc::new(SystemClock)),
        Some(_) if endpoint.is_none() => Err(ClockError::NoStandIn),
        Some(path) => Ok(Arc::new(FileClock::open(path.into())?)),
    }
}

/// Why there is no clock.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClockError {
    /// A clock that anybody moves is no clock for what is real.
    #[error("`{CLOCK_VARIABLE}` is set, and is only for a stand-in for Google; unset it")]
    NoStandIn,
    /// The file is not there.
    #[error("read the time from {path}, as `{CLOCK_VARIABLE}` says", path = .path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file does not say a time.
    #[error(
        "{path} holds {found:?}, expected a time such as 2026-10-20T12:00:00Z, or how far it is ahead of the machine's, \
         such as PT264H", path = .path.display()
    )]
    NoTime {
        /// Which.
        path: PathBuf,
        /// What it holds.
        found: String,
        /// What is wrong with it.
        source: jiff::Error,
    },
}

/// A clock that goes as a file says: it stands still at a time (`2026-10-20T12:00:00Z`), or is as far ahead of the machine's
/// (`PT264H`). Whoever sets it writes another file and renames that.
#[derive(Debug)]
pub struct FileClock {
    path: PathBuf,
    /// How it goes while the file cannot be read.
    last: Mutex<Setting>,
}

#[derive(Debug, Clone, Copy)]
enum Setting {
    Still(Timestamp),
    Ahead(SignedDuration),
}

impl Setting {
    fn now(self) -> Timestamp {
        match self {
            Self::Still(at) => at,
            Self::Ahead(by) => {
                let now = Timestamp::now();
                now.checked_add(by).unwrap_or(now)
            }
        }
    }
}

impl FileClock {
    /// A clock that goes as this file says, which it must do from the start.
    pub fn open(path: PathBuf) -> Result<Self, ClockError> {
        let last = Mutex::new(read(&path)?);
        Ok(Self { path, last })
    }
}

impl Clock for FileClock {
    fn now(&self) -> Timestamp {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match read(&self.path) {
            Ok(setting) => *last = setting,
            Err(error) => tracing::warn!("{error}; the clock goes as it did"),
        }
        last.now()
    }
}

fn read(path: &Path) -> Result<Setting, ClockError> {
    let found = fs::read_to_string(path).map_err(|source| ClockError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    let text = found.trim();
    let ahead = text.parse().map(Setting::Ahead);
    ahead
        .or_else(|_| text.parse().map(Setting::Still))
        .map_err(|source| ClockError::NoTime {
            path: path.to_owned(),
            found,
            source,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_of_a_file_goes_on_as_it_did_while_the_file_says_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("now");
        assert!(matches!(
            FileClock::open(path.clone()),
            Err(ClockError::Unreadable { .. })
        ));
        fs::write(&path, "2026-10-01T07:00:00Z\n").unwrap();
        let clock = FileClock::open(path.clone()).unwrap();
        let shown: Timestamp = "2026-10-01T07:00:00Z".parse().unwrap();
        assert_eq!(clock.now(), shown);
        fs::write(&path, "soon").unwrap();
        assert_eq!(clock.now(), shown);
        assert!(matches!(
            FileClock::open(path.clone()),
            Err(ClockError::NoTime { .. })
        ));
        fs::write(&path, "2026-10-02T07:00:00Z").unwrap();
        assert!(clock.now() > shown);
    }

    #[test]
    fn a_clock_of_a_file_may_run_ahead_of_the_machines_or_behind_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("now");
        for (text, hours) in [("PT264H", 264), ("-PT36H", -36), ("PT0S", 0)] {
            fs::write(&path, text).unwrap();
            let before = Timestamp::now();
            let shown = FileClock::open(path.clone()).unwrap().now();
            let by = SignedDuration::from_hours(hours);
            assert!(
                before + by <= shown && shown <= Timestamp::now() + by,
                "{text}"
            );
        }
    }
}
