//! Why an approval is not accepted.

use crate::clock::Timestamp;
use crate::ids::Kid;

/// The token proves nothing. Until its signature is known to be good the sender gets one answer; the variants are for
/// the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidToken {
    /// Longer than any approval.
    #[error("the token is over 8 KiB")]
    TooLong,
    /// Not three base64url parts, or its header or claims are not strict JSON.
    #[error("the token is not a compact JWS of strict JSON")]
    NotCompact,
    /// A header member that changes what a signature means, or that no approval needs.
    #[error("the header has a member that is not allowed, or one is missing")]
    Header,
    /// `typ` says that it is something else.
    #[error("typ is not mfa-approval+jwt")]
    Typ,
    /// `iss` is not an issuer of the policy.
    #[error("the issuer is not known here")]
    UnknownIssuer,
    /// The issuer has no key of that name.
    #[error("the issuer has no such key")]
    UnknownKey,
    /// The key is for another algorithm, or the issuer may not use it.
    #[error("the algorithm is not that of the key")]
    Algorithm,
    /// Another key made the signature.
    #[error("the signature does not match")]
    Signature,
}

/// The token is genuine and says something that is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApprovalError {
    /// See [`InvalidToken`].
    #[error(transparent)]
    InvalidToken(#[from] InvalidToken),
    /// A claim is missing, or is not what the claim may be.
    #[error("claim {at} is missing or malformed, signed with the key {kid}")]
    Claim {
        /// Which, as a path.
        at: String,
        /// The key that signed it: the mistake is its issuer's.
        kid: Kid,
    },
    /// It is for another deployment, or for the other channel.
    #[error("the audience (aud) is for another channel or deployment, signed with the key {kid}")]
    Audience {
        /// The key that signed it: its owner may have lost the approval.
        kid: Kid,
    },
    /// It is over.
    #[error("the approval expired at {exp}")]
    Expired {
        /// Its `exp`.
        exp: Timestamp,
    },
    /// It has not begun, or was signed in the future.
    #[error("the approval is not valid yet (iat or nbf)")]
    NotYet,
    /// It is valid for longer than the channel allows.
    #[error("the approval is valid for more than {minutes} minutes (iat to exp)")]
    TooLongLived {
        /// The limit of the channel.
        minutes: u64,
    },
    /// A verification is older than the channel allows, or in the future.
    #[error(
        "the person was verified more than {minutes} minutes ago, or the time given lies in the future"
    )]
    StaleEvidence {
        /// The limit of the channel.
        minutes: u64,
    },
    /// Every verification could have reached the person who now has the lost or stolen phone.
    #[error("the verification reached only the phone that is reported lost or stolen")]
    EvidenceOnLostPhone,
}
