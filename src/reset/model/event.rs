//! The events of the audit trail: one for each decision, refusals too.

use serde::Serialize;

use super::method::Method;
use super::outcome::Outcome;
use super::parties::{Parties, RequestOrigin};
use crate::clock::Timestamp;
use crate::ids::{Digest, ObjectId, ResetId, TicketKey};

#[derive(Debug, Clone, Serialize)]
#[serde(tag = "audit", rename_all = "snake_case")]
pub enum Event {
    /// A request was refused, or its sender was told to come back.
    Refused {
        at: Timestamp,
        /// The reset that it would have been, where one was accepted.
        reset: Option<ResetId>,
        /// The refusal's stable code.
        code: String,
        /// True if it was tried for two hours and an administrator has to look; false if it was refused.
        gave_up: bool,
        /// Why, for the operator of this deployment.
        why: String,
        #[serde(flatten)]
        parties: Parties,
    },
    /// A reset is allowed and about to be claimed. Written before anything is changed in Graph.
    Allowed {
        at: Timestamp,
        reset: ResetId,
        target_id: ObjectId,
        /// `standard` or what makes the target privileged.
        tier: String,
        /// How many methods are to go.
        removals: usize,
        /// Where evidence is kept: for each approval the SHA-256 of what is kept of it, its keys among that.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        kept_sha256: Vec<Digest>,
        #[serde(flatten)]
        parties: Parties,
    },
    /// An operator was shown what a reset would do. Nothing was changed.
    Previewed {
        at: Timestamp,
        target_id: ObjectId,
        /// `standard` or what makes the target privileged.
        tier: String,
        #[serde(flatten)]
        parties: Parties,
    },
    /// An earlier reset answered a request; nothing was changed.
    Replayed {
        at: Timestamp,
        reset: ResetId,
        #[serde(flatten)]
        parties: Parties,
    },
    /// A request to change something in Graph is about to be sent. While this cannot be written, it is not.
    Intended {
        at: Timestamp,
        reset: ResetId,
        ticket: TicketKey,
        target_id: ObjectId,
        #[serde(flatten)]
        change: Change,
    },
    /// A reset that was claimed in an earlier run is about to be resumed. Written before anything is changed in Graph.
    Resumed {
        at: Timestamp,
        reset: ResetId,
        #[serde(flatten)]
        parties: Parties,
    },
    /// A person signed in to the desk, to look.
    SessionBegun {
        at: Timestamp,
        by: ObjectId,
        /// Entra's id of the token.
        token_id: Option<String>,
        origin: RequestOrigin,
    },
    /// A verifier looked a person up at the desk, or was shown one of their contacts: which, never the contact.
    LookedUp {
        at: Timestamp,
        by: ObjectId,
        target_id: ObjectId,
        contact: Option<&'static str>,
    },
    /// A verification was shown at the desk, with what the person has registered.
    CaseShown {
        at: Timestamp,
        by: ObjectId,
        draft: String,
        ticket: TicketKey,
        target_id: ObjectId,
    },
    /// A verification or an approval was signed at the desk.
    Signed {
        at: Timestamp,
        by: ObjectId,
        kind: &'static str,
        draft: String,
        ticket: TicketKey,
        target_id: ObjectId,
        token_id: Option<String>,
        token_sha256: Digest,
    },
    /// A sign-in was no signature.
    SignatureRefused {
        at: Timestamp,
        /// Who signed in; none where only the table says so.
        #[serde(skip_serializing_if = "Option::is_none")]
        by: Option<ObjectId>,
        draft: String,
        ticket: TicketKey,
        target_id: ObjectId,
        why: String,
    },
    /// An approver said no at the desk.
    Rejected {
        at: Timestamp,
        by: ObjectId,
        draft: String,
        ticket: TicketKey,
        target_id: ObjectId,
        why: Option<String>,
    },
    /// What an auditor needs of a reset is kept, or could not be.
    Evidence {
        at: Timestamp,
        reset: ResetId,
        ticket: TicketKey,
        /// The name of the object in the bucket.
        object: String,
        /// SHA-256 of all its bytes.
        sha256: Digest,
        kept: bool,
        /// Whether an object of that name was there before, so that its bytes may be others.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        was_there: bool,
    },
    /// A verification at the desk was neither approved nor rejected in its time.
    Expired {
        at: Timestamp,
        draft: String,
        ticket: TicketKey,
        target_id: ObjectId,
    },
    /// A reset is over.
    Outcome {
        at: Timestamp,
        /// How many methods appeared meanwhile: an alarm.
        appeared: usize,
        #[serde(flatten)]
        outcome: Outcome,
    },
}

impl Event {
    pub fn at(&self) -> Timestamp {
        match self {
            Event::Refused { at, .. }
            | Event::Allowed { at, .. }
            | Event::Previewed { at, .. }
            | Event::Replayed { at, .. }
            | Event::Intended { at, .. }
            | Event::Resumed { at, .. }
            | Event::SessionBegun { at, .. }
            | Event::LookedUp { at, .. }
            | Event::CaseShown { at, .. }
            | Event::Signed { at, .. }
            | Event::SignatureRefused { at, .. }
            | Event::Rejected { at, .. }
            | Event::Evidence { at, .. }
            | Event::Expired { at, .. }
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
    Remove { method: Method },
    /// A hardware OATH token is deactivated.
    Deactivate { method: Method },
}
