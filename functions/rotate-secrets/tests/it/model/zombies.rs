//! Several workers: leases that run out under a worker that wakes up and finishes what it had begun.

use super::{
    scenario::{ALL_SETTINGS, Play, Scenario, Setting},
    worker::{FAULTS, Step, Worker},
};
use crate::sample::Sample;
use proptest::{
    prelude::{ProptestConfig, any},
    prop_assert, proptest,
};
use rotate_secrets::rotation::{
    Intent,
    Overlap::{Both, Single},
    Staging::{Inline, Side},
};
use std::time::Duration;

/// Longer than a lease: whoever held one has lost it.
const PAST_THE_LEASE: Duration = Duration::from_secs(601);

fn in_turns(play: &mut Play, workers: &mut [Worker]) {
    let mut alive = vec![true; workers.len()];
    while alive.contains(&true) {
        for (worker, alive) in workers.iter_mut().zip(&mut alive) {
            *alive = *alive && play.step(worker) == Step::Went;
        }
    }
}

/// A worker freezes with a decision in its hands after each of its steps, for longer than its lease, and another takes
/// over. That one may freeze as well, and so on. Whenever the last one has made some steps, all wake up, go on in turns,
/// and everything converges.
///
/// Whoever freezes before the last but one never wakes up: its effects had to end with the quiet time after its lease,
/// which is over by then.
fn explore(
    scenario: &Scenario,
    mut play: Play,
    frozen: Option<&Worker>,
    more: usize,
    sample: &mut Sample,
) {
    let mut worker = play.worker(Intent::scheduled(play.due));
    loop {
        if more > 0 {
            let mut later = play.clone();
            let mut asleep = worker.clone();
            asleep.freeze(&play.policy, &play.world);
            later.world.pass(PAST_THE_LEASE);
            explore(scenario, later, Some(&asleep), more - 1, sample);
        } else if sample.takes() {
            let mut end = play.clone();
            let mut workers: Vec<_> = frozen.cloned().into_iter().collect();
            workers.push(worker.clone());
            in_turns(&mut end, &mut workers);
            end.converge();
            end.assert_unharmed(scenario);
        }
        if play.step(&mut worker) != Step::Went {
            return;
        }
    }
}

fn late_workers(number: usize, setting: Setting, mut sample: Sample) {
    for scenario in setting.scenarios() {
        explore(&scenario, Play::of(&scenario), None, number, &mut sample);
    }
    sample.tell(&format!("{setting:?} with {number} late workers"));
}

#[test]
fn a_worker_that_wakes_up_late_does_no_harm_to_two_credentials_staged_aside() {
    late_workers(1, Setting(Both, Side), Sample::every_one());
}

#[test]
fn a_worker_that_wakes_up_late_does_no_harm_to_two_credentials_staged_inline() {
    late_workers(1, Setting(Both, Inline), Sample::every_one());
}

#[test]
fn a_worker_that_wakes_up_late_does_no_harm_to_one_credential_staged_aside() {
    late_workers(1, Setting(Single, Side), Sample::every_one());
}

#[test]
fn a_worker_that_wakes_up_late_does_no_harm_to_one_credential_staged_inline() {
    late_workers(1, Setting(Single, Inline), Sample::every_one());
}

#[test]
fn three_workers_one_after_the_other_converge_on_two_credentials_staged_aside() {
    late_workers(2, Setting(Both, Side), Sample::every_one());
}

#[test]
fn three_workers_one_after_the_other_converge_on_two_credentials_staged_inline() {
    late_workers(2, Setting(Both, Inline), Sample::every_one());
}

#[test]
fn three_workers_one_after_the_other_converge_on_one_credential_staged_aside() {
    late_workers(2, Setting(Single, Side), Sample::every_one());
}

#[test]
fn three_workers_one_after_the_other_converge_on_one_credential_staged_inline() {
    late_workers(2, Setting(Single, Inline), Sample::every_one());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// Up to three workers at once in any order, any faults, any pauses.
    #[test]
    fn any_mixture_of_workers_and_faults_converges(
        which in any::<proptest::sample::Index>(),
        choices in proptest::collection::vec((0..3usize, 0..60u8), 1..250),
    ) {
        let scenarios: Vec<_> = ALL_SETTINGS.into_iter().flat_map(Setting::scenarios).collect();
        let scenario = which.get(&scenarios);
        let mut play = Play::of(scenario);
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
