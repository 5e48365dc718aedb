//! Who is who: each person is resolved once, and compared as an object id from then on.

use std::collections::{BTreeMap, BTreeSet};

use super::context::Run;
use super::look_ahead::{KnownPeople, asks_for_manager, named};
use crate::approval::sign_in::SignedIn;
use crate::approval::{Approval, Channel};
use crate::ids::{ObjectId, PersonRef};
use crate::reset::model::{ApprovalPeople, ClaimedApproval, Manager, Person};
use crate::reset::ports::{DirectoryError, Fault};
use crate::reset::refusal::{Attester, Disagreement, Refusal, Role};
use crate::reset::rules::one_person::OnePerson;

/// The target, and the approvals with every person in them resolved.
pub struct Identified {
    pub target: Person,
    pub approvals: Vec<ClaimedApproval>,
    /// The target's manager, by name, else by id, where the directory was asked and has one.
    pub manager: Option<String>,
}

impl Run<'_> {
    /// Resolves every person, and checks that they are different people where they must be.
    ///
    /// # Errors
    /// A [`Refusal`] if a person is not in the directory, or is the wrong one.
    pub async fn identify(
        &self,
        channel: Channel,
        ticket_user: Option<&PersonRef>,
        approvals: &[Approval],
        known: KnownPeople,
    ) -> Result<Identified, Refusal> {
        let KnownPeople {
            found,
            mut managers,
            ..
        } = known;
        let mut missing = asks_for_manager(approvals);
        missing.retain(|who| !managers.contains_key(*who));
        let (people, asked) = tokio::join!(
            self.resolve(ticket_user, approvals, found),
            self.ask_for_managers(missing.into_iter()),
        );
        managers.extend(asked);
        let people = people?;
        let one_person = OnePerson::among(people.values(), &self.tenant.rules);
        let find = |who: &PersonRef, role| people.get(who).ok_or(Refusal::NotFound(role));

        let first = approvals.first().ok_or(Refusal::ApprovalMissing)?.claims();
        let target = find(&first.sub, Role::Target)?;
        if let Some(user) = ticket_user
            && find(user, Role::TicketUser)?.id != target.id
        {
            return Err(Refusal::OtherPerson);
        }
        let mut identified = Vec::new();
        for approval in approvals {
            let claims = approval.claims();
            if find(&claims.sub, Role::Target)?.id != target.id {
                return Err(Refusal::ApprovalsDisagree(Disagreement::Target));
            }
            if claims.scope != first.scope {
                return Err(Refusal::ApprovalsDisagree(Disagreement::Scope));
            }
            if claims.reason != first.reason {
                return Err(Refusal::ApprovalsDisagree(Disagreement::Reason));
            }
            let approver = find(&claims.act.sub, Role::Approver)?;
            check_attester(approver, target, Attester::Approver, &one_person)?;
            match (approval.owner(), channel) {
                (Some(owner), _) => {
                    if find(owner, Role::KeyOwner)?.id != approver.id {
                        return Err(Refusal::NotTheKeysOwner);
                    }
                }
                (None, Channel::OnCall) => return Err(Refusal::KeyWithoutOwner),
                // At the desk the owner is the person who signed in.
                (None, Channel::Desk) => return Err(Refusal::KeyWithoutOwner),
                (None, Channel::Webhook) => {}
            }
            let mut verifiers = BTreeSet::new();
            for verification in &claims.verification {
                let verifier = find(&verification.verified_by, Role::Verifier)?;
                check_attester(verifier, target, Attester::Verifier, &one_person)?;
                if verification.evidence.is_by_manager() {
                    check_manager(verifier, managers.get(&claims.sub))?;
                }
                verifiers.insert(verifier.id);
            }
            // Two accounts of one person are one signer. Who may act alone does so with one account, and is counted.
            if let Some(signed) = approval.by_sign_in()
                && signed.approver != signed.verifier
                && one_person.behind(signed.approver) == one_person.behind(signed.verifier)
            {
                return Err(Refusal::ApproverVerified);
            }
            let people = ApprovalPeople {
                approver: one_person.behind(approver.id),
                verifiers: verifiers
                    .iter()
                    .map(|verifier| one_person.behind(*verifier))
                    .collect(),
            };
            let verifiers: Vec<ObjectId> = verifiers.into_iter().collect();
            let has_other_accounts =
                people.approver != approver.id || people.verifiers != verifiers;
            identified.push(ClaimedApproval {
                id: approval.id(),
                sub: claims.sub.clone(),
                kid: approval.kid().clone(),
                domain: approval.domain().clone(),
                private_half: Some(approval.private_half().clone()),
                passkey: approval.passkey().cloned(),
                approver: approver.id,
                people: has_other_accounts.then_some(people),
                verifiers,
                evidence: claims.verification.iter().map(|v| v.evidence).collect(),
                issuer_may: approval.may_be_for_privileged(),
                out_of_context: approval
                    .by_sign_in()
                    .is_some_and(|signed| !signed.in_context),
                alone: approval.by_sign_in().is_some_and(SignedIn::is_alone),
            });
        }
        let mut manager = None;
        for answer in managers.into_values() {
            // Whoever is told must not hear that there is no manager because nobody could say.
            if let Some(Manager { id, name }) = answer? {
                manager = Some(name.unwrap_or_else(|| id.to_string()));
            }
        }
        Ok(Identified {
            target: target.clone(),
            manager,
            approvals: identified,
        })
    }

    /// Every person that the approvals and the ticket name. Those who are not known yet are looked up, each once.
    async fn resolve(
        &self,
        ticket_user: Option<&PersonRef>,
        approvals: &[Approval],
        mut known: BTreeMap<PersonRef, Result<Person, DirectoryError>>,
    ) -> Result<BTreeMap<PersonRef, Person>, Refusal> {
        let wanted = named(ticket_user, approvals);
        let missing: Vec<&PersonRef> = wanted.keys().copied().collect();
        let missing = missing.into_iter().filter(|who| !known.contains_key(who));
        let asked = self.ask_for(missing.collect::<Vec<_>>().into_iter()).await;
        known.extend(asked);
        let mut found = BTreeMap::new();
        for (who, role) in wanted {
            let person = match known.remove(who) {
                Some(Ok(person)) => person,
                None | Some(Err(DirectoryError::Permanent(Fault::NotFound))) => {
                    return Err(Refusal::NotFound(role));
                }
                // Graph takes some names for a part of the question. An id is none of them.
                Some(Err(DirectoryError::Permanent(Fault::Refused)))
                    if matches!(who, PersonRef::Upn(_)) =>
                {
                    return Err(Refusal::NotFound(role));
                }
                Some(Err(error)) => return Err(error.into()),
            };
            found.insert(who.clone(), person);
        }
        Ok(found)
    }
}

/// An approver or verifier must be active, and must not be the target.
fn check_attester(
    person: &Person,
    target: &Person,
    attester: Attester,
    one_person: &OnePerson,
) -> Result<(), Refusal> {
    if person.id == target.id {
        Err(Refusal::AttesterIsTarget(attester))
    } else if one_person.behind(person.id) == one_person.behind(target.id) {
        Err(Refusal::AttesterHasTargetsEmployeeId(attester))
    } else if !person.enabled {
        Err(Refusal::AttesterDisabled(attester))
    } else {
        Ok(())
    }
}

/// A manager's word is one only if the directory calls this person the target's manager.
fn check_manager(
    verifier: &Person,
    manager: Option<&Result<Option<Manager>, DirectoryError>>,
) -> Result<(), Refusal> {
    match manager {
        Some(Ok(Some(manager))) if manager.id == verifier.id => Ok(()),
        Some(Err(error)) => Err(error.clone().into()),
        Some(Ok(_)) | None => Err(Refusal::VerifierNotManager),
    }
}
