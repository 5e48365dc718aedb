//! The ticket systems, as far as notes are written into their tickets.

use std::time::Duration;

use async_trait::async_trait;

use crate::ids::{Label, TicketKey};
use crate::reset::model::RequestStatus;

/// Writes notes into tickets.
#[async_trait]
pub trait Tickets: Send + Sync {
    /// Whether notes are written into the tickets of this source.
    fn takes_notes(&self, source: &Label) -> bool;

    /// Makes sure that the ticket has one note with this mark: writes the text unless a note with the mark is there. One
    /// attempt.
    async fn write_note(
        &self,
        source: &Label,
        ticket: &TicketKey,
        text: &str,
        mark: &str,
    ) -> Result<(), TicketError>;

    /// The same with the note of this status as the text.
    async fn write_status_note(
        &self,
        source: &Label,
        ticket: &TicketKey,
        status: &RequestStatus,
        mark: &str,
    ) -> Result<(), TicketError>;
}

/// The ticket has no note, or may have one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    /// Another try may help.
    #[error("the ticket system does not answer, or asks to come back later")]
    Transient {
        /// When, if it said so.
        after: Option<Duration>,
    },
    /// The same call will not help.
    #[error("the ticket system did not take the note: {0}")]
    Permanent(&'static str),
}
