//! What is asked: a reset for one ticket, with the tokens that are to prove it. It is kept as it came, so that
//! whoever works on it later judges it as of the moment when it came.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::event::{Origin, Parties};
use crate::approval::{Authentic, Channel, LONGEST_TOKEN};
use crate::clock::Timestamp;
use crate::delivery::Delivery;
use crate::ids::{Digest, Label, PersonRef, TenantId, TicketKey};
use crate::reset::refusal::{Disagreement, Refusal};

/// The most approvals that may be presented together: two are needed, and a ticket may hold used ones.
pub const MOST_APPROVALS: usize = 4;

/// A request for one reset. Its sender is authenticated; its approvals are not proven yet.
#[derive(Clone, Serialize, Deserialize)]
pub struct Request {
    pub(in crate::reset) tenant: TenantId,
    pub(in crate::reset) door: Channel,
    pub(in crate::reset) source: Option<Label>,
    /// What the sender calls the delivery, for people to read.
    pub(in crate::reset) delivery: Option<String>,
    /// What tells it from others.
    pub(in crate::reset) digest: Digest,
    pub(in crate::reset) ticket: TicketKey,
    pub(in crate::reset) user: Option<PersonRef>,
    pub(in crate::reset) tokens: Vec<String>,
    pub(in crate::reset) origin: Origin,
    pub(in crate::reset) received_at: Timestamp,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("ticket", &self.ticket)
            .field("digest", &self.digest)
            .finish_non_exhaustive()
    }
}

impl Request {
    /// A ticket system asks.
    pub fn from_ticket(
        delivery: Delivery,
        tenant: TenantId,
        origin: Origin,
        received_at: Timestamp,
    ) -> Request {
        Request {
            tenant,
            door: Channel::Webhook,
            source: Some(delivery.source),
            delivery: Some(delivery.id),
            digest: delivery.digest,
            ticket: delivery.ticket,
            user: delivery.user,
            tokens: bounded(delivery.approvals),
            origin,
            received_at,
        }
    }

    /// Whoever is on call asks: the ticket is the one that the approvals name.
    ///
    /// # Errors
    /// A [`Refusal`] if the approvals are not for this door, or not for one ticket.
    pub fn on_call(
        approvals: &[Authentic],
        tenant: TenantId,
        origin: Origin,
        received_at: Timestamp,
    ) -> Result<Request, Refusal> {
        let first = approvals.first().ok_or(Refusal::NoApproval)?;
        let ticket = first.claims().txn.clone();
        let from_a_ticket = |approval: &&Authentic| approval.door() != Channel::OnCall;
        if let Some(approval) = approvals.iter().find(from_a_ticket) {
            return Err(Refusal::of_another_door(approval));
        }
        if approvals
            .iter()
            .any(|approval| approval.claims().txn != ticket)
        {
            return Err(Refusal::Disagree(Disagreement::Ticket));
        }
        // The tokens themselves, in whatever order: another token under the same name is another request.
        let tokens: BTreeSet<&str> = approvals.iter().map(Authentic::compact).collect();
        let tokens: Vec<&str> = tokens.into_iter().collect();
        Ok(Request {
            tenant,
            door: Channel::OnCall,
            source: None,
            delivery: None,
            digest: Digest::of(tokens.join("\n").as_bytes()),
            ticket,
            user: None,
            tokens: tokens.into_iter().map(str::to_owned).collect(),
            origin,
            received_at,
        })
    }

    /// Who and what is involved, for the audit trail and the log. The approvals are named once they are proven.
    pub fn parties(&self, approvals: &[Authentic]) -> Parties {
        let mut parties = Parties {
            door: Some(self.door),
            source: self.source.clone(),
            delivery: self.delivery.clone(),
            ticket: Some(self.ticket.clone()),
            origin: self.origin.clone(),
            ..Parties::default()
        };
        parties.name(approvals);
        parties
    }
}

/// What is kept of the tokens in a ticket, so that a record stays small whatever somebody writes into one: the
/// first that are too many still say that there are too many, and one that is too long is as bad as an empty one.
fn bounded(tokens: Vec<String>) -> Vec<String> {
    let mut tokens = tokens;
    tokens.truncate(MOST_APPROVALS.saturating_add(1));
    for token in &mut tokens {
        if token.len() > LONGEST_TOKEN {
            token.clear();
        }
    }
    tokens
}
