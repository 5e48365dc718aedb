//! What is known of the signature of an approval.

use std::sync::Arc;

use super::public_jwk::PublicJwk;
use super::webauthn::PasskeyUse;
use super::{Channel, ContactEnds};
use crate::clock::Timestamp;
use crate::ids::{Digest, Kid, Label, ObjectId, PersonRef};

/// What is known of a signature besides what it signs.
#[derive(Debug)]
pub(super) struct SignedBy {
    pub kid: Kid,
    pub private_half: Digest,
    pub channel: Channel,
    pub domain: Label,
    pub owner: Option<PersonRef>,
    pub privileged: bool,
    /// The keys that verified it, for an auditor: of a sign-in the approver's, then the verifier's.
    pub keys: Vec<Arc<PublicJwk>>,
    /// If the key is a passkey.
    pub passkey: Option<PasskeyUse>,
}

/// Who signed an approval, and how well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedIn {
    pub approver: ObjectId,
    pub verifier: ObjectId,
    /// When each of them signed in for it.
    pub approved_at: Timestamp,
    pub verified_at: Timestamp,
    /// Whether the verifier signed as the target's manager, and not as a verifier.
    pub is_vouched_for: bool,
    /// What the contacts of record ended in that the verifier used.
    pub contacts: ContactEnds,
    /// Whether both signed in the policy's authentication context.
    pub in_context: bool,
}

impl SignedIn {
    /// Whether one person verified and approved.
    pub fn is_alone(&self) -> bool {
        self.approver == self.verifier
    }
}
