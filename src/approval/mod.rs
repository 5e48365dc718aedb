//! The second check: a token in, a validated approval out. Pure; keys and time are passed in.
//!
//! An approval is an attestation: an accountable approver says that the target was verified, in this way, at this
//! time, for this ticket. It passes through two types:
//!
//! - [`Authentic`]: signature, shape, issuer and audience are good. Nothing is said about time: its holder may read
//!   the stored outcome, expired or not.
//! - [`Approval`]: made only by [`Authentic::admit`] at a given time. It cannot be deserialised, copied or written
//!   down as a literal, so each one has passed every rule.
//!
//! ```
//! use reregister_mfa::approval::{Approval, Authentic};
//! ```
//! ```compile_fail,E0451
//! # // Fails for its private fields alone: the names are those above.
//! fn forge(authentic: reregister_mfa::approval::Authentic) -> reregister_mfa::approval::Approval {
//!     reregister_mfa::approval::Approval { authentic }
//! }
//! ```

mod channel;
mod claims;
mod contact;
mod damage;
mod ed25519;
mod error;
mod evidence;
mod issuer;
mod jwk;
mod jwks;
mod jws;
mod kept;
mod numeric_date;
mod public_jwk;
mod reason;
mod rsa;
pub mod sign_in;
mod signed_by;
mod time_limits;
mod token;
mod validate;
mod webauthn;
#[cfg(test)]
mod wycheproof;

pub use channel::Channel;
pub use claims::{Claims, MOST_VERIFICATIONS, Scope};
pub use contact::{ContactEnds, ContactKind, LastDigits};
pub use damage::Damage;
pub use error::{ApprovalError, InvalidToken, claim_subject};
pub use evidence::{
    ContactSource, Evidence, EvidenceError, Messenger, PhoneLine, Verification, VerificationMethod,
};
pub use issuer::{Algorithm, IssuerPolicy, KeyLocation, KeyPolicy, KeysUrl, TypHeader};
pub use jwk::Unfit;
pub use jwks::{KeyFault, KeySet, LARGEST_SET, PassedOver};
pub use jws::LONGEST_TOKEN;
pub use kept::{KeptApproval, KeptFault, SignaturePolicy};
pub use public_jwk::PublicJwk;
pub use reason::Reason;
pub use signed_by::SignedIn;
pub use time_limits::{TimeLimits, longest_use};
pub use token::{
    Audiences, Authentic, TYP, TokenId, UnverifiedToken, authenticate, parse_unverified,
};
pub use validate::Approval;
pub use webauthn::{CredentialId, Origin, PasskeyFault, PasskeyJwk, PasskeyUse, RelyingParty};

#[cfg(test)]
mod tests {
    use super::*;

    static_assertions::assert_not_impl_any!(Approval: Clone, Copy, serde::de::DeserializeOwned);
    static_assertions::assert_not_impl_any!(Authentic: Clone, Copy, serde::de::DeserializeOwned);
}
