//! Signatures: a person has signed in anew for a draft. The first good one counts; a repetition gets what came of it.

use std::sync::Arc;

use secrecy::SecretString;

use super::case_notifications::CaseNote;
use super::decisions::Decision;
use super::store::StoredDraft;
use super::{AuthorizationCode, Desk, DeskError, Session, Visit};
use crate::approval::sign_in::{
    Act, Draft, SignIn, SignInError, SignedDraft, key_of, verify_draft,
};
use crate::approval::{Channel, KeySet};
use crate::clock::Timestamp;
use crate::ids::{DraftId, Reference};
use crate::reset::ports::KeysUnavailable;
use crate::reset::{Answered, Event, Parties, Request, RequestOrigin, Submission};

/// What came of a signature.
pub enum SignatureOutcome {
    /// The person is verified; the approver is next.
    Verified { case: DraftId, note: CaseNote },
    /// Approved, for a ticket system to present.
    Referenced(Reference),
    /// Approved, and the reset was asked for.
    Submitted(Box<Answered>),
}

impl Desk {
    /// Redeems the code of a sign-in for a draft of this session, keeps the signature, and does what it says.
    ///
    /// # Errors
    /// [`DeskError`] if it is no signature. A draft can then be signed again while it is open.
    pub async fn sign(
        &self,
        session: &Session,
        id: &DraftId,
        code: &AuthorizationCode,
        visit: Visit,
    ) -> Result<SignatureOutcome, DeskError> {
        let stored = self.own_draft(session, id).await?;
        let draft = Draft::read(&stored.text)?;
        if self.store.signature(id).await?.is_none() {
            if self.clock.now() >= draft.expires_at {
                return Err(DeskError::DraftExpired);
            }
            let redeemed = self.redeem_signature(session, &draft, stored.text, code, visit.until);
            if let Err(error) = redeemed.await {
                // The page may have sent it twice: what counts is whether it is signed.
                if self.store.signature(id).await?.is_none() {
                    if error.disproves_signature() || error.is_late() {
                        self.audit_refused(Some(session.person), &draft, &error)
                            .await;
                    }
                    return Err(error);
                }
            }
        }
        self.follow(draft, visit).await
    }

    async fn redeem_signature(
        &self,
        session: &Session,
        draft: &Draft,
        text: String,
        code: &AuthorizationCode,
        until: Timestamp,
    ) -> Result<(), DeskError> {
        let token = self.redeem(code).await?;
        let signed = SignedDraft { draft: text, token };
        let (_, sign_in) = self.verify(&signed).await?;
        sign_in.check_validity(self.clock.now())?;
        if draft.signer != session.person {
            return Err(SignInError::OtherPerson.into());
        }
        // Else whoever can open an address in the person's browser would get a second text signed in silence.
        if !self.store.take_sign_in(&sign_in, Some(&draft.id)).await? {
            return Err(SignInError::NotAnew.into());
        }
        let (kind, verification) = match &draft.act {
            Act::Verify { .. } => ("verification", None),
            Act::Approve { verification, .. } => {
                ("approval", Some(Draft::read(&verification.draft)?.id))
            }
        };
        let event = Event::Signed {
            at: self.clock.now(),
            by: session.person,
            kind,
            draft: draft.id.to_string(),
            ticket: draft.about.ticket.clone(),
            target_id: draft.about.target,
            token_id: sign_in.token_id,
            token_sha256: signed.token_digest(),
        };
        // The worker is woken first, so that what is signed comes to its end even if this process dies.
        self.schedule_next(&draft.id, until).await?;
        if let Some(case) = &verification {
            let approved = Decision::Approved(draft.id.clone());
            self.decide(case, approved).await?;
        }
        // What is not in the trail is no signature.
        self.audit.append(&event).await?;
        let kept = self
            .store
            .keep_signature(&draft.id, &signed.token, verification);
        match kept.await? {
            true => self.uncount_open_draft(session).await,
            // Another one may have been first: then that one counts.
            false if self.store.signature(&draft.id).await?.is_none() => {
                return Err(DeskError::DraftExpired);
            }
            false => {}
        }
        Ok(())
    }

    /// Does what a draft says that is signed. Again, it does nothing twice.
    async fn follow(&self, draft: Draft, visit: Visit) -> Result<SignatureOutcome, DeskError> {
        match &draft.act {
            Act::Verify { .. } => {
                let signature = self.store.signature(&draft.id).await?;
                let signature = signature.ok_or(DeskError::NoSuchDraft)?;
                self.advance(&draft, &signature, visit.until).await?;
                let text = self.verified_note(&draft)?;
                let is_written = self.noted(&draft.id).await?.link;
                let note = CaseNote { text, is_written };
                Ok(SignatureOutcome::Verified {
                    case: draft.id,
                    note,
                })
            }
            Act::Approve { channel, .. } => {
                let reference = Reference::to(draft.id.clone());
                if *channel != Channel::Desk {
                    return Ok(SignatureOutcome::Referenced(reference));
                }
                let answered = self.submit(&reference, &draft, visit).await?;
                Ok(SignatureOutcome::Submitted(Box::new(answered)))
            }
        }
    }

    /// Asks for the reset that was approved, or for what came of it.
    pub(super) async fn submit(
        &self,
        reference: &Reference,
        draft: &Draft,
        visit: Visit,
    ) -> Result<Answered, DeskError> {
        let Visit { origin, until } = visit;
        let parties = Parties {
            channel: Some(Channel::Desk),
            source: self.settings.notes.clone(),
            ticket: Some(draft.about.ticket.clone()),
            origin: origin.clone(),
            ..Parties::default()
        };
        let request = self.request(reference, draft, origin);
        let submission = Submission {
            request,
            parties: parties.clone(),
            approvals: Vec::new(),
            until,
        };
        // In a task of its own: a visitor who leaves does not stop it half-way.
        let resets = self.resets.clone();
        let work = tokio::spawn(async move { resets.submit(submission).await });
        match work.await {
            Ok(Ok(answered)) => Ok(answered),
            Ok(Err(refusal)) => {
                self.resets.refuse(&refusal, &parties).await;
                Err(DeskError::ResetRefused(refusal))
            }
            Err(_) => Err(DeskError::Internal),
        }
    }

    /// The request of an approval.
    pub(super) fn request(
        &self,
        reference: &Reference,
        draft: &Draft,
        origin: RequestOrigin,
    ) -> Request {
        Request::at_desk(
            reference,
            draft.about.ticket.clone(),
            self.settings.notes.clone(),
            self.policy.tenant,
            origin,
            self.clock.now(),
        )
    }

    /// A draft that this session made.
    async fn own_draft(&self, session: &Session, id: &DraftId) -> Result<StoredDraft, DeskError> {
        let stored = self.store.draft(id).await?;
        stored
            .filter(|stored| stored.session == session.hash)
            .ok_or(DeskError::NoSuchDraft)
    }

    /// What was signed, and the sign-in that signs it, by Entra's keys of now.
    ///
    /// # Errors
    /// [`DeskError`] if it is no signature, or the keys are not there.
    pub(super) async fn verify(&self, signed: &SignedDraft) -> Result<(Draft, SignIn), DeskError> {
        let keys = self.keys_of(&signed.token).await?;
        Ok(verify_draft(signed, &self.policy, &keys)?)
    }

    /// Entra's keys, with the one that signed this. A set without it says nothing about the signature: Entra may list it
    /// again.
    pub(super) async fn keys_of(&self, token: &SecretString) -> Result<Arc<KeySet>, DeskError> {
        let kid = key_of(token).map_err(SignInError::from)?;
        let keys = self.keys.keys(&self.issuer, &kid).await?;
        match keys.has(&kid) {
            true => Ok(keys),
            false => Err(KeysUnavailable::without_the_key_of_a_sign_in(&self.issuer).into()),
        }
    }
}
