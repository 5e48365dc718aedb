//! What is asked: a reset for one ticket, with the tokens that are to prove it. It is kept as it came, so that a later
//! run judges it as of the moment when it came.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::parties::RequestOrigin;
use crate::approval::{Authentic, Channel, LONGEST_TOKEN};
use crate::clock::Timestamp;
use crate::ids::{Digest, Kid, Label, PersonRef, Reference, TenantId, TicketKey};
use crate::webhook::Delivery;

/// The most approvals that may be presented together: two are needed, and a ticket may hold used ones.
pub const MOST_APPROVALS: usize = 4;

/// A request for one reset. Its sender is authenticated; its approvals are not validated yet.
#[derive(Clone, Serialize, Deserialize)]
pub struct Request {
    pub(in crate::reset) tenant: TenantId,
    #[serde(rename = "door")]
    pub(in crate::reset) channel: Channel,
    pub(in crate::reset) source: Option<Label>,
    /// The sender's id of the delivery, for people to read.
    pub(in crate::reset) delivery: Option<String>,
    /// What distinguishes it from other requests.
    pub(in crate::reset) digest: Digest,
    pub(in crate::reset) ticket: TicketKey,
    pub(in crate::reset) user: Option<PersonRef>,
    pub(in crate::reset) tokens: Vec<String>,
    pub(in crate::reset) origin: RequestOrigin,
    pub(in crate::reset) received_at: Timestamp,
}

/// Approvals that cannot be presented together at the on-call URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotOneRequest {
    NoApproval,
    /// One is for another channel; the key that signed it.
    OtherChannel(Kid),
    /// They name different tickets.
    TicketsDiffer,
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
        origin: RequestOrigin,
        received_at: Timestamp,
    ) -> Request {
        Request {
            tenant,
            channel: Channel::Webhook,
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

    /// The desk asks, for the approver who has just signed there. `notes` is the ticket system that the ticket is in, if it
    /// gets a note.
    pub fn at_desk(
        reference: &Reference,
        ticket: TicketKey,
        notes: Option<Label>,
        tenant: TenantId,
        origin: RequestOrigin,
        received_at: Timestamp,
    ) -> Request {
        let token = reference.to_string();
        Request {
            tenant,
            channel: Channel::Desk,
            source: notes,
            delivery: None,
            digest: Digest::of(token.as_bytes()),
            ticket,
            user: None,
            tokens: vec![token],
            origin,
            received_at,
        }
    }

    /// An operator on call asks: the ticket is the one that the approvals name.
    ///
    /// # Errors
    /// [`NotOneRequest`] if the approvals are not for this channel, or not for one ticket.
    pub fn on_call(
        approvals: &[Authentic],
        tenant: TenantId,
        origin: RequestOrigin,
        received_at: Timestamp,
    ) -> Result<Request, NotOneRequest> {
        let first = approvals.first().ok_or(NotOneRequest::NoApproval)?;
        let ticket = first.claims().txn.clone();
        let for_a_ticket = |approval: &&Authentic| approval.channel() != Channel::OnCall;
        if let Some(approval) = approvals.iter().find(for_a_ticket) {
            return Err(NotOneRequest::OtherChannel(approval.kid().clone()));
        }
        if approvals
            .iter()
            .any(|one| !one.claims().txn.is_same(&ticket))
        {
            return Err(NotOneRequest::TicketsDiffer);
        }
        // The tokens themselves, in any order: another token under the same `jti` is another request.
        let tokens: BTreeSet<&str> = approvals.iter().map(Authentic::compact).collect();
        let tokens: Vec<&str> = tokens.into_iter().collect();
        Ok(Request {
            tenant,
            channel: Channel::OnCall,
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
}

/// The tokens of a ticket as far as they are kept, so that a record stays small whatever the ticket holds: the first
/// one that is too many still shows that there are too many, and one that is too long is as invalid as an empty one.
fn bounded(mut tokens: Vec<String>) -> Vec<String> {
    tokens.truncate(MOST_APPROVALS.saturating_add(1));
    for token in &mut tokens {
        if token.len() > LONGEST_TOKEN {
            token.clear();
        }
    }
    tokens
}
