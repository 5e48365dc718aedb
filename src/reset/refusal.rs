//! Why a reset is not done. A refusal before the claim consumes nothing: the approval is as good as before.
//!
//! A refusal has a [`Code`], and the table in `model/code.rs` says what follows from it. Its own text is for the log,
//! and may name policy.toml and its members. The sentence for the service desk is in `report::refusal_text`.

use std::time::Duration;

use super::model::{
    Cap, Code, Guardrail, LedgerError, MOST_APPROVALS, Method, NotOneRequest, Privilege, Retry,
    TellsSecurity,
};
use super::ports::{AuditError, DirectoryError, Fault, KeysUnavailable, QueueError};
use crate::approval::sign_in::SignInError;
use crate::approval::{ApprovalError, ContactKind, Damage, InvalidToken};
use crate::clock::Timestamp;
use crate::ids::Kid;
use crate::secrets::SecretError;
use crate::webhook::Unreadable;

/// Every reason for which a reset is not done, or not yet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the signature, the secret or the time of the delivery is wrong")]
    DeliveryUnauthentic,
    #[error(transparent)]
    Delivery(#[from] Unreadable),
    /// The on-call request is not what the route takes.
    #[error("the request cannot be read: {0}")]
    RequestUnreadable(&'static str),
    /// The ticket is approved and carries no approval.
    #[error("the ticket has no signed approval")]
    ApprovalMissing,
    /// What is in the ticket begins like an approval and can be seen to be none.
    #[error(transparent)]
    ApprovalDamaged(#[from] Damage),
    #[error("there are more than {MOST_APPROVALS} approvals")]
    TooManyApprovals,
    #[error(transparent)]
    Approval(#[from] ApprovalError),
    /// What was signed at the desk is no approval.
    #[error("what was signed at the desk is no approval: {0}")]
    SignIn(SignInError),
    #[error("the {0} is not in the group of the policy ([desk])")]
    SignerWithoutRole(Attester),
    #[error("the {0} was reset here within the last 24 hours")]
    SignerJustReset(Attester),
    /// The issuer is known and may not approve through this channel.
    #[error("the issuer is not among the issuers of this source, or of [on_call], in policy.toml")]
    IssuerNotAllowed,
    #[error("the approval is for another ticket (txn)")]
    OtherTicket,
    /// The approval is for another tenant, or does not say for which of several.
    #[error("the approval is for another tenant, or names no tenant (tid)")]
    OtherTenant,
    #[error("the ticket and the approval name different people")]
    OtherPerson,
    /// Approvals that are presented together say different things.
    #[error("the approvals disagree about the {0}")]
    ApprovalsDisagree(Disagreement),
    /// The approval has been used, for another request.
    #[error("the approval has already been used")]
    ApprovalUsed,
    /// At the desk, before a reset used it.
    #[error("an approver has rejected this reset")]
    ApprovalRejected,
    #[error("the {0} is not in the directory")]
    NotFound(Role),
    #[error("the {0}'s account is disabled")]
    AttesterDisabled(Attester),
    /// The target approved or verified themselves.
    #[error("the {0} is the person to be reset")]
    AttesterIsTarget(Attester),
    /// Who vouched as the target's manager is another person (`manager_attestation`).
    #[error("the person who vouched as the manager is not the person's manager in the directory")]
    VerifierNotManager,
    /// Another account of the target's approved or verified.
    #[error(
        "the {0} and the person have one employeeId, so they are one person (compare_employee_ids)"
    )]
    AttesterHasTargetsEmployeeId(Attester),
    #[error("the approval was signed with a key of another person")]
    NotTheKeysOwner,
    /// On call, each key belongs to one person.
    #[error("the key has no owner in policy.toml, and on call each key belongs to one person")]
    KeyWithoutOwner,
    /// The channel wants a verifier who does not approve.
    #[error("the approver also verified the person")]
    ApproverVerified,
    /// The channel wants approvers who signed in with a hardware key.
    #[error("the approver did not sign in with a hardware key (no hwk in amr)")]
    HardwareKeyMissing,
    #[error("the person is a break-glass account")]
    BreakGlass,
    /// In a restricted management administrative unit, where the app has no role.
    #[error(
        "the person is in a restricted management administrative unit, in which the app has no role (restricted_units)"
    )]
    RestrictedUnit,
    /// The target could not register anyway.
    #[error("the person's account is disabled")]
    TargetDisabled,
    /// Privileged, and one approval is not enough for that.
    #[error("the person {0}, and there is only one approval")]
    Privileged(Privilege),
    /// Privileged, and the approvals are not enough together.
    #[error("the person {privilege}, and {flaw}")]
    InsufficientApprovals { privilege: Privilege, flaw: Flaw },
    /// Privileged, and this deployment has no credential for that.
    #[error("the person {0}, and policy.toml has no credential for privileged people")]
    NoPrivilegedCredential(Privilege),
    /// The number that the verifier used is another one now.
    #[error("the {} that the verifier used is another one in the directory now", .0.as_str())]
    ContactChanged(ContactKind),
    /// An attacker inside the account could have answered all of the evidence.
    #[error(
        "the evidence is a message, a call to a mobile number that the person may change, or one to a desk line in the account, and nothing else (weak_contacts, desk_lines)"
    )]
    EvidenceWeak,
    /// An attacker who changed the password may be the one who asks. The time is `None` where it cannot be read.
    #[error(
        "the password was changed a short time ago ({}), and there is neither a second kind of evidence nor a second approver (fresh_password)",
        changed_at(.0)
    )]
    PasswordJustChanged(Option<Timestamp>),
    /// These passkeys stay, and sign-in would ask for them. Nothing is begun unless the approval says that the person
    /// still has them (`passkeys:keep`) or accepts it (`lockout:accept`).
    #[error("the person could not register afterwards: a passkey stays that they do not have")]
    WouldLockOut {
        passkeys: Vec<Method>,
        /// The approval says that the person still has them. They are in Microsoft Authenticator, on the device that is
        /// gone.
        said_to_be_kept: bool,
    },
    #[error("there were too many previews of this approval within an hour")]
    TooManyPreviews,
    /// No reset of that id for this approval.
    #[error("there is no such reset for this approval, or it is older than 24 hours")]
    NoSuchReset,
    #[error("another reset of this person is in progress")]
    TargetBusy,
    #[error(transparent)]
    Guardrail(Guardrail),
    /// No run could be scheduled, so nothing is begun.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// An operator has to change the set-up.
    #[error("misconfigured: {what}")]
    Misconfigured {
        /// What is wrong, for the operator.
        what: &'static str,
    },
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error(transparent)]
    Keys(#[from] KeysUnavailable),
    /// The directory does not answer, or not in time.
    #[error("the directory is not available")]
    DirectoryUnavailable {
        /// When to come back, if it said so.
        after: Option<Duration>,
    },
    /// What the claim rests on is not so any more.
    #[error("{0} changed after the reset began")]
    ChangedMeanwhile(&'static str),
    /// There is not enough time left in this run to begin.
    #[error("the service ran out of time to begin")]
    OutOfTime,
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The decision cannot be written down, so it is not acted upon.
    #[error(transparent)]
    Audit(#[from] AuditError),
}

/// What approvals may disagree about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Disagreement {
    #[error("person")]
    Target,
    #[error("ticket")]
    Ticket,
    #[error("changes to make")]
    Scope,
    #[error("reason")]
    Reason,
}

/// What a person is in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Role {
    #[error("person")]
    Target,
    #[error("person in the ticket")]
    TicketUser,
    #[error("approver")]
    Approver,
    #[error("verifier")]
    Verifier,
    #[error("owner of the key")]
    KeyOwner,
}

/// A person whose word an approval rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Attester {
    #[error("approver")]
    Approver,
    #[error("verifier")]
    Verifier,
}

/// What is wrong with approvals that are presented together for a privileged target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// One human approved twice, under whatever spelling.
    #[error("one person gave both approvals")]
    OneApprover,
    /// One trust domain signed twice: an attacker who controls it controls both.
    #[error("both approvals come from one trust domain")]
    OneDomain,
    /// An approver must not be a verifier, so that two people have looked.
    #[error("an approver also verified the person")]
    ApproverVerified,
    /// One channel proved it twice: an attacker who controls it controls both.
    #[error("the person was verified in only one way")]
    OneMethod,
    /// Text messages are intercepted too easily.
    #[error("the person was verified by text message")]
    Sms,
    /// The source is for standard targets only.
    #[error("the source is not set to privileged in policy.toml")]
    SourceForStandardOnly,
    /// On call, resets are for standard targets only.
    #[error("[on_call] is not set to privileged in policy.toml")]
    OnCallForStandardOnly,
    /// The desk is for standard targets only.
    #[error("[desk] is not set to privileged in policy.toml")]
    DeskForStandardOnly,
    /// An issuer is for standard targets only.
    #[error("an issuer is not set to privileged in policy.toml")]
    IssuerForStandardOnly,
    /// One person verified and approved at the desk, which `alone` allows for standard targets only.
    #[error("one person verified and approved (alone, in [desk])")]
    SignedAlone,
}

fn changed_at(time: &Option<Timestamp>) -> String {
    time.map_or_else(|| "the time cannot be read".to_owned(), |at| at.to_string())
}

/// A tenant's word that it has no licence is no answer about a person unless the policy agrees.
pub(super) const UNLICENSED: Refusal = Refusal::Misconfigured {
    what: "the tenant says that it has no licence for PIM, and the policy does not say pim = \"unlicensed\"",
};

impl Refusal {
    /// Its code; what follows from that is in the code's row.
    pub fn code(&self) -> Code {
        match self {
            Refusal::DeliveryUnauthentic => Code::DeliveryUnauthentic,
            Refusal::Delivery(Unreadable::Shape { .. }) => Code::DeliveryUnreadable,
            Refusal::Delivery(Unreadable::NoUser { .. }) => Code::TicketWithoutPerson,
            Refusal::RequestUnreadable(_) => Code::RequestUnreadable,
            Refusal::ApprovalMissing | Refusal::ApprovalDamaged(Damage::CutOff { .. }) => {
                Code::ApprovalMissing
            }
            Refusal::ApprovalDamaged(Damage::Stray(_) | Damage::Broken) => Code::ApprovalInvalid,
            Refusal::TooManyApprovals => Code::TooManyApprovals,
            Refusal::Approval(error) => match error {
                ApprovalError::InvalidToken(_) => Code::ApprovalInvalid,
                ApprovalError::Claim { .. } => Code::ApprovalClaim,
                ApprovalError::Audience { .. } => Code::ApprovalAudience,
                ApprovalError::Expired { .. } => Code::ApprovalExpired,
                ApprovalError::NotYet => Code::ApprovalNotYet,
                ApprovalError::TooLongLived { .. } => Code::ApprovalTooLong,
                ApprovalError::StaleEvidence { .. } => Code::EvidenceStale,
                ApprovalError::EvidenceOnLostPhone => Code::EvidenceOnLostPhone,
            },
            Refusal::SignIn(_) => Code::SignInInvalid,
            Refusal::SignerWithoutRole(_) => Code::SignerWithoutRole,
            Refusal::SignerJustReset(_) => Code::SignerJustReset,
            Refusal::VerifierNotManager => Code::VerifierNotManager,
            Refusal::IssuerNotAllowed => Code::IssuerNotAllowed,
            Refusal::OtherTicket => Code::OtherTicket,
            Refusal::OtherTenant => Code::OtherTenant,
            Refusal::OtherPerson => Code::OtherPerson,
            Refusal::ApprovalsDisagree(_) => Code::ApprovalsDisagree,
            Refusal::ApprovalUsed => Code::ApprovalUsed,
            Refusal::ApprovalRejected => Code::ApprovalRejected,
            Refusal::NotFound(role) => match role {
                Role::Target => Code::TargetNotFound,
                Role::TicketUser => Code::TicketUserNotFound,
                Role::Approver => Code::ApproverNotFound,
                Role::Verifier => Code::VerifierNotFound,
                Role::KeyOwner => Code::KeyOwnerNotFound,
            },
            Refusal::AttesterDisabled(Attester::Approver) => Code::ApproverDisabled,
            Refusal::AttesterDisabled(Attester::Verifier) => Code::VerifierDisabled,
            Refusal::AttesterIsTarget(attester)
            | Refusal::AttesterHasTargetsEmployeeId(attester) => match attester {
                Attester::Approver => Code::ApproverIsTarget,
                Attester::Verifier => Code::VerifierIsTarget,
            },
            Refusal::NotTheKeysOwner => Code::NotTheKeysOwner,
            Refusal::KeyWithoutOwner => Code::KeyWithoutOwner,
            Refusal::ApproverVerified => Code::ApproverVerified,
            Refusal::HardwareKeyMissing => Code::HardwareKeyMissing,
            Refusal::BreakGlass => Code::BreakGlass,
            Refusal::RestrictedUnit => Code::RestrictedUnit,
            Refusal::TargetDisabled => Code::TargetDisabled,
            Refusal::Privileged(privilege) => match privilege {
                Privilege::Role(_) => Code::PrivilegedRole,
                Privilege::EligibleRole(_) => Code::PrivilegedEligibleRole,
                Privilege::RoleAssignableGroup(_) => Code::PrivilegedRoleAssignableGroup,
                Privilege::OwnsGroup(_) => Code::PrivilegedGroupOwner,
                Privilege::EligibleGroup(_) => Code::PrivilegedEligibleGroup,
                Privilege::RestrictedUnit => Code::PrivilegedRestrictedUnit,
                Privilege::PolicyGroup(_) => Code::PrivilegedGroup,
                Privilege::NamedInPolicy => Code::PrivilegedApprover,
            },
            Refusal::InsufficientApprovals { flaw, .. } => match flaw {
                Flaw::OneApprover => Code::ApprovalsOneApprover,
                Flaw::OneDomain => Code::ApprovalsOneDomain,
                Flaw::ApproverVerified => Code::ApproverVerified,
                Flaw::OneMethod => Code::EvidenceOneMethod,
                Flaw::Sms => Code::EvidenceSms,
                Flaw::SourceForStandardOnly
                | Flaw::OnCallForStandardOnly
                | Flaw::DeskForStandardOnly => Code::SourceStandardOnly,
                Flaw::IssuerForStandardOnly | Flaw::SignedAlone => Code::IssuerStandardOnly,
            },
            Refusal::NoPrivilegedCredential(_) => Code::NoPrivilegedCredential,
            Refusal::ContactChanged(_) => Code::ContactChanged,
            Refusal::EvidenceWeak => Code::EvidenceWeak,
            Refusal::PasswordJustChanged(_) => Code::PasswordJustChanged,
            Refusal::WouldLockOut { .. } => Code::WouldLockOut,
            Refusal::TooManyPreviews => Code::TooManyPreviews,
            Refusal::NoSuchReset => Code::NoSuchReset,
            Refusal::TargetBusy => Code::TargetBusy,
            Refusal::Guardrail(Guardrail::Frozen(_)) => Code::Frozen,
            Refusal::Guardrail(Guardrail::CoolingDown { .. }) => Code::CoolingDown,
            Refusal::Guardrail(Guardrail::Cap(Cap::Verifier)) => Code::VerifierLimit,
            Refusal::Guardrail(Guardrail::Cap(Cap::Issuer | Cap::Approver | Cap::Tenant)) => {
                Code::CapReached
            }
            Refusal::Guardrail(Guardrail::Alone) => Code::AloneCapReached,
            Refusal::Guardrail(Guardrail::PasskeyCopied(_)) => Code::PasskeyCopied,
            Refusal::Queue(_) => Code::QueueUnavailable,
            Refusal::Secret(SecretError::Unavailable(_)) => Code::SecretsUnavailable,
            Refusal::Misconfigured { .. }
            | Refusal::Secret(
                SecretError::Missing(_)
                | SecretError::MarkedForDeletion(_)
                | SecretError::Denied(_)
                | SecretError::Empty(_)
                | SecretError::Malformed(..),
            )
            | Refusal::Ledger(LedgerError::Corrupt) => Code::Misconfigured,
            Refusal::Keys(_) => Code::KeysUnavailable,
            Refusal::DirectoryUnavailable { .. } => Code::DirectoryUnavailable,
            Refusal::ChangedMeanwhile(_) => Code::ChangedMeanwhile,
            Refusal::OutOfTime => Code::OutOfTime,
            Refusal::Ledger(LedgerError::Unavailable(_)) => Code::LedgerUnavailable,
            Refusal::Audit(_) => Code::AuditUnavailable,
        }
    }

    /// Whether the same request may succeed later without a change by the requester.
    pub fn is_transient(&self) -> bool {
        self.code().row().retry != Retry::Never
    }

    /// When to send the same again, if that may help: as long as the directory asked for, else by the table.
    pub fn retry_after(&self) -> Option<Duration> {
        self.asked_pause().or(self.code().row().retry.after())
    }

    /// The pause that the directory asked for.
    pub(super) fn asked_pause(&self) -> Option<Duration> {
        match self {
            Refusal::DirectoryUnavailable { after } => *after,
            _ => None,
        }
    }

    /// Whether the security team is told, where it is refused before it is accepted. `good_until` is when the last of
    /// the authentic approvals expires; `None` if there is none.
    pub(super) fn tells_security(&self, good_until: Option<Timestamp>, now: Timestamp) -> bool {
        let by_table = match self.code().row().tells_security {
            TellsSecurity::Always => true,
            TellsSecurity::IfGenuine => good_until.is_some(),
            TellsSecurity::Never => false,
        };
        by_table && good_until.is_none_or(|end| end > now)
    }

    /// The approval is for a ticket where one for on-call is wanted, or the other way round.
    pub(super) fn of_another_channel(kid: Kid) -> Refusal {
        Refusal::Approval(ApprovalError::Audience { kid })
    }
}

impl From<InvalidToken> for Refusal {
    fn from(invalid: InvalidToken) -> Refusal {
        Refusal::Approval(ApprovalError::InvalidToken(invalid))
    }
}

impl From<SignInError> for Refusal {
    fn from(error: SignInError) -> Refusal {
        match error {
            SignInError::ClaimNotIssued(_) => Refusal::Misconfigured {
                what: "the desk's app registration lacks an optional claim of the ID token: acct or auth_time",
            },
            other => Refusal::SignIn(other),
        }
    }
}

impl From<NotOneRequest> for Refusal {
    fn from(why: NotOneRequest) -> Refusal {
        match why {
            NotOneRequest::NoApproval => Refusal::ApprovalMissing,
            NotOneRequest::OtherChannel(kid) => Refusal::of_another_channel(kid),
            NotOneRequest::TicketsDiffer => Refusal::ApprovalsDisagree(Disagreement::Ticket),
        }
    }
}

/// A directory that does not answer says nothing about any person.
impl From<DirectoryError> for Refusal {
    fn from(error: DirectoryError) -> Refusal {
        match error {
            DirectoryError::Transient { after } => Refusal::DirectoryUnavailable { after },
            DirectoryError::Indeterminate => Refusal::DirectoryUnavailable { after: None },
            DirectoryError::Permanent(fault) => match fault {
                Fault::NotAllowed => Refusal::Misconfigured {
                    what: "Microsoft Graph answers 403: a permission or its consent is missing",
                },
                Fault::Credential => Refusal::Misconfigured {
                    what: "Entra does not accept the Graph credential",
                },
                Fault::Unlicensed => UNLICENSED,
                // An answer, which another try gets as well.
                Fault::NotFound | Fault::Refused | Fault::Rejected => Refusal::Misconfigured {
                    what: "Microsoft Graph rejects a question; the log has its status and code",
                },
                Fault::Unreadable => Refusal::DirectoryUnavailable { after: None },
            },
        }
    }
}
