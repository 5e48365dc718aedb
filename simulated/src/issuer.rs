//! An issuer of approvals with its keys. It signs correct approvals, and any bytes that a test wants signed.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

use crate::approval::Draft;

/// The `typ` of an approval, so that a token for another purpose is not accepted as one (RFC 8725, section 3.11).
pub const TOKEN_TYPE: &str = "mfa-approval+jwt";

/// An issuer and its keys, all of one algorithm. It signs with the key that was added last.
#[derive(Clone)]
pub struct Issuer {
    iss: String,
    earlier: Vec<SigningKey>,
    current: SigningKey,
}

#[derive(Clone)]
struct SigningKey {
    kid: String,
    algorithm: Algorithm,
    key: EncodingKey,
}

impl Issuer {
    /// An issuer that signs with ECDSA over P-256 and SHA-256 (RFC 7518, section 3.4).
    #[must_use]
    pub fn es256(iss: &str, kid: &str) -> Issuer {
        Issuer::new(iss, kid, Algorithm::ES256)
    }

    /// An issuer that signs with RSASSA-PKCS1-v1_5 and SHA-256, with 2048 bits (RFC 7518, section 3.3).
    #[must_use]
    pub fn rs256(iss: &str, kid: &str) -> Issuer {
        Issuer::new(iss, kid, Algorithm::RS256)
    }

    /// An issuer that signs with RSASSA-PSS and SHA-256, with 2048 bits (RFC 7518, section 3.5).
    #[must_use]
    pub fn ps256(iss: &str, kid: &str) -> Issuer {
        Issuer::new(iss, kid, Algorithm::PS256)
    }

    /// An issuer that signs with Ed25519. Its headers and its key set say `EdDSA` (RFC 8037, section 3.1); a test that
    /// needs `Ed25519` (RFC 9864) passes its own header to [`Issuer::sign`].
    #[must_use]
    pub fn ed25519(iss: &str, kid: &str) -> Issuer {
        Issuer::new(iss, kid, Algorithm::EdDSA)
    }

    fn new(iss: &str, kid: &str, algorithm: Algorithm) -> Issuer {
        Issuer {
            iss: iss.to_owned(),
            earlier: Vec::new(),
            current: SigningKey::generate(kid, algorithm),
        }
    }

    /// Adds a key and signs with it from now on. The earlier keys stay in the key set.
    #[must_use]
    pub fn with_key(mut self, kid: &str) -> Issuer {
        let next = SigningKey::generate(kid, self.current.algorithm);
        self.earlier
            .push(std::mem::replace(&mut self.current, next));
        self
    }

    /// Removes all keys but the current one, as at the end of a rotation.
    #[must_use]
    pub fn without_earlier_keys(mut self) -> Issuer {
        self.earlier.clear();
        self
    }

    #[must_use]
    pub fn iss(&self) -> &str {
        &self.iss
    }

    /// The `kid` of the current key.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.current.kid
    }

    /// The public keys as a JWK set (RFC 7517, section 5), the current key last.
    #[must_use]
    pub fn jwks(&self) -> Value {
        json!({"keys": self.keys().map(SigningKey::jwk).collect::<Vec<_>>()})
    }

    /// The header of a correct approval, for the current key.
    #[must_use]
    pub fn header(&self) -> Value {
        json!({"alg": self.current.algorithm, "kid": self.current.kid, "typ": TOKEN_TYPE})
    }

    /// Signs a draft, with this issuer's `iss` unless the draft has another.
    #[must_use]
    pub fn approve(&self, draft: &Draft) -> String {
        self.sign(self.header(), draft.claims(&self.iss))
    }

    /// Signs any header and any claims, with the key that the header's `kid` names, or with the current key if there is
    /// no such key. The algorithm is the issuer's, even if the header names another.
    #[must_use]
    pub fn sign(&self, header: Value, claims: Value) -> String {
        let kid = header.get("kid").and_then(Value::as_str);
        let key = self.keys().find(|key| Some(key.kid.as_str()) == kid);
        key.unwrap_or(&self.current)
            .sign(header.to_string().as_bytes(), claims.to_string().as_bytes())
    }

    /// Signs any bytes as header and claims with the current key, also bytes that no JSON library would write.
    #[must_use]
    pub fn sign_bytes(&self, header: &[u8], claims: &[u8]) -> String {
        self.current.sign(header, claims)
    }

    fn keys(&self) -> impl Iterator<Item = &SigningKey> {
        self.earlier.iter().chain([&self.current])
    }
}

impl SigningKey {
    #[expect(
        clippy::expect_used,
        reason = "fails only if the machine has no random numbers"
    )]
    fn generate(kid: &str, algorithm: Algorithm) -> SigningKey {
        SigningKey {
            kid: kid.to_owned(),
            algorithm,
            key: private_key(algorithm).expect("a fresh key"),
        }
    }

    #[expect(
        clippy::expect_used,
        reason = "the key was generated for this algorithm"
    )]
    fn jwk(&self) -> Jwk {
        let mut jwk = Jwk::from_encoding_key(&self.key, self.algorithm).expect("a public key");
        jwk.common.key_id = Some(self.kid.clone());
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        jwk
    }

    #[expect(
        clippy::expect_used,
        reason = "the key was generated for this algorithm"
    )]
    fn sign(&self, header: &[u8], claims: &[u8]) -> String {
        let encode = |part| URL_SAFE_NO_PAD.encode(part);
        let signed = format!("{}.{}", encode(header), encode(claims));
        let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), &self.key, self.algorithm)
            .expect("a signature");
        format!("{signed}.{signature}")
    }
}

fn private_key(algorithm: Algorithm) -> Result<EncodingKey, aws_lc_rs::error::Unspecified> {
    let random = SystemRandom::new();
    Ok(match algorithm {
        Algorithm::ES256 => EncodingKey::from_ec_der(
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)?.as_ref(),
        ),
        Algorithm::EdDSA => {
            // Version 1: jsonwebtoken recognises the curve by the length of that encoding.
            EncodingKey::from_ed_der(Ed25519KeyPair::generate_pkcs8v1(&random)?.as_ref())
        }
        _ => {
            let pkcs8 = RsaKeyPair::generate(KeySize::Rsa2048)?.as_der()?;
            // jsonwebtoken needs the RSAPrivateKey (RFC 8017, appendix A.1.2), which PKCS#8 puts after 26 bytes:
            // sequence 4, version 3, algorithm 15, octet string 4.
            EncodingKey::from_rsa_der(pkcs8.as_ref().get(26..).unwrap_or_default())
        }
    })
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::jwk::JwkSet;
    use jsonwebtoken::{DecodingKey, TokenData, Validation};

    use super::*;

    const NOW: i64 = 4_000_000_000;

    fn verify(
        token: &str,
        jwks: &Value,
        algorithm: Algorithm,
    ) -> jsonwebtoken::errors::Result<TokenData<Value>> {
        let header = jsonwebtoken::decode_header(token)?;
        let set: JwkSet = serde_json::from_value(jwks.clone()).unwrap();
        let jwk = set.find(&header.kid.unwrap()).unwrap();
        let mut validation = Validation::new(algorithm);
        validation.validate_aud = false;
        jsonwebtoken::decode(token, &DecodingKey::from_jwk(jwk)?, &validation)
    }

    #[test]
    fn every_algorithm_verifies_under_the_published_key_set() {
        for (issuer, algorithm) in [
            (
                Issuer::es256("https://issuer.example", "k"),
                Algorithm::ES256,
            ),
            (
                Issuer::rs256("https://issuer.example", "k"),
                Algorithm::RS256,
            ),
            (
                Issuer::ps256("https://issuer.example", "k"),
                Algorithm::PS256,
            ),
            (
                Issuer::ed25519("https://issuer.example", "k"),
                Algorithm::EdDSA,
            ),
        ] {
            let token = issuer.approve(&Draft::new(NOW));
            let verified = verify(&token, &issuer.jwks(), algorithm).unwrap();
            assert_eq!(verified.claims["iss"], "https://issuer.example");
            assert_eq!(verified.header.typ.as_deref(), Some(TOKEN_TYPE));
            let other = Issuer::new("https://issuer.example", "k", algorithm);
            assert!(verify(&token, &other.jwks(), algorithm).is_err());
        }
    }

    #[test]
    fn the_key_set_names_the_use_of_each_key_and_contains_no_private_key() {
        for issuer in [
            Issuer::es256("i", "k"),
            Issuer::rs256("i", "k"),
            Issuer::ed25519("i", "k"),
        ] {
            let jwk = issuer.jwks()["keys"][0].clone();
            assert_eq!(
                (jwk["kid"].as_str(), jwk["use"].as_str()),
                (Some("k"), Some("sig"))
            );
            assert_eq!(jwk["alg"], issuer.header()["alg"]);
            for private in ["d", "p", "q", "dp", "dq", "qi"] {
                assert_eq!(jwk.get(private), None);
            }
        }
    }

    #[test]
    fn after_a_rotation_the_new_key_signs_and_the_old_one_still_verifies_until_it_is_removed() {
        let issuer = Issuer::es256("i", "2026-10");
        let old = issuer.approve(&Draft::new(NOW));
        let issuer = issuer.with_key("2026-11");
        assert_eq!(issuer.header()["kid"], "2026-11");
        assert!(verify(&old, &issuer.jwks(), Algorithm::ES256).is_ok());
        let earlier = issuer.sign(
            json!({"alg": "ES256", "kid": "2026-10"}),
            json!({"exp": NOW}),
        );
        assert!(verify(&earlier, &issuer.jwks(), Algorithm::ES256).is_ok());
        let keys = issuer.without_earlier_keys().jwks();
        assert_eq!(keys["keys"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn forged_headers_and_bytes_that_are_not_json_are_signed_as_given() {
        let issuer = Issuer::es256("i", "k");
        let token = issuer.sign_bytes(br#"{"alg":"none","alg":"ES256"}"#, b"\xff");
        let parts: Vec<_> = token.split('.').collect();
        assert_eq!(
            URL_SAFE_NO_PAD.decode(parts[0]).unwrap(),
            br#"{"alg":"none","alg":"ES256"}"#
        );
        assert_eq!(URL_SAFE_NO_PAD.decode(parts[1]).unwrap(), b"\xff");
    }
}
