//! The status of a request, at any time.

use super::outcome::Outcome;
use super::refusal_text::{RecordedRefusal, RefusalText};
use super::state::State;
use crate::ids::{ResetId, TicketKey};

/// The status of a request that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestStatus {
    /// Accepted. Nothing is changed yet, and it is retried without a further request.
    Waiting {
        reset: ResetId,
        ticket: TicketKey,
        /// Why it waits; `None` before the first try.
        why: Option<RefusalText>,
    },
    /// Refused, or given up before the claim: nothing was changed.
    Refused {
        reset: ResetId,
        ticket: TicketKey,
        refusal: RecordedRefusal,
        /// How many authentic approvals it came with.
        presented: usize,
    },
    /// Claimed: what came of it, or how far it is.
    Reset(Outcome),
}

impl RequestStatus {
    pub fn state(&self) -> State {
        match self {
            RequestStatus::Waiting { .. } => State::Waiting,
            RequestStatus::Refused { refusal, .. } => refusal.state(),
            RequestStatus::Reset(outcome) => outcome.state,
        }
    }
}
