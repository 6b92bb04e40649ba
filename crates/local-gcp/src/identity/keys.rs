//! An RSA key, its public forms, and what it signs.

use crate::http::ApiError;
use aws_lc_rs::{
    encoding::AsDer as _,
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_SHA256},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A key as it is kept: it signs nothing but tokens that only this machine accepts.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct SavedKey {
    kid: String,
    /// PKCS #8, base64.
    pkcs8: String,
}

pub(crate) struct Key {
    pub(crate) kid: String,
    pub(crate) saved: SavedKey,
    pair: KeyPair,
}

impl Key {
    pub(crate) fn generate() -> Result<Self, ApiError> {
        let pair =
            KeyPair::generate(KeySize::Rsa2048).map_err(|_| broken("cannot make an RSA key"))?;
        let der = pair
            .as_der()
            .map_err(|_| broken("cannot encode the RSA key"))?;
        let saved = SavedKey {
            kid: format!("{:040x}", rand::random::<u128>()),
            pkcs8: STANDARD.encode(der.as_ref()),
        };
        Ok(Self {
            kid: saved.kid.clone(),
            saved,
            pair,
        })
    }

    pub(crate) fn load(saved: &SavedKey) -> Result<Self, ApiError> {
        let der = STANDARD
            .decode(&saved.pkcs8)
            .map_err(|_| broken("a saved key is not base64"))?;
        let pair = KeyPair::from_pkcs8(&der).map_err(|_| broken("a saved key is not a key"))?;
        Ok(Self {
            kid: saved.kid.clone(),
            saved: saved.clone(),
            pair,
        })
    }

    /// A JWT over `claims`, signed with RS256.
    pub(crate) fn sign(&self, claims: &Value) -> Result<String, ApiError> {
        let header = json!({ "alg": "RS256", "kid": self.kid, "typ": "JWT" });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(&header), part(claims));
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                message.as_bytes(),
                &mut signature,
            )
            .map_err(|_| broken("cannot sign"))?;
        Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// The public half as a JSON Web Key.
    pub(crate) fn jwk(&self) -> Value {
        let public = self.pair.public_key();
        let number = |n: &[u8]| URL_SAFE_NO_PAD.encode(n);
        json!({
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": self.kid,
            "n": number(public.modulus().big_endian_without_leading_zero()),
            "e": number(public.exponent().big_endian_without_leading_zero()),
        })
    }

    /// The public half as a self-signed certificate.
    pub(crate) fn certificate(&self) -> Result<String, ApiError> {
        let der = STANDARD
            .decode(&self.saved.pkcs8)
            .map_err(|_| broken("a saved key is not base64"))?;
        let pair = rcgen::KeyPair::try_from(der).map_err(|e| broken(&e.to_string()))?;
        let params = rcgen::CertificateParams::new(vec!["federated-signon.local-gcp".to_owned()]);
        let params = params.map_err(|e| broken(&e.to_string()))?;
        Ok(params
            .self_signed(&pair)
            .map_err(|e| broken(&e.to_string()))?
            .pem())
    }
}

fn broken(problem: &str) -> ApiError {
    ApiError::internal(format!("signing keys: {problem}"))
}
