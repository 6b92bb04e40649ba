//! Getting an access token with a key, as every client library does it (RFC 7523).

use crate::target::{TargetError, google::client, key_pair::KeyPair};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use http::header::CONTENT_TYPE;
use jiff::Timestamp;
use nightshift_runtime::gcp::Gcp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::zeroize::Zeroizing;
use serde_json::{Value, json};
use std::time::Duration;

/// Where Google takes assertions, and what assertions must be made out to.
pub(super) const GOOGLE: &str = "https://oauth2.googleapis.com/token";

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// In seconds: as long as the request may take, with room for clocks that differ.
const LIFE: i64 = 300;

/// One probe is one request.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) struct TokenEndpoint {
    http: reqwest::Client,
    url: String,
}

/// What became of an attempt to get a token.
pub(super) enum Minted {
    /// The key works. The token is thrown away.
    Token,
    /// The endpoint does not know the key, or not yet.
    Rejected(String),
    /// Nothing was learnt.
    Unreachable(String),
}

impl TokenEndpoint {
    pub(super) fn new(gcp: &Gcp) -> Result<Self, TargetError> {
        let url = gcp.endpoint().map(|stand_in| format!("{stand_in}/token"));
        Ok(Self {
            http: client(PATIENCE)?,
            url: url.unwrap_or_else(|| GOOGLE.to_owned()),
        })
    }

    pub(super) async fn mint(&self, account: &str, key_id: &str, key: &KeyPair) -> Minted {
        let Some(assertion) = assertion(account, key_id, key) else {
            return Minted::Rejected("the private key does not sign".to_owned());
        };
        let encode = |text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let form = format!(
            "grant_type={}&assertion={}",
            encode(GRANT),
            encode(&assertion)
        );
        let sent = self
            .http
            .post(&self.url)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form)
            .send()
            .await;
        let Ok(answer) = sent else {
            return Minted::Unreachable("the token endpoint does not answer".to_owned());
        };
        let status = answer.status();
        let body = answer.bytes().await.unwrap_or_default();
        // A token is a secret too.
        let body = Zeroizing::new(body.to_vec());
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        if status.is_success() && body["access_token"].is_string() {
            return Minted::Token;
        }
        let word = |field: &str| body[field].as_str().unwrap_or("no reason given").to_owned();
        let why = format!("{} (HTTP {})", word("error_description"), status.as_u16());
        if word("error") == "invalid_grant" {
            return Minted::Rejected(why);
        }
        Minted::Unreachable(why)
    }
}

fn assertion(account: &str, key_id: &str, key: &KeyPair) -> Option<String> {
    let now = Timestamp::now().as_second();
    let part = |value: Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let header = part(json!({ "alg": "RS256", "typ": "JWT", "kid": key_id }));
    let claims = part(json!({
        "iss": account,
        "scope": "https://www.googleapis.com/auth/cloud-platform",
        "aud": GOOGLE,
        "iat": now,
        "exp": now + LIFE,
    }));
    let message = format!("{header}.{claims}");
    let signature = key.sign(message.as_bytes())?;
    Some(format!(
        "{message}.{}",
        BASE64_URL_SAFE_NO_PAD.encode(signature)
    ))
}
