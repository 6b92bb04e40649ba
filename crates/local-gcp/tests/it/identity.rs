//! Metadata server, tokens and the keys behind them.

use crate::support::{Answered, Api, Result, send, start};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use reqwest::Method;
use serde_json::{Value, json};

const ACCOUNT: &str = "nightshift@demo.iam.gserviceaccount.com";

async fn metadata(api: &Api, path: &str) -> Result<Answered> {
    let request = api.request(Method::GET, &format!("/computeMetadata/v1/{path}"));
    send(request.header("Metadata-Flavor", "Google")).await
}

/// Checks a token as a receiver does: the published key of its `kid`, RS256, issuer, audience, expiry.
pub(crate) async fn verify(api: &Api, token: &str, audience: &str) -> Result<Value> {
    let keys: JwkSet = serde_json::from_value(api.get("/oauth2/v3/certs").await?.ok()?)?;
    let kid = decode_header(token)?.kid.unwrap_or_default();
    let key = keys
        .find(&kid)
        .ok_or_else(|| anyhow::anyhow!("no key {kid}"))?;
    let mut rules = Validation::new(Algorithm::RS256);
    rules.set_audience(&[audience]);
    rules.set_issuer(&["https://accounts.google.com"]);
    rules.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
    Ok(decode::<Value>(token, &DecodingKey::from_jwk(key)?, &rules)?.claims)
}

#[tokio::test]
async fn every_metadata_answer_needs_and_carries_the_flavour_header() -> Result<()> {
    let api = start().await?;
    let without = api.get("/computeMetadata/v1/project/project-id").await?;
    assert_eq!(
        (without.status.as_u16(), without.header("metadata-flavor")),
        (403, "Google")
    );
    let with = metadata(&api, "project/project-id").await?;
    assert_eq!(
        (with.text.as_str(), with.header("metadata-flavor")),
        ("demo", "Google")
    );
    Ok(())
}

#[tokio::test]
async fn the_paths_that_clients_in_all_languages_ask_are_served() -> Result<()> {
    let api = start().await?;
    assert_eq!(metadata(&api, "instance").await?.status, 200);
    assert_eq!(
        metadata(&api, "universe/universe-domain").await?.text,
        "googleapis.com"
    );
    let number = metadata(&api, "project/numeric-project-id").await?.text;
    assert_eq!(
        metadata(&api, "instance/region").await?.text,
        format!("projects/{number}/regions/europe-west1")
    );
    assert_eq!(
        metadata(&api, "instance/service-accounts/").await?.text,
        format!("default/\n{ACCOUNT}/\n")
    );
    assert_eq!(
        metadata(&api, "instance/service-accounts/default/email")
            .await?
            .text,
        ACCOUNT
    );
    for account in ["default", ACCOUNT] {
        let path = format!("instance/service-accounts/{account}/?recursive=true");
        assert_eq!(metadata(&api, &path).await?.ok()?["email"], ACCOUNT);
        let token = metadata(&api, &format!("instance/service-accounts/{account}/token"))
            .await?
            .ok()?;
        assert_eq!(
            (&token["token_type"], &token["expires_in"]),
            (&json!("Bearer"), &json!(3599))
        );
    }
    Ok(())
}

#[tokio::test]
async fn an_identity_token_verifies_against_the_published_keys() -> Result<()> {
    let api = start().await?;
    let path =
        "instance/service-accounts/default/identity?audience=https://guard.example&format=full";
    let token = metadata(&api, path).await?.text;
    let claims = verify(&api, &token, "https://guard.example").await?;
    assert_eq!(
        (&claims["email"], &claims["email_verified"]),
        (&json!(ACCOUNT), &json!(true))
    );
    assert_eq!(claims["azp"], claims["sub"]);
    assert!(verify(&api, &token, "https://other.example").await.is_err());
    Ok(())
}

#[tokio::test]
async fn a_token_of_the_standard_format_says_no_email() -> Result<()> {
    let api = start().await?;
    let path = "instance/service-accounts/default/identity?audience=a&format=standard";
    let claims = verify(&api, &metadata(&api, path).await?.text, "a").await?;
    assert_eq!(
        (&claims["email"], &claims["email_verified"]),
        (&Value::Null, &Value::Null)
    );
    Ok(())
}

#[tokio::test]
async fn a_token_without_an_audience_is_refused() -> Result<()> {
    let api = start().await?;
    assert_eq!(
        metadata(&api, "instance/service-accounts/default/identity")
            .await?
            .status,
        400
    );
    Ok(())
}

#[tokio::test]
async fn after_a_roll_over_new_tokens_have_a_new_key_and_the_last_ones_still_verify() -> Result<()>
{
    let api = start().await?;
    let before = api.gcp.id_token(ACCOUNT, "a")?;
    let kid = api.post("/_local/keys:roll", json!({})).await?.ok()?["kid"].clone();
    let after = api.gcp.id_token(ACCOUNT, "a")?;
    assert_eq!(decode_header(&after)?.kid, kid.as_str().map(str::to_owned));
    assert_ne!(decode_header(&before)?.kid, decode_header(&after)?.kid);
    verify(&api, &before, "a").await?;
    verify(&api, &after, "a").await?;
    api.gcp.roll_signing_key()?;
    assert!(
        verify(&api, &before, "a").await.is_err(),
        "two roll-overs later the first key is gone"
    );
    Ok(())
}

#[tokio::test]
async fn the_certificates_hold_the_same_keys_as_the_key_set() -> Result<()> {
    let api = start().await?;
    let answer = api.get("/oauth2/v1/certs").await?;
    assert!(answer.header("cache-control").contains("max-age="));
    let certificates = answer.ok()?;
    let keys = api.get("/oauth2/v3/certs").await?.ok()?;
    let kid = keys["keys"][0]["kid"].as_str().unwrap_or_default();
    let pem = certificates[kid].as_str().unwrap_or_default();
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----"), "{pem}");
    Ok(())
}
