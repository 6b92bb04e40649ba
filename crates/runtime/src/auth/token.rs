//! A JSON web token in its compact form, read but not yet believed.

use super::{Rejection, claims::Claims};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

/// Google's have about a thousand bytes.
const MAX_LENGTH: usize = 8 * 1024;

/// A token and what it claims.
pub(super) struct Token<'a> {
    /// What the signature covers.
    signed: &'a str,
    signature: &'a str,
    /// The name of the key that is said to have signed it.
    pub(super) key_id: String,
    /// What nobody may rely upon before the signature has been checked.
    pub(super) claims: Claims,
}

#[derive(Deserialize)]
struct Header {
    alg: Option<String>,
    kid: Option<String>,
    /// Extensions that must be understood. We know none.
    crit: Option<Value>,
}

impl<'a> Token<'a> {
    /// Takes `text` apart. Only RS256 is taken: with `none` nobody signs, and with HS256 the public key would be the secret.
    pub(super) fn read(text: &'a str) -> Result<Self, Rejection> {
        if text.len() > MAX_LENGTH {
            return Err(Rejection::Malformed("too long"));
        }
        let parts = text.rsplit_once('.').and_then(|(signed, signature)| {
            let (header, claims) = signed.split_once('.')?;
            Some((signed, signature, header, claims))
        });
        let (signed, signature, header, claims) =
            parts.ok_or(Rejection::Malformed("not three parts"))?;
        let header: Header = part(header, "header")?;
        if header.alg.as_deref() != Some("RS256") {
            return Err(Rejection::Algorithm);
        }
        if header.crit.is_some() {
            return Err(Rejection::Malformed("unknown extensions"));
        }
        Ok(Self {
            signed,
            signature,
            key_id: header.kid.ok_or(Rejection::UnknownKey)?,
            claims: part(claims, "claims")?,
        })
    }

    /// Whether `key` made the signature.
    pub(super) fn check_signature(&self, key: &DecodingKey) -> Result<(), Rejection> {
        let message = self.signed.as_bytes();
        match jsonwebtoken::crypto::verify(self.signature, message, key, Algorithm::RS256) {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(Rejection::Signature),
        }
    }
}

fn part<T: DeserializeOwned>(text: &str, name: &'static str) -> Result<T, Rejection> {
    let json = URL_SAFE_NO_PAD.decode(text);
    json.ok()
        .and_then(|json| serde_json::from_slice(&json).ok())
        .ok_or(Rejection::Malformed(name))
}
