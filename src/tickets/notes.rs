//! From a status to a note: its text, and the mark by which a retry finds the first one.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use super::settings::Notes;
use super::systems::TicketSystems;
use crate::ids::{Label, TicketKey};
use crate::report;
use crate::reset::RequestStatus;
use crate::reset::ports::{TicketError, Tickets};
use crate::secrets::SecretSource;

/// Notes about resets, in the sentences of the report.
pub struct TicketNotes {
    systems: TicketSystems,
    register_at: String,
}

impl TicketNotes {
    /// `register_at` is where people register. The client must not follow redirects: the credential would go along.
    pub fn new(
        notes: BTreeMap<Label, Notes>,
        register_at: String,
        http: reqwest::Client,
        secrets: Arc<dyn SecretSource>,
    ) -> TicketNotes {
        TicketNotes {
            systems: TicketSystems::new(notes, http, secrets),
            register_at,
        }
    }
}

#[async_trait]
impl Tickets for TicketNotes {
    fn takes_notes(&self, source: &Label) -> bool {
        self.systems.writes_to(source)
    }

    async fn write_note(
        &self,
        source: &Label,
        ticket: &TicketKey,
        text: &str,
        mark: &str,
    ) -> Result<(), TicketError> {
        let mark = format!("reregister-mfa {mark}");
        self.systems.write(source, ticket, text, &mark).await
    }

    async fn write_status_note(
        &self,
        source: &Label,
        ticket: &TicketKey,
        status: &RequestStatus,
        mark: &str,
    ) -> Result<(), TicketError> {
        let text = report::note(status, &self.register_at);
        self.write_note(source, ticket, &text, mark).await
    }
}
