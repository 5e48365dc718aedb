//! The ticket systems, by source.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::call::{Failed, NO_SUCH_TICKET, Note};
use super::jira::Jira;
use super::secret::Stored;
use super::servicenow::ServiceNow;
use super::settings::{Notes, System};
use crate::ids::{Label, TicketKey};
use crate::reset::ports::TicketError;
use crate::secrets::{Freshness, SecretSource};

/// The ticket systems that notes are written into.
pub struct TicketSystems {
    notes: BTreeMap<Label, Notes>,
    http: reqwest::Client,
    secrets: Arc<dyn SecretSource>,
}

impl TicketSystems {
    /// By source. The client must not follow redirects: the credential would go along.
    pub fn new(
        notes: BTreeMap<Label, Notes>,
        http: reqwest::Client,
        secrets: Arc<dyn SecretSource>,
    ) -> TicketSystems {
        TicketSystems {
            notes,
            http,
            secrets,
        }
    }

    /// Whether notes are written into the tickets of this source.
    pub fn writes_to(&self, source: &Label) -> bool {
        self.notes.contains_key(source)
    }

    /// Sees to it that the ticket has a note with this mark: looks for the mark first, and writes `text` with the
    /// mark as its last line only if there is none. One attempt.
    ///
    /// # Errors
    /// [`TicketError`]. After `Transient` the note may be there all the same; the next attempt finds it.
    pub async fn write(
        &self,
        source: &Label,
        ticket: &TicketKey,
        text: &str,
        mark: &str,
    ) -> Result<(), TicketError> {
        let Some(notes) = self.notes.get(source) else {
            return Err(TicketError::Permanent(
                "the source has no section in [notes]",
            ));
        };
        // `^` separates the conditions of a search in ServiceNow.
        if mark.is_empty() || mark.contains(['^', '\n', '\r']) {
            return Err(TicketError::Permanent(
                "the last line of the note cannot be searched for",
            ));
        }
        let ticket: &str = ticket.as_ref();
        // As a segment of a path they would not name a ticket but lead to another place.
        if matches!(ticket, "." | "..") {
            return Err(TicketError::Permanent(NO_SUCH_TICKET));
        }
        let note = Note {
            ticket,
            text,
            mark,
            public: notes.public,
        };
        let written = match self.attempt(notes, &note, Freshness::Cached).await {
            // It may have been rotated. Nothing was written, and what was written is found.
            Err(Failed::Credential) => self.attempt(notes, &note, Freshness::Forced).await,
            other => other,
        };
        written.map_err(TicketError::from)
    }

    async fn attempt(
        &self,
        notes: &Notes,
        note: &Note<'_>,
        freshness: Freshness,
    ) -> Result<(), Failed> {
        let text = self.secrets.get(&notes.secret, freshness).await?;
        let secret = Stored {
            name: &notes.secret,
            text: &text,
        };
        match &notes.system {
            System::JiraCloud { site } => Jira::cloud(&self.http, site, &secret)?.write(note).await,
            System::JiraDataCenter { base } => {
                Jira::data_center(&self.http, base, &secret)?
                    .write(note)
                    .await
            }
            System::ServiceNow { instance, table } => {
                ServiceNow::log_in(&self.http, instance, table, &secret)
                    .await?
                    .write(note)
                    .await
            }
        }
    }
}
