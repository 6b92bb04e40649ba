//! The crash matrix: every scenario, with one fault and with two, at every step.

use super::{
    scenario::{ALL_SETTINGS, Play, Scenario, Setting},
    worker::FAULTS,
};
use crate::sample::Sample;
use rotate_secrets::rotation::{
    Overlap::{Both, Single},
    Staging::{Inline, Side},
    state::Place,
};

fn finish(scenario: &Scenario, mut play: Play) {
    play.converge();
    play.assert_unharmed(scenario);
    if scenario.succeeds {
        let published = play.world.published_values(scenario.policy.staging);
        assert_eq!(published, 1, "{} with {:?}", scenario.name, play.faults);
    }
}

/// Plays every schedule with that many more faults from here on. The later ones also hit the recovery from the earlier.
fn explore(scenario: &Scenario, mut play: Play, faults: usize, sample: &mut Sample) {
    loop {
        for fault in FAULTS {
            if faults > 1 || sample.takes() {
                let mut hit = play.clone();
                hit.hit(fault);
                if faults == 1 {
                    finish(scenario, hit);
                } else if hit.go_on() {
                    explore(scenario, hit, faults - 1, sample);
                }
            }
        }
        if !play.go_on() {
            return;
        }
    }
}

fn faults(number: usize, setting: Setting, mut sample: Sample) {
    for scenario in setting.scenarios() {
        explore(&scenario, Play::of(&scenario), number, &mut sample);
    }
    sample.tell(&format!("{setting:?} with {number} faults"));
}

#[test]
fn undisturbed_rotations_publish_one_new_value_and_leave_nothing_behind() {
    for scenario in ALL_SETTINGS.into_iter().flat_map(Setting::scenarios) {
        let mut play = Play::of(&scenario);
        play.converge();
        play.assert_unharmed(&scenario);
        println!("{}: {} steps", scenario.name, play.steps);
        let world = &play.world;
        if scenario.succeeds {
            let published = world.published_values(scenario.policy.staging);
            assert_eq!(published, 1, "{}", scenario.name);
            assert_eq!(world.main.len(), 2, "{}", scenario.name);
        }
        assert_eq!(world.enabled(Place::Side), 0, "{}", scenario.name);
        assert_eq!(world.enabled(Place::Main), 1, "{}", scenario.name);
    }
}

#[test]
fn any_one_fault_at_any_step_is_survived_by_two_credentials_staged_aside() {
    faults(1, Setting(Both, Side), Sample::every_one());
}

#[test]
fn any_one_fault_at_any_step_is_survived_by_two_credentials_staged_inline() {
    faults(1, Setting(Both, Inline), Sample::every_one());
}

#[test]
fn any_one_fault_at_any_step_is_survived_by_one_credential_staged_aside() {
    faults(1, Setting(Single, Side), Sample::every_one());
}

#[test]
fn any_one_fault_at_any_step_is_survived_by_one_credential_staged_inline() {
    faults(1, Setting(Single, Inline), Sample::every_one());
}

#[test]
fn any_two_faults_at_any_steps_are_survived_by_two_credentials_staged_aside() {
    faults(2, Setting(Both, Side), Sample::one_in(20));
}

#[test]
fn any_two_faults_at_any_steps_are_survived_by_two_credentials_staged_inline() {
    faults(2, Setting(Both, Inline), Sample::one_in(20));
}

#[test]
fn any_two_faults_at_any_steps_are_survived_by_one_credential_staged_aside() {
    faults(2, Setting(Single, Side), Sample::one_in(20));
}

#[test]
fn any_two_faults_at_any_steps_are_survived_by_one_credential_staged_inline() {
    faults(2, Setting(Single, Inline), Sample::one_in(20));
}
