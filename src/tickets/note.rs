//! From news to a note: its text, and the mark that makes the second note find the first.

use async_trait::async_trait;

use super::TicketSystems;
use crate::ids::{Label, TicketKey};
use crate::report;
use crate::reset::RequestStatus;
use crate::reset::ports::{TicketError, Tickets};

/// Notes about resets, in the words of the report.
pub struct TicketNotes {
    systems: TicketSystems,
    register_at: String,
}

impl TicketNotes {
    /// Into these systems. `register_at` is where people register.
    pub fn new(systems: TicketSystems, register_at: String) -> TicketNotes {
        TicketNotes {
            systems,
            register_at,
        }
    }
}

#[async_trait]
impl Tickets for TicketNotes {
    fn takes_notes(&self, source: &Label) -> bool {
        self.systems.writes_to(source)
    }

    async fn note(
        &self,
        source: &Label,
        ticket: &TicketKey,
        news: &RequestStatus,
        mark: &str,
    ) -> Result<(), TicketError> {
        let text = report::note(news, &self.register_at);
        let mark = format!("reregister-mfa {mark}");
        self.systems.write(source, ticket, &text, &mark).await
    }
}
