//! What there is to tell of a request, at any time.

use serde::{Deserialize, Serialize};

use super::outcome::Outcome;
use crate::clock::Timestamp;
use crate::ids::{ResetId, TicketKey};
use crate::reset::state::State;

/// What there is to tell of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestStatus {
    /// It is accepted, nothing is changed yet, and it is tried again without anybody asking.
    Waiting {
        /// Its name.
        reset: ResetId,
        /// The ticket.
        ticket: TicketKey,
        /// Why it has not gone on, if it was tried.
        why: Option<RefusalText>,
    },
    /// It was turned away; nothing was changed.
    Refused {
        /// The name of what would have been a reset.
        reset: ResetId,
        /// The ticket.
        ticket: TicketKey,
        /// When and why.
        rejection: RecordedRefusal,
    },
    /// It was claimed: what came of it, or how far it is.
    Reset(Outcome),
}

/// A request that was turned away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedRefusal {
    /// When.
    pub at: Timestamp,
    /// Why, for whoever reads the ticket.
    pub words: RefusalText,
    /// Why, for whoever runs this.
    pub why: String,
    /// Whether it was tried for hours, and a person has to look; else it was refused.
    pub gave_up: bool,
}

/// A refusal in words, as the ledger keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusalText {
    /// Stable, for programs.
    pub code: String,
    /// What it means here, for people.
    pub detail: String,
    /// What to do next.
    pub next: String,
}

impl RecordedRefusal {
    /// Where the request stands.
    pub fn state(&self) -> State {
        if self.gave_up {
            State::NeedsHuman
        } else {
            State::Refused
        }
    }
}

impl RequestStatus {
    /// Where it stands.
    pub fn state(&self) -> State {
        match self {
            RequestStatus::Waiting { .. } => State::Waiting,
            RequestStatus::Refused { rejection, .. } => rejection.state(),
            RequestStatus::Reset(outcome) => outcome.state,
        }
    }
}
