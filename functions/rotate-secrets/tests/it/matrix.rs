//! The crash matrix with the real clients: each setting is played once to count its calls, then once for each call and each
//! thing that can happen to it, then with two of them. After each, the event is delivered again and the tick runs until all
//! is at rest; what has to hold is looked at after every call that changes something. Of the schedules with two faults a
//! sample is played (see [`crate::sample`]).

use crate::{
    bed::{Bed, Fault, Setting, Trouble, faults},
    sample::Sample,
};
use rotate_secrets::rotation::{Overlap, Staging};
use std::time::Duration;

fn setting(overlap: Overlap) -> Setting {
    Setting {
        overlap,
        ..Setting::default()
    }
}

/// Plays one schedule from the beginning to rest. Returns its calls.
async fn play(bed: &Bed, setting: &Setting, faults: &[(usize, Fault)]) -> Vec<String> {
    bed.reset(setting);
    bed.gate.plan(faults);
    bed.converge().await;
    let schedule = format!("{faults:?}");
    bed.assert_unharmed(&schedule);
    bed.assert_at_rest(&schedule).await;
    bed.gate.calls()
}

/// Whatever happens, readers get the old value and one new one, and no third.
async fn each_single_fault(name: &str, setting: Setting) {
    let bed = Bed::new(setting.clone()).await;
    let calls = play(&bed, &setting, &[]).await;
    let mut schedules = 0;
    for (at, call) in calls.iter().enumerate() {
        for fault in faults(call) {
            play(&bed, &setting, &[(at, *fault)]).await;
            let published = bed.gate.watch().published();
            assert_eq!(published, 2, "{name}: {fault:?} at {at}, {call}");
            schedules += 1;
        }
    }
    println!(
        "{name}: {} calls undisturbed, {schedules} schedules with one fault",
        calls.len()
    );
}

async fn pairs_of_faults(name: &str, setting: Setting) {
    let bed = Bed::new(setting.clone()).await;
    let calls = play(&bed, &setting, &[]).await;
    let mut sample = Sample::one_in(60);
    for (first, call) in calls.iter().enumerate() {
        for fault in faults(call) {
            // The second also hits the recovery from the first.
            for second in first + 1..calls.len() + 12 {
                for then in faults("any change") {
                    if sample.takes() {
                        let pair = [(first, *fault), (second, *then)];
                        play(&bed, &setting, &pair).await;
                        let published = bed.gate.watch().published();
                        assert_eq!(published, 2, "{name}: {pair:?}");
                    }
                }
            }
        }
    }
    sample.tell(&format!("{name} with two faults"));
}

#[tokio::test]
async fn any_one_fault_at_any_call_is_survived_where_two_credentials_are_valid() {
    each_single_fault("both", setting(Overlap::Both)).await;
}

#[tokio::test]
async fn any_one_fault_at_any_call_is_survived_where_one_credential_is_valid() {
    each_single_fault("single", setting(Overlap::Single)).await;
}

#[tokio::test]
async fn any_one_fault_at_any_call_is_survived_where_candidates_wait_in_the_main_secret() {
    let setting = Setting {
        staging: Staging::Inline,
        ..setting(Overlap::Both)
    };
    each_single_fault("inline", setting).await;
}

#[tokio::test]
async fn any_one_fault_at_any_call_is_survived_while_a_service_is_rolled() {
    let setting = Setting {
        services: 1,
        grace: Duration::from_mins(15),
        ..setting(Overlap::Both)
    };
    each_single_fault("service", setting).await;
}

fn unfit(overlap: Overlap) -> Setting {
    let trouble = Trouble {
        unfit: vec![1],
        ..Trouble::default()
    };
    Setting {
        trouble,
        ..setting(overlap)
    }
}

#[tokio::test]
async fn any_one_fault_at_any_call_is_survived_where_the_first_of_two_credentials_is_unfit() {
    each_single_fault("unfit, both", unfit(Overlap::Both)).await;
}

#[tokio::test]
async fn any_one_fault_at_any_call_is_survived_where_the_only_credential_is_unfit() {
    each_single_fault("unfit, single", unfit(Overlap::Single)).await;
}

#[tokio::test]
async fn any_one_fault_at_any_call_is_survived_where_the_policy_refuses_the_first_candidate() {
    let setting = Setting {
        trouble: Trouble {
            refused: vec![1],
            ..Trouble::default()
        },
        ..setting(Overlap::Both)
    };
    each_single_fault("refused", setting).await;
}

#[tokio::test]
async fn two_faults_at_any_two_calls_are_survived_where_two_credentials_are_valid() {
    pairs_of_faults("both", setting(Overlap::Both)).await;
}

#[tokio::test]
async fn two_faults_at_any_two_calls_are_survived_where_one_credential_is_valid() {
    pairs_of_faults("single", setting(Overlap::Single)).await;
}
