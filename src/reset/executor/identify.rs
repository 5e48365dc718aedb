//! Who is who: each person is resolved once, and compared as an object id from then on.

use std::collections::{BTreeMap, BTreeSet};

use super::context::Run;
use super::look_ahead::{People, named};
use crate::approval::{Approval, Channel};
use crate::ids::PersonRef;
use crate::reset::model::{ClaimedApproval, Person};
use crate::reset::ports::{DirectoryError, Fault};
use crate::reset::refusal::{Attester, Disagreement, Refusal, Role};

/// The target, and the approvals with every person in them resolved.
pub struct Identified {
    pub target: Person,
    pub approvals: Vec<ClaimedApproval>,
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
        known: People,
    ) -> Result<Identified, Refusal> {
        let people = self.resolve(ticket_user, approvals, known).await?;
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
            check_attester(approver, target, Attester::Approver)?;
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
                check_attester(verifier, target, Attester::Verifier)?;
                verifiers.insert(verifier.id);
            }
            identified.push(ClaimedApproval {
                id: approval.id(),
                sub: claims.sub.clone(),
                kid: approval.kid().clone(),
                domain: approval.domain().clone(),
                private_half: Some(approval.private_half().clone()),
                passkey: approval.passkey().cloned(),
                approver: approver.id,
                verifiers: verifiers.into_iter().collect(),
                evidence: claims.verification.iter().map(|v| v.evidence).collect(),
                issuer_may: approval.may_be_for_privileged(),
                out_of_context: approval
                    .by_sign_in()
                    .is_some_and(|signed| !signed.in_context),
            });
        }
        Ok(Identified {
            target: target.clone(),
            approvals: identified,
        })
    }

    /// Every person that the approvals and the ticket name. Those who are not known yet are looked up, each once.
    async fn resolve(
        &self,
        ticket_user: Option<&PersonRef>,
        approvals: &[Approval],
        mut known: People,
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
fn check_attester(person: &Person, target: &Person, attester: Attester) -> Result<(), Refusal> {
    if person.id == target.id {
        Err(Refusal::AttesterIsTarget(attester))
    } else if !person.enabled {
        Err(Refusal::AttesterDisabled(attester))
    } else {
        Ok(())
    }
}
