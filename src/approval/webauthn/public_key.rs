//! The public key of a passkey, and the one signature scheme that it is for.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RsaPublicKeyComponents,
};

/// A key that verifies what an authenticator signs. Unlike a JWS, ECDSA comes in ASN.1 there (WebAuthn Level 3, section
/// 6.5.5).
#[derive(Debug)]
pub enum PublicKey {
    /// On a curve: ES256 or Ed25519.
    Curve(ParsedPublicKey),
    /// RS256.
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

impl PublicKey {
    /// A point of P-256; `None` if there is no such point.
    pub fn p256(x: &[u8], y: &[u8]) -> Option<PublicKey> {
        let point = [&[4], x, y].concat();
        let key = ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point);
        key.ok().map(PublicKey::Curve)
    }

    /// A point of Ed25519; `None` if the bytes are none.
    pub fn ed25519(x: &[u8]) -> Option<PublicKey> {
        ParsedPublicKey::new(&ED25519, x).ok().map(PublicKey::Curve)
    }

    pub fn verifies(&self, signed: &[u8], signature: &[u8]) -> bool {
        let verified = match self {
            PublicKey::Curve(key) => key.verify_sig(signed, signature),
            PublicKey::Rsa { n, e } => RsaPublicKeyComponents { n, e }.verify(
                &RSA_PKCS1_2048_8192_SHA256,
                signed,
                signature,
            ),
        };
        verified.is_ok()
    }
}
