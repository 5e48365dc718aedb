//! The sentence of a refusal: what outsiders may see. What they may not, such as which secret is missing, is in the log.

use super::capitalised;
use crate::approval::ApprovalError;
use crate::clock::Timestamp;
use crate::reset::{Guardrail, LedgerError, Refusal, RefusalText};
use crate::secrets::SecretError;

/// The text of a refusal: its code, its sentence, and the next step.
pub fn refusal_text(refusal: &Refusal) -> RefusalText {
    let code = refusal.code();
    RefusalText {
        code: code.as_str().to_owned(),
        detail: detail(refusal),
        next: code.row().next.to_owned(),
    }
}

/// One sentence for each refusal. Where the refusal's own text is fit for outsiders, it is the sentence.
fn detail(refusal: &Refusal) -> String {
    match refusal {
        Refusal::DeliveryUnauthentic => "The delivery does not prove who sent it.".to_owned(),
        Refusal::Approval(ApprovalError::InvalidToken(_)) => {
            "The approval is not valid.".to_owned()
        }
        Refusal::Secret(SecretError::Unavailable(_)) => {
            "A secret cannot be fetched; nothing was changed.".to_owned()
        }
        Refusal::Secret(
            SecretError::Missing(_)
            | SecretError::MarkedForDeletion(_)
            | SecretError::Denied(_)
            | SecretError::Empty(_)
            | SecretError::Malformed(..),
        )
        | Refusal::Misconfigured { .. } => {
            "This deployment is misconfigured; nothing was changed.".to_owned()
        }
        Refusal::BreakGlass => "The person is a break-glass account of this tenant.".to_owned(),
        Refusal::TargetDisabled => "The person's account is disabled.".to_owned(),
        Refusal::Keys(_) => "The issuer's keys cannot be fetched; nothing was changed.".to_owned(),
        Refusal::DirectoryUnavailable { .. } => {
            "Microsoft Entra does not answer; nothing was changed.".to_owned()
        }
        Refusal::Ledger(LedgerError::Corrupt) => "A record of ours cannot be read.".to_owned(),
        Refusal::Ledger(LedgerError::Unavailable(_)) => "The ledger does not answer.".to_owned(),
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
        Refusal::InsufficientApprovals { privilege, flaw } => {
            format!("The person {privilege}, and {flaw}.")
        }
        Refusal::NoPrivilegedCredential(privilege) => {
            format!("The person {privilege}, and this deployment does not reset privileged people.")
        }
        Refusal::Delivery(_)
        | Refusal::RequestUnreadable(_)
        | Refusal::ApprovalMissing
        | Refusal::TooManyApprovals
        | Refusal::Approval(
            ApprovalError::Claim { .. }
            | ApprovalError::Audience { .. }
            | ApprovalError::Expired { .. }
            | ApprovalError::NotYet
            | ApprovalError::TooLongLived { .. }
            | ApprovalError::StaleEvidence { .. }
            | ApprovalError::EvidenceOnLostPhone,
        )
        | Refusal::IssuerNotAllowed
        | Refusal::OtherTicket
        | Refusal::OtherTenant
        | Refusal::OtherPerson
        | Refusal::ApprovalsDisagree(_)
        | Refusal::ApprovalUsed
        | Refusal::NotFound(_)
        | Refusal::AttesterDisabled(_)
        | Refusal::AttesterIsTarget(_)
        | Refusal::NotTheKeysOwner
        | Refusal::KeyWithoutOwner
        | Refusal::ApproverVerified
        | Refusal::HardwareKeyMissing
        | Refusal::RestrictedUnit
        | Refusal::NoSuchReset
        | Refusal::TargetBusy
        | Refusal::Guardrail(Guardrail::Frozen(_) | Guardrail::Cap(_))
        | Refusal::ChangedMeanwhile(_)
        | Refusal::OutOfTime => format!("{}.", capitalised(&refusal.to_string())),
    }
}

fn minute(at: Timestamp) -> String {
    at.strftime("%F %R UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::InvalidToken;
    use crate::ids::SecretName;

    #[test]
    fn an_outsider_learns_neither_which_secret_is_missing_nor_what_was_wrong_with_a_token() {
        let secret = SecretError::Missing(SecretName::try_from("prod/jira").unwrap());
        let text = refusal_text(&Refusal::Secret(secret));
        assert!(!format!("{text:?}").contains("prod/jira"));

        let one = refusal_text(&InvalidToken::Signature.into());
        let other = refusal_text(&InvalidToken::UnknownIssuer.into());
        assert_eq!(one, other);
    }
}
