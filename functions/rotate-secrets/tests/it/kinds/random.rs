//! Values that nobody but their readers knows.

use super::bed::{Result, field, operation, target};
use rotate_secrets::{
    payload::Payload,
    target::{Overlap, Probe, TargetConfig, Test},
};
use serde_json::{Value, json};

fn previous(payload: &Payload) -> Vec<String> {
    let value: Value = serde_json::from_slice(payload.expose()).unwrap();
    serde_json::from_value(value["previous"].clone()).unwrap()
}

#[tokio::test]
async fn every_rotation_makes_another_value_of_the_recipe() -> Result<()> {
    let target = target("random", json!({"value": {"hex": {"bytes": 20}}})).await?;
    assert_eq!(target.overlap(), Overlap::Both);
    let first = target.create(None, &operation()).await?.payload;
    let second = target.create(Some(&first), &operation()).await?.payload;
    assert_eq!(first.expose().len(), 40);
    assert!(first != second);
    target.apply(&second, &operation()).await?;
    assert_eq!(target.probe(&second).await, Probe::Works);
    assert_eq!(target.test(&second).await?, Test::Passed);
    Ok(())
}

#[tokio::test]
async fn those_who_check_keep_the_values_before() -> Result<()> {
    let target = target("random", json!({"keep": 2})).await?;
    let mut payload: Payload =
        r#"{ "note": 1.0, "current": "c0", "previous": [] }"#.to_owned().into();
    let mut seen = vec!["c0".to_owned()];
    for _ in 0..4 {
        payload = target.create(Some(&payload), &operation()).await?.payload;
        assert_eq!(target.test(&payload).await?, Test::Passed);
        let kept: Vec<String> = seen.iter().rev().take(2).cloned().collect();
        assert_eq!(previous(&payload), kept);
        seen.push(field(&payload, "current"));
    }
    assert!(
        payload
            .expose_text()
            .unwrap()
            .starts_with(r#"{ "note": 1.0, "#)
    );
    Ok(())
}

#[tokio::test]
async fn those_who_check_know_a_value_before_it_is_used() -> Result<()> {
    let target = target("random", json!({"keep": 1, "ahead": true})).await?;
    let mut payload = target.create(None, &operation()).await?.payload;
    for _ in 0..3 {
        let after = target.create(Some(&payload), &operation()).await?.payload;
        assert_eq!(field(&after, "current"), field(&payload, "next"));
        assert_eq!(previous(&after), [field(&payload, "current")]);
        assert_ne!(field(&after, "next"), field(&payload, "next"));
        payload = after;
    }
    Ok(())
}

#[tokio::test]
async fn a_payload_of_another_form_is_left_alone() -> Result<()> {
    let target = target("random", json!({"keep": 1})).await?;
    let plain = "planted-value".to_owned().into();
    let probe = target.probe(&plain).await;
    assert!(matches!(probe, Probe::Unfit { .. }), "{probe:?}");
    let Err(error) = target.create(Some(&plain), &operation()).await else {
        panic!("it was built upon")
    };
    assert!(!error.to_string().contains("planted"), "{error}");
    Ok(())
}

#[test]
fn settings_that_exclude_each_other_are_refused() {
    let refused = |config: Value| {
        let config: TargetConfig = serde_json::from_value(json!({"random": config})).unwrap();
        config.validate().unwrap_err().key
    };
    assert_eq!(refused(json!({"keep": 17})), "random.keep");
    assert_eq!(refused(json!({"payload": "url"})), "random.payload");
    assert_eq!(
        refused(json!({"keep": 1, "payload": {"json": {}}})),
        "random.payload"
    );
}
