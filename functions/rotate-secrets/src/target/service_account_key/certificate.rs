//! The certificate that carries a public key to IAM.

use aws_lc_rs::digest;
use jiff::{Span, Zoned, tz::TimeZone};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, date_time_ymd};

pub(super) struct Certificate {
    pub(super) pem: String,
    /// The SHA-1 of the certificate, in hexadecimal digits: the id that IAM gives the key.
    pub(super) thumbprint: String,
}

/// A certificate for the private key in `pem`, from yesterday, for that many days.
///
/// Anybody can see it, so its subject says nothing.
pub(super) fn certify(pem: &str, valid_days: u16) -> Option<Certificate> {
    let key = KeyPair::from_pem(pem).ok()?;
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "unused");
    let today = Zoned::now().with_time_zone(TimeZone::UTC).date();
    let day = |offset: i64| {
        let date = today.checked_add(Span::new().try_days(offset).ok()?).ok()?;
        let (month, day) = (
            u8::try_from(date.month()).ok()?,
            u8::try_from(date.day()).ok()?,
        );
        Some(date_time_ymd(date.year().into(), month, day))
    };
    params.not_before = day(-1)?;
    params.not_after = day(valid_days.into())?;
    let certificate = params.self_signed(&key).ok()?;
    let sha1 = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, certificate.der());
    Some(Certificate {
        pem: certificate.pem(),
        thumbprint: hex::encode(sha1),
    })
}
