//! The keys with which the login signs id_tokens, and the set in which it publishes them
//! (<https://learn.microsoft.com/entra/identity-platform/signing-key-rollover>).

use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk};
use jsonwebtoken::{Algorithm, EncodingKey};
use rcgen::{
    CertificateParams, DnType, KeyPair, PKCS_RSA_SHA256, PublicKeyData as _, RsaKeySize,
    date_time_ymd,
};
use serde_json::{Value, json};

/// The tenant of personal accounts, the same for all of Microsoft.
pub(super) const PERSONAL_ACCOUNTS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// The tenants of a process have the same keys, as those of Entra have. A key takes long to make, so it is made when it
/// is first needed.
static KEYS: Mutex<Vec<Arc<SigningKey>>> = Mutex::new(Vec::new());

/// The places of keys in [`KEYS`].
const UNPUBLISHED: usize = 0;
const PERSONAL: usize = 1;
const FIRST: usize = 2;

/// What becomes of the key that signed until a rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OldKey {
    /// It is still published, as in a rotation that was planned.
    Stays,
    /// It is no longer published, as in an emergency.
    Leaves,
}

/// For whose tokens a key is. A client has to hold it against the `iss` of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeyIssuer {
    /// Any tenant: `{tenantid}` stands for its id.
    AnyTenant,
    ThisTenant,
    PersonalAccounts,
}

#[derive(Debug)]
pub(super) struct SigningKey {
    pub(super) kid: String,
    pair: KeyPair,
    certificate: Vec<u8>,
}

/// The keys of a tenant.
#[derive(Debug)]
pub(super) struct SigningKeys {
    /// Their places in [`KEYS`].
    published: Vec<(usize, KeyIssuer)>,
    current: usize,
    next: usize,
}

impl SigningKeys {
    /// The key that signs, the one that will be the next some day, and one for personal accounts.
    pub(super) fn new() -> SigningKeys {
        SigningKeys {
            published: vec![
                (FIRST, KeyIssuer::AnyTenant),
                (FIRST + 1, KeyIssuer::ThisTenant),
                (PERSONAL, KeyIssuer::PersonalAccounts),
            ],
            current: FIRST,
            next: FIRST + 2,
        }
    }

    /// Signs from now on with a key that was not published before.
    pub(super) fn rotate(&mut self, old: OldKey) {
        if old == OldKey::Leaves {
            self.published.retain(|(place, _)| *place != self.current);
        }
        self.published.insert(0, (self.next, KeyIssuer::AnyTenant));
        self.current = self.next;
        self.next += 1;
    }

    pub(super) fn current(&self) -> Arc<SigningKey> {
        key(self.current)
    }

    /// The published key for personal accounts.
    pub(super) fn personal(&self) -> Arc<SigningKey> {
        key(PERSONAL)
    }

    /// A key that no tenant publishes.
    pub(super) fn unpublished(&self) -> Arc<SigningKey> {
        key(UNPUBLISHED)
    }

    /// `GET /{tenant}/discovery/v2.0/keys`: the keys have no `alg`.
    pub(super) fn key_set(&self, base: &str, tenant: &str) -> Value {
        let keys: Vec<_> = self
            .published
            .iter()
            .map(|(place, issuer)| {
                let of = match issuer {
                    KeyIssuer::AnyTenant => "{tenantid}",
                    KeyIssuer::ThisTenant => tenant,
                    KeyIssuer::PersonalAccounts => PERSONAL_ACCOUNTS,
                };
                key(*place).jwk(&format!("{base}/{of}/v2.0"))
            })
            .collect();
        json!({"keys": keys})
    }
}

impl SigningKey {
    #[expect(
        clippy::expect_used,
        reason = "fails only if the machine has no random numbers"
    )]
    fn generate() -> SigningKey {
        let pair =
            KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).expect("a fresh key");
        let mut params = CertificateParams::default();
        let name = "accounts.accesscontrol.windows.net";
        params.distinguished_name.push(DnType::CommonName, name);
        (params.not_before, params.not_after) =
            (date_time_ymd(2025, 1, 1), date_time_ymd(2030, 1, 1));
        let certificate = params.self_signed(&pair).expect("a certificate");
        let certificate = certificate.der().to_vec();
        SigningKey {
            kid: URL_SAFE_NO_PAD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &certificate)),
            pair,
            certificate,
        }
    }

    /// A JWK as Entra writes it. `kid` and `x5t` are the SHA-1 thumbprint of the certificate.
    fn jwk(&self, issuer: &str) -> Value {
        let jwk = Jwk::from_encoding_key(&self.private(), Algorithm::RS256);
        let (n, e) = match jwk.map(|jwk| jwk.algorithm) {
            Ok(AlgorithmParameters::RSA(rsa)) => (rsa.n, rsa.e),
            _ => (String::new(), String::new()),
        };
        json!({
            "kty": "RSA",
            "use": "sig",
            "kid": self.kid,
            "x5t": self.kid,
            "n": n,
            "e": e,
            "x5c": [STANDARD.encode(&self.certificate)],
            "cloud_instance_name": "microsoftonline.com",
            "issuer": issuer,
        })
    }

    fn private(&self) -> EncodingKey {
        // The RSAPrivateKey inside the PKCS#8, as in `crate::issuer`.
        EncodingKey::from_rsa_der(self.pair.serialize_der().get(26..).unwrap_or_default())
    }

    /// The signature of these bytes with RSA.
    #[expect(clippy::expect_used, reason = "the key was generated for RS256")]
    pub(super) fn sign(&self, bytes: &[u8]) -> String {
        jsonwebtoken::crypto::sign(bytes, &self.private(), Algorithm::RS256).expect("a signature")
    }

    /// The HMAC of these bytes with the public key as the secret, which everyone knows (RFC 8725, section 2.1).
    #[expect(clippy::expect_used, reason = "an HMAC takes any key")]
    pub(super) fn mac(&self, bytes: &[u8]) -> String {
        let public = EncodingKey::from_secret(&self.pair.subject_public_key_info());
        jsonwebtoken::crypto::sign(bytes, &public, Algorithm::HS256).expect("an HMAC")
    }
}

fn key(place: usize) -> Arc<SigningKey> {
    let mut keys = KEYS.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        if let Some(key) = keys.get(place) {
            return key.clone();
        }
        keys.push(Arc::new(SigningKey::generate()));
    }
}
