//! Public keys: from a JWK Set to keys that are good for one thing each.

use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;
use serde_json::Value;

use super::issuer::{Algorithm, IssuerPolicy};
use super::jwk::{IssuerKey, Unfit, is_private, private_halves};
use super::webauthn::RelyingParty;
use crate::ids::{Digest, Kid};
use crate::json;

/// The most bytes that a JWK Set may have.
pub const LARGEST_SET: usize = 256 * 1024;

/// The most keys that one may have.
const MOST_KEYS: usize = 64;

/// The most characters that are shown of a `kid` that is none.
const LONGEST_SHOWN: usize = 80;

/// An issuer's public keys by `kid`.
#[derive(Debug, Default)]
pub struct KeySet {
    keys: BTreeMap<Kid, IssuerKey>,
    passed_over: Vec<PassedOver>,
}

/// A key of the set that verifies nothing here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the key {kid} is not used: {why}")]
pub struct PassedOver {
    /// Its `kid`, in printable characters; the set may hold any text there.
    pub kid: String,
    pub why: Unfit,
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

/// The private keys that were published in a set by mistake. Nothing that they could sign counts.
struct Exposed {
    kids: HashSet<String>,
    halves: HashSet<Digest>,
    /// One of them does not say which public key it belongs to.
    any: bool,
}

impl Exposed {
    fn of(entries: &[Value]) -> Exposed {
        let private = || entries.iter().filter(|entry| is_private(entry));
        // A symmetric key has no public part: it can be none of ours.
        let is_symmetric = |entry: &Value| entry.get("kty").is_some_and(|kty| kty == "oct");
        Exposed {
            kids: private()
                .filter_map(|entry| entry.get("kid")?.as_str())
                .map(str::to_owned)
                .collect(),
            halves: private().flat_map(private_halves).collect(),
            any: private().any(|entry| !is_symmetric(entry) && private_halves(entry).is_empty()),
        }
    }

    /// Reads an entry, if the private key for it was not published.
    fn read(&self, entry: Value, algorithms: &[Algorithm]) -> Result<(Kid, IssuerKey), Unfit> {
        if is_private(&entry) {
            return Err(Unfit::Private);
        }
        let (kid, key) = IssuerKey::read(entry, algorithms)?;
        if self.any {
            Err(Unfit::MaybeExposed)
        } else if self.kids.contains(kid.as_ref()) || self.halves.contains(&key.private_half) {
            Err(Unfit::Exposed)
        } else {
            Ok((kid, key))
        }
    }
}

impl KeySet {
    /// Reads a JWK Set. A key that is unfit for signatures by this issuer is passed over: it may well be there for
    /// others.
    ///
    /// # Errors
    /// [`KeyFault`] if the set as a whole cannot be trusted.
    pub fn parse(json: &[u8], algorithms: &[Algorithm]) -> Result<KeySet, KeyFault> {
        if json.len() > LARGEST_SET {
            return Err(KeyFault::TooLarge);
        }
        let set: Set = json::read(json).map_err(|_| KeyFault::NotASet)?;
        if set.keys.len() > MOST_KEYS {
            return Err(KeyFault::TooLarge);
        }
        let exposed = Exposed::of(&set.keys);
        let mut found = KeySet::default();
        for entry in set.keys {
            let kid = shown_kid(&entry);
            match exposed.read(entry, algorithms) {
                Ok((kid, key)) => match found.keys.get(&kid) {
                    None => drop(found.keys.insert(kid, key)),
                    Some(same) if same.is(&key) => {}
                    Some(_) => return Err(KeyFault::Ambiguous(kid)),
                },
                Err(why) => found.passed_over.push(PassedOver { kid, why }),
            }
        }
        Ok(found)
    }

    /// The passkeys that the policy names for an issuer.
    ///
    /// # Errors
    /// The first one that cannot be used, and why.
    pub fn of_passkeys(issuer: &IssuerPolicy, at: &RelyingParty) -> Result<KeySet, PassedOver> {
        let mut found = KeySet::default();
        for (kid, policy) in &issuer.key {
            let unfit = |why| PassedOver {
                kid: kid.to_string(),
                why,
            };
            let (Some(jwk), Some(credential)) = (&policy.public_key, &policy.credential) else {
                return Err(unfit(Unfit::PublicPart));
            };
            let key = IssuerKey::of_passkey(kid, jwk, credential, at, &issuer.algorithms);
            found.keys.insert(kid.clone(), key.map_err(unfit)?);
        }
        Ok(found)
    }

    /// The keys by name, each with the algorithm that it is good for.
    pub fn iter(&self) -> impl Iterator<Item = (&Kid, Algorithm)> {
        self.keys.iter().map(|(kid, key)| (kid, key.algorithm))
    }

    /// The keys by name, each with what names its private half.
    pub fn private_halves(&self) -> impl Iterator<Item = (&Kid, &Digest)> {
        self.keys.iter().map(|(kid, key)| (kid, &key.private_half))
    }

    /// The keys that are in the set and verify nothing here.
    pub fn passed_over(&self) -> &[PassedOver] {
        &self.passed_over
    }

    /// Whether there is a key of that name.
    pub fn has(&self, kid: &Kid) -> bool {
        self.keys.contains_key(kid)
    }

    pub(super) fn get(&self, kid: &Kid) -> Option<&IssuerKey> {
        self.keys.get(kid)
    }
}

/// The `kid` of an entry, for people to read.
fn shown_kid(entry: &Value) -> String {
    match entry.get("kid") {
        Some(Value::String(kid)) => kid
            .chars()
            .take(LONGEST_SHOWN)
            .map(|c| if c.is_ascii_graphic() { c } else { '?' })
            .collect(),
        _ => "without a kid".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
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
        KeySet::parse(set.as_bytes(), algorithms).map(|set| set.keys.len())
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

    #[test]
    fn a_set_may_have_64_keys_and_as_many_bytes_as_the_limit() {
        let many: Vec<Value> = (0..64)
            .map(|n| json!({"kty": "EC", "kid": n.to_string()}))
            .collect();
        assert_eq!(usable(&many, &ALL), Ok(0));
        let set = r#"{"keys":[]}"#;
        let empty = format!("{set}{}", " ".repeat(LARGEST_SET - set.len()));
        assert_eq!(empty.len(), LARGEST_SET);
        assert!(KeySet::parse(empty.as_bytes(), &ALL).is_ok());
    }

    #[test]
    fn a_key_that_is_there_for_two_algorithms_makes_the_whole_set_unusable() {
        let one = key(&Issuer::rs256("i", "k"));
        let mut other = one.clone();
        other["alg"] = json!("PS256");
        let kid = Kid::try_from("k").unwrap();
        assert_eq!(
            usable(&[one.clone(), other], &ALL),
            Err(KeyFault::Ambiguous(kid))
        );
        assert_eq!(usable(&[one.clone(), one], &ALL), Ok(1));
    }

    #[test]
    fn a_key_whose_type_or_curve_is_another_one_or_whose_purposes_are_none_is_left_out() {
        let good = key(&Issuer::ed25519("i", "ed"));
        for (name, value) in [
            ("kty", json!("EC")),
            ("crv", json!("Ed448")),
            ("crv", Value::Null),
            ("key_ops", json!([])),
            ("key_ops", json!(["sign"])),
        ] {
            let mut bad = good.clone();
            bad[name] = value;
            assert_eq!(usable(&[bad], &ALL), Ok(0), "{name}");
        }
        let mut verifies = good;
        verifies["key_ops"] = json!(["sign", "verify"]);
        assert_eq!(usable(&[verifies], &ALL), Ok(1));
    }

    #[test]
    fn a_published_private_key_spoils_its_public_key_in_any_spelling_of_the_public_part() {
        let with_x = |kid: &str, x: String| {
            let mut entry = key(&Issuer::es256("i", kid));
            entry["x"] = json!(x);
            entry
        };
        let mut bytes = [0xfb; 32];
        bytes[0] = 0xff;
        let text = URL_SAFE_NO_PAD.encode(bytes);
        assert!(text.contains('-') && text.contains('_'), "{text}");
        let half = |entry: &Value| private_halves(entry);
        let plain = half(&with_x("k", text.clone()));
        assert_eq!(plain.len(), 1);
        for spelling in [
            text.replace('-', "+").replace('_', "/"),
            format!("{text}="),
            format!(" {}\n{}", &text[..9], &text[9..]),
            URL_SAFE_NO_PAD.encode([&[0, 0][..], &bytes].concat()),
        ] {
            assert_eq!(half(&with_x("k", spelling.clone())), plain, "{spelling}");
        }
        // The other sign in Ed25519 is the same private key.
        let mut negative = bytes;
        negative[31] ^= 0x80;
        let negative = with_x("k", URL_SAFE_NO_PAD.encode(negative));
        assert_eq!(half(&negative), plain);
        assert!(half(&with_x("k", URL_SAFE_NO_PAD.encode([7; 15]))).is_empty());
    }
}
