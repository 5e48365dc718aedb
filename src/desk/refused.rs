//! Sign-ins that are no signatures: written down, and from the third within an hour on told to the security team, once.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Desk, DeskError};
use crate::approval::sign_in::Draft;
use crate::clock::{self, Timestamp};
use crate::ids::ObjectId;
use crate::reset::Event;
use crate::reset::ports::Key;

const HOUR: Duration = Duration::from_secs(60 * 60);

/// Which refused sign-in of one person within an hour is told. A person mistypes, and a browser comes back twice.
const NOTIFIED_AT: usize = 3;

/// A stored signature that does not verify is reported at once: the table may have been changed.
const NOTIFIED_AT_OF_STORED: usize = 1;

/// The most that are counted of one person.
const MOST_COUNTED: usize = 20;

/// A refused sign-in, or that such were told.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Refused {
    at: Timestamp,
    #[serde(rename = "told")]
    notified: bool,
}

impl Desk {
    /// Writes down that a draft was not signed, by a person who signed in or as it is stored. A failure changes nothing:
    /// it is refused all the same.
    pub(super) async fn audit_refused(
        &self,
        by: Option<ObjectId>,
        draft: &Draft,
        error: &DeskError,
    ) {
        let why = error.to_string();
        tracing::warn!(event = "desk", draft = %draft.id, why, "a signature was refused");
        let event = Event::SignatureRefused {
            at: self.clock.now(),
            by,
            draft: draft.id.to_string(),
            ticket: draft.about.ticket.clone(),
            target_id: draft.about.target,
            why,
        };
        if let Err(error) = self.audit.append(&event).await {
            tracing::error!(%error, "a refused signature could not be written into the audit trail");
        }
        // Who came too late has signed all the same.
        if error.is_late() {
            return;
        }
        if let Err(error) = self.notify_of_refused(by, &event).await {
            tracing::error!(%error, "refused signatures could not be counted");
        }
    }

    /// Counts a refused sign-in. The third within an hour is told; more of them are not, until an hour has passed. If it
    /// cannot be told, the next one is.
    async fn notify_of_refused(
        &self,
        by: Option<ObjectId>,
        event: &Event,
    ) -> Result<(), DeskError> {
        let (whose, notified_at) = match by {
            Some(by) => (by.to_string(), NOTIFIED_AT),
            None => ("stored".to_owned(), NOTIFIED_AT_OF_STORED),
        };
        let key = Key(format!("desk-count#refused signatures#{whose}"));
        let now = self.clock.now();
        let is_recent = |one: &Refused| one.at > clock::before(now, HOUR) && one.at <= now;
        // Counted before it is told: of several at the same moment, one finds that it is the third.
        let mut is_due = false;
        let counted = self.store.change_list(&key, HOUR, |list| {
            list.retain(is_recent);
            let is_notified = list.iter().any(|one: &Refused| one.notified);
            if !is_notified && list.len() < MOST_COUNTED {
                list.push(Refused {
                    at: now,
                    notified: false,
                });
            }
            is_due = !is_notified && list.len() >= notified_at;
            Ok::<(), DeskError>(())
        });
        counted.await??;
        if !is_due {
            return Ok(());
        }
        if let Err(error) = self.security.notify(event).await {
            tracing::info!(
                event = "notice",
                state = "failed",
                code = "signature_refused"
            );
            tracing::error!(%error, "the security team could not be notified of refused signatures");
            return Ok(());
        }
        let marked = self.store.change_list(&key, HOUR, |list| {
            list.push(Refused {
                at: now,
                notified: true,
            });
            Ok::<(), DeskError>(())
        });
        marked.await?
    }
}
