//! One key of a JWK Set: from JSON to a key that verifies by one algorithm, or a reason why it does not.

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, URL_SAFE_NO_PAD};
use std::sync::Arc;

use jsonwebtoken::DecodingKey;
use serde::Deserialize;
use serde_json::Value;

use super::issuer::Algorithm;
use super::public_jwk::PublicJwk;
use super::webauthn::{CredentialId, Passkey, PasskeyJwk, PublicKey, RelyingParty};
use super::{ed25519, rsa};
use crate::ids::{Digest, Kid};
use crate::json;

/// A public key, and the one algorithm that it verifies.
pub(super) struct IssuerKey {
    pub algorithm: Algorithm,
    pub verifying: VerifyingKey,
    /// Which private key signs for it: keys of one private half are stolen together.
    pub private_half: Digest,
    /// For which issuer it is, where the set says so: Entra's sets are for several.
    pub issuer: Option<String>,
    /// The members that make the key, as they stand in the set.
    members: [Option<String>; 4],
    /// The key as an auditor reads it.
    pub published: Arc<PublicJwk>,
}

/// What a key signs. One that signs the one signs nothing else.
pub(super) enum VerifyingKey {
    /// Tokens.
    Jws(DecodingKey),
    /// The assertions of a passkey.
    Passkey(Passkey),
}

impl IssuerKey {
    /// Whether it is the same key, for the same algorithm.
    pub fn is(&self, other: &IssuerKey) -> bool {
        self.algorithm == other.algorithm
            && self.members == other.members
            && self.issuer == other.issuer
    }
}

impl std::fmt::Debug for IssuerKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IssuerKey")
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

/// Why a key is passed over. It names members and never quotes what is in them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("a member is missing or malformed: {0}")]
    Malformed(String),
    #[error("it is a private key")]
    Private,
    #[error("its private key is in the same set")]
    Exposed,
    #[error("a private key in the same set does not say which public key it belongs to")]
    MaybeExposed,
    #[error("its use or key_ops says that it does not verify signatures")]
    Purpose,
    #[error("its kty, crv and alg fit no algorithm of the issuer")]
    Algorithm,
    #[error("it has no alg, and the issuer has several algorithms that fit it")]
    SeveralAlgorithms,
    #[error(
        "it is weak: an RSA key of less than 2048 bits, with a bad exponent, or of a known bad make"
    )]
    WeakRsa,
    #[error("it is weak: an Ed25519 point of small order, or one in a second spelling")]
    WeakEd25519,
    #[error("its public part cannot be read")]
    PublicPart,
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
    issuer: Option<Value>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// The private members (RFC 7518, sections 6.2.2, 6.3.2 and 6.4.1), which have no place in a published set.
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Whether an entry of a set is a private key, whatever else is wrong with it.
pub(super) fn is_private(entry: &Value) -> bool {
    let is_there = |name: &&str| entry.get(*name).is_some_and(|member| !member.is_null());
    PRIVATE.iter().any(is_there)
}

/// Which private halves belong to the public part of an entry, whatever else is wrong with it. Both members are looked
/// at, in every spelling of base64: what is stolen does not depend on how well the entry is written.
pub(super) fn private_halves(entry: &Value) -> Vec<Digest> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &URL_SAFE,
        GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true),
    );
    let member = |name| {
        let text = entry.get(name)?.as_str()?;
        let text: String = text.split_whitespace().collect();
        let text = text.replace('+', "-").replace('/', "_");
        LENIENT.decode(text).ok()
    };
    let found = [member("n"), member("x")].into_iter().flatten();
    found
        .filter(|bytes| bytes.len() >= SHORTEST)
        .map(|bytes| private_half(&bytes))
        .collect()
}

/// Below this, a public part names no key.
const SHORTEST: usize = 16;

/// `n` of RSA names both halves. So does `x` of a curve: the other point with that `x`, or in Ed25519 the other sign, has
/// the same private key but for its sign.
fn private_half(public: &[u8]) -> Digest {
    let leading = public.iter().take_while(|byte| **byte == 0).count();
    let mut bytes = public.get(leading..).unwrap_or_default().to_vec();
    // The sign in Ed25519. Of the others no two differ in this bit alone.
    if let Some(last) = bytes.last_mut() {
        *last &= 0x7f;
    }
    Digest::of(&bytes)
}

impl IssuerKey {
    /// Reads an entry that is no private key.
    pub fn read(entry: Value, allowed: &[Algorithm]) -> Result<(Kid, IssuerKey), Unfit> {
        let published = PublicJwk::of(&entry);
        let jwk: Jwk = json::of_value(entry).map_err(|error| Unfit::Malformed(error.place()))?;
        if !jwk.verifies() {
            return Err(Unfit::Purpose);
        }
        let algorithm = jwk.algorithm(allowed)?;
        let (decoding, private_half) = jwk.decode(algorithm)?;
        let key = IssuerKey {
            algorithm,
            verifying: VerifyingKey::Jws(decoding),
            private_half,
            issuer: jwk
                .issuer
                .as_ref()
                .and_then(Value::as_str)
                .map(str::to_owned),
            members: [jwk.n, jwk.e, jwk.x, jwk.y],
            published: Arc::new(published),
        };
        Ok((jwk.kid, key))
    }

    /// Reads the public key of a passkey, under the same rules.
    pub fn of_passkey(
        kid: &Kid,
        jwk: &PasskeyJwk,
        credential: &CredentialId,
        at: &RelyingParty,
        allowed: &[Algorithm],
    ) -> Result<IssuerKey, Unfit> {
        let (_, key) = IssuerKey::read(jwk.entry(kid), allowed)?;
        let [n, e, x, y] = &key.members;
        let public_key = match key.algorithm {
            Algorithm::ES256 => PublicKey::p256(&member(x)?.1, &member(y)?.1),
            Algorithm::Ed25519 => PublicKey::ed25519(&member(x)?.1),
            Algorithm::RS256 => Some(PublicKey::Rsa {
                n: member(n)?.1,
                e: member(e)?.1,
            }),
            Algorithm::PS256 => return Err(Unfit::Algorithm),
        };
        let public_key = public_key.ok_or(Unfit::PublicPart)?;
        Ok(IssuerKey {
            verifying: VerifyingKey::Passkey(Passkey::new(credential, public_key, at)),
            ..key
        })
    }
}

impl Jwk {
    fn verifies(&self) -> bool {
        let purpose = self.purpose.as_deref();
        let ops = self.key_ops.as_ref();
        purpose.is_none_or(|purpose| purpose == "sig")
            && ops.is_none_or(|ops| ops.iter().any(|op| op == "verify"))
    }

    /// The one algorithm that the key is for: what it says, or the only one of the issuer's that fits it.
    fn algorithm(&self, allowed: &[Algorithm]) -> Result<Algorithm, Unfit> {
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
            (Some(only), None) => Ok(only),
            (None, _) => Err(Unfit::Algorithm),
            (Some(_), Some(_)) => Err(Unfit::SeveralAlgorithms),
        }
    }

    /// The key and its private half, if its parts fit together.
    fn decode(&self, algorithm: Algorithm) -> Result<(DecodingKey, Digest), Unfit> {
        let (decoding, public) = match algorithm {
            Algorithm::ES256 => {
                let (x, bytes) = coordinate(&self.x)?;
                let (y, _) = coordinate(&self.y)?;
                (DecodingKey::from_ec_components(x, y), bytes.to_vec())
            }
            Algorithm::Ed25519 => {
                let (x, bytes) = coordinate(&self.x)?;
                if !ed25519::is_sound(bytes) {
                    return Err(Unfit::WeakEd25519);
                }
                (DecodingKey::from_ed_components(x), bytes.to_vec())
            }
            Algorithm::RS256 | Algorithm::PS256 => {
                let ((n, modulus), (e, exponent)) = (member(&self.n)?, member(&self.e)?);
                if !rsa::is_sound(&modulus, &exponent) {
                    return Err(Unfit::WeakRsa);
                }
                (DecodingKey::from_rsa_components(n, e), modulus)
            }
        };
        let decoding = decoding.map_err(|_| Unfit::PublicPart)?;
        Ok((decoding, private_half(&public)))
    }
}

/// A member as it stands there, and its bytes.
fn member(member: &Option<String>) -> Result<(&str, Vec<u8>), Unfit> {
    let text = member.as_deref().ok_or(Unfit::PublicPart)?;
    let bytes = URL_SAFE_NO_PAD.decode(text);
    Ok((text, bytes.map_err(|_| Unfit::PublicPart)?))
}

/// The same, if it has the length of a coordinate.
fn coordinate(of: &Option<String>) -> Result<(&str, [u8; 32]), Unfit> {
    let (text, bytes) = member(of)?;
    let bytes = bytes.try_into().map_err(|_| Unfit::PublicPart)?;
    Ok((text, bytes))
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
