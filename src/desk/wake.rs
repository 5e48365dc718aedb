//! What the worker does for the desk. A message names a draft and nothing of what is to be done: the worker looks at what
//! is stored under it and does what is missing, whether or not a visitor comes back.
//!
//! | what the draft is | what is missing, perhaps |
//! |---|---|
//! | not signed, and can be signed no more | a tombstone, so that it stays so |
//! | an approval at the desk | the submission of the reset |
//! | a verification | the note with the link; at the end of its case what follows from a rejection or from expiry |
//!
//! A message is sent before the signature is kept, and the worker sends the next one until nothing is left to do.

use std::time::Duration;

use super::case_notifications::Next;
use super::case_state::{DraftState, OPEN};
use super::{Desk, DeskError, Visit};
use crate::approval::Channel;
use crate::approval::sign_in::{Act, Draft};
use crate::clock::{self, Timestamp};
use crate::ids::{DraftId, Reference};
use crate::reset::ports::Wake;
use crate::reset::rules::retry::LEASE_MARGIN;
use crate::reset::{Refusal, RequestOrigin};

/// For how long after the end of a case Entra's keys may still come with which its end is told. The queue takes a message
/// back for longer: 100 times, every three minutes.
const KEY_MAY_COME: Duration = Duration::from_secs(30 * 60);

impl Desk {
    /// Goes on with a draft that the queue has brought.
    ///
    /// # Errors
    /// A [`Refusal`] if the queue has to bring it again.
    pub async fn wake(&self, id: &DraftId, until: Timestamp) -> Result<(), Refusal> {
        match self.work_on(id, until).await {
            Ok(()) => Ok(()),
            Err(
                DeskError::Refused(refusal)
                | DeskError::ResetRefused(refusal)
                | DeskError::SignInDown(refusal),
            ) if refusal.is_transient() => Err(refusal),
            Err(DeskError::Busy | DeskError::Internal) => Err(Refusal::OutOfTime),
            Err(error) => {
                tracing::error!(event = "desk", draft = %id, %error, "nothing is done for a draft");
                Ok(())
            }
        }
    }

    async fn work_on(&self, id: &DraftId, until: Timestamp) -> Result<(), DeskError> {
        let Some(draft) = self.stored_draft(id).await? else {
            tracing::warn!(event = "desk", draft = %id, "there is no such draft: nothing is done");
            return Ok(());
        };
        match self.draft_state(&draft).await? {
            DraftState::Open(last) => {
                let after = clock::between(self.clock.now(), last);
                self.schedule(id, after).await
            }
            DraftState::Never => {
                tracing::info!(event = "desk", draft = %id, "the draft was not signed: nothing is done");
                Ok(())
            }
            DraftState::Signed(signature) => match &draft.act {
                Act::Approve { channel, .. } => {
                    self.submit_if_missing(&draft, *channel, until).await
                }
                Act::Verify { .. } => {
                    // An attacker who can write to the table must not have notes written.
                    if let Err(error) = self.verify(&signature.signed).await {
                        let last = clock::after(signature.signed_at, OPEN + KEY_MAY_COME);
                        // What is in the trail was verified then, and only its note is owed.
                        let is_over = self.clock.now() >= last
                            && (error.disproves_signature()
                                || !self.is_end_told(&draft.id).await?);
                        if error.disproves_signature() || is_over {
                            self.audit_refused(None, &draft, &error).await;
                        }
                        if !is_over {
                            return Err(error);
                        }
                        // Whoever signed it, nobody approved it in time.
                        self.case_state(&draft.id, &signature).await?;
                        return Ok(());
                    }
                    match self.advance(&draft, &signature, until).await? {
                        Next::Nothing => Ok(()),
                        Next::After(after) => self.schedule(id, after).await,
                    }
                }
            },
        }
    }

    /// Submits the reset of an approval, unless its page has done so. Both ask for the same: the ledger takes one of them.
    async fn submit_if_missing(
        &self,
        draft: &Draft,
        channel: Channel,
        until: Timestamp,
    ) -> Result<(), DeskError> {
        let id = &draft.id;
        if channel != Channel::Desk {
            tracing::info!(event = "desk", draft = %id, "the approval is for a ticket: nothing is submitted");
            return Ok(());
        }
        let reference = Reference::to(id.clone());
        let request = self.request(&reference, draft, RequestOrigin::default());
        // From there on the messages of the reset bring it to its end.
        if self.resets.was_accepted(&request).await? {
            return Ok(());
        }
        match self.resets.authenticate_at_desk(&reference).await {
            Ok(()) => {}
            // An accepted reset waits for what is missing, such as Entra's keys, and ends in two hours where all can see it.
            Err(refusal) if refusal.is_transient() => {
                tracing::warn!(event = "desk", draft = %id, %refusal, "a signature cannot be verified yet");
            }
            Err(refusal) => {
                self.audit_refused(None, draft, &refusal.into()).await;
                return Ok(());
            }
        }
        let visit = Visit {
            origin: RequestOrigin::default(),
            until,
        };
        self.submit(&reference, draft, visit).await?;
        tracing::info!(event = "desk", draft = %id, "the worker has submitted an approval");
        Ok(())
    }

    /// Has the worker look at a draft once the present run is over, even if this process dies.
    pub(super) async fn schedule_next(
        &self,
        id: &DraftId,
        until: Timestamp,
    ) -> Result<(), DeskError> {
        let over = clock::after(until, LEASE_MARGIN);
        let after = clock::between(self.clock.now(), over);
        self.schedule(id, after).await
    }

    async fn schedule(&self, id: &DraftId, after: Duration) -> Result<(), DeskError> {
        Ok(self.queue.schedule(Wake::Draft(id.clone()), after).await?)
    }
}
