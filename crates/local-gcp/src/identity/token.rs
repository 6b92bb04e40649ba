//! The tokens that local-gcp hands out.

use crate::{app::App, http::ApiError};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::json;

/// Seconds that tokens are good for, as Google's are.
pub(crate) const LIFETIME: i64 = 3600;

/// An OIDC token as Google signs it for a service account. Its times are real times, whatever the clock here says: the
/// one who checks it looks at a clock of their own.
pub(crate) fn id_token(
    app: &App,
    email: &str,
    audience: &str,
    with_email: bool,
) -> Result<String, ApiError> {
    let now = Timestamp::now().as_second();
    let subject = app.identity.account_id(email);
    let mut claims = json!({
        "aud": audience,
        "azp": subject,
        "exp": now + LIFETIME,
        "iat": now,
        "iss": "https://accounts.google.com",
        "sub": subject,
    });
    if with_email {
        claims["email"] = email.into();
        claims["email_verified"] = true.into();
    }
    app.identity.signing_key(app)?.sign(&claims)
}

/// An opaque access token. Nothing here checks it: this is no place for secrets.
pub(crate) fn access_token() -> String {
    format!(
        "ya29.local-{}",
        URL_SAFE_NO_PAD.encode(rand::random::<[u8; 24]>())
    )
}
