//! `oauth2.googleapis.com/token` for service accounts: RFC 7523.

use super::key::{Key, row};
use crate::http::{Answer, Call, Reply};
use axum::http::StatusCode;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// The longest that an assertion may be valid, in seconds.
const MAX_LIFE: i64 = 3600;

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    iat: i64,
    exp: i64,
}

pub(super) async fn token(call: Call) -> Answer {
    let form = crate::http::Query::parse(std::str::from_utf8(&call.body).unwrap_or_default());
    if form.get("grant_type") != Some(GRANT) {
        return Ok(refuse("unsupported_grant_type", "Invalid grant_type."));
    }
    let assertion = form.get("assertion").unwrap_or_default();
    match check(&call, assertion) {
        Ok(account) => Reply::json(&json!({
            "access_token": format!("local-token-of-{account}"),
            "expires_in": MAX_LIFE,
            "token_type": "Bearer",
        })),
        Err(why) => Ok(refuse("invalid_grant", why)),
    }
}

/// The account that signed `assertion` with a key that is good now.
fn check(call: &Call, assertion: &str) -> Result<String, &'static str> {
    let malformed = "Invalid JWT: Failed to parse.";
    let (message, signature) = assertion.rsplit_once('.').ok_or(malformed)?;
    let (header, claims) = message.split_once('.').ok_or(malformed)?;
    let header: Header = part(header).ok_or(malformed)?;
    let claims: Claims = part(claims).ok_or(malformed)?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| malformed)?;
    let now: Timestamp = call.now();
    let seconds = now.as_second();
    let short = claims.exp - claims.iat <= MAX_LIFE;
    if !short || claims.exp <= seconds || claims.iat > seconds + MAX_LIFE {
        return Err(
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.",
        );
    }
    let view = call.view();
    let known = header
        .kid
        .and_then(|kid| view.get::<Key>(&row(&claims.iss, &kid)));
    let good = known.is_some_and(|key| key.accepts(message.as_bytes(), &signature, now));
    if header.alg != "RS256" || !good {
        return Err("Invalid JWT Signature.");
    }
    Ok(claims.iss)
}

fn part<T: DeserializeOwned>(text: &str) -> Option<T> {
    let json = URL_SAFE_NO_PAD.decode(text).ok()?;
    serde_json::from_slice(&json).ok()
}

fn refuse(error: &str, why: &str) -> Reply {
    let body = json!({ "error": error, "error_description": why });
    Reply::json_with(StatusCode::BAD_REQUEST, body)
}
