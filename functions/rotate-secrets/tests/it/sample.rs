//! Which of the schedules are played: where there are too many for every run, a sample that is the same each time.
//!
//! `NIGHTSHIFT_SCHEDULES=all cargo nextest run -p rotate-secrets model:: matrix:: rivals::` plays every one, which takes
//! hours; give it a nextest profile whose `slow-timeout` allows that.

use rand::{Rng, SeedableRng, rngs::StdRng};

/// Where the samples are taken.
const SEED: u64 = 20_261_002;

pub(crate) struct Sample {
    rng: StdRng,
    one_in: u32,
    all: usize,
    played: usize,
}

impl Sample {
    /// About one schedule in so many; each one if the environment says so.
    pub(crate) fn one_in(number: u32) -> Self {
        let all = std::env::var("NIGHTSHIFT_SCHEDULES").is_ok_and(|value| value == "all");
        Self {
            rng: StdRng::seed_from_u64(SEED),
            one_in: if all { 1 } else { number },
            all: 0,
            played: 0,
        }
    }

    pub(crate) fn every_one() -> Self {
        Self::one_in(1)
    }

    /// Whether the next schedule is to be played.
    pub(crate) fn takes(&mut self) -> bool {
        let takes = self.rng.random_range(0..self.one_in) == 0;
        self.all += 1;
        self.played += usize::from(takes);
        takes
    }

    /// Says how many there were.
    pub(crate) fn tell(&self, what: &str) {
        assert!(self.played > 0, "{what}: no schedule was played");
        println!(
            "{what}: {} of {} schedules, seed {SEED}",
            self.played, self.all
        );
    }
}
