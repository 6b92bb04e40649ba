//! How long to wait after a failure: doubling, with a spread that is the same whoever computes it.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

/// The wait after the first failure.
const SHORTEST: Duration = Duration::from_mins(1);

/// What the wait never grows beyond.
const LONGEST: Duration = Duration::from_hours(6);

/// The wait after failure number `failures` (from 1) of whatever `key` names: half to all of 1 min, 2 min, 4 min … 6 h.
///
/// The spread comes from the key instead of a random number, so that a decision depends on nothing but what is known,
/// and sixty secrets that fail together still come back apart.
pub fn delay_after(failures: u32, key: &str) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    let longest = (SHORTEST * (1 << doublings)).min(LONGEST);
    let mut hasher = DefaultHasher::new();
    (key, failures).hash(&mut hasher);
    let part = u32::try_from(hasher.finish() % 1000).unwrap_or_default();
    longest / 2 + longest * part / 2000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_six_hours_and_is_at_least_half_of_it() {
        let mut nominal = SHORTEST;
        for failures in 1..40 {
            let wait = delay_after(failures, "op");
            assert!(
                wait >= nominal / 2 && wait <= nominal,
                "{failures}: {wait:?}"
            );
            nominal = (nominal * 2).min(LONGEST);
        }
    }

    #[test]
    fn sixty_operations_that_fail_together_come_back_apart() {
        let mut waits: Vec<_> = (0..60)
            .map(|n| delay_after(1, &format!("op-{n}")))
            .collect();
        waits.sort();
        waits.dedup();
        assert!(waits.len() > 50, "{}", waits.len());
    }
}
