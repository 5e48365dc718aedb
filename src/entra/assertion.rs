//! A client assertion signed with the key of a certificate (Microsoft identity platform, "Application
//! authentication certificate credentials"): PS256, and the certificate's SHA-256 thumbprint in the header.

use std::time::Duration;

use aws_lc_rs::digest;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PSS_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use uuid::Uuid;

use crate::clock::{self, Timestamp};

/// How long an assertion is good for; Microsoft recommends five to ten minutes.
const LIFETIME: Duration = Duration::from_secs(5 * 60);

/// Signs an assertion that the function is this client, for this token endpoint.
///
/// # Errors
/// What is wrong with the certificate or the key, without its content.
pub fn sign(
    client_id: &str,
    token_url: &str,
    certificate: &str,
    private_key: &SecretString,
    now: Timestamp,
) -> Result<SecretString, &'static str> {
    let certificate = CertificateDer::from_pem_slice(certificate.as_bytes())
        .map_err(|_| "certificate is not PEM")?;
    let key = PrivatePkcs8KeyDer::from_pem_slice(private_key.expose_secret().as_bytes())
        .map_err(|_| "private_key is not PEM of PKCS #8 (BEGIN PRIVATE KEY)")?;
    let key = RsaKeyPair::from_pkcs8(key.secret_pkcs8_der())
        .map_err(|_| "private_key is not an RSA key of 2048 bits or more")?;

    let thumbprint = digest::digest(&digest::SHA256, &certificate);
    let header = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": encode(thumbprint.as_ref())});
    let claims = json!({
        "aud": token_url,
        "iss": client_id,
        "sub": client_id,
        "jti": Uuid::new_v4(),
        "nbf": now.as_second(),
        "iat": now.as_second(),
        "exp": clock::after(now, LIFETIME).as_second(),
    });
    let signed = format!(
        "{}.{}",
        encode(header.to_string().as_bytes()),
        encode(claims.to_string().as_bytes())
    );
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(
        &RSA_PSS_SHA256,
        &SystemRandom::new(),
        signed.as_bytes(),
        &mut signature,
    )
    .map_err(|_| "private_key cannot sign")?;
    Ok(format!("{signed}.{}", encode(&signature)).into())
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
