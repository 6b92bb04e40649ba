//! CRC32C and MD5, as clients send them to be checked.

use crate::{
    http::{ApiError, Call},
    store::blobs::Blob,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What the sender says the content's checksums are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Expected {
    crc32c: Option<u32>,
    md5: Option<[u8; 16]>,
}

/// Base64 of the big-endian bytes.
pub(super) fn crc32c_text(crc32c: u32) -> String {
    STANDARD.encode(crc32c.to_be_bytes())
}

impl Expected {
    /// From the `crc32c` and `md5Hash` of an object resource, or of the trailing part of a multipart upload.
    pub(super) fn of_resource(resource: &Value) -> Result<Self, ApiError> {
        let text = |key: &str| {
            resource
                .get(key)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
        };
        let mut expected = Self::default();
        expected.add_crc32c(text("crc32c"))?;
        expected.add_md5(text("md5Hash"))?;
        Ok(expected)
    }

    /// From the `x-goog-hash` headers, which may be several or hold several, and from `Content-MD5`.
    pub(super) fn of_headers(call: &Call) -> Result<Self, ApiError> {
        let mut expected = Self::default();
        let values = call
            .headers
            .get_all("x-goog-hash")
            .iter()
            .filter_map(|value| value.to_str().ok());
        for part in values.flat_map(|value| value.split(',')) {
            match part.trim().split_once('=') {
                Some(("crc32c", text)) => expected.add_crc32c(Some(text))?,
                Some(("md5", text)) => expected.add_md5(Some(text))?,
                _ => {
                    return Err(ApiError::invalid(format!(
                        "The x-goog-hash value {part:?} is not understood"
                    )));
                }
            }
        }
        expected.add_md5(call.header("content-md5"))?;
        Ok(expected)
    }

    /// What either of two says.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            crc32c: self.crc32c.or(other.crc32c),
            md5: self.md5.or(other.md5),
        }
    }

    fn add_crc32c(&mut self, text: Option<&str>) -> Result<(), ApiError> {
        if let Some(text) = text {
            self.crc32c = Some(u32::from_be_bytes(bytes(text)?));
        }
        Ok(())
    }

    fn add_md5(&mut self, text: Option<&str>) -> Result<(), ApiError> {
        if let Some(text) = text {
            self.md5 = Some(bytes(text)?);
        }
        Ok(())
    }

    /// Refuses content that is not what its sender meant to send.
    pub(super) fn check(&self, blob: &Blob) -> Result<(), ApiError> {
        if let Some(wanted) = self.crc32c.filter(|wanted| *wanted != blob.crc32c) {
            return Err(differs(
                "CRC32C",
                &crc32c_text(wanted),
                &crc32c_text(blob.crc32c),
            ));
        }
        match (self.md5, blob.md5) {
            (Some(wanted), Some(found)) if wanted != found => Err(differs(
                "MD5 hash",
                &STANDARD.encode(wanted),
                &STANDARD.encode(found),
            )),
            _ => Ok(()),
        }
    }
}

fn bytes<const N: usize>(text: &str) -> Result<[u8; N], ApiError> {
    let bytes = STANDARD
        .decode(text)
        .ok()
        .and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| {
        ApiError::invalid(format!("The checksum {text:?} is not {N} bytes in base64"))
    })
}

fn differs(kind: &str, wanted: &str, found: &str) -> ApiError {
    let message =
        format!("Provided {kind} \"{wanted}\" doesn't match calculated {kind} \"{found}\".");
    ApiError::invalid(message).with_reason("badDigest")
}
