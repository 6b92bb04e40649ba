//! A key pair with which tokens are signed, and the public keys by which others check them.
//!
//! ```json
//! {
//!   "current": {"kid": "…", "alg": "EdDSA", "private_key": "-----BEGIN PRIVATE KEY-----…"},
//!   "next": {"kid": "…", "alg": "EdDSA", "private_key": "…"},
//!   "jwks": {"keys": ["… next, current, and those before"]}
//! }
//! ```
//!
//! Whoever signs uses `current`; `jwks` is what they publish (RFC 7517). A new pair enters as `next`: its public key is
//! published for a whole period before anything is signed with it, so no cache of `jwks` is too old. The public keys of
//! `keep` pairs before `current` stay for tokens that are still on their way.

mod jwk;
mod pair;

pub use pair::Algorithm;

use super::{
    InvalidTarget, TargetError,
    layout::{Edits, Misfit},
    readers_only::Maker,
};
use crate::payload::Payload;
use jwk::Jwk;
pub(super) use pair::KeyPair;
use secrecy::zeroize::{Zeroize, Zeroizing};
use serde::{Deserialize, Serialize};

/// How key pairs are made.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KeyPairConfig {
    /// What they sign with.
    pub algorithm: Algorithm,
    /// How many public keys before the current one stay published.
    pub keep: usize,
}

impl Default for KeyPairConfig {
    fn default() -> Self {
        Self {
            algorithm: Algorithm::Ed25519,
            keep: 1,
        }
    }
}

/// A private key as the payload holds it. Not printable.
#[derive(Serialize, Deserialize)]
struct PrivateKey {
    kid: String,
    alg: String,
    #[serde(rename = "private_key")]
    pem: String,
}

impl Drop for PrivateKey {
    fn drop(&mut self) {
        self.pem.zeroize();
    }
}

#[derive(Serialize, Deserialize)]
struct Jwks {
    keys: Vec<Jwk>,
}

impl KeyPairConfig {
    pub(super) fn validate(&self) -> Result<(), InvalidTarget> {
        if self.keep <= 8 {
            return Ok(());
        }
        Err(InvalidTarget {
            key: "key-pair.keep".to_owned(),
            found: self.keep.to_string(),
            expected: "0 to 8".to_owned(),
        })
    }

    fn generate(&self) -> Result<(PrivateKey, Jwk), TargetError> {
        let pair = KeyPair::generate(self.algorithm)
            .map_err(|_| TargetError::Unreachable("cannot make a key pair".to_owned()))?;
        let jwk = pair.jwk();
        let private_key = PrivateKey {
            kid: jwk.kid.clone(),
            alg: jwk.alg.clone(),
            pem: pair.pem().to_string(),
        };
        Ok((private_key, jwk))
    }
}

/// The parts of a payload, read and understood.
struct Keys {
    current: PrivateKey,
    next: PrivateKey,
    jwks: Jwks,
}

impl Keys {
    fn of(edits: &Edits<'_>) -> Result<Self, Misfit> {
        fn part<T: for<'de> Deserialize<'de>>(edits: &Edits<'_>, field: &str) -> Result<T, Misfit> {
            let misfit =
                |_| Misfit::new(format!("field `{field}` is not what a key pair has there"));
            serde_json::from_str(edits.read_raw(field)?).map_err(misfit)
        }
        Ok(Self {
            current: part(edits, "current")?,
            next: part(edits, "next")?,
            jwks: part(edits, "jwks")?,
        })
    }
}

fn json<T: Serialize>(value: &T) -> Result<Zeroizing<String>, TargetError> {
    serde_json::to_string(value)
        .map(Zeroizing::new)
        .map_err(|_| TargetError::Unfit("a key cannot be written as JSON".to_owned()))
}

impl Maker for KeyPairConfig {
    fn kind(&self) -> &'static str {
        "key-pair"
    }

    fn describe(&self) -> String {
        format!("{} key pairs", self.algorithm.name())
    }

    fn make(&self, base: Option<&Payload>) -> Result<Payload, TargetError> {
        let (fresh, fresh_public) = self.generate()?;
        let Some(base) = base else {
            let (current, current_public) = self.generate()?;
            let mut first = Edits::new_object();
            first.raw("current", json(&current)?);
            first.raw("next", json(&fresh)?);
            let keys = vec![fresh_public, current_public];
            first.raw("jwks", json(&Jwks { keys })?);
            return Ok(first.finish()?);
        };
        let mut edits = Edits::of(base)?;
        let old = Keys::of(&edits)?;
        // Newest first: what was next signs now, and the current one is the first of those that only check.
        let mut keys = vec![fresh_public];
        keys.extend(old.jwks.keys);
        keys.truncate(2 + self.keep);
        edits.raw("current", json(&old.next)?);
        edits.raw("next", json(&fresh)?);
        edits.raw("jwks", json(&Jwks { keys })?);
        Ok(edits.finish()?)
    }

    /// Signs with both private keys, and checks with the published ones.
    fn examine(&self, payload: &Payload) -> Result<(), String> {
        let keys = Edits::of(payload).and_then(|edits| Keys::of(&edits));
        let Keys {
            current,
            next,
            jwks,
        } = keys.map_err(|misfit| misfit.to_string())?;
        for (name, key) in [("next", next), ("current", current)] {
            let pair = KeyPair::from_pem(&key.pem)
                .ok_or_else(|| format!("field `{name}` holds no private key"))?;
            let public = jwks.keys.iter().find(|jwk| jwk.kid == key.kid);
            let public =
                public.ok_or_else(|| format!("`jwks` lacks the public key of `{name}`"))?;
            let message = b"nightshift";
            let signature = pair
                .sign(message)
                .ok_or_else(|| format!("the private key of `{name}` does not sign"))?;
            if !public.verifies(message, &signature) {
                return Err(format!(
                    "`jwks` has another public key under the kid of `{name}`"
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
