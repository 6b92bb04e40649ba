//! TLS: what a server shows to its clients, and certificates for tests.

use secrecy::SecretString;

/// A certificate and its private key, both as PEM.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The certificate, followed by those between it and the root, if any.
    pub certificate: String,
    /// Its private key, unencrypted.
    pub key: SecretString,
}

/// What a server needs to speak TLS.
#[derive(Clone, Debug)]
pub struct Tls {
    /// What the server shows.
    pub identity: Identity,
    /// If given, clients must show a certificate of this authority whose common name is the name
    /// of their role (`clientcert=verify-full`).
    pub client_authority: Option<String>,
}

#[cfg(feature = "certificates")]
pub use authority::{CertificateAuthority, CertificateError};

#[cfg(feature = "certificates")]
mod authority {
    use super::Identity;
    use rcgen::{
        BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose,
        IsCa, KeyPair, KeyUsagePurpose,
    };
    use secrecy::SecretString;
    use std::fmt;

    /// A certificate could not be made.
    #[derive(Debug, thiserror::Error)]
    #[error("cannot make a certificate for {subject}")]
    pub struct CertificateError {
        subject: String,
        source: rcgen::Error,
    }

    /// A certificate authority that nobody trusts, for tests.
    pub struct CertificateAuthority(CertifiedIssuer<'static, KeyPair>);

    impl CertificateAuthority {
        /// Makes an authority with a key of its own.
        pub fn new(name: &str) -> Result<Self, CertificateError> {
            make(name, || {
                let mut params = named(name, &[])?;
                params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
                params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
                CertifiedIssuer::self_signed(params, KeyPair::generate()?).map(Self)
            })
        }

        /// The authority's own certificate as PEM: what `sslrootcert` names.
        pub fn certificate(&self) -> String {
            self.0.pem()
        }

        /// A certificate for a server that is reached by these host names and addresses.
        pub fn server(&self, hosts: &[&str]) -> Result<Identity, CertificateError> {
            let subject = hosts.first().copied().unwrap_or("nobody");
            self.issue(subject, hosts, ExtendedKeyUsagePurpose::ServerAuth)
        }

        /// A certificate for the client of this role: what `sslcert` and `sslkey` name.
        pub fn client(&self, role: &str) -> Result<Identity, CertificateError> {
            self.issue(role, &[], ExtendedKeyUsagePurpose::ClientAuth)
        }

        fn issue(
            &self,
            subject: &str,
            hosts: &[&str],
            purpose: ExtendedKeyUsagePurpose,
        ) -> Result<Identity, CertificateError> {
            make(subject, || {
                let mut params = named(subject, hosts)?;
                params.extended_key_usages = vec![purpose];
                params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
                params.use_authority_key_identifier_extension = true;
                let key = KeyPair::generate()?;
                let certificate = params.signed_by(&key, &self.0)?;
                Ok(Identity {
                    certificate: certificate.pem(),
                    key: SecretString::from(key.serialize_pem()),
                })
            })
        }
    }

    /// Does not show the private key.
    impl fmt::Debug for CertificateAuthority {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_struct("CertificateAuthority")
                .finish_non_exhaustive()
        }
    }

    fn named(subject: &str, hosts: &[&str]) -> Result<CertificateParams, rcgen::Error> {
        let hosts: Vec<_> = hosts.iter().map(|&host| host.to_owned()).collect();
        let mut params = CertificateParams::new(hosts)?;
        params.distinguished_name.push(DnType::CommonName, subject);
        Ok(params)
    }

    fn make<T>(
        subject: &str,
        how: impl FnOnce() -> Result<T, rcgen::Error>,
    ) -> Result<T, CertificateError> {
        how().map_err(|source| CertificateError {
            subject: subject.to_owned(),
            source,
        })
    }
}
