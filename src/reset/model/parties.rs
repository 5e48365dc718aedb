//! Who and what is involved in a request: for the audit trail and the log.

use serde::{Deserialize, Serialize};

use crate::approval::{Authentic, Channel, Evidence, TokenId};
use crate::clock::Timestamp;
use crate::ids::{Kid, Label, TicketKey};

/// Who and what is involved in a request, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parties {
    #[serde(rename = "door")]
    pub channel: Option<Channel>,
    pub source: Option<Label>,
    /// The sender's id of the delivery.
    pub delivery: Option<String>,
    pub ticket: Option<TicketKey>,
    /// The target, as the approval writes it.
    pub target: Option<String>,
    /// Where the request came from.
    pub origin: RequestOrigin,
    pub approvals: Vec<ApprovalSummary>,
}

/// Where a request came from, as far as it is known. No decision depends on it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestOrigin {
    /// The address of the client that connected.
    pub address: Option<String>,
    /// The client's `User-Agent`.
    pub agent: Option<String>,
}

/// What an approval says, without the token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalSummary {
    /// Issuer and `jti`.
    #[serde(flatten)]
    pub id: TokenId,
    pub kid: Kid,
    /// The owner of the key, if the policy names one.
    pub owner: Option<String>,
    /// The key's trust domain.
    pub domain: Label,
    /// Whether its issuer may approve privileged people.
    #[serde(default)]
    pub privileged: bool,
    /// The target, as the approval writes it.
    pub target: String,
    /// The ticket that it belongs to.
    pub ticket: TicketKey,
    pub approver: String,
    /// How they signed in, as far as the names are registered (RFC 8176, section 2).
    pub amr: Vec<String>,
    /// When it expires.
    pub expires_at: Timestamp,
    pub verification: Vec<VerificationSummary>,
}

/// How a target was verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerificationSummary {
    #[serde(flatten)]
    pub evidence: Evidence,
    pub verified_by: String,
    pub verified_at: Timestamp,
    /// What the verifier's records call it.
    pub reference: Option<String>,
}

impl Parties {
    /// Names approvals that are authentic, and their target.
    pub fn name(&mut self, approvals: &[Authentic]) {
        let first = approvals.first().map(Authentic::claims);
        self.target = first.map(|claims| claims.sub.to_string());
        self.ticket = self.ticket.take().or(first
            .map(|claims| claims.txn.clone())
            .filter(|ticket| approvals.iter().all(|one| one.claims().txn.is_same(ticket))));
        self.approvals = approvals.iter().map(ApprovalSummary::of).collect();
    }

    /// When the last of the approvals expires; `None` if none is authentic.
    pub fn good_until(&self) -> Option<Timestamp> {
        self.approvals
            .iter()
            .map(|summary| summary.expires_at)
            .max()
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
            kid = first.map(|summary| tracing::field::display(&summary.kid)),
            jti = first.map(|summary| tracing::field::display(&summary.id.jti)),
        );
    }
}

impl ApprovalSummary {
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
            amr: claims.registered_amr(),
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
