//! A passkey and its browser: it signs correct approvals, and whatever a test has changed in them.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::approval::Draft;
use crate::issuer::TOKEN_TYPE;

// The flags of the authenticator data (WebAuthn Level 3, section 6.1).
pub const USER_PRESENT: u8 = 1;
pub const USER_VERIFIED: u8 = 1 << 2;
pub const BACKUP_ELIGIBLE: u8 = 1 << 3;
pub const BACKED_UP: u8 = 1 << 4;
pub const ATTESTED_CREDENTIAL: u8 = 1 << 6;
pub const EXTENSIONS: u8 = 1 << 7;

/// Where the flags are in the authenticator data.
pub const FLAGS_AT: usize = 32;

/// A passkey on a phone, made for the page of one origin.
pub struct Passkey {
    iss: String,
    kid: String,
    origin: String,
    credential: Vec<u8>,
    key: PrivateKey,
    count: u32,
}

enum PrivateKey {
    Es256 {
        key: EcdsaKeyPair,
        /// The same in PKCS#8.
        pkcs8: Vec<u8>,
    },
    Ed25519(Ed25519KeyPair),
    Rs256(Box<RsaKeyPair>),
}

/// What browser and authenticator make for a challenge, before it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assertion {
    /// JSON.
    pub client_data: String,
    pub authenticator_data: Vec<u8>,
}

#[expect(
    clippy::expect_used,
    reason = "fails only if the machine has no random numbers"
)]
impl Passkey {
    /// With ECDSA over P-256 and SHA-256.
    #[must_use]
    pub fn es256(iss: &str, kid: &str, origin: &str) -> Passkey {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a fresh key");
        let key = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref()).expect("a fresh key");
        let pkcs8 = pkcs8.as_ref().to_vec();
        Passkey::new(iss, kid, origin, PrivateKey::Es256 { key, pkcs8 })
    }

    /// With Ed25519, which WebAuthn names EdDSA.
    #[must_use]
    pub fn ed25519(iss: &str, kid: &str, origin: &str) -> Passkey {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a fresh key");
        let key = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).expect("a fresh key");
        Passkey::new(iss, kid, origin, PrivateKey::Ed25519(key))
    }

    /// With RSASSA-PKCS1-v1_5 and SHA-256.
    #[must_use]
    pub fn rs256(iss: &str, kid: &str, origin: &str) -> Passkey {
        let key = RsaKeyPair::generate(KeySize::Rsa2048).expect("a fresh key");
        Passkey::new(iss, kid, origin, PrivateKey::Rs256(Box::new(key)))
    }

    fn sign_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.key {
            PrivateKey::Es256 { key, .. } => {
                let signature = key.sign(&random, bytes).expect("a signature");
                signature.as_ref().to_vec()
            }
            PrivateKey::Ed25519(key) => key.sign(bytes).as_ref().to_vec(),
            PrivateKey::Rs256(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, bytes, &mut signature)
                    .expect("a signature");
                signature
            }
        }
    }
}

impl Passkey {
    fn new(iss: &str, kid: &str, origin: &str, key: PrivateKey) -> Passkey {
        Passkey {
            iss: iss.to_owned(),
            kid: kid.to_owned(),
            origin: origin.to_owned(),
            credential: Uuid::new_v4().as_bytes().to_vec(),
            key,
            count: 0,
        }
    }

    /// The same passkey, which has signed so often. Without it, the passkey does not count.
    #[must_use]
    pub fn having_signed(mut self, count: u32) -> Passkey {
        self.count = count;
        self
    }

    #[must_use]
    pub fn iss(&self) -> &str {
        &self.iss
    }

    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The domain that it was made for: the host of its page.
    #[must_use]
    pub fn rp_id(&self) -> &str {
        let (_, rest) = self.origin.split_once("://").unwrap_or_default();
        rest.split(':').next().unwrap_or_default()
    }

    /// What the policy says of it: `key.KID = { .. }`.
    #[must_use]
    pub fn policy(&self, owner: &str) -> Value {
        json!({
            "owner": owner,
            "credential": encode(&self.credential),
            "public_key": self.public_key(),
        })
    }

    /// As a JWK.
    #[must_use]
    pub fn public_key(&self) -> Value {
        match &self.key {
            PrivateKey::Es256 { key, .. } => {
                // A byte that says that both coordinates follow.
                let point = key.public_key().as_ref().get(1..).unwrap_or_default();
                let (x, y) = point.split_at(point.len() / 2);
                json!({"kty": "EC", "crv": "P-256", "alg": "ES256", "x": encode(x), "y": encode(y)})
            }
            PrivateKey::Ed25519(key) => {
                let x = encode(key.public_key().as_ref());
                json!({"kty": "OKP", "crv": "Ed25519", "alg": "Ed25519", "x": x})
            }
            PrivateKey::Rs256(key) => {
                let public = key.public_key();
                let n = encode(public.modulus().big_endian_without_leading_zero());
                let e = encode(public.exponent().big_endian_without_leading_zero());
                json!({"kty": "RSA", "alg": "RS256", "n": n, "e": e})
            }
        }
    }

    /// What a browser's virtual authenticator has to be given to be this passkey: its id and its private key in PKCS#8.
    /// `None` if it is not of ES256.
    #[must_use]
    pub fn exported(&self) -> Option<(Vec<u8>, Vec<u8>)> {
        match &self.key {
            PrivateKey::Es256 { pkcs8, .. } => Some((self.credential.clone(), pkcs8.clone())),
            PrivateKey::Ed25519(_) | PrivateKey::Rs256(_) => None,
        }
    }

    /// The header of a correct approval.
    #[must_use]
    pub fn header(&self) -> Value {
        json!({"alg": "WebAuthn", "kid": self.kid, "typ": TOKEN_TYPE})
    }

    /// Approves a draft.
    #[must_use]
    pub fn approve(&self, draft: &Draft) -> String {
        self.approve_changed(draft, |_| {})
    }

    /// The same, where something is changed before it is signed.
    #[must_use]
    pub fn approve_changed(&self, draft: &Draft, change: impl FnOnce(&mut Assertion)) -> String {
        self.sign_changed(self.header(), draft.claims(&self.iss), change)
    }

    /// Signs any header and any claims.
    #[must_use]
    pub fn sign_changed(
        &self,
        header: Value,
        claims: Value,
        change: impl FnOnce(&mut Assertion),
    ) -> String {
        let part = |value: Value| encode(value.to_string().as_bytes());
        let signed = format!("{}.{}", part(header), part(claims));
        let mut assertion = self.assertion(&sha256(signed.as_bytes()));
        change(&mut assertion);
        let signature = self.sign_assertion(&assertion);
        format!("{signed}.{}", third_part(&assertion, &signature))
    }

    /// What is made for a challenge: by a person whom the phone has recognised, on the page that it is for.
    #[must_use]
    pub fn assertion(&self, challenge: &[u8]) -> Assertion {
        // In the order of browsers (WebAuthn Level 3, section 5.8.1.1).
        let client_data = format!(
            r#"{{"type":"webauthn.get","challenge":"{}","origin":"{}","crossOrigin":false}}"#,
            encode(challenge),
            self.origin
        );
        let count = self.count.to_be_bytes();
        let mut authenticator_data = sha256(self.rp_id().as_bytes());
        authenticator_data.push(USER_PRESENT | USER_VERIFIED);
        authenticator_data.extend(count);
        Assertion {
            client_data,
            authenticator_data,
        }
    }

    /// The signature over it, whatever it says.
    #[must_use]
    pub fn sign_assertion(&self, assertion: &Assertion) -> Vec<u8> {
        let hash = sha256(assertion.client_data.as_bytes());
        self.sign_bytes(&[assertion.authenticator_data.as_slice(), &hash].concat())
    }
}

/// The third part of a token.
#[must_use]
pub fn third_part(assertion: &Assertion, signature: &[u8]) -> String {
    let part = json!({
        "authenticator_data": encode(&assertion.authenticator_data),
        "client_data": encode(assertion.client_data.as_bytes()),
        "signature": encode(signature),
    });
    encode(part.to_string().as_bytes())
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}
