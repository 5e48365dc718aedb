//! Cases: a verification that was signed, as the approver sees it.

use std::time::Duration;

use super::allowance::Allowance;
use super::case_notifications::{CaseNote, rejected_note};
use super::case_state::{CaseState, OPEN};
use super::decisions::{Decision, Rejection};
use super::store::Signature;
use super::{Desk, DeskError, Session};
use crate::approval::Evidence;
use crate::approval::sign_in::{Act, DeskRole, Draft, Subject};
use crate::clock::{self, Timestamp};
use crate::ids::{DraftId, ObjectId, PersonRef, Reference, TicketKey};
use crate::names::shown_without_numbers;
use crate::reset::ports::Key;
use crate::reset::{Event, Preview, Refusal, RequestOrigin, RequestStatus};

/// How long a rejection is shown.
const REJECTED: Duration = Duration::from_secs(24 * 60 * 60);

/// The most rejections that are kept of a person or a ticket.
const MOST_REJECTIONS: usize = 20;

/// A verification that waits for its approval.
pub struct Case {
    pub id: DraftId,
    /// The bytes that the verifier signed.
    pub text: String,
    pub about: Subject,
    /// The target's display name, for approvers.
    pub target_display: Option<String>,
    pub evidence: Vec<Evidence>,
    pub verifier: ObjectId,
    pub verifier_name: Option<String>,
    pub verified_at: Timestamp,
    /// How many resets were begun within a day on this verifier's word.
    pub verifier_resets: usize,
    /// Until when it can be approved.
    pub open_until: Timestamp,
    /// What the reset would do, by what the directory says now; or why it would not be done. For approvers alone.
    pub preview: Option<Result<Preview, Refusal>>,
    pub rejections: Vec<Rejection>,
    pub approved: bool,
}

impl Desk {
    /// A case, for an approver or a verifier.
    ///
    /// # Errors
    /// [`DeskError::NoSuchCase`] if it is none, or too old.
    pub async fn case(
        &self,
        session: &Session,
        id: &DraftId,
        until: Timestamp,
    ) -> Result<Case, DeskError> {
        session.needs_to_read()?;
        let signature = self.open_case(id).await?;
        let (draft, sign_in) = self.verified(&signature.signed).await?;
        let Act::Verify { evidence, contacts } = draft.act else {
            return Err(DeskError::NoSuchCase);
        };
        let about = draft.about;
        self.count(Allowance::Cases, session.person).await?;
        // What a person has registered is shown, to approvers alone: it is written down.
        let event = Event::CaseShown {
            at: self.clock.now(),
            by: session.person,
            draft: id.to_string(),
            ticket: about.ticket.clone(),
            target_id: about.target,
        };
        self.audit.append(&event).await?;
        let tenant = self.policy.tenant;
        let preview = async {
            match session.needs(DeskRole::Approver) {
                Ok(()) => {
                    let outlook = self
                        .resets
                        .outlook(tenant, &about, (&evidence, contacts), until);
                    Some(outlook.await)
                }
                Err(_) => None,
            }
        };
        let (preview, verifier_resets, rejections, approved) = tokio::join!(
            preview,
            self.resets.verified_within_a_day(tenant, sign_in.person),
            self.rejections_of(about.target, Some(&about.ticket)),
            self.stored_outcome(id),
        );
        let target_display = match &preview {
            Some(Ok(preview)) => preview.target_name.clone(),
            // It is known all the same, unless the directory does not answer.
            Some(Err(refusal)) if !refusal.is_transient() => {
                let found = self.people.profile(&PersonRef::Id(about.target)).await;
                found.ok().and_then(|profile| profile.name)
            }
            _ => None,
        };
        Ok(Case {
            target_display,
            id: id.clone(),
            text: signature.signed.draft,
            about,
            evidence,
            verifier: sign_in.person,
            verifier_name: sign_in.user_name.or(sign_in.name),
            verified_at: sign_in.at,
            verifier_resets: verifier_resets?,
            open_until: clock::after(sign_in.at, OPEN),
            preview,
            rejections: rejections?,
            approved: approved?.is_some(),
        })
    }

    /// Says no. No approval of the case counts then, and the next ones of that person or ticket show it for a day. Gives
    /// the note for the ticket.
    ///
    /// # Errors
    /// [`DeskError`] if the session's person may not; [`DeskError::ApprovedAlready`] if a reset has begun.
    pub async fn reject(
        &self,
        session: &Session,
        id: &DraftId,
        why: &str,
        until: Timestamp,
    ) -> Result<CaseNote, DeskError> {
        session.needs(DeskRole::Approver)?;
        let signature = self.open_case(id).await?;
        let draft = Draft::read(&signature.signed.draft)?;
        let rejection = Rejection {
            at: self.clock.now(),
            by: session.person,
            name: session.name.clone(),
            case: id.clone(),
            ticket: draft.about.ticket.clone(),
            why: shown_without_numbers(why),
        };
        // A "no" is not lost with the queue: the message of the verification comes as well, only later.
        if let Err(error) = self.schedule_next(id, until).await {
            tracing::warn!(%error, draft = %id, "the worker could not be woken for a rejection");
        }
        self.decide(id, Decision::RejectedBy(rejection.clone()))
            .await?;
        let case_state = self.case_state(id, &signature).await?;
        let text = match &case_state {
            CaseState::Rejected(first) => {
                Some(rejected_note(&draft, first.as_ref().unwrap_or(&rejection)))
            }
            // Too late for this case; the next ones of the person or the ticket show it.
            _ => None,
        };
        self.advance_from(&draft, case_state, until).await?;
        Ok(CaseNote {
            text: text.ok_or(DeskError::ApprovedAlready)?,
            is_written: self.noted(id).await?.end,
        })
    }

    /// Shows a rejection with the next verifications of the same person or ticket.
    pub(super) async fn list_rejection(
        &self,
        about: &Subject,
        rejection: &Rejection,
    ) -> Result<(), DeskError> {
        for key in [of_person(about.target), of_ticket(&about.ticket)] {
            let oldest = clock::before(rejection.at, REJECTED);
            let add = |list: &mut Vec<Rejection>| {
                list.retain(|one| one.at > oldest && one.case != rejection.case);
                list.push(rejection.clone());
                let extra = list.len().saturating_sub(MOST_REJECTIONS);
                list.drain(..extra);
                Ok::<(), DeskError>(())
            };
            self.store.change_list(&key, REJECTED, add).await??;
        }
        Ok(())
    }

    /// What came of the approval of a case. Reads only.
    ///
    /// # Errors
    /// [`DeskError::NoSuchCase`] if it was not approved at the desk, or its approval was refused.
    pub async fn outcome(
        &self,
        session: &Session,
        id: &DraftId,
    ) -> Result<RequestStatus, DeskError> {
        session.needs_to_read()?;
        self.stored_outcome(id).await?.ok_or(DeskError::NoSuchCase)
    }

    /// What is stored about the approvals of a case, the latest first.
    async fn stored_outcome(&self, id: &DraftId) -> Result<Option<RequestStatus>, DeskError> {
        for decision in self.decisions(id).await?.into_iter().rev() {
            let Decision::Approved(approval) = decision else {
                continue;
            };
            let Some(signature) = self.store.signature(&approval).await? else {
                continue;
            };
            let draft = Draft::read(&signature.signed.draft)?;
            let request = self.request(&Reference::to(approval), &draft, RequestOrigin::default());
            if let Some(status) = self.resets.stored(&request).await? {
                return Ok(Some(status));
            }
        }
        Ok(None)
    }

    /// The signature under a case that can be approved.
    pub(super) async fn open_case(&self, id: &DraftId) -> Result<Signature, DeskError> {
        let signature = self.store.signature(id).await?;
        let signature = signature.ok_or(DeskError::NoSuchCase)?;
        let is_open = self.clock.now() < clock::after(signature.signed_at, OPEN);
        // An attacker who can write to the table can hang one case under the link of another.
        let is_its_own = Draft::read(&signature.signed.draft)?.id == *id;
        if !is_open || !is_its_own || signature.verification.is_some() {
            return Err(DeskError::NoSuchCase);
        }
        Ok(signature)
    }

    /// Who said no to this person, or to this ticket, within a day.
    pub(super) async fn rejections_of(
        &self,
        person: ObjectId,
        ticket: Option<&TicketKey>,
    ) -> Result<Vec<Rejection>, DeskError> {
        let oldest = clock::before(self.clock.now(), REJECTED);
        let mut found: Vec<Rejection> = Vec::new();
        for key in [Some(of_person(person)), ticket.map(of_ticket)] {
            let Some(key) = key else { continue };
            let list: Option<Vec<Rejection>> = self.store.read(&key).await?;
            for rejection in list.unwrap_or_default() {
                if rejection.at > oldest && !found.contains(&rejection) {
                    found.push(rejection);
                }
            }
        }
        Ok(found)
    }
}

fn of_person(person: ObjectId) -> Key {
    Key(format!("desk-rejections#person#{person}"))
}

fn of_ticket(ticket: &TicketKey) -> Key {
    Key(format!("desk-rejections#ticket#{ticket}"))
}
