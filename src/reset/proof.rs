//! How much proof a privileged target wants: two approvals that do not depend on one person, one system or one
//! channel.

use std::collections::BTreeSet;

use super::eligibility::Tier;
use super::refusal::{Flaw, Refusal};
use super::state::ClaimedApproval;
use crate::approval::Reason;

/// Whether the approvals are enough for the tier. `source_may` is whether the policy lets the source, or the
/// on-call door, ask for privileged people.
///
/// # Errors
/// [`Refusal::Privileged`] if there is only one, [`Refusal::Flawed`] if they are not enough together.
pub fn check(
    tier: &Tier,
    approvals: &[ClaimedApproval],
    reason: Option<Reason>,
    source_may: bool,
) -> Result<(), Refusal> {
    let Tier::Privileged(privilege) = tier else {
        return Ok(());
    };
    if approvals.len() < 2 && source_may {
        return Err(Refusal::Privileged(privilege.clone()));
    }
    match flaw(approvals, reason, source_may) {
        None => Ok(()),
        Some(flaw) => Err(Refusal::Flawed {
            privilege: privilege.clone(),
            flaw,
        }),
    }
}

fn flaw(approvals: &[ClaimedApproval], reason: Option<Reason>, source_may: bool) -> Option<Flaw> {
    let approvers: BTreeSet<_> = approvals.iter().map(|approval| approval.approver).collect();
    let domains: BTreeSet<_> = approvals.iter().map(|approval| &approval.domain).collect();
    let verifiers: BTreeSet<_> = approvals
        .iter()
        .flat_map(|approval| &approval.verifiers)
        .collect();
    let evidence = || approvals.iter().flat_map(|approval| &approval.evidence);
    // What could have reached only whoever has the phone proves nothing, so it is no second method either.
    let methods: BTreeSet<_> = evidence()
        .filter(|evidence| evidence.counts(reason))
        .map(|evidence| evidence.method())
        .collect();

    if !source_may {
        Some(Flaw::SourceForStandardOnly)
    } else if !approvals.iter().all(|approval| approval.issuer_may) {
        Some(Flaw::IssuerForStandardOnly)
    } else if approvers.len() < approvals.len() {
        Some(Flaw::OneApprover)
    } else if domains.len() < approvals.len() {
        Some(Flaw::OneDomain)
    } else if approvers
        .iter()
        .any(|approver| verifiers.contains(approver))
    {
        Some(Flaw::ApproverVerified)
    } else if evidence().any(|evidence| evidence.is_sms()) {
        Some(Flaw::Sms)
    } else if methods.len() < 2 {
        Some(Flaw::OneMethod)
    } else {
        None
    }
}
