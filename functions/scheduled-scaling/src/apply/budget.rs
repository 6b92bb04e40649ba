//! How many changes may be made: as many a minute as configured, in each region of each project.
//!
//! Google's quota counts all writers of a project and region together, deployments too, so ours stays below it. What does
//! not fit is carried over; a region that refuses rests for a minute.

use crate::observe::Place;
use jiff::{SignedDuration, Timestamp};
use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Mutex, PoisonError},
    time::Duration,
};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// The changes that may still be made.
#[derive(Debug)]
pub struct Budget {
    per_minute: NonZeroU32,
    used: Mutex<HashMap<(String, Option<String>), Used>>,
}

/// Changes of one region, within the minute that began then.
#[derive(Debug, Clone, Copy)]
struct Used {
    since: Timestamp,
    writes: u32,
}

impl Budget {
    /// So many changes a minute.
    pub fn new(per_minute: NonZeroU32) -> Self {
        Self {
            per_minute,
            used: Mutex::default(),
        }
    }

    /// Takes one change, or says how long to wait for it.
    pub fn take(&self, place: &Place, now: Timestamp) -> Result<(), Duration> {
        let limit = self.per_minute.get();
        self.with(place, now, |used| {
            if used.writes < limit {
                used.writes += 1;
                return Ok(());
            }
            let left = MINUTE - now.duration_since(used.since);
            Err(left.unsigned_abs().max(Duration::from_millis(1)))
        })
    }

    /// The region has refused: nothing more within this minute.
    pub fn exhaust(&self, place: &Place, now: Timestamp) {
        self.with(place, now, |used| {
            used.since = now;
            used.writes = u32::MAX;
        });
    }

    fn with<T>(&self, place: &Place, now: Timestamp, then: impl FnOnce(&mut Used) -> T) -> T {
        let mut all = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (place.project.clone(), place.region.clone());
        let fresh = Used {
            since: now,
            writes: 0,
        };
        let used = all.entry(key).or_insert(fresh);
        let age = now.duration_since(used.since);
        // A clock that was set back starts a new minute, too.
        if age >= MINUTE || age < SignedDuration::ZERO {
            *used = fresh;
        }
        then(used)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Kind;

    #[test]
    fn a_minute_has_so_many_changes_and_each_region_its_own() {
        let budget = Budget::new(NonZeroU32::new(2).unwrap());
        let place = |name| {
            Place::of(
                Kind::Service,
                &format!("projects/p/locations/{name}/services/x"),
            )
        };
        let (here, there) = (place("here"), place("there"));
        let start = Timestamp::UNIX_EPOCH;
        let at = |seconds| start + SignedDuration::from_secs(seconds);
        assert_eq!(budget.take(&here, at(0)), Ok(()));
        assert_eq!(budget.take(&here, at(10)), Ok(()));
        assert_eq!(budget.take(&here, at(20)), Err(Duration::from_secs(40)));
        assert_eq!(budget.take(&there, at(20)), Ok(()));
        assert_eq!(budget.take(&here, at(60)), Ok(()));
        budget.exhaust(&here, at(61));
        assert_eq!(budget.take(&here, at(62)), Err(Duration::from_secs(59)));
        assert_eq!(budget.take(&here, at(121)), Ok(()));
    }
}
