//! RequestStatus in words: what is waiting and what was turned away, beside outcomes.

use serde::Serialize;

use super::outcome::answer;
use crate::ids::{ResetId, TicketKey};
use crate::reset::{RecordedRefusal, RefusalText, RequestStatus, State};

/// The answer while nothing is claimed yet, and after it was given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unclaimed {
    /// The reset's name.
    pub reset: ResetId,
    /// `waiting`; `needs_human` once it was given up, `refused` once it was refused.
    pub state: State,
    /// What happened, ready for the ticket.
    pub note: String,
    /// Why it has not gone on, stable, for programs; nothing if it was not tried yet.
    pub code: Option<String>,
    /// The ticket.
    pub ticket: TicketKey,
}

/// What waits, in words.
pub fn waiting(reset: ResetId, ticket: &TicketKey, why: Option<&RefusalText>) -> Unclaimed {
    let detail = why.map_or("", |words| words.detail.as_str());
    Unclaimed {
        reset,
        state: State::Waiting,
        note: sentences(&[
            "MFA re-registration is accepted and not done yet.",
            detail,
            "It is tried again by itself for two hours; nothing has to be done.",
        ]),
        code: why.map(|words| words.code.clone()),
        ticket: ticket.clone(),
    }
}

/// What was refused, or given up before anything was claimed, in words.
pub fn turned_away(reset: ResetId, ticket: &TicketKey, rejection: &RecordedRefusal) -> Unclaimed {
    Unclaimed {
        reset,
        state: rejection.state(),
        note: rejection_note(rejection),
        code: Some(rejection.words.code.clone()),
        ticket: ticket.clone(),
    }
}

/// The note for the ticket.
pub fn note(news: &RequestStatus, register_at: &str) -> String {
    match news {
        RequestStatus::Waiting { reset, ticket, why } => waiting(*reset, ticket, why.as_ref()).note,
        RequestStatus::Refused { rejection, .. } => rejection_note(rejection),
        RequestStatus::Reset(outcome) => answer(outcome, register_at, false).note,
    }
}

fn rejection_note(rejection: &RecordedRefusal) -> String {
    let RefusalText { detail, next, .. } = &rejection.words;
    if rejection.gave_up {
        sentences(&[
            "MFA re-registration is NOT done: a person has to look.",
            "It was tried for two hours.",
            detail,
            "Nothing was removed and no sessions were revoked; the approval is not used up, but has expired.",
        ])
    } else {
        refused(detail, next)
    }
}

/// A refusal, ready for the ticket.
pub fn refused(detail: &str, next: &str) -> String {
    sentences(&["MFA re-registration was refused.", detail, next])
}

fn sentences(parts: &[&str]) -> String {
    let said: Vec<&str> = parts
        .iter()
        .copied()
        .filter(|part| !part.is_empty())
        .collect();
    said.join(" ")
}
