//! Drafts: what a person is about to sign. Everything in one is decided here, before it is shown; the page adds nothing.

use secrecy::{ExposeSecret, SecretString};

use super::allowance::Allowance;
use super::error::NO_RANDOM;
use super::people::ShownContacts;
use super::session::LIFETIME;
use super::store::StoredDraft;
use super::{Desk, DeskError, Profile, Session, Visit};
use crate::approval::sign_in::{
    Act, DRAFT_LIFETIME, DeskRole, Draft, SignedDigest, Subject, may_be_one, nonce,
};
use crate::approval::{
    Channel, ContactEnds, ContactKind, ContactSource, Evidence, LastDigits, MOST_VERIFICATIONS,
    Messenger, PhoneLine, Reason, Scope, VerificationMethod,
};
use crate::clock::{self, Timestamp};
use crate::ids::{DraftId, ObjectId, PersonRef, TicketKey};
use crate::reset::ports::Key;
use crate::reset::{Parties, Refusal, RequestOrigin, Unapproved};

/// What a person wants to sign.
pub enum Wanted {
    Verification {
        ticket: TicketKey,
        target: ObjectId,
        scope: Scope,
        reason: Reason,
        evidence: Vec<WantedEvidence>,
    },
    Approval {
        /// The verification that it rests on.
        case: DraftId,
        channel: Channel,
    },
}

/// A way in which the person was verified. Where it needs a contact, that was one of record.
pub struct WantedEvidence {
    pub method: VerificationMethod,
    pub via: Option<String>,
}

/// A draft that can be signed.
pub struct OpenDraft {
    pub id: DraftId,
    /// The bytes that are signed.
    pub text: String,
    /// The `nonce` of the sign-in that signs them.
    pub nonce: String,
    pub expires_at: Timestamp,
    /// Why the reset would be refused as things stand. Of an approval it was shown with the case.
    pub obstacle: Option<Refusal>,
}

impl Desk {
    /// Makes a draft for the session's person.
    ///
    /// # Errors
    /// [`DeskError`] if the person may not sign that.
    pub async fn draft(
        &self,
        session: &Session,
        wanted: Wanted,
        visit: Visit,
    ) -> Result<OpenDraft, DeskError> {
        self.count(Allowance::Drafts, session.person).await?;
        let (about, act) = match wanted {
            Wanted::Verification {
                ticket,
                target,
                scope,
                reason,
                evidence,
            } => {
                let vouches = self.policy.managers
                    && evidence
                        .iter()
                        .any(|one| one.method == VerificationMethod::ManagerAttestation);
                session.require(match vouches {
                    true => DeskRole::Manager,
                    false => DeskRole::Verifier,
                })?;
                if scope.contradicts(Some(reason)) {
                    return Err(DeskError::Unreadable(
                        "after a theft the person is signed out everywhere",
                    ));
                }
                if target == session.person {
                    return Err(DeskError::NotThreePeople);
                }
                let evidence = match vouches {
                    true => of_manager(evidence)?,
                    false => of_record(evidence)?,
                };
                // A draft tells who its target is: it is no way around the count and the trail of look-ups.
                let shown = self.shown(session, target).await?;
                let shown =
                    shown.ok_or(DeskError::Evidence("the person was not looked up here"))?;
                let contacts = used_of(&evidence, &shown)?;
                let target = match vouches {
                    true => self.managed(session, &PersonRef::Id(target)).await?,
                    false => self.people.profile(&PersonRef::Id(target)).await?,
                };
                let changed = changed(contacts, &shown, &target);
                let about = Subject {
                    ticket: ticket.in_capitals(),
                    target: target.id,
                    target_name: target.user_name,
                    scope,
                    reason,
                };
                if let Some(kind) = changed {
                    return Err(self
                        .refuse_changed(session, kind, &about, visit.origin)
                        .await);
                }
                (about, Act::Verify { evidence, contacts })
            }
            Wanted::Approval { case, channel } => {
                session.require(DeskRole::Approver)?;
                let signature = self.signature_of_open_case(&case).await?;
                self.check_not_rejected(&case).await?;
                let (verified, _) = self.verify(&signature.signed).await?;
                let about = verified.about;
                let role = verified.act.role()?;
                let may_be_one = self.policy.alone.is_some() && may_be_one(channel, role);
                let is_one = session.person == verified.signer && !may_be_one;
                if session.person == about.target || is_one {
                    return Err(DeskError::NotThreePeople);
                }
                if channel != Channel::Desk && !self.settings.takes_references {
                    return Err(DeskError::NoReferences);
                }
                let verification = SignedDigest {
                    token: signature.signed.token_digest(),
                    draft: signature.signed.draft,
                };
                let act = Act::Approve {
                    channel,
                    verification,
                };
                (about, act)
            }
        };
        self.count_open_draft(session).await?;
        let id = DraftId::random().ok_or(NO_RANDOM)?;
        let now = self.clock.now();
        let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
        let draft = Draft {
            id: id.clone(),
            aud: self.policy.audience.clone(),
            tid: self.policy.tenant,
            signer: session.person,
            signed_in_at: session.signed_in_at,
            created_at: now,
            expires_at: clock::after(now, DRAFT_LIFETIME),
            about,
            act,
        };
        let text = draft.text()?;
        let stored = StoredDraft {
            text: text.clone(),
            session: session.hash.clone(),
        };
        if !self.store.create_draft(&id, &stored).await? {
            return Err(NO_RANDOM);
        }
        Ok(OpenDraft {
            nonce: nonce(&text),
            expires_at: draft.expires_at,
            obstacle: self.obstacle(session, &draft, visit.until).await,
            id,
            text,
        })
    }

    /// The security team is told, once in a session, that a number was changed while the verifier used it. Who that is
    /// stands in the trail, with the look at the number.
    async fn refuse_changed(
        &self,
        session: &Session,
        contact: ContactKind,
        about: &Subject,
        origin: RequestOrigin,
    ) -> DeskError {
        let refusal = Refusal::ContactChanged(contact);
        let key = Key(format!("desk-changed#{}#{}", session.hash, about.target));
        let is_first = self.store.create(key, &contact, LIFETIME).await;
        if !is_first.unwrap_or(true) {
            return DeskError::ResetRefused(refusal);
        }
        let parties = Parties {
            channel: Some(Channel::Desk),
            source: self.settings.notes.clone(),
            ticket: Some(about.ticket.clone()),
            target: Some(about.target_name.clone()),
            origin,
            ..Parties::default()
        };
        self.resets.refuse(&refusal, &parties).await;
        DeskError::ResetRefused(refusal)
    }

    /// Why the reset that a verifier's draft asks for would be refused. A manager is told nothing that only the service
    /// desk may know.
    async fn obstacle(
        &self,
        session: &Session,
        draft: &Draft,
        until: Timestamp,
    ) -> Option<Refusal> {
        let Act::Verify { evidence, contacts } = &draft.act else {
            return None;
        };
        session.require(DeskRole::Verifier).ok()?;
        let unapproved = Unapproved {
            about: &draft.about,
            evidence,
            contacts: *contacts,
            verifier: session.person,
            approver: None,
        };
        let outlook = self.resets.outlook(draft.tid, &unapproved, until);
        outlook.await.err()
    }
}

/// The contact of record that a way rests on. What the verifier did not see here, they may have from the caller.
fn contact_of(evidence: Evidence) -> Option<ContactKind> {
    match evidence {
        Evidence::PhoneCall { via, .. } => Some(match via {
            PhoneLine::Desk => ContactKind::BusinessPhone,
            PhoneLine::Home | PhoneLine::Mobile => ContactKind::MobilePhone,
        }),
        Evidence::SecureMessage { via, .. } => match via {
            Messenger::Sms | Messenger::Signal | Messenger::Telegram => {
                Some(ContactKind::MobilePhone)
            }
            Messenger::Slack | Messenger::Teams => None,
        },
        Evidence::VideoCall { .. }
        | Evidence::InPerson
        | Evidence::ManagerAttestation { .. }
        | Evidence::VerifiedId => None,
    }
}

/// A manager's word, if it is nothing besides.
fn of_manager(wanted: Vec<WantedEvidence>) -> Result<Vec<Evidence>, DeskError> {
    let via = wanted.iter().any(|one| one.via.is_some());
    if wanted.len() != 1 || via {
        return Err(DeskError::Evidence(
            "a manager vouches, and nothing besides",
        ));
    }
    Ok(vec![Evidence::ManagerAttestation {
        contact_source: ContactSource::CompanyDirectory,
    }])
}

/// Of the contacts that were shown, what those end in that the evidence rests on.
fn used_of(evidence: &[Evidence], shown: &ShownContacts) -> Result<ContactEnds, DeskError> {
    let mut used = ContactEnds::default();
    for kind in evidence.iter().copied().filter_map(contact_of) {
        let ends = shown.ends.get(&kind).copied().flatten();
        *used.of_mut(kind) = Some(ends.ok_or(DeskError::Evidence(
            "its contact of record was not shown here, or has fewer than four digits",
        ))?);
    }
    Ok(used)
}

/// Of the contacts that were used, one that is another in the directory by now, or was between two looks.
fn changed(used: ContactEnds, shown: &ShownContacts, profile: &Profile) -> Option<ContactKind> {
    let ends = |number: &Option<SecretString>| {
        let number = number.as_ref().map(ExposeSecret::expose_secret);
        number.and_then(LastDigits::of)
    };
    let now = ContactEnds {
        business_phone: ends(&profile.business_phone),
        mobile_phone: ends(&profile.mobile_phone),
    };
    let between_looks = shown.changed.iter().find(|kind| used.of(**kind).is_some());
    between_looks.copied().or(now.changed_since(&used))
}

/// The evidence, if each is a way that the desk offers.
fn of_record(wanted: Vec<WantedEvidence>) -> Result<Vec<Evidence>, DeskError> {
    if !(1..=MOST_VERIFICATIONS).contains(&wanted.len()) {
        return Err(DeskError::Evidence("one to four ways are wanted"));
    }
    let evidence = wanted.into_iter().map(|wanted| {
        let source = match wanted.method {
            VerificationMethod::InPerson => None,
            VerificationMethod::PhoneCall
            | VerificationMethod::SecureMessage
            | VerificationMethod::VideoCall => Some(ContactSource::CompanyDirectory),
            // Its word is not the verifier's to give.
            VerificationMethod::ManagerAttestation | VerificationMethod::VerifiedId => {
                return Err(DeskError::Evidence("this way is not offered at the desk"));
            }
        };
        // The directory has no such number.
        if wanted.via.as_deref() == Some("home") {
            return Err(DeskError::Evidence("this way is not offered at the desk"));
        }
        Evidence::new(wanted.method, wanted.via.as_deref(), source)
            .map_err(|_| DeskError::Evidence("a method and its via do not fit"))
    });
    evidence.collect()
}
