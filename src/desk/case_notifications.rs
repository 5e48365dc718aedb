//! What follows from the state of a case: notes in the ticket, events in the trail. Each is told once, by the page or by the
//! worker, and tried again until it is told or given up.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::case_state::CaseState;
use super::decisions::Rejection;
use super::store::Signature;
use super::{Desk, DeskError};
use crate::approval::sign_in::{Act, Draft};
use crate::clock::{self, Timestamp};
use crate::ids::DraftId;
use crate::report;
use crate::reset::ports::{Key, TicketError};
use crate::reset::rules::retry::{LEASE_MARGIN, RETRY_WINDOW, SOON, WORTH_CALLING, pause};
use crate::reset::{Duty, Event, RETENTION};

/// How far a case is told.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct CaseNotifications {
    /// Until then other runs leave it alone.
    lease_until: Timestamp,
    /// The tries of the present note.
    tries: u32,
    /// The note with the approver's link.
    link: Duty,
    /// The trail, of a rejection or of expiry.
    trail: Duty,
    /// The note about the same.
    note: Duty,
}

impl Default for CaseNotifications {
    fn default() -> CaseNotifications {
        CaseNotifications {
            lease_until: Timestamp::MIN,
            tries: 0,
            link: Duty::Owed,
            trail: Duty::Owed,
            note: Duty::Owed,
        }
    }
}

/// Which notes about a case the ticket has.
pub(super) struct Noted {
    /// The one with the approver's link.
    pub link: bool,
    /// The one about the rejection or expiry.
    pub end: bool,
}

/// A note about a case, ready to be copied into the ticket.
pub struct CaseNote {
    pub text: String,
    /// Whether the ticket has it already.
    pub is_written: bool,
}

/// When to go on with a case.
pub(super) enum Next {
    /// It is over, and told.
    Nothing,
    After(Duration),
}

/// What is told of an end.
struct End {
    at: Timestamp,
    event: Event,
    /// The note, and what its mark says.
    text: String,
    what: &'static str,
}

impl Desk {
    /// Does what is missing for a case: the same in the page that has just signed or rejected, and in the worker.
    pub(super) async fn advance(
        &self,
        case: &Draft,
        signature: &Signature,
        until: Timestamp,
    ) -> Result<Next, DeskError> {
        let case_state = self.case_state(&case.id, signature).await?;
        self.advance_from(case, case_state, until).await
    }

    /// The same for a case in this state.
    pub(super) async fn advance_from(
        &self,
        case: &Draft,
        case_state: CaseState,
        until: Timestamp,
    ) -> Result<Next, DeskError> {
        let key = notifications_key(&case.id);
        let (version, notifications) = self.store.read_versioned::<CaseNotifications>(&key).await?;
        let mut notifications = notifications.unwrap_or_default();
        let now = self.clock.now();
        let is_owed = match &case_state {
            CaseState::Open(_) => notifications.link == Duty::Owed,
            CaseState::Rejected(Some(_))
            | CaseState::RejectedTooLate(_)
            | CaseState::Expired(_) => {
                notifications.trail == Duty::Owed || notifications.note == Duty::Owed
            }
            CaseState::Approved | CaseState::Rejected(None) => false,
        };
        if !is_owed {
            return Ok(match case_state {
                CaseState::Open(again) => Next::After(clock::between(now, again)),
                _ => Next::Nothing,
            });
        }
        if notifications.lease_until > now {
            return Ok(Next::After(clock::between(now, notifications.lease_until)));
        }
        notifications.lease_until = clock::after(until, LEASE_MARGIN);
        let leased = self
            .store
            .write(key.clone(), version, &notifications, RETENTION);
        if !leased.await? {
            return Ok(Next::After(SOON));
        }
        let next = self
            .notify(case, case_state, &mut notifications, until)
            .await?;
        notifications.lease_until = self.clock.now();
        let version = version.saturating_add(1);
        match self
            .store
            .write(key, version, &notifications, RETENTION)
            .await?
        {
            true => Ok(next),
            false => Ok(Next::After(SOON)),
        }
    }

    /// Which notes the ticket has.
    pub(super) async fn noted(&self, case: &DraftId) -> Result<Noted, DeskError> {
        let notifications = self.notifications(case).await?;
        Ok(Noted {
            link: notifications.link == Duty::Done,
            end: notifications.note == Duty::Done,
        })
    }

    /// Whether the trail has the end of a case, or was given up for it.
    pub(super) async fn is_end_told(&self, case: &DraftId) -> Result<bool, DeskError> {
        Ok(self.notifications(case).await?.trail != Duty::Owed)
    }

    async fn notifications(&self, case: &DraftId) -> Result<CaseNotifications, DeskError> {
        let stored: Option<_> = self.store.read(&notifications_key(case)).await?;
        Ok(stored.unwrap_or_default())
    }

    /// The note about a verification, with the approver's link.
    pub(super) fn verified_note(&self, case: &Draft) -> Result<String, DeskError> {
        let Act::Verify { evidence, .. } = &case.act else {
            return Err(DeskError::NoSuchCase);
        };
        let (target, link) = (&case.about.target_name, self.link(&case.id));
        Ok(report::verified_note(target, evidence, &link))
    }

    async fn notify(
        &self,
        case: &Draft,
        case_state: CaseState,
        notifications: &mut CaseNotifications,
        until: Timestamp,
    ) -> Result<Next, DeskError> {
        let end = match case_state {
            CaseState::Open(again) => {
                let text = self.verified_note(case)?;
                let asked = self
                    .note(case, "verified", &text, &mut notifications.link, until)
                    .await;
                let again = clock::between(self.clock.now(), again);
                return Ok(Next::After(match notifications.link {
                    Duty::Owed => again.min(notifications.pause(asked)),
                    _ => again,
                }));
            }
            CaseState::Approved | CaseState::Rejected(None) => return Ok(Next::Nothing),
            CaseState::Rejected(Some(rejection)) => {
                self.list_rejection(&case.about, &rejection).await?;
                End {
                    at: rejection.at,
                    text: rejected_note(case, &rejection),
                    what: "rejected",
                    event: rejection.event(case),
                }
            }
            CaseState::RejectedTooLate(rejection) => {
                self.list_rejection(&case.about, &rejection).await?;
                // The note is that of the reset.
                notifications.note = Duty::None;
                End {
                    at: rejection.at,
                    text: String::new(),
                    what: "rejected",
                    event: rejection.event(case),
                }
            }
            CaseState::Expired(at) => End {
                at,
                text: report::expired_note(&case.about.target_name),
                what: "expired",
                event: Event::Expired {
                    at,
                    draft: case.id.to_string(),
                    ticket: case.about.ticket.clone(),
                    target_id: case.about.target,
                },
            },
        };
        if notifications.link == Duty::Owed {
            // What it leads to is over.
            (notifications.link, notifications.tries) = (Duty::None, 0);
        }
        self.notify_end(case, end, notifications, until).await
    }

    async fn notify_end(
        &self,
        case: &Draft,
        end: End,
        notifications: &mut CaseNotifications,
        until: Timestamp,
    ) -> Result<Next, DeskError> {
        if notifications.trail == Duty::Owed {
            match self.audit.append(&end.event).await {
                Ok(()) => notifications.trail = Duty::Done,
                Err(error) => {
                    tracing::error!(%error, draft = %case.id, "the end of a case is not in the audit trail yet: it is retried");
                }
            }
        }
        let mut asked = None;
        if notifications.note == Duty::Owed {
            asked = self
                .note(case, end.what, &end.text, &mut notifications.note, until)
                .await;
        }
        let is_late = self.clock.now() >= clock::after(end.at, RETRY_WINDOW);
        for (event, duty) in [
            ("trail", &mut notifications.trail),
            ("note", &mut notifications.note),
        ] {
            if *duty == Duty::Owed && is_late {
                *duty = Duty::GivenUp;
                tracing::info!(event, state = "given_up", draft = %case.id);
            }
        }
        match notifications.trail == Duty::Owed || notifications.note == Duty::Owed {
            true => Ok(Next::After(notifications.pause(asked))),
            false => Ok(Next::Nothing),
        }
    }

    /// Tries a note of a case. Gives the pause that the ticket system asked for.
    async fn note(
        &self,
        case: &Draft,
        what: &str,
        text: &str,
        duty: &mut Duty,
        until: Timestamp,
    ) -> Option<Duration> {
        let Some(source) = &self.settings.notes else {
            *duty = Duty::None;
            return None;
        };
        let left = clock::between(self.clock.now(), until);
        if left < WORTH_CALLING {
            return None;
        }
        let ticket = &case.about.ticket;
        let mark = format!("{what} {}", case.id);
        let written = self.tickets.write_note(source, ticket, text, &mark);
        let written = tokio::time::timeout(left, written).await;
        let error = match written.unwrap_or(Err(TicketError::Transient { after: None })) {
            Ok(()) => {
                *duty = Duty::Done;
                return None;
            }
            Err(error) => error,
        };
        // As for the note of a reset: the alarms count these lines.
        tracing::info!(event = "note", state = "failed", draft = %case.id, %ticket);
        match error {
            TicketError::Transient { after } => {
                tracing::error!(%error, draft = %case.id, %ticket, "the ticket has no note of the desk yet");
                after
            }
            TicketError::Permanent(_) => {
                tracing::error!(%error, draft = %case.id, %ticket, "the ticket gets no note of the desk");
                *duty = Duty::GivenUp;
                None
            }
        }
    }

    /// Where the approver reads a case. Harmless to open.
    pub(super) fn link(&self, case: &DraftId) -> String {
        format!("{}/{case}", self.settings.url.as_str())
    }
}

/// The note about a rejection.
pub(super) fn rejected_note(case: &Draft, rejection: &Rejection) -> String {
    report::rejected_note(
        &case.about.target_name,
        rejection.name.as_deref(),
        rejection.why.as_deref(),
    )
}

impl CaseNotifications {
    /// The pause before the next try.
    fn pause(&mut self, asked: Option<Duration>) -> Duration {
        self.tries = self.tries.saturating_add(1);
        pause(asked, self.tries)
    }
}

fn notifications_key(case: &DraftId) -> Key {
    Key(format!("desk-course#{case}"))
}
