//! What is asked: approvals that are authentic, for one ticket and one person.

use std::collections::BTreeSet;

use super::event::{ApprovalMark, Parties};
use super::refusal::{Disagreement, Refusal};
use crate::approval::{Authentic, Door};
use crate::delivery::Delivery;
use crate::ids::{Label, PersonRef, TenantId, TicketKey};

/// The most approvals that may be presented together: two are needed, and a ticket may hold used ones.
pub const MOST_APPROVALS: usize = 4;

/// A request for one reset.
#[derive(Debug)]
pub struct Request {
    pub(super) approvals: Vec<Authentic>,
    pub(super) ticket: TicketKey,
    pub(super) user: Option<PersonRef>,
    pub(super) door: Door,
    pub(super) source: Option<Label>,
    pub(super) delivery: Option<String>,
    pub(super) privileged: bool,
}

/// On which terms a door takes requests.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// For which tenant.
    pub tenant: TenantId,
    /// Whether it is the only one, so that an approval need not name it.
    pub only_tenant: bool,
    /// Whether the policy lets this door ask for privileged people.
    pub privileged: bool,
}

impl Request {
    /// A ticket system asks.
    ///
    /// # Errors
    /// A [`Refusal`] if the approvals are not for this ticket and these terms.
    pub fn from_ticket(
        delivery: Delivery,
        approvals: Vec<Authentic>,
        terms: Terms,
    ) -> Result<Request, Refusal> {
        Request {
            approvals,
            ticket: delivery.ticket,
            user: delivery.user,
            door: Door::Webhook,
            source: Some(delivery.source),
            delivery: Some(delivery.id),
            privileged: terms.privileged,
        }
        .checked(terms)
    }

    /// Whoever is on call asks: the ticket is the one that the first approval names.
    ///
    /// # Errors
    /// A [`Refusal`] if the approvals are not for one ticket and these terms.
    pub fn on_call(approvals: Vec<Authentic>, terms: Terms) -> Result<Request, Refusal> {
        let first = approvals.first().ok_or(Refusal::NoApproval)?;
        let ticket = first.claims().txn.clone();
        if approvals
            .iter()
            .any(|approval| approval.claims().txn != ticket)
        {
            return Err(Refusal::Disagree(Disagreement::Ticket));
        }
        Request {
            approvals,
            ticket,
            user: None,
            door: Door::OnCall,
            source: None,
            delivery: None,
            privileged: terms.privileged,
        }
        .checked(terms)
    }

    fn checked(mut self, terms: Terms) -> Result<Request, Refusal> {
        let mut seen = BTreeSet::new();
        self.approvals.retain(|approval| seen.insert(approval.id()));
        if self.approvals.is_empty() {
            return Err(Refusal::NoApproval);
        }
        for approval in &self.approvals {
            let claims = approval.claims();
            if approval.door() != self.door {
                return Err(Refusal::Approval(crate::approval::Refused::Audience));
            }
            if claims.txn != self.ticket {
                return Err(Refusal::OtherTicket);
            }
            match claims.tid {
                Some(tid) if tid != terms.tenant => return Err(Refusal::OtherTenant),
                None if !terms.only_tenant => return Err(Refusal::OtherTenant),
                _ => {}
            }
        }
        Ok(self)
    }

    /// Who and what is involved, for the audit trail and the log.
    pub fn parties(&self) -> Parties {
        Parties {
            door: Some(self.door),
            source: self.source.clone(),
            delivery: self.delivery.clone(),
            ticket: Some(self.ticket.clone()),
            target: self
                .approvals
                .first()
                .map(|approval| approval.claims().sub.to_string()),
            approvals: self.approvals.iter().map(ApprovalMark::of).collect(),
        }
    }
}
