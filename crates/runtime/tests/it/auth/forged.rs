//! The tokens that a verifier has been seen to accept, or to fall over.

use super::{
    AUDIENCE, CALLER, Verifying, bearer, check, claims, claims_but,
    keys::{SigningKey, unsigned},
    now, verifying,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use nightshift_runtime::auth::Rejection;
use serde_json::{Value, json};

/// What is said to a token with a good signature over claims that are changed.
async fn refused_for((_, key, guard, _): &Verifying, changes: &Value) -> Rejection {
    let token = key.token(&claims_but(changes));
    check(guard, &token).await.expect_err("let in")
}

#[tokio::test]
async fn googles_own_token_is_let_in() {
    let (_server, key, guard, _) = verifying().await;
    assert_eq!(check(&guard, &key.token(&claims())).await.unwrap(), CALLER);
    for changes in [
        json!({ "iss": "accounts.google.com" }),
        json!({ "aud": ["https://elsewhere.example", AUDIENCE] }),
        json!({ "email": "other@demo.iam.gserviceaccount.com" }),
        json!({ "google": { "compute_engine": {} } }),
        json!({ "iat": null }),
    ] {
        let token = key.token(&claims_but(&changes));
        assert!(check(&guard, &token).await.is_ok(), "{changes}");
    }
}

#[tokio::test]
async fn a_missing_claim_is_not_a_matching_one() {
    let verifying = verifying().await;
    for claim in ["iss", "aud", "sub", "exp", "email", "email_verified"] {
        assert_eq!(
            refused_for(&verifying, &json!({ claim: null })).await,
            Rejection::Claim(claim)
        );
    }
}

#[tokio::test]
async fn a_wrong_claim_is_refused_by_name() {
    let verifying = verifying().await;
    for (changes, claim) in [
        (json!({ "iss": "https://accounts.example" }), "iss"),
        (
            json!({ "iss": "https://accounts.google.com.evil.example" }),
            "iss",
        ),
        (json!({ "aud": "https://elsewhere.example" }), "aud"),
        (json!({ "aud": "" }), "aud"),
        (json!({ "aud": [] }), "aud"),
        (json!({ "aud": format!("{AUDIENCE}/") }), "aud"),
        (json!({ "sub": "" }), "sub"),
        (json!({ "email_verified": false }), "email_verified"),
        (json!({ "exp": i64::MAX }), "exp"),
    ] {
        assert_eq!(
            refused_for(&verifying, &changes).await,
            Rejection::Claim(claim),
            "{changes}"
        );
    }
}

#[tokio::test]
async fn a_good_token_of_somebody_else_is_refused_with_403() {
    let verifying = verifying().await;
    for email in [
        "mallory@evil.example",
        "",
        "PUSH@demo.iam.gserviceaccount.com",
        "push@demo.iam.gserviceaccount.com ",
    ] {
        let rejection = refused_for(&verifying, &json!({ "email": email })).await;
        assert_eq!(rejection, Rejection::Caller, "{email:?}");
        assert_eq!(rejection.status(), 403);
    }
}

#[tokio::test]
async fn a_token_is_good_from_its_first_to_its_last_second_and_half_a_minute_more() {
    let seconds = now().as_second();
    let (_server, key, guard, _) = verifying().await;
    for (changes, expected) in [
        (json!({ "exp": seconds - 29 }), None),
        (json!({ "exp": seconds - 30 }), Some(Rejection::Expired)),
        (json!({ "exp": 0 }), Some(Rejection::Expired)),
        (json!({ "exp": -1 }), Some(Rejection::Expired)),
        (json!({ "iat": seconds + 30 }), None),
        (json!({ "iat": seconds + 31 }), Some(Rejection::NotYet)),
        (json!({ "nbf": seconds + 31 }), Some(Rejection::NotYet)),
    ] {
        let token = key.token(&claims_but(&changes));
        assert_eq!(check(&guard, &token).await.err(), expected, "{changes}");
    }
}

#[tokio::test]
async fn claims_of_another_type_are_refused() {
    let verifying = verifying().await;
    for changes in [
        json!({ "exp": "tomorrow" }),
        json!({ "exp": 1e300 }),
        json!({ "email": 7 }),
        json!({ "email_verified": "true" }),
        json!({ "email_verified": 1 }),
        json!({ "aud": { "a": AUDIENCE } }),
        json!({ "iss": ["https://accounts.google.com"] }),
    ] {
        let rejection = refused_for(&verifying, &changes).await;
        assert_eq!(rejection, Rejection::Malformed("claims"), "{changes}");
        assert_eq!(rejection.status(), 401);
    }
}

#[tokio::test]
async fn only_rs256_is_a_signature() {
    let (server, key, guard, _) = verifying().await;
    let none = unsigned(&json!({ "alg": "none", "kid": key.id }), &claims());
    let lower = json!({ "alg": "rs256", "kid": key.id });
    let absent = json!({ "kid": key.id });
    for (name, token) in [
        ("none", format!("{none}.")),
        ("HS256 with the public key", key.token_hs256(&claims())),
        ("RS512", key.token_rs512(&claims())),
        ("rs256", key.token_with(&lower, &claims())),
        ("no alg", key.token_with(&absent, &claims())),
    ] {
        assert_eq!(
            check(&guard, &token).await,
            Err(Rejection::Algorithm),
            "{name}"
        );
    }
    assert_eq!(
        server.asked(),
        0,
        "keys were looked up for a token that cannot be good"
    );
}

#[tokio::test]
async fn a_signature_must_be_the_key_owners_over_these_very_claims() {
    let (_server, key, guard, _) = verifying().await;
    let good = key.token(&claims());
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let header = json!({ "alg": "RS256", "kid": key.id });
    let other = unsigned(
        &header,
        &claims_but(&json!({ "email": "other@demo.iam.gserviceaccount.com" })),
    );
    let imposter = SigningKey::new(&key.id).token(&claims());
    for (name, token) in [
        ("of other claims", format!("{other}.{signature}")),
        ("absent", format!("{signed}.")),
        ("cut", format!("{signed}.{}", &signature[..100])),
        (
            "removed by Cloud Run",
            format!("{signed}.SIGNATURE_REMOVED_BY_GOOGLE"),
        ),
        (
            "of zeros",
            format!("{signed}.{}", URL_SAFE_NO_PAD.encode([0; 256])),
        ),
        ("no base64", format!("{signed}.!!!")),
        ("of another key with the same name", imposter),
    ] {
        assert_eq!(
            check(&guard, &token).await,
            Err(Rejection::Signature),
            "{name}"
        );
    }
}

#[tokio::test]
async fn garbage_is_refused_without_falling_over() {
    let (server, key, guard, _) = verifying().await;
    let good = key.token(&claims());
    let crit = json!({ "alg": "RS256", "kid": key.id, "crit": ["exp"] });
    let twice = format!(r#"{{"alg":"RS256","alg":"none","kid":"{}"}}"#, key.id);
    let deep = "[".repeat(4000);
    for token in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "a.b.c".to_owned(),
        "a".repeat(9000),
        format!("{good}.{good}"),
        format!(
            "{}.{}.x",
            URL_SAFE_NO_PAD.encode(twice),
            good.split('.').nth(1).unwrap()
        ),
        format!("{}.e30.x", URL_SAFE_NO_PAD.encode(deep)),
        key.token_with(&crit, &claims()),
        key.token(&json!([])),
        key.token(&json!("claims")),
    ] {
        let rejection = check(&guard, &token).await.expect_err("let in");
        assert!(
            matches!(rejection, Rejection::Malformed(_)),
            "{rejection:?}: {token}"
        );
    }
    assert_eq!(server.asked(), 0);
}

#[tokio::test]
async fn a_token_without_the_name_of_its_key_is_refused() {
    let (server, key, guard, _) = verifying().await;
    let token = key.token_with(&json!({ "alg": "RS256" }), &claims());
    assert_eq!(check(&guard, &token).await, Err(Rejection::UnknownKey));
    assert_eq!(server.asked(), 0);
}

#[tokio::test]
async fn there_must_be_one_bearer_token() {
    let (_server, key, guard, _) = verifying().await;
    let token = key.token(&claims());
    let mut headers = ::http::HeaderMap::new();
    assert_eq!(guard.check(&headers).await, Err(Rejection::NoToken));
    for value in [
        "",
        "Bearer",
        &token,
        &format!("Basic {token}"),
        &format!("Bearer{token}"),
    ] {
        headers.insert("authorization", value.parse().unwrap());
        assert_eq!(
            guard.check(&headers).await,
            Err(Rejection::NoToken),
            "{value}"
        );
    }
    headers.insert("authorization", format!("bearer  {token}").parse().unwrap());
    assert!(guard.check(&headers).await.is_ok());
    headers.append("authorization", format!("Bearer {token}").parse().unwrap());
    assert_eq!(guard.check(&headers).await, Err(Rejection::NoToken));
    // What only Cloud Run reads does not count here.
    let mut headers = bearer("x");
    headers.insert(
        "x-serverless-authorization",
        format!("Bearer {token}").parse().unwrap(),
    );
    assert!(guard.check(&headers).await.is_err());
}
