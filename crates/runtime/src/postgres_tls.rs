//! TLS to a Postgres server, as strict as libpq's `sslmode` asks.

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, aws_lc_rs},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject as _};
use serde::Deserialize;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// libpq's `sslmode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SslMode {
    /// Never.
    Disable,
    /// If the server can. libpq's `allow` is read as this too.
    Prefer,
    /// Always, with whatever certificate the server shows.
    Require,
    /// Always, with a certificate of a known authority.
    VerifyCa,
    /// Always, with a certificate of a known authority for this very host.
    VerifyFull,
}

/// How a connection is encrypted.
#[derive(Debug, Clone)]
pub struct TlsParams {
    /// Whether and how strictly.
    pub mode: SslMode,
    /// The authorities to trust; the system's when none is named.
    pub root_certificates: Option<PathBuf>,
    /// Our own certificate, for servers that ask for one.
    pub certificate: Option<PathBuf>,
    /// Its key.
    pub key: Option<PathBuf>,
}

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A certificate or key file.
    #[error("read {what} from {file}: {why}")]
    File {
        /// `sslrootcert`, `sslcert` or `sslkey`.
        what: &'static str,
        /// The file.
        file: String,
        /// Why not.
        why: String,
    },
    /// `verify-ca` or `verify-full` without any authority to trust.
    #[error(
        "sslmode=verify-… needs certificates to trust and the system has none: give sslrootcert"
    )]
    NoRoots,
    /// rustls refuses the configuration.
    #[error("set up TLS")]
    Rustls(#[from] Error),
}

/// The configuration for `params`; none when TLS is off.
pub fn client_config(params: &TlsParams) -> Result<Option<Arc<ClientConfig>>, TlsError> {
    // libpq too verifies the chain under `require` when it is told whom to trust.
    let mode = match params.mode {
        SslMode::Disable => return Ok(None),
        SslMode::Require if params.root_certificates.is_some() => SslMode::VerifyCa,
        mode => mode,
    };
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?;
    let builder = match mode {
        SslMode::VerifyFull => builder.with_root_certificates(roots(params)?),
        SslMode::VerifyCa => {
            let chain = WebPkiServerVerifier::builder_with_provider(roots(params)?, provider)
                .build()
                .map_err(|_| TlsError::NoRoots)?;
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(AnyName(chain)))
        }
        _ => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyOne(provider))),
    };
    let config = match (&params.certificate, &params.key) {
        (Some(certificate), Some(key)) => builder.with_client_auth_cert(
            certificates("sslcert", certificate)?,
            PrivateKeyDer::from_pem_file(key).map_err(|e| file_error("sslkey", key, &e))?,
        )?,
        _ => builder.with_no_client_auth(),
    };
    Ok(Some(Arc::new(config)))
}

fn roots(params: &TlsParams) -> Result<Arc<RootCertStore>, TlsError> {
    let mut roots = RootCertStore::empty();
    let found = match &params.root_certificates {
        Some(file) => certificates("sslrootcert", file)?,
        None => rustls_native_certs::load_native_certs().certs,
    };
    roots.add_parsable_certificates(found);
    if roots.is_empty() {
        return Err(TlsError::NoRoots);
    }
    Ok(Arc::new(roots))
}

fn certificates(what: &'static str, file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect)
        .map_err(|e| file_error(what, file, &e))
}

fn file_error(what: &'static str, file: &Path, why: &dyn std::fmt::Display) -> TlsError {
    TlsError::File {
        what,
        file: file.display().to_string(),
        why: why.to_string(),
    }
}

/// `verify-ca`: the chain must be good, the name may differ.
#[derive(Debug)]
struct AnyName(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        use CertificateError::{NotValidForName, NotValidForNameContext};
        match self
            .0
            .verify_server_cert(end_entity, intermediates, name, ocsp, now)
        {
            Err(Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. })) => {
                Ok(ServerCertVerified::assertion())
            }
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// `require` and `prefer`: encrypted, but anybody may be at the other end, as in libpq.
#[derive(Debug)]
struct AnyOne(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyOne {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
