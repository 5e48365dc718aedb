//! Certificates with which apps sign their assertions: the parts of them that Entra uses.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use jsonwebtoken::DecodingKey;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::ParsedCertificate;
use serde::Deserialize;

/// A certificate of an app registration. Entra uses its key and its thumbprints, and does not check who issued it
/// (<https://learn.microsoft.com/entra/identity-platform/certificate-credentials>).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Certificate {
    sha1: Vec<u8>,
    sha256: Vec<u8>,
    /// A SubjectPublicKeyInfo (RFC 5280, section 4.1).
    public_key: Vec<u8>,
}

#[derive(Debug, thiserror::Error)]
pub enum InvalidCertificate {
    #[error("the certificate is not PEM: {0}")]
    Pem(#[from] rustls::pki_types::pem::Error),
    #[error("the PEM contains no X.509 certificate of version 3: {0}")]
    X509(#[from] rustls::Error),
}

impl Certificate {
    /// The first certificate in a PEM.
    pub fn from_pem(pem: &str) -> Result<Certificate, InvalidCertificate> {
        let der = CertificateDer::from_pem_slice(pem.as_bytes())?;
        let public_key = ParsedCertificate::try_from(&der)?.subject_public_key_info();
        Ok(Certificate {
            sha1: digest(&SHA1_FOR_LEGACY_USE_ONLY, &der).as_ref().to_vec(),
            sha256: digest(&SHA256, &der).as_ref().to_vec(),
            public_key: public_key.to_vec(),
        })
    }

    /// Whether this is its SHA-256 or its SHA-1 thumbprint. The two differ in length.
    pub(super) fn has_thumbprint(&self, thumbprint: &[u8]) -> bool {
        self.sha256 == thumbprint || self.sha1 == thumbprint
    }

    /// The key that verifies signatures. With a key that is not RSA, no signature is valid.
    pub(super) fn key(&self) -> DecodingKey {
        DecodingKey::from_rsa_der(&self.public_key)
    }
}

impl TryFrom<String> for Certificate {
    type Error = InvalidCertificate;

    fn try_from(pem: String) -> Result<Certificate, InvalidCertificate> {
        Certificate::from_pem(&pem)
    }
}
