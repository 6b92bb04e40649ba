//! Where Google publishes its keys: `www.googleapis.com/oauth2` and `accounts.google.com`.

use super::SavedKeys;
use crate::http::{Answer, Api, Call, Reply};
use axum::http::header::CACHE_CONTROL;
use serde_json::{Map, Value, json};

/// Seconds for which a key set may be cached.
const MAX_AGE: u32 = 3600;

pub(crate) fn api() -> Api {
    Api::new("identity", "www.googleapis.com")
        .table::<SavedKeys>()
        .get("identity.jwks", "/oauth2/v3/certs", jwks)
        .get("identity.certs", "/oauth2/v1/certs", certificates)
        .get(
            "identity.openid",
            "/.well-known/openid-configuration",
            openid_configuration,
        )
}

async fn jwks(call: Call) -> Answer {
    call.app.identity.signing_key(&call.app)?;
    let keys: Vec<Value> = call
        .app
        .identity
        .lock()
        .iter()
        .map(|key| key.jwk())
        .collect();
    Ok(cached(Reply::json(&json!({ "keys": keys }))?))
}

async fn certificates(call: Call) -> Answer {
    call.app.identity.signing_key(&call.app)?;
    let keys = call.app.identity.lock().clone();
    let certificates = keys
        .iter()
        .map(|key| Ok((key.kid.clone(), key.certificate()?.into())));
    Ok(cached(Reply::json(
        &certificates.collect::<Result<Map<_, _>, crate::ApiError>>()?,
    )?))
}

async fn openid_configuration(call: Call) -> Answer {
    Reply::json(&json!({
        "issuer": "https://accounts.google.com",
        "jwks_uri": format!("{}/oauth2/v3/certs", call.app.url),
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "claims_supported": ["aud", "azp", "email", "email_verified", "exp", "iat", "iss", "sub"],
    }))
}

fn cached(reply: Reply) -> Reply {
    reply.header(
        CACHE_CONTROL,
        format!("public, max-age={MAX_AGE}, must-revalidate, no-transform"),
    )
}
