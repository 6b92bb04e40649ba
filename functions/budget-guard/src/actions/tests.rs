use super::*;
use serde_json::json;

fn target(prior: impl Into<Value>, verb: Verb) -> Value {
    levers_of(verb)[0].target(&prior.into(), verb)
}

#[test]
fn a_throttle_never_gives_more_than_there_was() {
    let prior = json!({"minInstanceCount": 2, "maxInstanceCount": 3});
    assert_eq!(target(prior.clone(), Verb::RunMaxInstances(5)), prior);
    assert_eq!(
        target(prior.clone(), Verb::RunMaxInstances(1)),
        json!({"minInstanceCount": 1, "maxInstanceCount": 1}),
        "a minimum above the maximum would be refused"
    );
    assert_eq!(
        target(json!({}), Verb::RunMaxInstances(1)),
        json!({"maxInstanceCount": 1})
    );
    assert_eq!(target(prior.clone(), Verb::RunMinInstances(9)), prior);
    let manual = json!({"scalingMode": "MANUAL", "manualInstanceCount": 1});
    assert_eq!(target(manual.clone(), Verb::RunMaxInstances(4)), manual);
    assert_eq!(target(manual.clone(), Verb::RunMinInstances(0)), manual);
    assert_eq!(
        target(json!({"manualInstanceCount": 1}), Verb::PoolInstances(3)),
        json!({"manualInstanceCount": 1})
    );
    let quota = json!({"override": null, "effective": "50"});
    assert_eq!(target(quota, Verb::QuotaLimit(100))["override"], "50");
    let none = json!({"override": "-1", "effective": "-1"});
    assert_eq!(target(none, Verb::QuotaLimit(100))["override"], "100");
}

#[test]
fn a_paused_job_stays_as_it_is_and_so_does_a_stopped_machine() {
    for state in ["PAUSED", "DISABLED", "UPDATE_FAILED"] {
        assert_eq!(target(json!(state), Verb::SchedulerPause), state);
    }
    assert_eq!(target(json!("SUSPENDED"), Verb::ComputeStop), "SUSPENDED");
}

#[test]
fn absent_bounds_and_zero_are_the_same_and_a_mode_is_not() {
    let lever = levers_of(Verb::RunDisable)[0];
    let off = target(json!({"maxInstanceCount": 9}), Verb::RunDisable);
    assert!(lever.agrees(
        &json!({"scalingMode": "MANUAL", "manualInstanceCount": 0}),
        &off
    ));
    assert!(!lever.agrees(&json!({}), &off));
    assert!(lever.agrees(
        &json!({"scalingMode": "AUTOMATIC"}),
        &json!({"minInstanceCount": 0})
    ));
    assert!(!lever.agrees(&json!({"maxInstanceCount": 20}), &json!({})));
}

#[test]
fn every_lever_is_found_by_its_name() {
    for one in LEVERS {
        assert_eq!(lever(one.name()).map(Lever::name), Some(one.name()));
        assert!(!one.permissions().is_empty());
    }
    assert!(lever("unheard-of").is_none());
}
