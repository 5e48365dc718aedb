//! What was claimed: the approvals and the person, for one reset.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::approval::{Channel, Evidence, Reason, Scope, TokenId};
use crate::clock::Timestamp;
use crate::ids::{Digest, Kid, Label, ObjectId, PersonRef, ResetId, TenantId, TicketKey};

/// What was claimed, and on which approvals: never changes after the claim.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claim {
    pub id: ResetId,
    pub tenant: TenantId,
    #[serde(rename = "door")]
    pub channel: Channel,
    pub source: Option<Label>,
    pub ticket: TicketKey,
    pub target: ObjectId,
    /// For people to read; nothing is decided by it.
    pub upn: String,
    /// For people to read. Records of earlier versions have none, and earlier versions ignore it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Whether the person signs in elsewhere. Earlier versions knew the type `Guest` alone, hence the name in records.
    #[serde(rename = "guest")]
    pub external: bool,
    /// Whether the target is privileged, so that the privileged credential acts.
    pub privileged: bool,
    /// Whether the policy wants hardware OATH tokens deactivated.
    pub deactivates: bool,
    pub scope: Scope,
    pub reason: Option<Reason>,
    pub approvals: Vec<ClaimedApproval>,
    pub claimed_at: Timestamp,
}

/// An approval in the ledger. The token itself is kept with the request, so that a later run can verify it again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ClaimedApproval {
    pub id: TokenId,
    /// The target, as this approval writes it.
    pub sub: PersonRef,
    pub kid: Kid,
    pub domain: Label,
    /// What names the private key that signed it. Not kept: each run finds it anew.
    #[serde(skip)]
    pub private_half: Option<Digest>,
    pub approver: ObjectId,
    pub verifiers: Vec<ObjectId>,
    pub evidence: Vec<Evidence>,
    /// Whether its issuer may approve privileged people.
    pub issuer_may: bool,
}

impl Claim {
    pub fn approvers(&self) -> BTreeSet<ObjectId> {
        self.approvals.iter().map(|one| one.approver).collect()
    }
}
