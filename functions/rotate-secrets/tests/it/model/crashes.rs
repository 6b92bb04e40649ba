//! The crash matrix: every scenario, with one fault and with two, at every step.

use super::{
    scenario::{self, Play, Scenario},
    worker::{FAULTS, Fault},
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use rotate_secrets::rotation::state::Place;

fn play(scenario: &Scenario, faults: &[(usize, Fault)]) -> Play {
    let mut play = Play::of(scenario, faults);
    play.converge();
    play.assert_unharmed(scenario);
    play
}

#[test]
fn undisturbed_rotations_publish_one_new_value_and_leave_nothing_behind() {
    for scenario in scenario::all() {
        let play = play(&scenario, &[]);
        let world = &play.world;
        println!("{}: {} steps", scenario.name, play.steps);
        if scenario.succeeds {
            assert_eq!(world.published_values(), 1, "{}", scenario.name);
            assert_eq!(world.main.len(), 2, "{}", scenario.name);
        }
        assert_eq!(world.enabled(Place::Side), 0, "{}", scenario.name);
        assert_eq!(world.enabled(Place::Main), 1, "{}", scenario.name);
    }
}

#[test]
fn any_one_fault_at_any_step_is_survived() {
    let mut schedules = 0;
    for scenario in scenario::all() {
        let steps = play(&scenario, &[]).steps;
        for at in 0..steps {
            for fault in FAULTS {
                let play = play(&scenario, &[(at, fault)]);
                schedules += 1;
                if scenario.succeeds {
                    assert_eq!(
                        play.world.published_values(),
                        1,
                        "{} {at} {fault:?}",
                        scenario.name
                    );
                }
            }
        }
    }
    println!("{schedules} schedules with one fault");
}

/// Where in the schedules with two faults the sample is taken.
const SEED: u64 = 20_261_002;

/// How many of them are played for each scenario.
const SAMPLE: usize = 12;

/// One schedule: the second fault may also hit the recovery from the first. Whether there was a step left for it.
fn two_faults(scenario: &Scenario, steps: usize, rng: &mut StdRng) -> bool {
    let first = rng.random_range(0..steps);
    let fault = FAULTS[rng.random_range(0..FAULTS.len())];
    let after_first = play(scenario, &[(first, fault)]).steps;
    let has_second = first + 1 < after_first;
    if has_second {
        let second = rng.random_range(first + 1..after_first);
        let then = FAULTS[rng.random_range(0..FAULTS.len())];
        play(scenario, &[(first, fault), (second, then)]);
    }
    has_second
}

#[test]
fn two_faults_at_sampled_steps_are_survived() {
    let mut rng = StdRng::seed_from_u64(SEED);
    let mut schedules = 0;
    for scenario in scenario::all() {
        let steps = play(&scenario, &[]).steps;
        for _ in 0..SAMPLE {
            schedules += usize::from(two_faults(&scenario, steps, &mut rng));
        }
    }
    println!("{schedules} schedules with two faults, seed {SEED}");
}

#[test]
#[ignore = "takes minutes; a sample of it runs always"]
fn any_two_faults_at_any_steps_are_survived() {
    let mut schedules = 0;
    for scenario in scenario::all() {
        let steps = play(&scenario, &[]).steps;
        for first in 0..steps {
            for fault in FAULTS {
                let after_first = play(&scenario, &[(first, fault)]).steps;
                // The second fault also hits the recovery from the first.
                for second in first + 1..after_first {
                    let then = FAULTS[(first + second + schedules) % FAULTS.len()];
                    play(&scenario, &[(first, fault), (second, then)]);
                    schedules += 1;
                }
            }
        }
    }
    println!("{schedules} schedules with two faults");
}
