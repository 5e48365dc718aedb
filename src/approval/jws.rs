//! A compact JWS (RFC 7515): its header, its key, its signature. What the payload says is `token`'s.
//!
//! The signature is `jsonwebtoken`'s to check. Which header, which key and which algorithm may come so far is
//! decided here, because the crate does not: it ignores `crit`, `b64`, `typ` and what a key is for.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::InvalidToken;
use super::jwk::{IssuerKey, VerifyingKey};
use super::jwks::KeySet;
use super::webauthn::{self, PasskeyUse};
use crate::ids::Kid;
use crate::json;

/// The longest token, in bytes. An approval with four verifications is under 2 KiB.
pub const LONGEST_TOKEN: usize = 8 * 1024;

/// The whole of what a header may hold. In particular no `crit`, `b64`, `cty`, `enc` or `zip`, which change
/// what a signature means, and no `jwk`, `jku`, `x5u` or `x5c`, by which a token would bring its own key.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    alg: String,
    pub kid: Kid,
    pub typ: Option<String>,
    /// Thumbprints only select a key, as `kid` does; some issuers cannot leave them out.
    #[serde(rename = "x5t")]
    _x5t: Option<String>,
    #[serde(rename = "x5t#S256")]
    _x5t_s256: Option<String>,
}

/// A compact JWS whose header is one that an approval may have. Its signature is not verified yet.
#[derive(Debug)]
pub struct Jws<'a> {
    whole: &'a str,
    signed: &'a str,
    signature: &'a str,
    pub header: Header,
    pub payload: Vec<u8>,
}

/// What made a signature that is good.
#[derive(Debug)]
pub struct Verified<'k> {
    pub key: &'k IssuerKey,
    /// If the key is a passkey.
    pub passkey: Option<PasskeyUse>,
}

impl<'a> Jws<'a> {
    /// Takes a token apart, without a key.
    pub fn parse(token: &'a str) -> Result<Jws<'a>, InvalidToken> {
        if token.len() > LONGEST_TOKEN {
            return Err(InvalidToken::TooLong);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(InvalidToken::NotCompact)?;
        let (header, payload) = signed.split_once('.').ok_or(InvalidToken::NotCompact)?;
        let header = decode(header)?;
        let payload = decode(payload)?;
        let header = json::parse(&header).map_err(|_| InvalidToken::NotCompact)?;
        let header = json::of_value(header).map_err(|_| InvalidToken::Header)?;
        Ok(Jws {
            whole: token,
            signed,
            signature,
            header,
            payload,
        })
    }

    /// The token as it came.
    pub fn as_str(&self) -> &'a str {
        self.whole
    }

    /// Proves that the key of this name made the signature, by the one algorithm that the key is for, or as the passkey
    /// that it is.
    pub fn verify<'k>(&self, keys: &'k KeySet) -> Result<Verified<'k>, InvalidToken> {
        let key = keys.get(&self.header.kid).ok_or(InvalidToken::UnknownKey)?;
        let alg = self.header.alg.as_str();
        match &key.verifying {
            VerifyingKey::Jws(decoding) if key.algorithm.is_named(alg) => {
                let good = jsonwebtoken::crypto::verify(
                    self.signature,
                    self.signed.as_bytes(),
                    decoding,
                    key.algorithm.for_crate(),
                );
                if !matches!(good, Ok(true)) {
                    return Err(InvalidToken::Signature);
                }
                Ok(Verified { key, passkey: None })
            }
            VerifyingKey::Passkey(passkey) if alg == webauthn::ALG => {
                let passkey = Some(passkey.verify(self.signed, self.signature)?);
                Ok(Verified { key, passkey })
            }
            VerifyingKey::Jws(_) | VerifyingKey::Passkey(_) => Err(InvalidToken::Algorithm),
        }
    }
}

/// Base64url without padding, and in the one way in which each text can be written.
fn decode(part: &str) -> Result<Vec<u8>, InvalidToken> {
    URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| InvalidToken::NotCompact)
}
