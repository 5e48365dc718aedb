//! What the audit trail gets to know: one event a decision, refusals too.

use serde::{Deserialize, Serialize};

use super::outcome::Outcome;
use crate::approval::{Authentic, Channel, Evidence, TokenId};
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
        /// The reset that it would have been, where one was accepted.
        reset: Option<ResetId>,
        /// The refusal's stable code.
        code: String,
        /// Whether it was tried for two hours, and a person has to look; else it was refused.
        gave_up: bool,
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
    /// Somebody was shown what a reset would do. Nothing was changed.
    Previewed {
        /// When.
        at: Timestamp,
        /// The target's object id.
        target_id: crate::ids::ObjectId,
        /// `standard` or what makes the target privileged.
        tier: String,
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
    /// A request to change something in Graph is about to be sent. While this cannot be written, it is not.
    Intended {
        /// When.
        at: Timestamp,
        /// The reset.
        reset: ResetId,
        /// The ticket.
        ticket: TicketKey,
        /// The target's object id.
        target_id: crate::ids::ObjectId,
        /// What is to be changed.
        #[serde(flatten)]
        change: Change,
    },
    /// A reset that was begun before is about to be taken up. Written before anything is changed in Graph.
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
        /// How many methods appeared meanwhile: an alarm.
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
            | Event::Previewed { at, .. }
            | Event::Replayed { at, .. }
            | Event::Intended { at, .. }
            | Event::Resumed { at, .. }
            | Event::Outcome { at, .. } => *at,
        }
    }
}

/// A change in Graph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// Sessions are revoked.
    RevokeSessions,
    /// A method is deleted.
    Remove {
        /// Which.
        method: crate::reset::method::Method,
    },
    /// A hardware OATH token is deactivated.
    Deactivate {
        /// Which.
        method: crate::reset::method::Method,
    },
}

/// Who and what is involved, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parties {
    /// Which door.
    pub door: Option<Channel>,
    /// Which source.
    pub source: Option<Label>,
    /// The delivery's name.
    pub delivery: Option<String>,
    /// The ticket.
    pub ticket: Option<TicketKey>,
    /// The target, as the approval writes it.
    pub target: Option<String>,
    /// Where the request came from.
    pub origin: Origin,
    /// The approvals.
    pub approvals: Vec<ApprovalSummary>,
}

/// Where a request came from, as far as it is known. Nothing is decided by it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The address of whoever connected.
    pub address: Option<String>,
    /// What they say that they ask with.
    pub agent: Option<String>,
}

/// What tells an approval from others, without the approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalSummary {
    /// Issuer and name.
    #[serde(flatten)]
    pub id: TokenId,
    /// The key.
    pub kid: Kid,
    /// Whose key it is, if the policy gives it to one person.
    pub owner: Option<String>,
    /// The key's trust domain.
    pub domain: Label,
    /// Whether its issuer may approve privileged people.
    #[serde(default)]
    pub privileged: bool,
    /// Whom it is about, as it writes them.
    pub target: String,
    /// The ticket that it belongs to.
    pub ticket: TicketKey,
    /// Who approved.
    pub approver: String,
    /// How they signed in, as far as the names are registered (RFC 8176, section 2).
    pub amr: Vec<String>,
    /// When it expires.
    pub expires_at: Timestamp,
    /// How the target was verified, by whom and when.
    pub verification: Vec<VerificationSummary>,
}

/// How a target was verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerificationSummary {
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

impl Parties {
    /// Names approvals that are proven, and whom they are about.
    pub fn name(&mut self, approvals: &[Authentic]) {
        let first = approvals.first().map(Authentic::claims);
        self.target = first.map(|claims| claims.sub.to_string());
        self.ticket = self.ticket.take().or(first
            .map(|claims| claims.txn.clone())
            .filter(|ticket| approvals.iter().all(|one| one.claims().txn == *ticket)));
        self.approvals = approvals.iter().map(ApprovalSummary::of).collect();
    }

    /// When the last of the approvals expires; nothing if none is proven.
    pub fn good_until(&self) -> Option<Timestamp> {
        self.approvals.iter().map(|mark| mark.expires_at).max()
    }

    /// Writes one line into the log about a decision; the alarms count them.
    pub fn log(&self, code: &str, why: &str) {
        let first = self.approvals.first();
        tracing::info!(
            event = "decision",
            code,
            why,
            ticket = self.ticket.as_ref().map(tracing::field::display),
            source = self.source.as_ref().map(tracing::field::display),
            delivery = self.delivery.as_deref(),
            kid = first.map(|mark| tracing::field::display(&mark.kid)),
            jti = first.map(|mark| tracing::field::display(&mark.id.jti)),
        );
    }
}

impl ApprovalSummary {
    /// Of this approval.
    pub fn of(approval: &Authentic) -> ApprovalSummary {
        let claims = approval.claims();
        ApprovalSummary {
            id: approval.id(),
            kid: approval.kid().clone(),
            owner: approval.owner().map(ToString::to_string),
            domain: approval.domain().clone(),
            privileged: approval.may_be_for_privileged(),
            target: claims.sub.to_string(),
            ticket: claims.txn.clone(),
            approver: claims.act.sub.to_string(),
            amr: claims.signed_in_by(),
            expires_at: claims.exp,
            verification: claims
                .verification
                .iter()
                .map(|v| VerificationSummary {
                    evidence: v.evidence,
                    verified_by: v.verified_by.to_string(),
                    verified_at: v.verified_at,
                    reference: v.reference.clone(),
                })
                .collect(),
        }
    }
}
