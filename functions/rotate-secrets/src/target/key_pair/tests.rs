use super::*;
use serde_json::{Value, json};

fn config(algorithm: &str, keep: usize) -> KeyPairConfig {
    serde_json::from_value(json!({"algorithm": algorithm, "keep": keep})).unwrap()
}

fn value(payload: &Payload) -> Value {
    serde_json::from_slice(payload.expose()).unwrap()
}

fn kids(payload: &Payload) -> Vec<String> {
    let keys = value(payload)["jwks"]["keys"].clone();
    let keys: Vec<Value> = serde_json::from_value(keys).unwrap();
    keys.iter()
        .map(|key| key["kid"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_key_is_published_one_rotation_before_it_signs_and_after() {
    for algorithm in ["ed25519", "rsa-2048"] {
        let config = config(algorithm, 1);
        let mut payload = config.make(None).unwrap();
        for _ in 0..3 {
            assert_eq!(config.examine(&payload), Ok(()));
            let after = config.make(Some(&payload)).unwrap();
            let (old, new) = (value(&payload), value(&after));
            assert_eq!(new["current"], old["next"]);
            assert_ne!(new["next"], old["next"]);
            let published = kids(&after);
            let name =
                |value: &Value, field: &str| value[field]["kid"].as_str().unwrap().to_owned();
            assert_eq!(
                published,
                [
                    name(&new, "next"),
                    name(&new, "current"),
                    name(&old, "current")
                ]
            );
            payload = after;
        }
    }
}

#[test]
fn public_keys_are_kept_as_long_as_asked_and_other_fields_for_ever() {
    let mut payload = config("ed25519", 2).make(None).unwrap();
    let with_note = payload
        .expose_text()
        .unwrap()
        .replacen('{', "{ \"note\" :1.50, ", 1);
    payload = with_note.into();
    for expected in [3, 4, 4] {
        payload = config("ed25519", 2).make(Some(&payload)).unwrap();
        assert_eq!(kids(&payload).len(), expected);
        assert!(
            payload
                .expose_text()
                .unwrap()
                .starts_with("{ \"note\" :1.50, ")
        );
    }
    payload = config("ed25519", 0).make(Some(&payload)).unwrap();
    assert_eq!(kids(&payload).len(), 2);
}

#[test]
fn the_algorithm_may_change_between_rotations() {
    let old = config("ed25519", 1).make(None).unwrap();
    let new = config("rsa-2048", 1).make(Some(&old)).unwrap();
    assert_eq!(config("rsa-2048", 1).examine(&new), Ok(()));
    assert_eq!(value(&new)["current"]["alg"], "EdDSA");
    assert_eq!(value(&new)["next"]["alg"], "RS256");
}

#[test]
fn what_does_not_belong_together_is_found() {
    let config = config("ed25519", 1);
    let [one, other] = [(); 2].map(|()| config.make(None).unwrap());
    let (mut mixed, other) = (value(&one), value(&other));
    mixed["jwks"] = other["jwks"].clone();
    let examine = |value: &Value| config.examine(&value.to_string().into()).unwrap_err();
    assert_eq!(examine(&mixed), "`jwks` lacks the public key of `next`");
    let mut forged = value(&one);
    forged["next"]["private_key"] = other["next"]["private_key"].clone();
    assert_eq!(
        examine(&forged),
        "`jwks` has another public key under the kid of `next`"
    );
    forged["next"]["private_key"] = json!("no key");
    assert_eq!(examine(&forged), "field `next` holds no private key");
    assert_eq!(examine(&json!({})), "field `current` is missing");
}
