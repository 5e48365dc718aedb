//! Whom they look at: a person by their exact name, with what speaks against resetting them, and their contacts of record
//! one at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::allowance::Allowance;
use super::ports::Profile;
use super::session::LIFETIME;
use super::{Desk, DeskError, Rejection, Session};
use crate::approval::sign_in::DeskRole;
use crate::approval::{ContactKind, LastDigits};
use crate::clock::{self, Timestamp};
use crate::ids::{ObjectId, PersonRef};
use crate::reset::ports::Key;
use crate::reset::{Code, Event, Privilege, Refusal};

/// A password or an account that is younger than this is named.
const YOUNG: Duration = Duration::from_secs(24 * 60 * 60);

/// Which reset within a day on one verifier's word is named.
const OFTEN: usize = 3;

/// A person, and what a verifier should hesitate at.
pub struct FoundPerson {
    pub profile: Profile,
    pub has_business_phone: bool,
    pub has_mobile_phone: bool,
    pub hints: Vec<Hint>,
    /// What makes them privileged, or why they would not be reset on one approval: as the directory says now.
    pub privilege: Result<Option<Privilege>, Refusal>,
    pub rejections: Vec<Rejection>,
}

impl FoundPerson {
    /// Whether to verify them is of use: a verification outlasts an outage, and often a cool-down.
    pub fn is_worth_verifying(&self) -> bool {
        let obstacle = self.privilege.as_ref().err();
        obstacle.is_none_or(|refusal| refusal.is_transient() || refusal.code() == Code::CoolingDown)
    }

    /// What a manager needs to recognise their own person.
    fn for_manager(profile: Profile) -> FoundPerson {
        FoundPerson {
            profile: Profile {
                job_title: None,
                manager: None,
                business_phone: None,
                mobile_phone: None,
                ..profile
            },
            has_business_phone: false,
            has_mobile_phone: false,
            hints: Vec::new(),
            privilege: Ok(None),
            rejections: Vec::new(),
        }
    }
}

/// What speaks against a reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    External,
    PasswordChanged(Timestamp),
    AccountCreated(Timestamp),
    /// This would be reset number so much within a day on this verifier's word.
    OftenYou(usize),
    /// They would verify themselves.
    Yourself,
}

/// A contact of record, for the verifier's eyes alone.
pub struct Contact {
    pub kind: ContactKind,
    pub number: SecretString,
}

/// That a session was shown a person, or a contact of theirs: which, and what it ends in; never the contact.
#[derive(Clone, Serialize, Deserialize)]
struct Shown {
    person: ObjectId,
    contact: Option<(ContactKind, Option<LastDigits>)>,
}

/// The contacts of one person that a session was shown.
#[derive(Default)]
pub(super) struct ShownContacts {
    /// None of a number with fewer than four digits.
    pub ends: BTreeMap<ContactKind, Option<LastDigits>>,
    /// Those that were another at a later look.
    pub changed: BTreeSet<ContactKind>,
}

fn shown_key(session: &Session) -> Key {
    Key(format!("desk-shown#{}", session.hash))
}

impl Desk {
    /// Looks a person up by object id or exact user principal name. That it was done is written down.
    ///
    /// # Errors
    /// [`DeskError`] if the session's person may not, or the directory does not know the person.
    pub async fn find(
        &self,
        session: &Session,
        who: &PersonRef,
        until: Timestamp,
    ) -> Result<FoundPerson, DeskError> {
        let only_vouches = session.vouches && !session.verifies;
        if !only_vouches {
            session.require(DeskRole::Verifier)?;
        }
        self.count(Allowance::LookUps, session.person).await?;
        let profile = match only_vouches {
            true => self.managed(session, who).await?,
            false => self.people.profile(who).await?,
        };
        let now = self.clock.now();
        let looked_up = Event::LookedUp {
            at: now,
            by: session.person,
            target_id: profile.id,
            contact: None,
        };
        self.audit.append(&looked_up).await?;
        self.keep_shown(session, profile.id, None).await?;
        if only_vouches {
            return Ok(FoundPerson::for_manager(profile));
        }
        let tenant = self.policy.tenant;
        let (privilege, rejections, resets) = tokio::join!(
            self.resets.privilege_of(tenant, profile.id, until),
            self.rejections_of(profile.id, None),
            self.resets.verified_within_a_day(tenant, session.person),
        );
        let this_one = resets?.saturating_add(1);
        let is_young = |at: &Timestamp| now < clock::after(*at, YOUNG);
        let hints = [
            profile.external.then_some(Hint::External),
            profile
                .password_changed_at
                .filter(is_young)
                .map(Hint::PasswordChanged),
            profile
                .created_at
                .filter(is_young)
                .map(Hint::AccountCreated),
            (this_one >= OFTEN).then_some(Hint::OftenYou(this_one)),
            (profile.id == session.person).then_some(Hint::Yourself),
        ];
        Ok(FoundPerson {
            has_business_phone: profile.business_phone.is_some(),
            has_mobile_phone: profile.mobile_phone.is_some(),
            profile,
            hints: hints.into_iter().flatten().collect(),
            privilege,
            rejections: rejections?,
        })
    }

    /// Shows one contact of record. That it was shown is written down, the contact itself is not.
    ///
    /// # Errors
    /// [`DeskError`]; [`DeskError::Evidence`] if the directory has no such contact.
    pub async fn contact(
        &self,
        session: &Session,
        person: ObjectId,
        kind: ContactKind,
    ) -> Result<Contact, DeskError> {
        session.require(DeskRole::Verifier)?;
        self.count(Allowance::LookUps, session.person).await?;
        let profile = self.people.profile(&PersonRef::Id(person)).await?;
        let number = match kind {
            ContactKind::BusinessPhone => profile.business_phone,
            ContactKind::MobilePhone => profile.mobile_phone,
        };
        let number = number.ok_or(DeskError::Evidence("the directory has no such contact"))?;
        let looked_up = Event::LookedUp {
            at: self.clock.now(),
            by: session.person,
            target_id: person,
            contact: Some(kind.as_str()),
        };
        self.audit.append(&looked_up).await?;
        let ends = LastDigits::of(number.expose_secret());
        self.keep_shown(session, person, Some((kind, ends))).await?;
        Ok(Contact { kind, number })
    }

    /// A person whose manager is the session's person, as the directory says.
    ///
    /// # Errors
    /// [`DeskError::NotTheirManager`], also if there is no such person.
    pub(super) async fn managed(
        &self,
        session: &Session,
        who: &PersonRef,
    ) -> Result<Profile, DeskError> {
        let found = self.people.profile(who).await.map_err(DeskError::from);
        let profile = found.map_err(|error| match error {
            DeskError::Refused(Refusal::NotFound(_)) => DeskError::NotTheirManager,
            other => other,
        })?;
        let manager = profile.manager.as_ref().map(|manager| manager.id);
        (manager == Some(session.person))
            .then_some(profile)
            .ok_or(DeskError::NotTheirManager)
    }

    async fn keep_shown(
        &self,
        session: &Session,
        person: ObjectId,
        contact: Option<(ContactKind, Option<LastDigits>)>,
    ) -> Result<(), DeskError> {
        let shown = Shown { person, contact };
        let key = shown_key(session);
        let kept = self.store.change_list(&key, LIFETIME, |list| {
            list.push(shown.clone());
            Ok(())
        });
        kept.await?
    }

    /// What the contacts of a person ended in when this session was shown them, and one that was another each time. `None`
    /// if the session did not look the person up.
    pub(super) async fn shown(
        &self,
        session: &Session,
        person: ObjectId,
    ) -> Result<Option<ShownContacts>, DeskError> {
        let list: Option<Vec<Shown>> = self.store.read(&shown_key(session)).await?;
        let mut found = None;
        for shown in list.unwrap_or_default() {
            if shown.person != person {
                continue;
            }
            let ShownContacts { ends, changed } = found.get_or_insert_default();
            if let Some((kind, digits)) = shown.contact
                && ends
                    .insert(kind, digits)
                    .is_some_and(|before| before != digits)
            {
                changed.insert(kind);
            }
        }
        Ok(found)
    }
}
