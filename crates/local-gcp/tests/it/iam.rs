//! Keys that users upload for service accounts, and what is signed with them.

use crate::support::{Api, Result, ensure, start};
use aws_lc_rs::{rand::SystemRandom, rsa::KeyPair, signature::RSA_PKCS1_SHA256};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

pub(crate) const KEYS: &str =
    "/v1/projects/demo/serviceAccounts/exporter@demo.iam.gserviceaccount.com/keys";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// An RSA key pair and a certificate of it.
pub(crate) fn pair() -> Result<(KeyPair, String)> {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256)?;
    let certificate = rcgen::CertificateParams::new(Vec::new())?.self_signed(&key)?;
    Ok((
        KeyPair::from_pkcs8(&key.serialize_der())?,
        certificate.pem(),
    ))
}

pub(crate) async fn upload(api: &Api, pem: &str) -> Result<Value> {
    let body = json!({"publicKeyData": STANDARD.encode(pem)});
    api.post(&format!("{KEYS}:upload"), body).await?.ok()
}

/// The status of the answer to an assertion with the key `kid`.
pub(crate) async fn mint(api: &Api, kid: &str, key: &KeyPair) -> Result<u16> {
    let now = Timestamp::now().as_second();
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = part(json!({"alg": "RS256", "kid": kid}));
    let claims = part(json!({
        "iss": "exporter@demo.iam.gserviceaccount.com", "iat": now, "exp": now + 300,
    }));
    let message = format!("{header}.{claims}");
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        message.as_bytes(),
        &mut signature,
    )?;
    let assertion = format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature));
    let request = api
        .request(Method::POST, "/token")
        .body(format!("grant_type={GRANT}&assertion={assertion}"));
    Ok(request.send().await?.status().as_u16())
}

#[tokio::test]
async fn an_uploaded_key_gets_tokens_until_it_is_disabled_or_deleted() -> Result<()> {
    let api = start().await?;
    let (key, pem) = pair()?;
    let (stranger, _) = pair()?;
    let uploaded = upload(&api, &pem).await?;
    let name = uploaded["name"].as_str().unwrap_or_default();
    let kid = name.rsplit('/').next().unwrap_or_default();
    let path = format!("{KEYS}/{kid}");
    assert_eq!(mint(&api, kid, &key).await?, 200);
    assert_eq!(mint(&api, kid, &stranger).await?, 400);
    assert_eq!(mint(&api, "unknown", &key).await?, 400);

    api.post(&format!("{path}:disable"), json!({}))
        .await?
        .ok()?;
    assert_eq!(api.get(&path).await?.ok()?["disabled"], true);
    assert_eq!(mint(&api, kid, &key).await?, 400);
    api.post(&format!("{path}:enable"), json!({})).await?.ok()?;
    assert_eq!(mint(&api, kid, &key).await?, 200);

    let public = api
        .get(&format!("{path}?publicKeyType=TYPE_X509_PEM_FILE"))
        .await?
        .ok()?;
    assert_eq!(public["publicKeyData"], STANDARD.encode(&pem));
    api.delete(&path).await?.ok()?;
    assert_eq!(mint(&api, kid, &key).await?, 400);
    assert_eq!(api.get(KEYS).await?.ok()?["keys"], json!([]));
    ensure!(
        api.delete(&path).await?.status.as_u16() == 404,
        "it is still there"
    );
    Ok(())
}

#[tokio::test]
async fn what_is_no_rsa_key_in_a_certificate_is_refused_and_nothing_twice() -> Result<()> {
    let api = start().await?;
    let (_, pem) = pair()?;
    let elliptic = rcgen::generate_simple_self_signed(Vec::new())?.cert.pem();
    for data in ["", "no key", &elliptic] {
        let body = json!({"publicKeyData": STANDARD.encode(data)});
        let refused = api.post(&format!("{KEYS}:upload"), body).await?;
        assert_eq!(refused.status.as_u16(), 400, "{data}");
    }
    upload(&api, &pem).await?;
    let body = json!({"publicKeyData": STANDARD.encode(&pem)});
    let again = api.post(&format!("{KEYS}:upload"), body).await?;
    assert_eq!(again.status.as_u16(), 409);
    Ok(())
}
