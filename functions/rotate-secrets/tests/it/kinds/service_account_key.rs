//! Keys of a service account, with the stand-in's IAM and token endpoint on the other side.

use super::bed::{Result, complaints, field, operation, target_at};
use local_gcp::{LocalGcp, Options};
use rotate_secrets::{
    payload::Payload,
    target::{Probe, Target, TargetConfig, TargetError, Test},
};
use serde_json::{Value, json};

const ACCOUNT: &str = "exporter@demo.iam.gserviceaccount.com";

async fn bed() -> Result<(LocalGcp, Box<dyn Target>)> {
    let google = LocalGcp::start(Options::default()).await?;
    let config = json!({"account": ACCOUNT});
    let target = target_at("service-account-key", config, google.url()).await?;
    Ok((google, target))
}

async fn keys(google: &LocalGcp) -> Result<Vec<Value>> {
    let url = format!(
        "{}/v1/projects/demo/serviceAccounts/{ACCOUNT}/keys",
        google.url()
    );
    let listed: Value = reqwest::get(url).await?.json().await?;
    Ok(listed["keys"].as_array().cloned().unwrap_or_default())
}

/// A file as Google makes it: without a certificate, and with fields of its own.
fn googles() -> Payload {
    json!({
        "type": "service_account", "project_id": "demo", "private_key_id": "0123", "private_key": "-",
        "client_email": ACCOUNT, "client_id": "117", "universe_domain": "googleapis.com",
    })
    .to_string()
    .into()
}

#[tokio::test]
async fn a_key_is_made_uploaded_once_proven_and_deleted_when_it_is_old() -> Result<()> {
    let (google, target) = bed().await?;
    let base = googles();
    let first = target.create(Some(&base), &operation()).await?.payload;
    assert_eq!(field(&first, "universe_domain"), "googleapis.com");
    let unknown = target.probe(&first).await;
    assert!(matches!(unknown, Probe::Rejected { .. }), "{unknown:?}");
    for _ in 0..2 {
        target.apply(&first, &operation()).await?;
        assert_eq!(keys(&google).await?.len(), 1);
    }
    assert_eq!(target.probe(&first).await, Probe::Works);
    assert_eq!(target.test(&first).await?, Test::Passed);

    let second = target.create(Some(&first), &operation()).await?.payload;
    target.apply(&second, &operation()).await?;
    for payload in [&first, &second] {
        assert_eq!(target.probe(payload).await, Probe::Works);
    }
    assert_eq!(complaints(&target.check(Some(&second)).await), [""; 0]);
    for _ in 0..2 {
        target.revoke(&first, &operation()).await?;
    }
    let revoked = target.probe(&first).await;
    assert!(matches!(revoked, Probe::Rejected { .. }), "{revoked:?}");
    assert_eq!(target.probe(&second).await, Probe::Works);
    assert_eq!(keys(&google).await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn the_private_key_never_reaches_google() -> Result<()> {
    let (google, target) = bed().await?;
    let payload = target.create(None, &operation()).await?.payload;
    target.apply(&payload, &operation()).await?;
    assert_eq!(target.test(&payload).await?, Test::Passed);
    let key = field(&payload, "private_key");
    let line = key.lines().nth(3).unwrap_or_default();
    assert_eq!(line.len(), 64);
    let journal = reqwest::get(format!("{}/_local/journal", google.url())).await?;
    let journal = journal.error_for_status()?.text().await?;
    assert!(
        journal.contains("iam.projects.serviceAccounts.keys.upload"),
        "{journal}"
    );
    assert!(!journal.contains(line));
    Ok(())
}

#[tokio::test]
async fn an_account_that_is_full_of_keys_is_told_before_and_refused() -> Result<()> {
    let (_google, target) = bed().await?;
    for _ in 0..10 {
        let payload = target.create(None, &operation()).await?.payload;
        target.apply(&payload, &operation()).await?;
    }
    let one_more = target.create(None, &operation()).await?.payload;
    let denied = target.apply(&one_more, &operation()).await;
    let Err(TargetError::Denied(why)) = denied else {
        panic!("{denied:?}")
    };
    assert!(why.contains("it has 10 keys"), "{why}");
    let findings = target.check(None).await;
    assert!(
        complaints(&findings)[0].contains("has 10 keys"),
        "{findings:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_key_of_another_account_and_a_key_without_a_certificate_are_left_alone() -> Result<()> {
    let (google, target) = bed().await?;
    let text = googles().expose_text().unwrap_or_default().to_owned();
    let other = text.replace("exporter@", "owner@").into();
    let probe = target.probe(&other).await;
    assert!(matches!(probe, Probe::Unfit { .. }), "{probe:?}");
    assert!(target.create(Some(&other), &operation()).await.is_err());
    let applied = target.apply(&googles(), &operation()).await;
    assert!(matches!(applied, Err(TargetError::Unfit(_))), "{applied:?}");
    assert_eq!(keys(&google).await?.len(), 0);
    Ok(())
}

#[test]
fn an_account_is_an_address() {
    for account in [
        "",
        "exporter",
        "exporter@example.com",
        "a/b@p.iam.gserviceaccount.com",
    ] {
        let config = json!({"service-account-key": {"account": account}});
        let config: TargetConfig = serde_json::from_value(config).unwrap();
        let key = config.validate().unwrap_err().key;
        assert_eq!(key, "service-account-key.account", "{account}");
    }
}
