//! Public keys: from a JWK Set to keys that are good for one thing each.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use serde::Deserialize;
use serde_json::Value;

use super::issuer::Algorithm;
use super::rsa;
use super::strict_json::is_strict;
use crate::ids::Kid;

/// The most bytes that a JWK Set may have.
pub const LARGEST_SET: usize = 256 * 1024;

/// The most keys that one may have.
const MOST_KEYS: usize = 64;

/// An issuer's public keys by `kid`.
#[derive(Debug, Default)]
pub struct KeySet(BTreeMap<Kid, Key>);

/// A public key, and the one algorithm that it verifies.
pub(super) struct Key {
    pub algorithm: Algorithm,
    pub decoding: DecodingKey,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key")
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

/// Why a JWK Set is not usable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// Too many bytes or keys.
    #[error("the key set is too large")]
    TooLarge,
    /// Not a JWK Set.
    #[error("not a JWK Set of strict JSON")]
    NotASet,
    /// Two keys of one name: which one signed would be a guess.
    #[error("two keys are named {0}")]
    Ambiguous(Kid),
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

/// The members of a JWK that matter (RFC 7517, section 4; RFC 7518, section 6; RFC 8037).
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Kid,
    #[serde(rename = "use")]
    purpose: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
    /// The private members (RFC 7518, sections 6.2.2, 6.3.2 and 6.4.1), which have no place in a published set.
    d: Option<Value>,
    p: Option<Value>,
    q: Option<Value>,
    dp: Option<Value>,
    dq: Option<Value>,
    qi: Option<Value>,
    k: Option<Value>,
}

impl KeySet {
    /// Reads a JWK Set. A key that is unfit for signatures by this issuer is left out: it may well be
    /// there for others.
    ///
    /// # Errors
    /// [`KeyFault`] if the set as a whole cannot be trusted.
    pub fn parse(json: &[u8], algorithms: &[Algorithm]) -> Result<KeySet, KeyFault> {
        if json.len() > LARGEST_SET {
            return Err(KeyFault::TooLarge);
        }
        if !is_strict(json) {
            return Err(KeyFault::NotASet);
        }
        let set: Set = serde_json::from_slice(json).map_err(|_| KeyFault::NotASet)?;
        if set.keys.len() > MOST_KEYS {
            return Err(KeyFault::TooLarge);
        }
        let mut keys = BTreeMap::new();
        // A private key has been published by mistake: nothing that was signed under its name counts.
        let mut exposed = BTreeSet::new();
        for jwk in set.keys {
            let Ok(jwk) = serde_json::from_value::<Jwk>(jwk) else {
                continue;
            };
            let kid = jwk.kid.clone();
            if jwk.is_private() {
                exposed.insert(kid);
                continue;
            }
            let Some(key) = jwk.into_key(algorithms) else {
                continue;
            };
            if keys.insert(kid.clone(), key).is_some() {
                return Err(KeyFault::Ambiguous(kid));
            }
        }
        keys.retain(|kid, _| !exposed.contains(kid));
        Ok(KeySet(keys))
    }

    /// The keys by name, each with the algorithm that it is good for.
    pub fn iter(&self) -> impl Iterator<Item = (&Kid, Algorithm)> {
        self.0.iter().map(|(kid, key)| (kid, key.algorithm))
    }

    /// Whether there is a key of that name.
    pub fn has(&self, kid: &Kid) -> bool {
        self.0.contains_key(kid)
    }

    pub(super) fn get(&self, kid: &Kid) -> Option<&Key> {
        self.0.get(kid)
    }
}

impl Jwk {
    fn is_private(&self) -> bool {
        let private = [
            &self.d, &self.p, &self.q, &self.dp, &self.dq, &self.qi, &self.k,
        ];
        private.iter().any(|member| member.is_some())
    }

    /// The key, if it may verify signatures and its parts fit together.
    fn into_key(self, algorithms: &[Algorithm]) -> Option<Key> {
        let verifies = self
            .purpose
            .as_deref()
            .is_none_or(|purpose| purpose == "sig")
            && self
                .key_ops
                .as_ref()
                .is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        if !verifies {
            return None;
        }
        let algorithm = self.algorithm(algorithms)?;
        let decoding = match algorithm {
            Algorithm::ES256 => {
                let (x, y) = (self.x?, self.y?);
                (bytes(&x)?.len() == 32 && bytes(&y)?.len() == 32)
                    .then(|| DecodingKey::from_ec_components(&x, &y).ok())?
            }
            Algorithm::Ed25519 => {
                let x = self.x?;
                (bytes(&x)?.len() == 32).then(|| DecodingKey::from_ed_components(&x).ok())?
            }
            Algorithm::RS256 | Algorithm::PS256 => {
                let (n, e) = (self.n?, self.e?);
                rsa::is_sound(&bytes(&n)?, &bytes(&e)?)
                    .then(|| DecodingKey::from_rsa_components(&n, &e).ok())?
            }
        }?;
        Some(Key {
            algorithm,
            decoding,
        })
    }

    /// The one algorithm that the key is for: what it says, or the only one of the issuer's that fits it.
    fn algorithm(&self, allowed: &[Algorithm]) -> Option<Algorithm> {
        let mut fitting = allowed.iter().copied().filter(|algorithm| {
            let fits = match algorithm {
                Algorithm::ES256 => self.kty == "EC" && self.crv.as_deref() == Some("P-256"),
                Algorithm::Ed25519 => self.kty == "OKP" && self.crv.as_deref() == Some("Ed25519"),
                Algorithm::RS256 | Algorithm::PS256 => self.kty == "RSA",
            };
            let says = self
                .alg
                .as_deref()
                .is_none_or(|alg| algorithm.is_named(alg));
            fits && says
        });
        match (fitting.next(), fitting.next()) {
            (Some(only), None) => Some(only),
            _ => None,
        }
    }
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

impl Algorithm {
    /// Whether a header's or a key's `alg` means this one.
    pub(super) fn is_named(self, alg: &str) -> bool {
        match self {
            Algorithm::ES256 => alg == "ES256",
            Algorithm::PS256 => alg == "PS256",
            Algorithm::RS256 => alg == "RS256",
            Algorithm::Ed25519 => alg == "Ed25519" || alg == "EdDSA",
        }
    }

    pub(super) fn for_crate(self) -> jsonwebtoken::Algorithm {
        match self {
            Algorithm::ES256 => jsonwebtoken::Algorithm::ES256,
            Algorithm::PS256 => jsonwebtoken::Algorithm::PS256,
            Algorithm::RS256 => jsonwebtoken::Algorithm::RS256,
            Algorithm::Ed25519 => jsonwebtoken::Algorithm::EdDSA,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use simulated::issuer::Issuer;

    use super::*;

    const ALL: [Algorithm; 4] = [
        Algorithm::ES256,
        Algorithm::PS256,
        Algorithm::RS256,
        Algorithm::Ed25519,
    ];

    fn key(issuer: &Issuer) -> Value {
        issuer.jwks()["keys"][0].clone()
    }

    fn usable(keys: &[Value], algorithms: &[Algorithm]) -> Result<usize, KeyFault> {
        let set = json!({ "keys": keys }).to_string();
        KeySet::parse(set.as_bytes(), algorithms).map(|set| set.0.len())
    }

    #[test]
    fn a_key_is_good_for_one_algorithm_and_only_if_the_issuer_uses_it() {
        let ec = key(&Issuer::es256("i", "ec"));
        let ed = key(&Issuer::ed25519("i", "ed"));
        assert_eq!(usable(&[ec.clone(), ed.clone()], &ALL), Ok(2));
        assert_eq!(usable(&[ec.clone(), ed], &[Algorithm::ES256]), Ok(1));

        // An RSA key that does not say which of two it is for is for neither.
        let mut rsa = key(&Issuer::rs256("i", "rsa"));
        assert_eq!(usable(std::slice::from_ref(&rsa), &ALL), Ok(1));
        rsa.as_object_mut().unwrap().remove("alg");
        assert_eq!(usable(std::slice::from_ref(&rsa), &ALL), Ok(0));
        assert_eq!(usable(&[rsa], &[Algorithm::PS256]), Ok(1));
    }

    #[test]
    fn a_key_for_something_else_or_with_its_private_half_is_left_out() {
        let good = key(&Issuer::es256("i", "ec"));
        for (name, value) in [
            ("use", json!("enc")),
            ("key_ops", json!(["encrypt"])),
            ("alg", json!("ES384")),
            ("crv", json!("P-384")),
            ("kty", json!("oct")),
            ("kid", json!("")),
            ("x", json!("AA")),
            ("d", json!("AA")),
            ("p", json!("AA")),
            ("k", json!("AA")),
        ] {
            let mut bad = good.clone();
            bad[name] = value;
            assert_eq!(usable(&[bad], &ALL), Ok(0), "{name}");
        }
    }

    #[test]
    fn a_key_whose_private_half_is_published_too_is_good_for_nothing() {
        let public = key(&Issuer::es256("i", "ec"));
        let mut private = public.clone();
        private["d"] = json!("AA");
        let other = key(&Issuer::es256("i", "other"));
        for set in [
            [public.clone(), private.clone(), other.clone()],
            [private, other, public],
        ] {
            assert_eq!(usable(&set, &ALL), Ok(1));
        }
    }

    #[test]
    fn two_keys_of_one_name_make_the_whole_set_unusable() {
        let (one, other) = (key(&Issuer::es256("i", "k")), key(&Issuer::es256("i", "k")));
        let kid = Kid::try_from("k").unwrap();
        assert_eq!(usable(&[one, other], &ALL), Err(KeyFault::Ambiguous(kid)));
    }

    #[test]
    fn a_set_that_is_too_large_or_no_set_is_refused() {
        assert!(matches!(
            KeySet::parse(&vec![b' '; LARGEST_SET + 1], &ALL),
            Err(KeyFault::TooLarge)
        ));
        assert!(matches!(KeySet::parse(b"[]", &ALL), Err(KeyFault::NotASet)));
        assert!(matches!(
            KeySet::parse(br#"{"keys":[],"keys":[]}"#, &ALL),
            Err(KeyFault::NotASet)
        ));
        let many: Vec<Value> = (0..65)
            .map(|n| json!({"kty": "EC", "kid": n.to_string()}))
            .collect();
        assert_eq!(usable(&many, &ALL), Err(KeyFault::TooLarge));
    }

    #[test]
    fn a_modulus_of_1024_bits_is_too_short() {
        let mut rsa = key(&Issuer::rs256("i", "rsa"));
        let short = URL_SAFE_NO_PAD.encode([0xff; 128]);
        rsa["n"] = json!(short);
        assert_eq!(usable(&[rsa], &ALL), Ok(0));
    }
}
