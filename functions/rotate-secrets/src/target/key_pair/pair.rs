//! Making key pairs, keeping them as PEM, and signing with them.

use super::jwk::{Jwk, Public};
use aws_lc_rs::{
    encoding::AsDer,
    error::Unspecified,
    rand::SystemRandom,
    rsa::{self, KeySize},
    signature::{Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256},
};
use base64::{Engine, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD};
use secrecy::zeroize::Zeroizing;
use serde::Deserialize;

/// What a key pair signs with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// `EdDSA` (RFC 8037).
    Ed25519,
    /// `RS256` with a modulus of 2048 bits.
    #[serde(rename = "rsa-2048")]
    Rsa2048,
    /// `RS256` with a modulus of 3072 bits.
    #[serde(rename = "rsa-3072")]
    Rsa3072,
    /// `RS256` with a modulus of 4096 bits.
    #[serde(rename = "rsa-4096")]
    Rsa4096,
}

impl Algorithm {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "Ed25519",
            Self::Rsa2048 => "RSA-2048",
            Self::Rsa3072 => "RSA-3072",
            Self::Rsa4096 => "RSA-4096",
        }
    }
}

/// A line around a key of PKCS #8 in PEM (RFC 7468, section 10).
fn boundary(what: &str) -> String {
    format!("-----{what} PRIVATE KEY-----\n")
}

/// A private key, and with it the public one.
pub(in crate::target) enum KeyPair {
    Ed25519(Ed25519KeyPair),
    Rsa(rsa::KeyPair),
}

impl KeyPair {
    pub(in crate::target) fn generate(algorithm: Algorithm) -> Result<Self, Unspecified> {
        let rsa = |size| rsa::KeyPair::generate(size).map(Self::Rsa);
        match algorithm {
            Algorithm::Ed25519 => Ed25519KeyPair::generate().map(Self::Ed25519),
            Algorithm::Rsa2048 => rsa(KeySize::Rsa2048),
            Algorithm::Rsa3072 => rsa(KeySize::Rsa3072),
            Algorithm::Rsa4096 => rsa(KeySize::Rsa4096),
        }
    }

    /// Of PKCS #8 in PEM.
    pub(in crate::target) fn from_pem(pem: &str) -> Option<Self> {
        let body: Zeroizing<String> = Zeroizing::new(
            pem.lines()
                .filter(|line| !line.starts_with("-----"))
                .collect(),
        );
        let der = Zeroizing::new(BASE64_STANDARD.decode(body.as_bytes()).ok()?);
        if let Ok(pair) = Ed25519KeyPair::from_pkcs8(&der) {
            return Some(Self::Ed25519(pair));
        }
        rsa::KeyPair::from_pkcs8(&der).ok().map(Self::Rsa)
    }

    /// PKCS #8 (version 1, which every library reads) in PEM.
    pub(in crate::target) fn pem(&self) -> Zeroizing<String> {
        let der = match self {
            Self::Ed25519(pair) => pair
                .to_pkcs8v1()
                .map(|der| Zeroizing::new(der.as_ref().to_vec())),
            Self::Rsa(pair) => {
                let der: Result<aws_lc_rs::encoding::Pkcs8V1Der<'_>, _> = pair.as_der();
                der.map(|der| Zeroizing::new(der.as_ref().to_vec()))
            }
        };
        // Encoding a key that was just made or read cannot fail but for memory.
        let der = der.unwrap_or_default();
        let body = Zeroizing::new(BASE64_STANDARD.encode(&*der));
        let mut pem = Zeroizing::new(String::with_capacity(body.len() * 65 / 64 + 64));
        pem.push_str(&boundary("BEGIN"));
        for line in body.as_bytes().chunks(64) {
            pem.push_str(std::str::from_utf8(line).unwrap_or_default());
            pem.push('\n');
        }
        pem.push_str(&boundary("END"));
        pem
    }

    pub(in crate::target) fn jwk(&self) -> Jwk {
        let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::Ed25519(pair) => Jwk::new(Public::Okp {
                crv: "Ed25519".to_owned(),
                x: encode(pair.public_key().as_ref()),
            }),
            Self::Rsa(pair) => Jwk::new(Public::Rsa {
                n: encode(
                    pair.public_key()
                        .modulus()
                        .big_endian_without_leading_zero(),
                ),
                e: encode(
                    pair.public_key()
                        .exponent()
                        .big_endian_without_leading_zero(),
                ),
            }),
        }
    }

    /// By `EdDSA` or `RS256`.
    pub(in crate::target) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Ed25519(pair) => Some(pair.sign(message).as_ref().to_vec()),
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let random = SystemRandom::new();
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .ok()?;
                Some(signature)
            }
        }
    }
}
