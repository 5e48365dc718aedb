//! The sentence of a refusal, for the service desk, whose words it has: it names no policy.toml and no claim. What the
//! operator of this service needs is in the refusal's own text, which the log has. What outsiders may not see, such as
//! which secret is missing, is there alone.

use super::capitalised;
use crate::approval::{ApprovalError, ContactKind, claim_subject};
use crate::clock::Timestamp;
use crate::reset::{Attester, Cap, Flaw, Guardrail, LedgerError, Method, Refusal, RefusalText};
use crate::secrets::SecretError;
use crate::webhook::Unreadable;

/// The text of a refusal: its code, its sentence, and the next step.
pub fn refusal_text(refusal: &Refusal) -> RefusalText {
    let code = refusal.code();
    RefusalText {
        code: code.as_str().to_owned(),
        detail: detail(refusal),
        next: code.row().next.to_owned(),
    }
}

/// What happened. Where the refusal's own text is fit for the service desk, it is the sentence.
fn detail(refusal: &Refusal) -> String {
    let detail = match refusal {
        Refusal::DeliveryUnauthentic => {
            "The signature, the secret or the time of this delivery is wrong."
        }
        Refusal::Approval(ApprovalError::InvalidToken(_)) => "The approval is not valid.",
        Refusal::Approval(ApprovalError::Claim { at, kid }) => {
            return format!(
                "The approval does not say {}, or says it wrongly ({at}). It was signed with the key {kid}.",
                claim_subject(at)
            );
        }
        Refusal::Approval(ApprovalError::Audience { kid }) => {
            return format!(
                "The approval is not meant for use here. It was signed with the key {kid}."
            );
        }
        Refusal::Approval(ApprovalError::Expired { exp }) => {
            return format!("The approval expired at {}.", minute(*exp));
        }
        Refusal::Approval(ApprovalError::NotYet) => "The approval is not valid yet.",
        Refusal::Approval(ApprovalError::TooLongLived { minutes }) => {
            return format!("An approval may be valid for {minutes} minutes only.");
        }
        // Whatever is wrong with it.
        Refusal::SignIn(_) => {
            "The sign-in does not count as the signature, for example because another account signed in, or another tab used \
             this sign-in."
        }
        Refusal::SignerWithoutRole(Attester::Approver) => {
            "The person who approved is not in the group of approvers."
        }
        Refusal::SignerWithoutRole(Attester::Verifier) => {
            "The person who verified is not in the group of verifiers."
        }
        Refusal::IssuerNotAllowed => {
            "This service does not accept approvals from that approval system."
        }
        Refusal::OtherTicket => "The approval is for another ticket.",
        Refusal::OtherTenant => {
            "The approval is for another Entra tenant, or does not say for which one."
        }
        Refusal::AttesterIsTarget(Attester::Approver) => "The person approved their own reset.",
        Refusal::AttesterIsTarget(Attester::Verifier) => "The person verified themselves.",
        Refusal::AttesterHasTargetsEmployeeId(attester) => {
            return format!(
                "The {attester} and the person have the same employee id in Microsoft Entra, so they count as one person."
            );
        }
        Refusal::ContactChanged(ContactKind::BusinessPhone) => {
            "The business phone in Microsoft Entra is not the one that the verifier used."
        }
        Refusal::ContactChanged(ContactKind::MobilePhone) => {
            "The mobile phone in Microsoft Entra is not the one that the verifier used."
        }
        Refusal::EvidenceWeak => {
            "The person was verified only over contacts that an attacker inside the account could answer or change."
        }
        Refusal::PasswordJustChanged(at) => {
            let when = match at {
                Some(at) => format!("The person's password was changed at {}", minute(*at)),
                None => "It cannot be read when the person's password was changed".to_owned(),
            };
            return format!("{when}, and one kind of evidence is then not enough.");
        }
        Refusal::KeyWithoutOwner => {
            "The approval was signed with a key that has no owner. On call, each key belongs to one person."
        }
        Refusal::HardwareKeyMissing => "The approver did not sign in with a hardware key.",
        Refusal::RestrictedUnit => {
            "The person is in a restricted management administrative unit in which this service has no role."
        }
        Refusal::Secret(SecretError::Unavailable(_)) => {
            "A secret of this service could not be fetched."
        }
        Refusal::Secret(
            SecretError::Missing(_)
            | SecretError::MarkedForDeletion(_)
            | SecretError::Denied(_)
            | SecretError::Empty(_)
            | SecretError::Malformed(..),
        )
        | Refusal::Misconfigured { .. } => "This service is misconfigured. Tell its operator.",
        Refusal::Keys(_) => "The keys for checking approvals could not be fetched.",
        Refusal::DirectoryUnavailable { .. } => "Microsoft Entra does not answer.",
        Refusal::Ledger(LedgerError::Corrupt) => {
            "This service cannot read one of its records. Tell its operator."
        }
        Refusal::Ledger(LedgerError::Unavailable(_)) => {
            "The database of this service does not answer."
        }
        Refusal::Audit(_) => "The decision could not be written into the audit trail.",
        Refusal::Queue(_) => "The queue for retries does not answer.",
        Refusal::Guardrail(Guardrail::CoolingDown { since, until }) => {
            return format!(
                "The person was already reset at {}. Until {}, another reset needs two approvers.",
                minute(*since),
                minute(*until)
            );
        }
        Refusal::Guardrail(Guardrail::Cap(Cap::Verifier)) => {
            "A verifier has had as many people reset in an hour, or in a day, as one person may."
        }
        Refusal::Guardrail(Guardrail::Cap(by)) => {
            return format!(
                "{} has reached the limit of resets in an hour.",
                counted(*by)
            );
        }
        Refusal::Guardrail(Guardrail::PasskeyCopied(_)) => {
            "A later signature of the same passkey was used before this one, or there is a copy of the passkey."
        }
        Refusal::Privileged(privilege) => {
            return format!("The person {privilege}: one approval is not enough.");
        }
        Refusal::InsufficientApprovals { privilege, flaw } => {
            return format!("The person {privilege}, and {}.", flawed(*flaw));
        }
        Refusal::NoPrivilegedCredential(privilege) => {
            return format!(
                "The person {privilege}, and this service does not reset administrators."
            );
        }
        Refusal::WouldLockOut {
            passkeys,
            said_to_be_kept,
        } => {
            let left = match said_to_be_kept {
                true => "The passkey that is to be kept is on the device that is gone",
                false => "Sign-in would ask for a passkey that stays in place",
            };
            let names = named(passkeys);
            return format!("The person could not register afterwards. {left}: {names}.");
        }
        Refusal::Delivery(Unreadable::Shape { .. } | Unreadable::NoUser { .. })
        | Refusal::RequestUnreadable(_)
        | Refusal::ApprovalMissing
        | Refusal::ApprovalDamaged(_)
        | Refusal::TooManyApprovals
        | Refusal::Approval(
            ApprovalError::StaleEvidence { .. } | ApprovalError::EvidenceOnLostPhone,
        )
        | Refusal::OtherPerson
        | Refusal::ApprovalsDisagree(_)
        | Refusal::ApprovalUsed
        | Refusal::ApprovalRejected
        | Refusal::NotFound(_)
        | Refusal::AttesterDisabled(_)
        | Refusal::SignerJustReset(_)
        | Refusal::VerifierNotManager
        | Refusal::NotTheKeysOwner
        | Refusal::ApproverVerified
        | Refusal::BreakGlass
        | Refusal::TargetDisabled
        | Refusal::TooManyPreviews
        | Refusal::NoSuchReset
        | Refusal::TargetBusy
        | Refusal::Guardrail(Guardrail::Frozen(_) | Guardrail::Alone)
        | Refusal::ChangedMeanwhile(_)
        | Refusal::OutOfTime => {
            let text = refusal.to_string();
            return format!("{}.", capitalised(text.trim_end_matches('.')));
        }
    };
    detail.to_owned()
}

/// What is wrong with approvals for a privileged person.
fn flawed(flaw: Flaw) -> &'static str {
    match flaw {
        Flaw::OneApprover => "one person gave both approvals",
        Flaw::OneDomain => "both approvals come from one trust domain",
        Flaw::ApproverVerified => "an approver also verified the person",
        Flaw::OneMethod => "the person was verified in only one way",
        Flaw::Sms => "the person was verified by text message",
        Flaw::SourceForStandardOnly => {
            "this ticket system may not request resets for administrators"
        }
        Flaw::DeskForStandardOnly => {
            "resets for administrators may not be requested on the MFA reset page"
        }
        Flaw::OnCallForStandardOnly => "resets for administrators may not be requested on call",
        Flaw::IssuerForStandardOnly => {
            "an approval comes from an approval system that may not approve resets for administrators"
        }
        Flaw::SignedAlone => "one person verified and approved alone",
    }
}

/// Passkeys by the names that people gave to them.
fn named(passkeys: &[Method]) -> String {
    let name = |passkey: &Method| {
        let label = passkey.label.as_deref().unwrap_or("one without a name");
        match passkey.in_authenticator {
            true => format!("{label} (in Microsoft Authenticator)"),
            false => label.to_owned(),
        }
    };
    passkeys.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// What has reached its cap.
fn counted(by: Cap) -> &'static str {
    match by {
        Cap::Issuer => "The approval system",
        Cap::Approver => "The approver",
        Cap::Tenant => "The tenant",
        Cap::Verifier => "The verifier",
    }
}

/// A time in a sentence. The pages show it in the reader's own zone.
pub fn minute(at: Timestamp) -> String {
    at.strftime("%F %R UTC").to_string()
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator as _;

    use super::*;
    use crate::approval::{Damage, InvalidToken};
    use crate::ids::{Kid, SecretName};
    use crate::reset::{Code, Disagreement, Privilege};

    #[test]
    fn an_outsider_learns_neither_which_secret_is_missing_nor_what_was_wrong_with_a_token() {
        let secret = SecretError::Missing(SecretName::try_from("prod/jira").unwrap());
        let text = refusal_text(&Refusal::Secret(secret));
        assert!(!format!("{text:?}").contains("prod/jira"));

        let one = refusal_text(&InvalidToken::Signature.into());
        let other = refusal_text(&InvalidToken::UnknownIssuer.into());
        assert_eq!(one, other);
    }

    #[test]
    fn a_service_desk_reads_no_word_of_the_set_up_nor_of_tokens() {
        let words = [
            "policy.toml",
            "issuer",
            "claim",
            "txn",
            "scope",
            "tier",
            "amr",
            "hwk",
            "audience",
            "token",
            "jwt",
            "kid",
            "(aud)",
            "(iat",
            "(tid)",
            "_",
        ];
        let fixed = Code::iter().map(|code| format!("{} {}", code.row().title, code.row().next));
        let details = examples().into_iter().map(|refusal| detail(&refusal));
        for text in fixed.chain(details) {
            let lower = text.to_lowercase();
            let mut found = words.iter().filter(|word| lower.contains(*word));
            assert_eq!(found.next(), None, "{text}");
        }
    }

    /// Refusals whose own texts name what the operator has to change.
    fn examples() -> Vec<Refusal> {
        let privilege = Privilege::Role("Global Administrator".to_owned());
        let flaws = [
            Flaw::OneApprover,
            Flaw::OneDomain,
            Flaw::ApproverVerified,
            Flaw::OneMethod,
            Flaw::Sms,
            Flaw::SourceForStandardOnly,
            Flaw::OnCallForStandardOnly,
            Flaw::IssuerForStandardOnly,
            Flaw::SignedAlone,
        ];
        let kid = || Kid::try_from("key-1".to_owned()).unwrap();
        let mut examples = vec![
            Refusal::ApprovalMissing,
            Refusal::ApprovalDamaged(Damage::CutOff { characters: 255 }),
            Refusal::ApprovalDamaged(Damage::Stray('\\')),
            Refusal::ApprovalDamaged(Damage::Broken),
            Refusal::TooManyApprovals,
            Refusal::Approval(ApprovalError::Claim {
                at: "verification[0].method".to_owned(),
                kid: kid(),
            }),
            Refusal::Approval(ApprovalError::Audience { kid: kid() }),
            Refusal::Approval(ApprovalError::NotYet),
            Refusal::Approval(ApprovalError::TooLongLived { minutes: 15 }),
            Refusal::Approval(ApprovalError::StaleEvidence { minutes: 30 }),
            Refusal::Approval(ApprovalError::EvidenceOnLostPhone),
            Refusal::IssuerNotAllowed,
            Refusal::OtherTicket,
            Refusal::OtherTenant,
            Refusal::OtherPerson,
            Refusal::ApprovalUsed,
            Refusal::ApprovalRejected,
            Refusal::NotTheKeysOwner,
            Refusal::VerifierNotManager,
            Refusal::Guardrail(Guardrail::Alone),
            Refusal::KeyWithoutOwner,
            Refusal::ApproverVerified,
            Refusal::HardwareKeyMissing,
            Refusal::BreakGlass,
            Refusal::RestrictedUnit,
            Refusal::TargetDisabled,
            Refusal::Privileged(privilege.clone()),
            Refusal::NoPrivilegedCredential(privilege.clone()),
            Refusal::WouldLockOut {
                passkeys: Vec::new(),
                said_to_be_kept: true,
            },
            Refusal::EvidenceWeak,
            Refusal::ContactChanged(ContactKind::MobilePhone),
            Refusal::PasswordJustChanged(None),
            Refusal::TooManyPreviews,
            Refusal::NoSuchReset,
            Refusal::TargetBusy,
            Refusal::Guardrail(Guardrail::Frozen("SEC-77".to_owned())),
            Refusal::Guardrail(Guardrail::PasskeyCopied("olga-phone".try_into().unwrap())),
            Refusal::ChangedMeanwhile("the planned removals"),
            Refusal::OutOfTime,
            Refusal::Misconfigured {
                what: "the issuer's key",
            },
            Refusal::Ledger(LedgerError::Corrupt),
        ];
        for about in [
            Disagreement::Target,
            Disagreement::Ticket,
            Disagreement::Scope,
            Disagreement::Reason,
        ] {
            examples.push(Refusal::ApprovalsDisagree(about));
        }
        for by in [Cap::Issuer, Cap::Approver, Cap::Tenant, Cap::Verifier] {
            examples.push(Refusal::Guardrail(Guardrail::Cap(by)));
        }
        for attester in [Attester::Approver, Attester::Verifier] {
            examples.push(Refusal::AttesterDisabled(attester));
            examples.push(Refusal::AttesterIsTarget(attester));
            examples.push(Refusal::AttesterHasTargetsEmployeeId(attester));
        }
        for flaw in flaws {
            let privilege = privilege.clone();
            examples.push(Refusal::InsufficientApprovals { privilege, flaw });
        }
        examples
    }
}
