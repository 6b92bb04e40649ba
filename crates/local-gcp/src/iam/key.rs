//! A public key that was uploaded in a certificate.

use crate::{google::json, http::ApiError, store::Record};
use aws_lc_rs::{digest, signature};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use x509_cert::{
    Certificate,
    der::{Decode as _, oid::db::rfc5912::RSA_ENCRYPTION},
};

/// Its key in the table is `ACCOUNT/ID`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Key {
    pub(super) id: String,
    pub(super) project: String,
    pub(super) account: String,
    /// PEM.
    certificate: String,
    /// `RSAPublicKey` of PKCS #1, base64.
    public: String,
    not_before: Timestamp,
    not_after: Timestamp,
    pub(super) disabled: bool,
}

impl Record for Key {
    const TABLE: &'static str = "iam.keys";
}

/// The key of a row.
pub(super) fn row(account: &str, id: &str) -> String {
    format!("{account}/{id}")
}

impl Key {
    /// Of an RSA key in an X.509 certificate in PEM.
    pub(super) fn read(project: &str, account: &str, pem: &[u8]) -> Result<Self, ApiError> {
        let invalid = || {
            ApiError::invalid(
                "Public key data is not an RSA public key wrapped in an X.509 v3 certificate in PEM.",
            )
        };
        let pem = std::str::from_utf8(pem).map_err(|_| invalid())?;
        let body = pem
            .split_once("-----BEGIN CERTIFICATE-----")
            .and_then(|(_, rest)| rest.split_once("-----END CERTIFICATE-----"))
            .ok_or_else(invalid)?;
        let body: String = body.0.split_whitespace().collect();
        let der = STANDARD.decode(body).map_err(|_| invalid())?;
        let certificate = Certificate::from_der(&der).map_err(|_| invalid())?;
        let public = &certificate.tbs_certificate.subject_public_key_info;
        if public.algorithm.oid != RSA_ENCRYPTION {
            return Err(invalid());
        }
        let validity = &certificate.tbs_certificate.validity;
        let at = |time: &x509_cert::time::Time| {
            let seconds = i64::try_from(time.to_unix_duration().as_secs()).ok();
            seconds
                .and_then(|seconds| Timestamp::from_second(seconds).ok())
                .ok_or_else(invalid)
        };
        Ok(Self {
            // The thumbprint of the certificate: stable, and the form that Google's ids have.
            id: hex(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &der).as_ref()),
            project: project.to_owned(),
            account: account.to_owned(),
            certificate: pem.to_owned(),
            public: STANDARD.encode(public.subject_public_key.raw_bytes()),
            not_before: at(&validity.not_before)?,
            not_after: at(&validity.not_after)?,
            disabled: false,
        })
    }

    /// Whether the owner of the private half signed `message` by RS256, and may at this time.
    pub(super) fn accepts(&self, message: &[u8], signature: &[u8], now: Timestamp) -> bool {
        let Ok(public) = STANDARD.decode(&self.public) else {
            return false;
        };
        let public =
            signature::UnparsedPublicKey::new(&signature::RSA_PKCS1_2048_8192_SHA256, public);
        let in_time = self.not_before <= now && now < self.not_after;
        !self.disabled && in_time && public.verify(message, signature).is_ok()
    }

    /// As the API shows it; `with_public` when the caller asked for the public half.
    pub(super) fn json(&self, with_public: bool) -> Value {
        let Self {
            project,
            account,
            id,
            ..
        } = self;
        let mut key = json!({
            "name": format!("projects/{project}/serviceAccounts/{account}/keys/{id}"),
            "validAfterTime": json::rfc3339(self.not_before),
            "validBeforeTime": json::rfc3339(self.not_after),
            "keyAlgorithm": "KEY_ALG_RSA_2048",
            "keyOrigin": "USER_PROVIDED",
            "keyType": "USER_MANAGED",
        });
        if self.disabled {
            key["disabled"] = true.into();
        }
        if with_public {
            key["publicKeyData"] = STANDARD.encode(&self.certificate).into();
        }
        key
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
