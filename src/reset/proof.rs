//! How much proof a privileged target wants: two approvals that do not depend on one person, one system or one
//! channel.

use std::collections::BTreeSet;

use super::eligibility::Tier;
use super::refusal::Refusal;
use super::state::ClaimedApproval;
use crate::approval::Reason;

/// What is wrong with approvals that are presented together for a privileged target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// One human approved twice, under whatever spelling.
    #[error("one person gave both approvals")]
    OneApprover,
    /// One trust domain signed twice: who controls it controls both.
    #[error("both approvals come from one trust domain")]
    OneDomain,
    /// Who approves did not verify, so that two people have looked.
    #[error("an approver is also a verifier")]
    ApproverVerified,
    /// One channel proved it twice: who controls it controls both.
    #[error("the person was verified by one method only")]
    OneMethod,
    /// Text messages are intercepted too easily.
    #[error("the person was verified by text message")]
    Sms,
    /// The source may ask for standard targets only.
    #[error("the source may not ask for privileged people")]
    SourceForStandardOnly,
    /// An issuer may approve standard targets only.
    #[error("an issuer may not approve privileged people")]
    IssuerForStandardOnly,
}

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
    if approvals.len() < 2 {
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
