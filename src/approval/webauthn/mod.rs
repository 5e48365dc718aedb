//! Approvals that a person signs with a passkey: with the phone in their hand, also while Entra's sign-in is down.
//!
//! Such a token looks like a compact JWS. `alg` is `WebAuthn`, and the third part holds what the browser gives for the
//! challenge SHA-256(`header.payload`). The claims, and everything that is behind them, are those of any approval.
//!
//! | question | file |
//! |---|---|
//! | which page asked for which text | `client_data` |
//! | what the authenticator says of the person | `authenticator_data` |
//! | whether the key signed both | `public_key` |
//! | whose passkeys count, and where | `policy` |

mod authenticator_data;
mod client_data;
mod fault;
mod policy;
mod public_key;
#[cfg(test)]
mod tests;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use crate::ids::Digest;
use crate::json;

use authenticator_data::AuthenticatorData;
pub use fault::PasskeyFault;
pub use policy::{CredentialId, Origin, PasskeyJwk, RelyingParty};
pub use public_key::PublicKey;

/// `alg` of a token that a passkey signed. It is no algorithm of JWS, so no other reader takes such a token for one.
pub const ALG: &str = "WebAuthn";

// The most bytes of each part. An RSA signature of 8192 bits is the longest.
const LONGEST_AUTHENTICATOR_DATA: usize = 256;
const LONGEST_CLIENT_DATA: usize = 2048;
const LONGEST_SIGNATURE: usize = 1024;

/// A passkey of the policy.
#[derive(Debug)]
pub struct Passkey {
    pub credential: Digest,
    pub public_key: PublicKey,
    rp_id_hash: [u8; 32],
    origin: Origin,
}

/// The use of a passkey: what a clone of it would give away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeyUse {
    /// The SHA-256 of the credential's id.
    pub credential: Digest,
    /// How often it has signed; 0 where the authenticator does not count.
    pub sign_count: u32,
    /// Whether it stays on one device, as far as the authenticator says.
    pub stays_on_device: bool,
}

impl PasskeyUse {
    /// How the person signed in, by its registered name (RFC 8176, section 2).
    pub fn method(&self) -> &'static str {
        if self.stays_on_device { "hwk" } else { "swk" }
    }
}

/// The third part of the token.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Assertion {
    authenticator_data: String,
    client_data: String,
    signature: String,
}

impl Passkey {
    pub fn new(credential: &CredentialId, public_key: PublicKey, at: &RelyingParty) -> Passkey {
        Passkey {
            credential: credential.digest(),
            public_key,
            rp_id_hash: sha256(at.rp_id().as_bytes()),
            origin: at.origin.clone(),
        }
    }

    /// Checks that this passkey signed this text, by the third part of the token.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn verify(&self, signed: &str, part: &str) -> Result<PasskeyUse, PasskeyFault> {
        let part = URL_SAFE_NO_PAD
            .decode(part)
            .map_err(|_| PasskeyFault::Shape)?;
        let assertion: Assertion = json::read(&part).map_err(|_| PasskeyFault::Shape)?;
        let challenge = sha256(signed.as_bytes());
        self.verify_assertion(
            &challenge,
            &bytes(
                &assertion.authenticator_data,
                LONGEST_AUTHENTICATOR_DATA,
                "authenticator_data",
            )?,
            &bytes(&assertion.client_data, LONGEST_CLIENT_DATA, "client_data")?,
            &bytes(&assertion.signature, LONGEST_SIGNATURE, "signature")?,
        )
    }

    /// The same for an assertion of any challenge (WebAuthn Level 3, section 7.2).
    fn verify_assertion(
        &self,
        challenge: &[u8],
        authenticator_data: &[u8],
        client_data: &[u8],
        signature: &[u8],
    ) -> Result<PasskeyUse, PasskeyFault> {
        client_data::check(client_data, challenge, self.origin.as_str())?;
        let AuthenticatorData {
            sign_count,
            backup_eligible,
        } = authenticator_data::read(authenticator_data, &self.rp_id_hash)?;
        let signed = [authenticator_data, &sha256(client_data)].concat();
        if !self.public_key.verifies(&signed, signature) {
            return Err(PasskeyFault::Signature);
        }
        Ok(PasskeyUse {
            credential: self.credential.clone(),
            sign_count,
            stays_on_device: !backup_eligible,
        })
    }
}

/// Base64url without padding, of a bounded length.
fn bytes(text: &str, most: usize, name: &'static str) -> Result<Vec<u8>, PasskeyFault> {
    let bytes = URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| PasskeyFault::Shape)?;
    if bytes.len() > most {
        return Err(PasskeyFault::TooLong(name));
    }
    Ok(bytes)
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    for (into, byte) in hash.iter_mut().zip(digest(&SHA256, bytes).as_ref()) {
        *into = *byte;
    }
    hash
}
