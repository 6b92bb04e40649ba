//! Days and nights on the stand-in, a run every five minutes, with everything that goes wrong: ticks that are missed, doubled
//! and late, deploys, people, changes at the same time, quotas that are used up, answers that are lost.
//!
//! By default each of ten seeds lives through two days, which are chosen so that clocks change in some. The whole year of a
//! seed is `NIGHTSHIFT_SCALING_DAYS=365`; `NIGHTSHIFT_SCALING_SEEDS=1000` takes a thousand of them, and
//! `NIGHTSHIFT_SCALING_SEED=7` that one alone.

mod world;

use jiff::SignedDuration;
use std::env;
use world::World;

/// The first days of the seeds, over and over: clocks change in Los Angeles and in Berlin, there and back; Christmas; and any.
const FIRST_DAYS: [&str; 6] = [
    "2026-03-07",
    "2026-03-28",
    "2026-10-24",
    "2026-10-31",
    "2026-12-24",
    "2026-06-05",
];

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_at_every_boundary_holds_what_the_schedule_wants() {
    let days = number("NIGHTSHIFT_SCALING_DAYS").unwrap_or(2);
    let seeds = match number("NIGHTSHIFT_SCALING_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("NIGHTSHIFT_SCALING_SEEDS").unwrap_or(10),
    };
    for seed in seeds {
        let first = FIRST_DAYS[usize::try_from(seed).unwrap() % FIRST_DAYS.len()];
        let first = if days >= 365 { "2026-01-01" } else { first };
        let mut world = World::new(seed, &format!("{first}T00:00:00Z")).await;
        let ticks = days * 24 * 12;
        for _ in 0..ticks {
            world.tick(SignedDuration::from_mins(5)).await;
        }
        let lived = world.end().await;
        println!("seed {seed}, {days} days from {first}: {lived}");
    }
}
