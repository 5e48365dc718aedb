//! Refusals in words: a stable code, what it means, what to do next, and whether it helps to send it again.

use std::time::Duration;

use super::{Code, capitalised};
use crate::approval::ApprovalError;
use crate::clock::Timestamp;
use crate::delivery::Unreadable;
use crate::reset::{Flaw, Guardrail, LedgerError, Privilege, Refusal, RefusalText, Role};
use crate::secrets::SecretError;

/// A refusal, explained to whoever reads the ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// Stable, for programs.
    pub code: Code,
    /// What it means here, for people.
    pub detail: String,
    /// What to do next.
    pub next: &'static str,
    /// Whether it helps to send the same again.
    pub retry: Retry,
}

/// Whether the same request may succeed later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// No: something must change first.
    No,
    /// Yes, after this long.
    After(Duration),
}

/// How long to wait where nobody has said.
pub const RETRY_AFTER: Duration = Duration::from_secs(30);

/// Puts a refusal into words.
pub fn explain(refusal: &Refusal) -> Explained {
    let (code, next) = code_and_next(refusal);
    Explained {
        code,
        detail: detail(refusal),
        next,
        retry: retry(refusal),
    }
}

/// A refusal in words that can be kept.
pub fn words(refusal: &Refusal) -> RefusalText {
    let explained = explain(refusal);
    RefusalText {
        code: explained.code.as_str().to_owned(),
        detail: explained.detail,
        next: explained.next.to_owned(),
    }
}

fn retry(refusal: &Refusal) -> Retry {
    match refusal {
        Refusal::Directory { after } => Retry::After(after.unwrap_or(RETRY_AFTER)),
        Refusal::Misconfigured { .. } => Retry::After(Duration::from_secs(5 * 60)),
        other if other.is_transient() => Retry::After(RETRY_AFTER),
        _ => Retry::No,
    }
}

/// What outsiders may see. What they may not, such as which secret is missing, is in the log.
fn detail(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Unauthentic => "The delivery does not prove who sent it.".to_owned(),
        Refusal::Approval(ApprovalError::InvalidToken(_)) => {
            "The approval is not valid.".to_owned()
        }
        Refusal::Secret(SecretError::Unavailable(_)) => {
            "A secret cannot be fetched; nothing was changed.".to_owned()
        }
        Refusal::Secret(_) | Refusal::Misconfigured { .. } => {
            "This deployment is misconfigured; nothing was changed.".to_owned()
        }
        Refusal::BreakGlass => "The person is a break-glass account of this tenant.".to_owned(),
        Refusal::Disabled => "The person's account is disabled.".to_owned(),
        Refusal::Keys(_) => "The issuer's keys cannot be fetched; nothing was changed.".to_owned(),
        Refusal::Directory { .. } => {
            "Microsoft Entra does not answer; nothing was changed.".to_owned()
        }
        Refusal::Ledger(LedgerError::Corrupt) => "A record of ours cannot be read.".to_owned(),
        Refusal::Ledger(_) => "The ledger does not answer.".to_owned(),
        Refusal::Audit(_) => "The decision cannot be written down; nothing was changed.".to_owned(),
        Refusal::Queue(_) => {
            "The queue that brings back what is not done does not answer; nothing was changed."
                .to_owned()
        }
        Refusal::Guardrail(Guardrail::CoolingDown { since, until }) => format!(
            "The person was reset already, at {}. Until {} one approver is not enough.",
            minute(*since),
            minute(*until)
        ),
        Refusal::Privileged(privilege) => {
            format!("The person {privilege}: one approval is not enough.")
        }
        Refusal::Flawed { privilege, flaw } => format!("The person {privilege}, and {flaw}."),
        Refusal::NotServed(privilege) => {
            format!("The person {privilege}, and this deployment does not reset privileged people.")
        }
        other => format!("{}.", capitalised(&other.to_string())),
    }
}

fn minute(at: Timestamp) -> String {
    at.strftime("%F %R UTC").to_string()
}

fn code_and_next(refusal: &Refusal) -> (Code, &'static str) {
    match refusal {
        Refusal::Unauthentic => (
            Code::DeliveryUnauthentic,
            "Compare the secret in the ticket system with the one in Secrets Manager, and the clock of the sender.",
        ),
        Refusal::Delivery(Unreadable::Shape { .. }) => (
            Code::DeliveryUnreadable,
            "Compare what the ticket system sends with the documentation of its source.",
        ),
        Refusal::Delivery(Unreadable::NoUser { .. }) => (
            Code::TicketWithoutPerson,
            "Fill in the person's object id or user principal name in the ticket, then approve it again.",
        ),
        Refusal::Request(_) => (
            Code::RequestUnreadable,
            "Send what the documentation of this route says.",
        ),
        Refusal::NoApproval => (
            Code::ApprovalMissing,
            "Have the approval put into the ticket's approval field; the reset starts when it is there.",
        ),
        Refusal::TooManyApprovals => (
            Code::TooManyApprovals,
            "Leave only the approvals for this reset in the ticket's approval field.",
        ),
        Refusal::Approval(refused) => approval(refused),
        Refusal::IssuerNotAllowed => (
            Code::IssuerNotAllowed,
            "Use an issuer that policy.toml allows here; an approval that was made for a ticket does not work on call.",
        ),
        Refusal::OtherTicket => (
            Code::OtherTicket,
            "Get an approval whose txn is this ticket's key.",
        ),
        Refusal::OtherTenant => (
            Code::OtherTenant,
            "Get an approval whose tid is this tenant's id.",
        ),
        Refusal::OtherPerson => (
            Code::OtherPerson,
            "Find out which of the two is meant; then correct the ticket or get another approval.",
        ),
        Refusal::Disagree(_) => (
            Code::ApprovalsDisagree,
            "Get approvals for the same person, ticket, scope and reason.",
        ),
        Refusal::Used => (
            Code::ApprovalUsed,
            "See how that reset ended. For another one get a new approval: each is good for one reset.",
        ),
        Refusal::NoSuchPerson(role) => (
            match role {
                Role::Target => Code::TargetNotFound,
                Role::TicketUser => Code::TicketUserNotFound,
                Role::Approver => Code::ApproverNotFound,
                Role::Verifier => Code::VerifierNotFound,
                Role::KeyOwner => Code::KeyOwnerNotFound,
            },
            "Check the spelling of the object id or user principal name, and get another approval.",
        ),
        Refusal::NotActive(role) => (
            match role {
                Role::Verifier => Code::VerifierDisabled,
                _ => Code::ApproverDisabled,
            },
            "Have somebody with an enabled account verify and approve.",
        ),
        Refusal::SelfService(role) => (
            match role {
                Role::Verifier => Code::VerifierIsTarget,
                _ => Code::ApproverIsTarget,
            },
            "Have somebody else verify and approve.",
        ),
        Refusal::NotTheKeysOwner => (
            Code::NotTheKeysOwner,
            "Sign with a key of the approver's own.",
        ),
        Refusal::KeyWithoutOwner => (
            Code::KeyWithoutOwner,
            "Name the key's owner in policy.toml: on call, each key belongs to one person.",
        ),
        Refusal::ApproverVerified => (
            Code::ApproverVerified,
            "Have somebody verify the person who does not approve.",
        ),
        Refusal::NoHardwareKey => (
            Code::HardwareKeyMissing,
            "Sign in with a hardware key, and approve again: amr must have hwk.",
        ),
        Refusal::BreakGlass => (
            Code::BreakGlass,
            "Break-glass accounts are never reset here. Follow the procedure for them.",
        ),
        Refusal::RestrictedUnit => (
            Code::RestrictedUnit,
            "An administrator of the person's restricted management administrative unit has to do it by hand.",
        ),
        Refusal::Disabled => (
            Code::TargetDisabled,
            "Enable the account first: nobody can register while it is disabled.",
        ),
        Refusal::Privileged(privilege) => (
            privileged(privilege),
            "Add a second approval: by another person, from another trust domain, over another method.",
        ),
        Refusal::Flawed { flaw, .. } => (
            flawed(*flaw),
            match flaw {
                Flaw::SourceForStandardOnly | Flaw::IssuerForStandardOnly => {
                    "Ask by a source, and with approvals by issuers, that policy.toml lets ask for privileged people."
                }
                _ => {
                    "Get two approvals by different people who did not verify, from different trust domains, \
                     over different methods, none of them sms."
                }
            },
        ),
        Refusal::NotServed(_) => (
            Code::NoPrivilegedCredential,
            "A Privileged Authentication Administrator has to do it by hand.",
        ),
        Refusal::NoSuchReset => (
            Code::NoSuchReset,
            "Use the approval of that reset; outcomes can be read for 24 hours.",
        ),
        Refusal::Busy => (
            Code::TargetBusy,
            "Wait until the other reset of this person is over.",
        ),
        Refusal::Misconfigured { .. } => (
            Code::Misconfigured,
            "Whoever runs this deployment has to look: the log says what is wrong.",
        ),
        Refusal::Secret(SecretError::Unavailable(_)) => (Code::SecretsUnavailable, TRY_AGAIN),
        Refusal::Secret(_) => (
            Code::Misconfigured,
            "Whoever runs this deployment has to look: the log names the secret.",
        ),
        Refusal::Keys(_) => (Code::KeysUnavailable, TRY_AGAIN),
        Refusal::Directory { .. } => (Code::DirectoryUnavailable, TRY_AGAIN),
        Refusal::Ledger(LedgerError::Corrupt) => (
            Code::Misconfigured,
            "Whoever runs this deployment has to look: a record in the table cannot be read.",
        ),
        Refusal::Ledger(_) => (
            Code::LedgerUnavailable,
            "Send the same again later; nothing is done twice.",
        ),
        Refusal::Audit(_) => (Code::AuditUnavailable, TRY_AGAIN),
        Refusal::Queue(_) => (Code::QueueUnavailable, TRY_AGAIN),
        Refusal::OutOfTime => (Code::OutOfTime, TRY_AGAIN),
        Refusal::Guardrail(bound) => bounded(bound),
        Refusal::Changed(_) => (
            Code::ChangedMeanwhile,
            "Look at what is left in Entra, and get new approvals for it.",
        ),
    }
}

const TRY_AGAIN: &str = "Send the same again later; the approval is not used up.";

fn bounded(bound: &Guardrail) -> (Code, &'static str) {
    match bound {
        Guardrail::Frozen(_) => (
            Code::Frozen,
            "Ask the security team. When they have lifted it, send the same again: the approval is not used up.",
        ),
        Guardrail::CoolingDown { .. } => (
            Code::CoolingDown,
            "Find out why it is asked for again. Then add a second approval, by another approver; or wait, and get a new \
             approval if this one expires meanwhile.",
        ),
        Guardrail::Cap(_) => (
            Code::CapReached,
            "Have the security team look at who asks for so many. The approval is not used up.",
        ),
    }
}

fn privileged(privilege: &Privilege) -> Code {
    match privilege {
        Privilege::Role(_) => Code::PrivilegedRole,
        Privilege::EligibleRole(_) => Code::PrivilegedEligibleRole,
        Privilege::RoleAssignableGroup(_) => Code::PrivilegedRoleAssignableGroup,
        Privilege::OwnsGroup(_) => Code::PrivilegedGroupOwner,
        Privilege::EligibleGroup(_) => Code::PrivilegedEligibleGroup,
        Privilege::RestrictedUnit => Code::PrivilegedRestrictedUnit,
        Privilege::PolicyGroup(_) => Code::PrivilegedGroup,
        Privilege::NamedInPolicy => Code::PrivilegedApprover,
    }
}

fn flawed(flaw: Flaw) -> Code {
    match flaw {
        Flaw::OneApprover => Code::ApprovalsOneApprover,
        Flaw::OneDomain => Code::ApprovalsOneDomain,
        Flaw::ApproverVerified => Code::ApproverVerified,
        Flaw::OneMethod => Code::EvidenceOneMethod,
        Flaw::Sms => Code::EvidenceSms,
        Flaw::SourceForStandardOnly => Code::SourceStandardOnly,
        Flaw::IssuerForStandardOnly => Code::IssuerStandardOnly,
    }
}

fn approval(refused: &ApprovalError) -> (Code, &'static str) {
    match refused {
        ApprovalError::InvalidToken(_) => (
            Code::ApprovalInvalid,
            "Get a new approval from an issuer that this deployment knows, in the place of this one.",
        ),
        ApprovalError::Claim { .. } => {
            (Code::ApprovalClaim, "The issuer has to correct this claim.")
        }
        ApprovalError::Audience { .. } => (
            Code::ApprovalAudience,
            "Approvals for tickets and for on-call have different audiences: get one for this door.",
        ),
        ApprovalError::Expired { .. } => (Code::ApprovalExpired, "Get a new approval."),
        ApprovalError::NotYet => (Code::ApprovalNotYet, "Check the issuer's clock."),
        ApprovalError::TooLongLived { .. } => (
            Code::ApprovalTooLong,
            "The issuer has to shorten the time from iat to exp.",
        ),
        ApprovalError::StaleEvidence { .. } => (
            Code::EvidenceStale,
            "Verify the person again, then approve again.",
        ),
        ApprovalError::EvidenceOnLostPhone => (
            Code::EvidenceOnLostPhone,
            "Verify the person in a way that does not go through the phone that is gone.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::SecretName;

    #[test]
    fn an_outsider_learns_neither_which_secret_is_missing_nor_what_was_wrong_with_a_token() {
        let secret = SecretError::Missing(SecretName::try_from("prod/jira").unwrap());
        let explained = explain(&Refusal::Secret(secret));
        assert!(!format!("{explained:?}").contains("prod/jira"));

        let one = explain(&crate::approval::InvalidToken::Signature.into());
        let other = explain(&crate::approval::InvalidToken::UnknownIssuer.into());
        assert_eq!(one, other);
    }
}
