//! The second check: a token in, a proven approval out. Pure; keys and time are passed in.
//!
//! An approval is an attestation: somebody accountable says that they verified this person, in this way,
//! at this time, for this ticket. It passes through two types:
//!
//! - [`Authentic`]: signature, shape, issuer and audience are good. Nothing is said about time: whoever
//!   holds one may read its stored outcome, expired or not.
//! - [`Approval`]: made only by [`Authentic::admit`] at a given time. It cannot be deserialised, copied or
//!   written down as a literal, so whoever has one has been through here.
//!
//! ```compile_fail
//! fn forge(authentic: reregister_mfa::approval::Authentic) -> reregister_mfa::approval::Approval {
//!     reregister_mfa::approval::Approval { authentic }
//! }
//! ```

mod admit;
mod claims;
mod evidence;
mod issuer;
mod jws;
mod keys;
mod numeric_date;
mod reason;
mod refused;
mod rsa;
mod strict_json;
mod token;
#[cfg(test)]
mod wycheproof;

pub use admit::{Approval, Channel, Limits};
pub use claims::{Claims, Scope};
pub use evidence::{
    ContactSource, Evidence, Messenger, PhoneLine, Verification, VerificationMethod,
};
pub use issuer::{Algorithm, IssuerPolicy, KeyLocation, KeyPolicy, KeysUrl, TypHeader};
pub use jws::LONGEST_TOKEN;
pub use keys::{KeyFault, KeySet, KeySource, KeysUnavailable, LARGEST_SET};
pub use reason::Reason;
pub use refused::{ApprovalError, InvalidToken};
pub use token::{Audiences, Authentic, TokenId, UnverifiedToken, authenticate, parse_unverified};

#[cfg(test)]
mod tests {
    use super::*;

    static_assertions::assert_not_impl_any!(Approval: Clone, Copy, serde::de::DeserializeOwned);
    static_assertions::assert_not_impl_any!(Authentic: Clone, Copy, serde::de::DeserializeOwned);
}
