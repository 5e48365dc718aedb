//! Certificates that apps sign their assertions with: what Entra keeps of an uploaded one.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use jsonwebtoken::DecodingKey;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::ParsedCertificate;
use serde::Deserialize;

/// A certificate of an app registration. Only its key and its thumbprints count; nobody checks who issued it
/// (<https://learn.microsoft.com/entra/identity-platform/certificate-credentials>).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Certificate {
    sha1: Vec<u8>,
    sha256: Vec<u8>,
    /// A SubjectPublicKeyInfo (RFC 5280, section 4.1).
    public_key: Vec<u8>,
}

/// Why something is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum NotACertificate {
    /// It is no PEM.
    #[error("the certificate is no PEM: {0}")]
    Pem(#[from] rustls::pki_types::pem::Error),
    /// The PEM holds no X.509 certificate of version 3.
    #[error("no certificate: {0}")]
    X509(#[from] rustls::Error),
}

impl Certificate {
    /// The first certificate in a PEM.
    pub fn from_pem(pem: &str) -> Result<Certificate, NotACertificate> {
        let der = CertificateDer::from_pem_slice(pem.as_bytes())?;
        let public_key = ParsedCertificate::try_from(&der)?.subject_public_key_info();
        Ok(Certificate {
            sha1: digest(&SHA1_FOR_LEGACY_USE_ONLY, &der).as_ref().to_vec(),
            sha256: digest(&SHA256, &der).as_ref().to_vec(),
            public_key: public_key.to_vec(),
        })
    }

    /// Whether this is one of its two thumbprints, which do not have the same length.
    pub(super) fn has_thumbprint(&self, thumbprint: &[u8]) -> bool {
        self.sha256 == thumbprint || self.sha1 == thumbprint
    }

    /// The key to verify with. One that is not RSA verifies nothing.
    pub(super) fn key(&self) -> DecodingKey {
        DecodingKey::from_rsa_der(&self.public_key)
    }
}

impl TryFrom<String> for Certificate {
    type Error = NotACertificate;

    fn try_from(pem: String) -> Result<Certificate, NotACertificate> {
        Certificate::from_pem(&pem)
    }
}
