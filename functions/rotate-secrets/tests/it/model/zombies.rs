//! Several workers: leases that run out under a worker that wakes up and finishes what it had begun.

use super::{
    scenario::{self, Play, Scenario},
    worker::{FAULTS, Step, Worker},
};
use proptest::{
    prelude::{ProptestConfig, any},
    prop_assert, proptest,
};
use rotate_secrets::rotation::Intent;
use std::time::Duration;

/// Longer than a lease: whoever held one has lost it.
const PAST_THE_LEASE: Duration = Duration::from_secs(601);

/// Lets a worker make `steps` steps; none if it ends before.
fn advance(play: &mut Play, worker: &mut Worker, steps: usize) -> Option<()> {
    for _ in 0..steps {
        if play.step(worker) != Step::Went {
            return None;
        }
    }
    Some(())
}

/// The first worker freezes with a decision in its hands after `first` steps. A second takes over and makes `second`
/// steps. Then the first wakes up, both go on in turns, and all converges.
fn zombie(scenario: &Scenario, first: usize, second: usize) -> Option<()> {
    let mut play = Play::of(scenario, &[]);
    let due = play.due;
    let mut frozen = play.worker(Intent::scheduled(due));
    advance(&mut play, &mut frozen, first)?;
    frozen.freeze(&play.policy, &play.world);
    play.world.pass(PAST_THE_LEASE);
    let mut rival = play.worker(Intent::scheduled(due));
    advance(&mut play, &mut rival, second)?;
    in_turns(&mut play, &mut [frozen, rival]);
    play.converge();
    play.assert_unharmed(scenario);
    Some(())
}

fn in_turns(play: &mut Play, workers: &mut [Worker]) {
    let mut alive = vec![true; workers.len()];
    while alive.contains(&true) {
        for (worker, alive) in workers.iter_mut().zip(&mut alive) {
            *alive = *alive && play.step(worker) == Step::Went;
        }
    }
}

#[test]
fn a_worker_that_wakes_up_late_does_no_harm() {
    let mut schedules = 0;
    for scenario in scenario::all() {
        for first in 0.. {
            let mut second = 0;
            while zombie(&scenario, first, second).is_some() {
                schedules += 1;
                second += 1;
            }
            if second == 0 {
                break;
            }
        }
    }
    println!("{schedules} schedules with a late worker");
}

/// As [`zombie`], with a third worker that takes over from the second, and both wake up.
fn two_zombies(scenario: &Scenario, first: usize, second: usize, third: usize) -> Option<()> {
    let mut play = Play::of(scenario, &[]);
    let due = play.due;
    let mut frozen = Vec::new();
    for steps in [first, second] {
        let mut worker = play.worker(Intent::scheduled(due));
        advance(&mut play, &mut worker, steps)?;
        worker.freeze(&play.policy, &play.world);
        frozen.push(worker);
        play.world.pass(PAST_THE_LEASE);
    }
    // The first one's effects had to end with the quiet time after its lease, which is over by now.
    let mut rival = play.worker(Intent::scheduled(due));
    advance(&mut play, &mut rival, third)?;
    in_turns(&mut play, &mut [frozen.remove(1), rival]);
    play.converge();
    play.assert_unharmed(scenario);
    Some(())
}

#[test]
fn three_workers_one_after_the_other_converge() {
    let mut schedules = 0;
    for scenario in scenario::all() {
        for first in 0..40 {
            for second in 0..40 {
                for third in (first + second) % 3..40 {
                    let third = third * 3;
                    if two_zombies(&scenario, first, second, third).is_none() {
                        break;
                    }
                    schedules += 1;
                }
            }
        }
    }
    println!("{schedules} schedules with three workers");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// Up to three workers at once in any order, any faults, any pauses.
    #[test]
    fn any_mixture_of_workers_and_faults_converges(
        which in any::<proptest::sample::Index>(),
        choices in proptest::collection::vec((0..3usize, 0..60u8), 1..250),
    ) {
        let scenarios = scenario::all();
        let scenario = which.get(&scenarios);
        let mut play = Play::of(scenario, &[]);
        let due = play.due;
        let mut workers: [Option<Worker>; 3] = [None, None, None];
        for (index, (who, what)) in choices.into_iter().enumerate() {
            let mut worker = match workers[who].take() {
                Some(worker) => worker,
                None if index % 3 == 0 => play.worker(Intent::Tick),
                None => play.worker(Intent::scheduled(due)),
            };
            let fault = FAULTS.get(usize::from(what)).copied();
            if let Some(fault) = fault {
                play.faults.push((play.steps, fault));
            }
            if what == 59 {
                // Everybody else falls asleep past their lease.
                worker.freeze(&play.policy, &play.world);
                play.world.pass(PAST_THE_LEASE);
            }
            if play.step(&mut worker) == Step::Went {
                workers[who] = Some(worker);
            }
        }
        play.converge();
        prop_assert!(play.world.violations.is_empty(), "{}: {:#?}", scenario.name, play.world.violations);
    }
}
