//! How much proof a privileged target wants: two approvals that do not depend on one person, one system or one
//! channel.

use std::collections::BTreeSet;

use super::privilege::Tier;
use crate::approval::{Channel, Reason};
use crate::reset::model::ClaimedApproval;
use crate::reset::refusal::{Flaw, Refusal};

/// Whether the approvals are enough for the tier. `channel_may` is whether the policy lets this source, or the on-call
/// channel, reset privileged people.
///
/// # Errors
/// [`Refusal::Privileged`] if a second one is wanted, [`Refusal::InsufficientApprovals`] if they are not enough, whatever comes beside
/// them.
pub fn check(
    tier: &Tier,
    approvals: &[ClaimedApproval],
    reason: Option<Reason>,
    channel: Channel,
    channel_may: bool,
) -> Result<(), Refusal> {
    let Tier::Privileged(privilege) = tier else {
        return Ok(());
    };
    let closed = (!channel_may).then_some(channel);
    match flaw(approvals, reason, closed) {
        // A second approval brings another method with it; any other flaw would stay, so that no second one is asked for.
        None | Some(Flaw::OneMethod) if approvals.len() < 2 => {
            Err(Refusal::Privileged(privilege.clone()))
        }
        None => Ok(()),
        Some(flaw) => Err(Refusal::InsufficientApprovals {
            privilege: privilege.clone(),
            flaw,
        }),
    }
}

/// Whether an approver is also a verifier, in the same approval or in another: then fewer people have looked than it
/// seems.
pub fn has_approver_verified(approvals: &[ClaimedApproval]) -> bool {
    let mut verifiers = approvals.iter().flat_map(|approval| &approval.verifiers);
    verifiers.any(|verifier| approvals.iter().any(|one| one.approver == *verifier))
}

/// `closed` is the channel, if it is for standard people only.
fn flaw(
    approvals: &[ClaimedApproval],
    reason: Option<Reason>,
    closed: Option<Channel>,
) -> Option<Flaw> {
    let approvers: BTreeSet<_> = approvals.iter().map(|approval| approval.approver).collect();
    let domains: BTreeSet<_> = approvals.iter().map(|approval| &approval.domain).collect();
    // Whatever the policy calls them, one theft gives all the names of one key.
    let keys: BTreeSet<_> = approvals.iter().map(|one| &one.private_half).collect();
    let evidence = || approvals.iter().flat_map(|approval| &approval.evidence);
    // Evidence that could have reached only the holder of the phone proves nothing, so it is no second method either.
    let methods: BTreeSet<_> = evidence()
        .filter(|evidence| evidence.counts(reason))
        .map(|evidence| evidence.method())
        .collect();

    if let Some(channel) = closed {
        Some(match channel {
            Channel::Webhook => Flaw::SourceForStandardOnly,
            Channel::OnCall => Flaw::OnCallForStandardOnly,
        })
    } else if !approvals.iter().all(|approval| approval.issuer_may) {
        Some(Flaw::IssuerForStandardOnly)
    } else if approvers.len() < approvals.len() {
        Some(Flaw::OneApprover)
    } else if domains.len() < approvals.len() || keys.len() < approvals.len() {
        Some(Flaw::OneDomain)
    } else if has_approver_verified(approvals) {
        Some(Flaw::ApproverVerified)
    } else if evidence().any(|evidence| evidence.is_sms()) {
        Some(Flaw::Sms)
    } else if methods.len() < 2 {
        Some(Flaw::OneMethod)
    } else {
        None
    }
}
