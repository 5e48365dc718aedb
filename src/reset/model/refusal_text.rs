//! The text of a refusal, as the ledger keeps it.

use serde::{Deserialize, Serialize};

use super::code::{Code, Row};
use super::state::State;
use crate::clock::Timestamp;

/// The refusal of a request that was accepted, as the ledger keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedRefusal {
    pub at: Timestamp,
    /// Why, for the readers of the ticket.
    #[serde(rename = "words")]
    pub text: RefusalText,
    /// Why, for the operator of this deployment.
    pub why: String,
    /// True if it was tried for two hours and an administrator has to look; false if it was refused.
    pub gave_up: bool,
}

/// The text of a refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusalText {
    /// A [`Code`], or one of another version.
    pub code: String,
    /// What it means here, for people.
    pub detail: String,
    /// What to do next.
    pub next: String,
}

impl RefusalText {
    /// What follows from the code; `None` if it is one of another version.
    pub fn row(&self) -> Option<Row> {
        self.code.parse().ok().map(Code::row)
    }
}

impl RecordedRefusal {
    pub fn state(&self) -> State {
        if self.gave_up {
            State::NeedsHuman
        } else {
            State::Refused
        }
    }
}
