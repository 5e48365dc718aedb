//! Who everybody is: each person is resolved once, and compared as an object id from then on.

use std::collections::{BTreeMap, BTreeSet};

use crate::approval::{Approval, Channel};
use crate::clock::Timestamp;
use crate::ids::PersonRef;
use crate::reset::Person;
use crate::reset::ports::{DirectoryError, Fault};
use crate::reset::refusal::{Disagreement, Refusal, Role};
use crate::reset::state::ClaimedApproval;
use crate::reset::tenancy::TenantContext;

/// The target, and the approvals with everybody in them resolved.
pub(in crate::reset) struct Identified {
    pub target: Person,
    pub approvals: Vec<ClaimedApproval>,
}

/// Resolves everybody and checks that they are different people where they must be.
pub(in crate::reset) async fn identify(
    tenancy: &TenantContext,
    door: Channel,
    ticket_user: Option<&PersonRef>,
    approvals: &[Approval],
    until: Timestamp,
) -> Result<Identified, Refusal> {
    let mut wanted: BTreeMap<&PersonRef, Role> = BTreeMap::new();
    for approval in approvals {
        let claims = approval.claims();
        for verification in &claims.verification {
            wanted.insert(&verification.verified_by, Role::Verifier);
        }
        if let Some(owner) = approval.owner() {
            wanted.insert(owner, Role::KeyOwner);
        }
        wanted.insert(&claims.act.sub, Role::Approver);
        wanted.insert(&claims.sub, Role::Target);
    }
    if let Some(user) = ticket_user {
        wanted.entry(user).or_insert(Role::TicketUser);
    }
    let found = futures_util::future::try_join_all(wanted.into_iter().map(async |(who, role)| {
        match tenancy
            .ask(until, || tenancy.directories.standard.person(who))
            .await
        {
            Ok(person) => Ok((who, person)),
            Err(DirectoryError::Permanent(Fault::NotFound | Fault::Refused)) => {
                Err(Refusal::NoSuchPerson(role))
            }
            Err(error) => Err(unavailable(error)),
        }
    }))
    .await?;
    let people: BTreeMap<&PersonRef, Person> = found.into_iter().collect();
    let find = |who: &PersonRef, role| people.get(who).ok_or(Refusal::NoSuchPerson(role));

    let first = approvals.first().ok_or(Refusal::NoApproval)?;
    let target = find(&first.claims().sub, Role::Target)?;
    if let Some(user) = ticket_user
        && find(user, Role::TicketUser)?.id != target.id
    {
        return Err(Refusal::OtherPerson);
    }
    let mut claimed = Vec::new();
    for approval in approvals {
        let claims = approval.claims();
        if find(&claims.sub, Role::Target)?.id != target.id {
            return Err(Refusal::Disagree(Disagreement::Target));
        }
        if claims.scope != first.claims().scope {
            return Err(Refusal::Disagree(Disagreement::Scope));
        }
        if claims.reason != first.claims().reason {
            return Err(Refusal::Disagree(Disagreement::Reason));
        }
        let approver = somebody_else(
            find(&claims.act.sub, Role::Approver)?,
            target,
            Role::Approver,
        )?;
        match approval.owner() {
            Some(owner) if find(owner, Role::KeyOwner)?.id != approver.id => {
                return Err(Refusal::NotTheKeysOwner);
            }
            None if door == Channel::OnCall => return Err(Refusal::KeyWithoutOwner),
            _ => {}
        }
        let mut verifiers = BTreeSet::new();
        for verification in &claims.verification {
            let verifier = find(&verification.verified_by, Role::Verifier)?;
            verifiers.insert(somebody_else(verifier, target, Role::Verifier)?.id);
        }
        claimed.push(ClaimedApproval {
            id: approval.id(),
            sub: claims.sub.clone(),
            kid: approval.kid().clone(),
            domain: approval.domain().clone(),
            approver: approver.id,
            verifiers: verifiers.into_iter().collect(),
            evidence: claims.verification.iter().map(|v| v.evidence).collect(),
            issuer_may: approval.may_be_for_privileged(),
        });
    }
    Ok(Identified {
        target: target.clone(),
        approvals: claimed,
    })
}

/// A person who is active and not the target.
fn somebody_else<'a>(
    person: &'a Person,
    target: &Person,
    role: Role,
) -> Result<&'a Person, Refusal> {
    if person.id == target.id {
        Err(Refusal::SelfService(role))
    } else if !person.enabled {
        Err(Refusal::NotActive(role))
    } else {
        Ok(person)
    }
}

/// A directory that does not answer says nothing about anybody.
pub(in crate::reset) fn unavailable(error: DirectoryError) -> Refusal {
    match error {
        DirectoryError::Transient { after } => Refusal::Directory { after },
        DirectoryError::Indeterminate => Refusal::Directory { after: None },
        DirectoryError::Permanent(fault) => Refusal::of_fault(fault),
    }
}
