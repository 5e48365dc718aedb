//! What the audit trail gets to know: one event a decision, refusals too.

use serde::Serialize;

use super::outcome::Outcome;
use crate::approval::{Authentic, Door, Evidence, TokenId};
use crate::clock::Timestamp;
use crate::ids::{Kid, Label, ResetId, TicketKey};

/// One event.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "audit", rename_all = "snake_case")]
pub enum Event {
    /// Somebody asked and was refused, or told to come back.
    Refused {
        /// When.
        at: Timestamp,
        /// The refusal's stable code.
        code: &'static str,
        /// Why, for whoever runs this.
        why: String,
        /// Who and what.
        #[serde(flatten)]
        parties: Parties,
    },
    /// A reset is allowed and about to be claimed. Written before anything is changed in Graph.
    Allowed {
        /// When.
        at: Timestamp,
        /// The reset.
        reset: ResetId,
        /// The target's object id.
        target_id: crate::ids::ObjectId,
        /// `standard` or what makes the target privileged.
        tier: String,
        /// How many methods are to go.
        removals: usize,
        /// Who and what.
        #[serde(flatten)]
        parties: Parties,
    },
    /// A reset that was there already answered a request; nothing was changed.
    Replayed {
        /// When.
        at: Timestamp,
        /// The reset.
        reset: ResetId,
        /// Who and what.
        #[serde(flatten)]
        parties: Parties,
    },
    /// An abandoned reset is about to be taken up, or ended. Written before anything is changed in Graph.
    Resumed {
        /// When.
        at: Timestamp,
        /// The reset.
        reset: ResetId,
        /// Who and what.
        #[serde(flatten)]
        parties: Parties,
    },
    /// A reset is over.
    Outcome {
        /// When.
        at: Timestamp,
        /// Which methods appeared meanwhile: an alarm.
        appeared: usize,
        /// All of it.
        #[serde(flatten)]
        outcome: Outcome,
    },
}

impl Event {
    /// When it happened.
    pub fn at(&self) -> Timestamp {
        match self {
            Event::Refused { at, .. }
            | Event::Allowed { at, .. }
            | Event::Replayed { at, .. }
            | Event::Resumed { at, .. }
            | Event::Outcome { at, .. } => *at,
        }
    }
}

/// Who and what is involved, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Parties {
    /// Which door.
    pub door: Option<Door>,
    /// Which source.
    pub source: Option<Label>,
    /// The delivery's name.
    pub delivery: Option<String>,
    /// The ticket.
    pub ticket: Option<TicketKey>,
    /// The target, as the approval writes it.
    pub target: Option<String>,
    /// The approvals.
    pub approvals: Vec<ApprovalMark>,
}

/// What tells an approval from others, without the approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ApprovalMark {
    /// Issuer and name.
    #[serde(flatten)]
    pub id: TokenId,
    /// The key.
    pub kid: Kid,
    /// Who approved.
    pub approver: String,
    /// How the target was verified, by whom and when.
    pub verification: Vec<VerificationMark>,
}

/// How a target was verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VerificationMark {
    /// In which way.
    #[serde(flatten)]
    pub evidence: Evidence,
    /// By whom.
    pub verified_by: String,
    /// When.
    pub verified_at: Timestamp,
    /// What the verifier's records call it.
    pub reference: Option<String>,
}

impl ApprovalMark {
    /// Of this approval.
    pub fn of(approval: &Authentic) -> ApprovalMark {
        let claims = approval.claims();
        ApprovalMark {
            id: approval.id(),
            kid: approval.kid().clone(),
            approver: claims.act.sub.to_string(),
            verification: claims
                .verification
                .iter()
                .map(|v| VerificationMark {
                    evidence: v.evidence,
                    verified_by: v.verified_by.to_string(),
                    verified_at: v.verified_at,
                    reference: v.reference.clone(),
                })
                .collect(),
        }
    }
}
