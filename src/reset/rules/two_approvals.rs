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
    let mut verifiers = approvals.iter().flat_map(ClaimedApproval::verifying);
    verifiers.any(|verifier| approvals.iter().any(|one| one.approving() == *verifier))
}

/// `closed` is the channel, if it is for standard people only.
fn flaw(
    approvals: &[ClaimedApproval],
    reason: Option<Reason>,
    closed: Option<Channel>,
) -> Option<Flaw> {
    let approvers: BTreeSet<_> = approvals.iter().map(ClaimedApproval::approving).collect();
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
            Channel::Desk => Flaw::DeskForStandardOnly,
        })
    } else if !approvals.iter().all(|approval| approval.issuer_may) {
        let is_alone = approvals.iter().any(|approval| approval.alone);
        Some(match is_alone {
            true => Flaw::SignedAlone,
            false => Flaw::IssuerForStandardOnly,
        })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::{ContactSource, Evidence, TokenId};
    use crate::ids::{Digest, ObjectId};

    fn person(last: char) -> ObjectId {
        format!("a1000000-0000-4000-8000-00000000000{last}")
            .parse()
            .unwrap()
    }

    /// Two that are good together.
    fn two() -> [ClaimedApproval; 2] {
        let approval = |name: &str, approver, verifier, evidence| ClaimedApproval {
            id: TokenId {
                iss: name.try_into().unwrap(),
                jti: "0123456789abcdef0123".try_into().unwrap(),
            },
            sub: "grace@contoso.example".to_owned().try_into().unwrap(),
            kid: name.try_into().unwrap(),
            domain: name.try_into().unwrap(),
            private_half: Some(Digest::of(name.as_bytes())),
            passkey: None,
            approver: person(approver),
            verifiers: vec![person(verifier)],
            evidence: vec![evidence],
            issuer_may: true,
            out_of_context: false,
            people: None,
            alone: false,
        };
        let video = Evidence::VideoCall {
            contact_source: ContactSource::CompanyDirectory,
        };
        [
            approval("desk", 'a', 'b', video),
            approval("security", 'c', 'd', Evidence::InPerson),
        ]
    }

    fn flaw_of(approvals: &[ClaimedApproval]) -> Option<Flaw> {
        flaw(approvals, None, None)
    }

    #[test]
    fn each_thing_that_two_approvals_share_makes_them_depend_on_each_other_alone() {
        assert_eq!(flaw_of(&two()), None);
        type Change = fn(&mut ClaimedApproval, &ClaimedApproval);
        let changes: [(Change, Flaw); 6] = [
            (|one, _| one.issuer_may = false, Flaw::IssuerForStandardOnly),
            (
                |one, other| one.approver = other.approver,
                Flaw::OneApprover,
            ),
            (
                |one, other| one.domain = other.domain.clone(),
                Flaw::OneDomain,
            ),
            (
                |one, other| one.private_half = other.private_half.clone(),
                Flaw::OneDomain,
            ),
            (
                |one, other| one.verifiers.push(other.approver),
                Flaw::ApproverVerified,
            ),
            (
                |one, other| one.evidence.clone_from(&other.evidence),
                Flaw::OneMethod,
            ),
        ];
        for (change, expected) in changes {
            for nth in [0, 1] {
                let mut approvals = two();
                let other = two()[1 - nth].clone();
                change(&mut approvals[nth], &other);
                assert_eq!(flaw_of(&approvals), Some(expected), "{approvals:?}");
            }
        }
    }

    #[test]
    fn one_text_message_among_better_evidence_is_a_flaw() {
        for nth in [0, 1] {
            let mut approvals = two();
            approvals[nth].evidence.push(Evidence::SecureMessage {
                via: crate::approval::Messenger::Sms,
                contact_source: ContactSource::CompanyDirectory,
            });
            assert_eq!(flaw_of(&approvals), Some(Flaw::Sms));
        }
    }
}
