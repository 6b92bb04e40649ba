//! Mode `iam`: Cloud Run has checked the signature and taken it away.

use super::{CALLER, bearer, check, claims, claims_but, guard, keys::unsigned, now};
use nightshift_runtime::{
    auth::{Mode, Rejection},
    clock::ManualClock,
};
use serde_json::{Value, json};

fn stripped(claims: &Value) -> String {
    let header = json!({ "alg": "RS256", "kid": "whatever", "typ": "JWT" });
    format!("{}.SIGNATURE_REMOVED_BY_GOOGLE", unsigned(&header, claims))
}

#[tokio::test]
async fn a_token_without_its_signature_is_judged_by_what_it_says() {
    let guard = guard(Mode::Iam, None, ManualClock::at(now()));
    assert_eq!(check(&guard, &stripped(&claims())).await.unwrap(), CALLER);
    for (changes, expected) in [
        (
            json!({ "aud": "https://elsewhere.example" }),
            Rejection::Claim("aud"),
        ),
        (json!({ "iss": null }), Rejection::Claim("iss")),
        (json!({ "email": null }), Rejection::Claim("email")),
        (
            json!({ "email_verified": null }),
            Rejection::Claim("email_verified"),
        ),
        (
            json!({ "email": "mallory@evil.example" }),
            Rejection::Caller,
        ),
        (json!({ "exp": now().as_second() - 60 }), Rejection::Expired),
    ] {
        let token = stripped(&claims_but(&changes));
        assert_eq!(check(&guard, &token).await, Err(expected), "{changes}");
    }
}

#[tokio::test]
async fn the_header_that_cloud_run_has_checked_is_the_one_that_counts() {
    let guard = guard(Mode::Iam, None, ManualClock::at(now()));
    // Cloud Run looks at this header alone where it is present, so the other may say anything.
    let mut headers = bearer(&stripped(&claims()));
    let checked = stripped(&claims_but(&json!({ "email": "mallory@evil.example" })));
    headers.insert(
        "x-serverless-authorization",
        format!("Bearer {checked}").parse().unwrap(),
    );
    assert_eq!(guard.check(&headers).await, Err(Rejection::Caller));

    let mut headers = bearer("a-token-of-another-kind");
    let checked = stripped(&claims());
    headers.insert(
        "x-serverless-authorization",
        format!("Bearer {checked}").parse().unwrap(),
    );
    assert_eq!(
        guard.check(&headers).await.unwrap().as_deref(),
        Some(CALLER)
    );
}
