//! The codes of refusals: stable, for programs. docs/http.md has them as a table.

use strum::{EnumIter, EnumMessage, EnumString, IntoStaticStr};

/// Why it was refused. Each has a title, which is the same whatever it is this time (RFC 9457, section 3.1.4).
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    IntoStaticStr,
    EnumString,
    EnumMessage,
    EnumIter,
)]
#[strum(serialize_all = "snake_case")]
#[expect(missing_docs, reason = "their titles say what they are")]
pub enum Code {
    #[strum(message = "The sender is not proven")]
    DeliveryUnauthentic,
    #[strum(message = "The delivery cannot be read")]
    DeliveryUnreadable,
    #[strum(message = "The ticket names nobody")]
    TicketWithoutPerson,
    #[strum(message = "The request cannot be read")]
    RequestUnreadable,
    #[strum(message = "There is no approval")]
    ApprovalMissing,
    #[strum(message = "There are too many approvals")]
    TooManyApprovals,
    #[strum(message = "The approval is not valid")]
    ApprovalInvalid,
    #[strum(message = "The approval is not complete")]
    ApprovalClaim,
    #[strum(message = "The approval has another audience")]
    ApprovalAudience,
    #[strum(message = "The approval has expired")]
    ApprovalExpired,
    #[strum(message = "The approval is not valid yet")]
    ApprovalNotYet,
    #[strum(message = "The approval is valid for too long")]
    ApprovalTooLong,
    #[strum(message = "The approval has been used")]
    ApprovalUsed,
    #[strum(message = "The approvals disagree")]
    ApprovalsDisagree,
    #[strum(message = "The verification is too old")]
    EvidenceStale,
    #[strum(message = "The verification reached only the phone that is gone")]
    EvidenceOnLostPhone,
    #[strum(message = "The issuer may not approve here")]
    IssuerNotAllowed,
    #[strum(message = "The approval is for another ticket")]
    OtherTicket,
    #[strum(message = "The approval is for another tenant")]
    OtherTenant,
    #[strum(message = "The ticket names another person")]
    OtherPerson,
    #[strum(message = "The person is not in the directory")]
    TargetNotFound,
    #[strum(message = "The person in the ticket is not in the directory")]
    TicketUserNotFound,
    #[strum(message = "The approver is not in the directory")]
    ApproverNotFound,
    #[strum(message = "The verifier is not in the directory")]
    VerifierNotFound,
    #[strum(message = "The owner of the key is not in the directory")]
    KeyOwnerNotFound,
    #[strum(message = "The person's account is disabled")]
    TargetDisabled,
    #[strum(message = "The approver's account is disabled")]
    ApproverDisabled,
    #[strum(message = "The verifier's account is disabled")]
    VerifierDisabled,
    #[strum(message = "The approver is the person themselves")]
    ApproverIsTarget,
    #[strum(message = "The verifier is the person themselves")]
    VerifierIsTarget,
    #[strum(message = "The key is not the approver's")]
    NotTheKeysOwner,
    #[strum(message = "The key belongs to nobody")]
    KeyWithoutOwner,
    #[strum(message = "The approver did not sign in with a hardware key")]
    HardwareKeyMissing,
    #[strum(message = "The approver has verified the person as well")]
    ApproverVerified,
    #[strum(message = "A break-glass account is never reset here")]
    BreakGlass,
    #[strum(message = "The second app has no role in the person's restricted unit")]
    RestrictedUnit,
    #[strum(message = "The person holds a privileged role")]
    PrivilegedRole,
    #[strum(message = "The person may activate a privileged role")]
    PrivilegedEligibleRole,
    #[strum(message = "The person is in a role-assignable group")]
    PrivilegedRoleAssignableGroup,
    #[strum(message = "The person owns a role-assignable group")]
    PrivilegedGroupOwner,
    #[strum(message = "The person may join a privileged group")]
    PrivilegedEligibleGroup,
    #[strum(message = "The person is in a restricted unit")]
    PrivilegedRestrictedUnit,
    #[strum(message = "The person is in a privileged group")]
    PrivilegedGroup,
    #[strum(message = "The person approves resets")]
    PrivilegedApprover,
    #[strum(message = "Privileged people are not reset here")]
    NoPrivilegedCredential,
    #[strum(message = "Privileged people may not be asked for here")]
    SourceStandardOnly,
    #[strum(message = "The issuer is for standard people only")]
    IssuerStandardOnly,
    #[strum(message = "One person gave both approvals")]
    ApprovalsOneApprover,
    #[strum(message = "Both approvals come from one trust domain")]
    ApprovalsOneDomain,
    #[strum(message = "The person was verified by one method only")]
    EvidenceOneMethod,
    #[strum(message = "The person was verified by text message")]
    EvidenceSms,
    #[strum(message = "Resets are frozen")]
    Frozen,
    #[strum(message = "The person was reset a short time ago")]
    CoolingDown,
    #[strum(message = "There were too many resets in an hour")]
    CapReached,
    #[strum(message = "There is no such reset")]
    NoSuchReset,
    #[strum(message = "Another reset of the person is going on")]
    TargetBusy,
    #[strum(message = "Something has changed since it began")]
    ChangedMeanwhile,
    #[strum(message = "This deployment is misconfigured")]
    Misconfigured,
    #[strum(message = "A secret cannot be fetched")]
    SecretsUnavailable,
    #[strum(message = "The issuer's keys cannot be fetched")]
    KeysUnavailable,
    #[strum(message = "The directory does not answer")]
    DirectoryUnavailable,
    #[strum(message = "The ledger does not answer")]
    LedgerUnavailable,
    #[strum(message = "The decision cannot be written down")]
    AuditUnavailable,
    #[strum(message = "The queue does not answer")]
    QueueUnavailable,
    #[strum(message = "There was no time left to begin")]
    OutOfTime,
}

impl Code {
    /// As it is written everywhere: `approval_expired`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// What it is, for people.
    pub fn title(self) -> &'static str {
        self.get_message().unwrap_or_default()
    }
}
