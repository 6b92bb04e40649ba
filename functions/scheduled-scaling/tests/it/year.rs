//! Days and nights on the stand-in, a run every five minutes, with everything that goes wrong: ticks that are missed, doubled
//! and late, deploys, people, changes at the same time, quotas that are used up, answers that are lost.
//!
//! By default each of ten seeds lives through eight hours, which begins before clocks change for most of them. The whole year
//! of a seed is `NIGHTSHIFT_SCALING_DAYS=365`; `NIGHTSHIFT_SCALING_SEEDS=1000` takes a thousand seeds, and
//! `NIGHTSHIFT_SCALING_SEED=7` that one alone. Use `cargo test` for those: nextest ends a test that takes minutes.

mod world;

use futures::{StreamExt, stream};
use jiff::SignedDuration;
use std::env;
use world::World;

/// Where the seeds begin, over and over: before clocks change in Los Angeles, in Berlin and on Lord Howe, there and back;
/// before Christmas; and on any morning.
const BEGINNINGS: [&str; 8] = [
    "2026-03-08T05:00:00Z",
    "2026-03-28T22:00:00Z",
    "2026-10-24T22:00:00Z",
    "2026-11-01T04:00:00Z",
    "2026-04-04T11:00:00Z",
    "2026-10-03T11:00:00Z",
    "2026-12-24T17:00:00Z",
    "2026-06-05T02:00:00Z",
];

const HOURS: u64 = 8;

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok()?.parse().ok()
}

async fn live(seed: u64, days: Option<u64>) {
    let first = BEGINNINGS[usize::try_from(seed).unwrap() % BEGINNINGS.len()];
    let (first, hours) = match days {
        None => (first, HOURS),
        Some(days) if days < 365 => (first, days * 24),
        Some(days) => ("2026-01-01T00:00:00Z", days * 24),
    };
    let mut world = World::new(seed, first).await;
    for _ in 0..hours * 12 {
        world.tick(SignedDuration::from_mins(5)).await;
    }
    let lived = world.end().await;
    println!("seed {seed}, {hours} hours from {first}: {lived}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_at_every_boundary_holds_what_the_schedule_wants() {
    let days = number("NIGHTSHIFT_SCALING_DAYS");
    let seeds = match number("NIGHTSHIFT_SCALING_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("NIGHTSHIFT_SCALING_SEEDS").unwrap_or(10),
    };
    // Two at a time: each has a cloud of its own.
    let lives = stream::iter(seeds).map(|seed| tokio::spawn(live(seed, days)));
    let lives: Vec<_> = lives.buffer_unordered(2).collect().await;
    for life in lives {
        life.unwrap();
    }
}
