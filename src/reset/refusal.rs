//! Why a reset is not done. A refusal before the claim consumes nothing: the approval is as good as before.

use std::time::Duration;

use super::ledger::LedgerError;
use super::ports::{AuditError, Fault, QueueError};
use super::rules::bounds::Guardrail;
use crate::approval::{ApprovalError, Authentic, InvalidToken, KeysUnavailable};
use crate::clock::Timestamp;
use crate::delivery::Unreadable;
use crate::secrets::SecretError;

/// Every way to say no, or not now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The delivery does not prove who sent it.
    #[error("the delivery is not authentic")]
    Unauthentic,
    /// The delivery cannot be read.
    #[error(transparent)]
    Delivery(#[from] Unreadable),
    /// The request, on-call, is not what the route takes.
    #[error("the request is not understood: {0}")]
    Request(&'static str),
    /// The ticket is approved and carries no approval.
    #[error("no approval in the ticket")]
    NoApproval,
    /// More approvals than anybody needs.
    #[error("too many approvals")]
    TooManyApprovals,
    /// An approval is not accepted.
    #[error(transparent)]
    Approval(#[from] ApprovalError),
    /// The issuer is known and may not speak at this door.
    #[error("this issuer's approvals are not accepted here")]
    IssuerNotAllowed,
    /// The approval is for another ticket.
    #[error("the approval is for another ticket")]
    OtherTicket,
    /// The approval is for another tenant, or does not say for which of several.
    #[error("the approval is for another tenant")]
    OtherTenant,
    /// The ticket names somebody else than the approval.
    #[error("the ticket names another person than the approval")]
    OtherPerson,
    /// Approvals that are presented together say different things.
    #[error("the approvals disagree about the {0}")]
    Disagree(Disagreement),
    /// The approval has been used, for something else.
    #[error("the approval has been used")]
    Used,
    /// A person that is named is not in the directory.
    #[error("the {0} is not in the directory")]
    NoSuchPerson(Role),
    /// An approver or verifier whose account is disabled.
    #[error("the {0} is disabled")]
    NotActive(Role),
    /// The target approved or verified themselves.
    #[error("the {0} is the target")]
    SelfService(Role),
    /// The key belongs to somebody else than the approver.
    #[error("the key is not the approver's")]
    NotTheKeysOwner,
    /// On-call takes only keys that belong to one person.
    #[error("the key belongs to nobody")]
    KeyWithoutOwner,
    /// The door wants somebody else to verify than the approver.
    #[error("the approver verified the person")]
    ApproverVerified,
    /// The door wants approvers who signed in with a hardware key.
    #[error("the approver did not sign in with a hardware key")]
    NoHardwareKey,
    /// A break-glass account.
    #[error("a break-glass account")]
    BreakGlass,
    /// In a restricted management administrative unit.
    #[error("in a restricted management administrative unit")]
    RestrictedUnit,
    /// The target's account is disabled: they could not register anyway.
    #[error("the account is disabled")]
    Disabled,
    /// Privileged, and one approval is not enough for that.
    #[error("privileged, and there is one approval: {0}")]
    Privileged(Privilege),
    /// Privileged, and the approvals are not enough together.
    #[error("privileged ({privilege}), and {flaw}")]
    Flawed {
        /// What makes the target privileged.
        privilege: Privilege,
        /// What is wrong with the approvals.
        flaw: Flaw,
    },
    /// Privileged, and this deployment has no credential for that.
    #[error("privileged, and there is no credential for that: {0}")]
    NotServed(Privilege),
    /// No reset of that id for this approval.
    #[error("no such reset")]
    NoSuchReset,
    /// Another reset of the same person is going on.
    #[error("another reset of this person is going on")]
    Busy,
    /// A bound on harm: a cap, a cool-down, the freeze switch.
    #[error(transparent)]
    Guardrail(Guardrail),
    /// What is not done yet could not be brought back, so nothing is begun.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// Somebody has to change our set-up.
    #[error("misconfigured: {what}")]
    Misconfigured {
        /// What is wrong, for whoever runs this.
        what: &'static str,
    },
    /// A webhook secret or Graph credential is not usable.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// An issuer's keys are not to be had.
    #[error(transparent)]
    Keys(#[from] KeysUnavailable),
    /// The directory does not answer, or not in time.
    #[error("the directory is not available")]
    Directory {
        /// When to come back, if it said so.
        after: Option<Duration>,
    },
    /// What a reset was begun on is not so any more.
    #[error("since it began, {0} has changed")]
    Changed(&'static str),
    /// There is not enough time left in this run to begin.
    #[error("there is no time left to begin")]
    OutOfTime,
    /// The ledger cannot be read or written.
    #[error(transparent)]
    Ledger(LedgerError),
    /// The decision cannot be written down, so it is not acted upon.
    #[error(transparent)]
    Audit(#[from] AuditError),
}

/// What approvals may disagree about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are claims")]
pub enum Disagreement {
    Target,
    Ticket,
    Scope,
    Reason,
}

impl std::fmt::Display for Disagreement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Disagreement::Target => "target (sub)",
            Disagreement::Ticket => "ticket (txn)",
            Disagreement::Scope => "scope",
            Disagreement::Reason => "reason",
        })
    }
}

/// What somebody is in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are the field's own words")]
pub enum Role {
    Target,
    TicketUser,
    Approver,
    Verifier,
    KeyOwner,
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Role::Target => "target",
            Role::TicketUser => "person in the ticket",
            Role::Approver => "approver",
            Role::Verifier => "verifier",
            Role::KeyOwner => "owner of the key",
        })
    }
}

/// What makes somebody privileged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Privilege {
    /// A role, by name where we know it, else by id.
    #[error("holds the role {0}")]
    Role(String),
    /// A role that they may activate.
    #[error("may activate the role {0}")]
    EligibleRole(String),
    /// They own a group that roles can be assigned to.
    #[error("owns the role-assignable group {0}")]
    OwnsGroup(String),
    /// They may become part of a group that roles can be assigned to.
    #[error("may become a member or owner of the role-assignable group {0}")]
    EligibleGroup(String),
    /// They are in a restricted management administrative unit.
    #[error("is in a restricted management administrative unit")]
    RestrictedUnit,
    /// A group that roles can be assigned to.
    #[error("is in the role-assignable group {0}")]
    RoleAssignableGroup(String),
    /// A group that the policy names.
    #[error("is in the group {0}, which the policy calls privileged")]
    PolicyGroup(String),
    /// The policy names them as an approver or as a key's owner.
    #[error("approves resets")]
    NamedInPolicy,
}

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

/// A tenant's word that it has no licence is no answer about a person unless the policy agrees.
pub(super) const UNLICENSED: Refusal = Refusal::Misconfigured {
    what: "the tenant says that it has no licence for PIM, and the policy does not say pim = \"unlicensed\"",
};

impl From<InvalidToken> for Refusal {
    fn from(invalid: InvalidToken) -> Refusal {
        Refusal::Approval(ApprovalError::InvalidToken(invalid))
    }
}

impl From<LedgerError> for Refusal {
    fn from(error: LedgerError) -> Refusal {
        match error {
            LedgerError::Busy(_) => Refusal::Busy,
            LedgerError::Guardrail(bound) => Refusal::Guardrail(bound),
            LedgerError::Forgotten => Refusal::Used,
            other => Refusal::Ledger(other),
        }
    }
}

impl Refusal {
    /// Whether the same request may succeed later, without anybody changing it.
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Refusal::Busy
                | Refusal::Misconfigured { .. }
                | Refusal::Secret(_)
                | Refusal::Keys(_)
                | Refusal::Directory { .. }
                | Refusal::OutOfTime
                | Refusal::Ledger(_)
                | Refusal::Audit(_)
                | Refusal::Queue(_)
        )
    }

    /// Whether the security team is to hear of it, where it is refused before anything is accepted: not of what anybody
    /// can send, nor of what passes by itself, nor of what a used or old approval brings about again and again.
    /// `good_until` is when the last of the approvals expires that are genuine; nothing if none is.
    pub fn concerns_security(&self, good_until: Option<Timestamp>, now: Timestamp) -> bool {
        let by_anybody = self.is_anonymous() && good_until.is_none();
        let unfounded = matches!(self, Refusal::NoSuchReset | Refusal::Request(_));
        let spent = matches!(
            self,
            Refusal::Used | Refusal::Approval(ApprovalError::Expired { .. })
        );
        let old = good_until.is_some_and(|end| end <= now);
        !(by_anybody || unfounded || spent || old || self.is_transient())
    }

    /// Whether whoever is refused may see what was read in their approvals: not where these are no key to anything, such
    /// as one that was read in a ticket.
    pub fn shows_approvals(&self) -> bool {
        !matches!(
            self,
            Refusal::IssuerNotAllowed
                | Refusal::NoSuchReset
                | Refusal::Approval(ApprovalError::Audience { .. })
        )
    }

    /// The approval is for a ticket where one for on call is wanted, or the other way round.
    pub(super) fn of_another_door(approval: &Authentic) -> Refusal {
        Refusal::Approval(ApprovalError::Audience {
            kid: approval.kid().clone(),
        })
    }

    /// Whether anybody on the internet can bring this refusal about.
    fn is_anonymous(&self) -> bool {
        matches!(
            self,
            Refusal::Unauthentic
                | Refusal::Request(_)
                | Refusal::NoApproval
                | Refusal::TooManyApprovals
                | Refusal::NoSuchReset
                | Refusal::Approval(ApprovalError::InvalidToken(_))
        )
    }

    /// When whoever refuses asks to be asked again, if they said so.
    pub(super) fn come_back_after(&self) -> Option<Duration> {
        match self {
            Refusal::Directory { after } => *after,
            _ => None,
        }
    }

    /// A fault of the directory that is nobody's answer about a person.
    pub(super) fn of_fault(fault: Fault) -> Refusal {
        match fault {
            Fault::NotAllowed => Refusal::Misconfigured {
                what: "Microsoft Graph answers 403: a permission or its consent is missing",
            },
            Fault::Credential => Refusal::Misconfigured {
                what: "Entra does not accept the Graph credential",
            },
            Fault::Unlicensed => UNLICENSED,
            Fault::NotFound | Fault::Refused | Fault::Unreadable => {
                Refusal::Directory { after: None }
            }
        }
    }
}
