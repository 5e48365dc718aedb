//! Why an approval is not accepted.

use crate::clock::Timestamp;
use crate::ids::Kid;

/// The token proves nothing. Before a signature is known to be good there is this one answer; the variants
/// are for our own log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidToken {
    /// Longer than any approval.
    #[error("the token is over 8 KiB")]
    TooLong,
    /// Not three base64url parts, or its header or claims are not strict JSON.
    #[error("the token is not a compact JWS of strict JSON")]
    NotCompact,
    /// A header member that changes what a signature means, or that nobody needs.
    #[error("the header has a member that is not allowed, or lacks one")]
    Header,
    /// `typ` says that it is something else.
    #[error("typ is not mfa-approval+jwt")]
    Typ,
    /// `iss` is nobody that the policy lets speak here.
    #[error("the issuer is not known here")]
    UnknownIssuer,
    /// The issuer has no key of that name.
    #[error("the issuer has no such key")]
    UnknownKey,
    /// The key is for another algorithm, or the issuer may not use it.
    #[error("the algorithm is not the key's")]
    Algorithm,
    /// The signature is somebody else's.
    #[error("the signature is not good")]
    Signature,
}

/// The token is genuine and says something that is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApprovalError {
    /// See [`InvalidToken`].
    #[error(transparent)]
    InvalidToken(#[from] InvalidToken),
    /// A claim is missing, or is not what the claim may be.
    #[error("claim {at} is missing or malformed, in what the key {kid} signed")]
    Claim {
        /// Which, as a path.
        at: String,
        /// Whose mistake it is.
        kid: Kid,
    },
    /// It is for another deployment, or for the other door.
    #[error("the audience (aud) is another, in what the key {kid} signed")]
    Audience {
        /// Who may have lost it.
        kid: Kid,
    },
    /// It is over.
    #[error("expired at {exp}")]
    Expired {
        /// Its `exp`.
        exp: Timestamp,
    },
    /// It has not begun, or was signed in the future.
    #[error("not valid yet")]
    NotYet,
    /// Its life is longer than the door allows.
    #[error("valid for longer than {minutes} minutes")]
    TooLongLived {
        /// What the door allows.
        minutes: u64,
    },
    /// A verification is older than the door allows, or in the future.
    #[error("a verification is older than {minutes} minutes, or in the future")]
    StaleEvidence {
        /// What the door allows.
        minutes: u64,
    },
    /// Every verification could have reached whoever has the phone that is gone.
    #[error("the verification reached only the phone that is reported lost or stolen")]
    EvidenceOnLostPhone,
}
