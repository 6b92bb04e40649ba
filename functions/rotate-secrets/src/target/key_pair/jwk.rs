//! Public keys as others read them (RFC 7517).

use aws_lc_rs::{
    digest,
    signature::{ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

/// A public key for signatures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::target) struct Jwk {
    /// The key's thumbprint (RFC 7638), so that the same key has the same name wherever it is made.
    pub(in crate::target) kid: String,
    pub(in crate::target) alg: String,
    #[serde(rename = "use")]
    purpose: String,
    #[serde(flatten)]
    public: Public,
}

/// What differs between kinds of keys; numbers and points in base64url.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kty")]
pub(in crate::target) enum Public {
    #[serde(rename = "OKP")]
    Okp { crv: String, x: String },
    #[serde(rename = "RSA")]
    Rsa { n: String, e: String },
}

impl Jwk {
    pub(super) fn new(public: Public) -> Self {
        let alg = match &public {
            Public::Okp { .. } => "EdDSA",
            Public::Rsa { .. } => "RS256",
        };
        Self {
            kid: public.thumbprint(),
            alg: alg.to_owned(),
            purpose: "sig".to_owned(),
            public,
        }
    }

    pub(in crate::target) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let decode = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).ok();
        let verified = match &self.public {
            Public::Okp { x, .. } => decode(x).map(|x| {
                let key = UnparsedPublicKey::new(&ED25519, x);
                key.verify(message, signature)
            }),
            Public::Rsa { n, e } => decode(n).zip(decode(e)).map(|(n, e)| {
                let key = RsaPublicKeyComponents { n, e };
                key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }),
        };
        matches!(verified, Some(Ok(())))
    }
}

impl Public {
    /// The SHA-256 of the members that make the key, in the order of their names.
    fn thumbprint(&self) -> String {
        let members = match self {
            Self::Okp { crv, x } => format!(r#"{{"crv":"{crv}","kty":"OKP","x":"{x}"}}"#),
            Self::Rsa { n, e } => format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#),
        };
        let hash = digest::digest(&digest::SHA256, members.as_bytes());
        BASE64_URL_SAFE_NO_PAD.encode(hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thumbprint_of_rfc_8037_comes_out() {
        // RFC 8037, appendix A.3.
        let jwk = Jwk::new(Public::Okp {
            crv: "Ed25519".to_owned(),
            x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo".to_owned(),
        });
        assert_eq!(jwk.kid, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn the_signature_of_rfc_8037_is_verified_and_no_other() {
        // RFC 8037, appendices A.2 and A.4.
        let jwk = Jwk::new(Public::Okp {
            crv: "Ed25519".to_owned(),
            x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo".to_owned(),
        });
        let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
        let message = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        assert!(jwk.verifies(message, &signature));
        assert!(!jwk.verifies(b"another", &signature));
    }
}
