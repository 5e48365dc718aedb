//! Cases: a verification that was signed, as the approver sees it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::signatures::Visit;
use super::store::Signature;
use super::{Desk, DeskError, Session};
use crate::approval::Evidence;
use crate::approval::sign_in::{Act, DeskRole, Draft, Subject, verify_draft};
use crate::clock::{self, Timestamp};
use crate::ids::{DraftId, ObjectId, Reference, TicketKey};
use crate::names::shown_without_numbers;
use crate::reset::ports::Key;
use crate::reset::{Answered, Event, Preview, Refusal};

/// How long a verification waits for its approval: evidence is not older.
const OPEN: Duration = Duration::from_secs(4 * 60 * 60);

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
    pub evidence: Vec<Evidence>,
    pub verifier: ObjectId,
    pub verifier_name: Option<String>,
    pub verified_at: Timestamp,
    /// Until when it can be approved.
    pub open_until: Timestamp,
    /// What the reset would do, by what the directory says now; or why it would not be done.
    pub preview: Result<Preview, Refusal>,
    pub rejections: Vec<Rejection>,
    pub approved: bool,
}

/// A "no".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    pub at: Timestamp,
    pub by: ObjectId,
    pub name: Option<String>,
    pub case: DraftId,
    pub ticket: TicketKey,
    pub why: Option<String>,
}

/// The approval of a case.
#[derive(Serialize, Deserialize)]
struct Approved {
    approval: DraftId,
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
        let signature = self.open_case(id).await?;
        let keys = self.keys_of(&signature.signed).await?;
        let (draft, sign_in) = verify_draft(&signature.signed, &self.policy, &keys)?;
        let Act::Verify { evidence } = draft.act else {
            return Err(DeskError::NoSuchCase);
        };
        let about = draft.about;
        let (preview, rejections, approved) = tokio::join!(
            self.resets.outlook(self.policy.tenant, &about, until),
            self.rejections_of(about.target, Some(&about.ticket)),
            self.approval_of(id),
        );
        if let Ok(preview) = &preview {
            // What a person has registered is shown: it is written down.
            let event = Event::CaseShown {
                at: self.clock.now(),
                by: session.person,
                draft: id.to_string(),
                ticket: about.ticket.clone(),
                target_id: preview.target_id,
            };
            self.audit.append(&event).await?;
        }
        Ok(Case {
            id: id.clone(),
            text: signature.signed.draft,
            about,
            evidence,
            verifier: sign_in.person,
            verifier_name: sign_in.name.or(sign_in.user_name),
            verified_at: sign_in.at,
            open_until: clock::after(sign_in.at, OPEN),
            preview,
            rejections: rejections?,
            approved: approved?.is_some(),
        })
    }

    /// Says no. The case can then be approved no more, and the next ones of that person or ticket show it for a day.
    ///
    /// # Errors
    /// [`DeskError`] if the session's person may not.
    pub async fn reject(
        &self,
        session: &Session,
        id: &DraftId,
        why: &str,
    ) -> Result<(), DeskError> {
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
        let event = Event::Rejected {
            at: rejection.at,
            by: session.person,
            draft: id.to_string(),
            ticket: rejection.ticket.clone(),
            target_id: draft.about.target,
            why: rejection.why.clone(),
        };
        self.audit.append(&event).await?;
        for key in [
            of_person(draft.about.target),
            of_ticket(&draft.about.ticket),
        ] {
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
        let text = crate::report::rejected_note(
            &draft.about.target_name,
            session.name.as_deref(),
            rejection.why.as_deref(),
        );
        self.note_about(&draft, "rejected", &text).await;
        Ok(())
    }

    /// What came of the approval of a case.
    ///
    /// # Errors
    /// [`DeskError::NoSuchCase`] if it was not approved at the desk.
    pub async fn outcome(&self, id: &DraftId, visit: Visit) -> Result<Answered, DeskError> {
        let approval = self.approval_of(id).await?.ok_or(DeskError::NoSuchCase)?;
        let signature = self.store.signature(&approval).await?;
        let signature = signature.ok_or(DeskError::NoSuchCase)?;
        let draft = Draft::read(&signature.signed.draft)?;
        self.submit(&Reference::to(approval), &draft, visit).await
    }

    /// The signature under a case that can be approved.
    pub(super) async fn open_case(&self, id: &DraftId) -> Result<Signature, DeskError> {
        let signature = self.store.signature(id).await?;
        let signature = signature.ok_or(DeskError::NoSuchCase)?;
        let is_open = self.clock.now() < clock::after(signature.signed_at, OPEN);
        if !is_open || signature.verification.is_some() {
            return Err(DeskError::NoSuchCase);
        }
        Ok(signature)
    }

    /// A case that was rejected is over.
    ///
    /// # Errors
    /// [`DeskError::Rejected`].
    pub(super) async fn check_not_rejected(
        &self,
        id: &DraftId,
        signature: &Signature,
    ) -> Result<(), DeskError> {
        let about = Draft::read(&signature.signed.draft)?.about;
        let rejections = self
            .rejections_of(about.target, Some(&about.ticket))
            .await?;
        match rejections.iter().any(|rejection| rejection.case == *id) {
            true => Err(DeskError::Rejected),
            false => Ok(()),
        }
    }

    /// Names the approval of a case, if it is the first. Gives the first.
    pub(super) async fn approve_case(
        &self,
        case: &DraftId,
        approval: &DraftId,
    ) -> Result<(), DeskError> {
        let key = Key(format!("desk-approved#{case}"));
        let approved = Approved {
            approval: approval.clone(),
        };
        self.store.create(key, &approved, OPEN).await?;
        Ok(())
    }

    async fn approval_of(&self, case: &DraftId) -> Result<Option<DraftId>, DeskError> {
        let key = Key(format!("desk-approved#{case}"));
        let approved: Option<Approved> = self.store.read(&key).await?;
        Ok(approved.map(|approved| approved.approval))
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
