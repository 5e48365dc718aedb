//! Why the desk does not do what it was asked.

use crate::approval::sign_in::{NotADraft, SignInError};
use crate::clock::Timestamp;
use crate::reset::Refusal;
use crate::reset::ports::{AuditError, DirectoryError, Fault, KeysUnavailable, QueueError};
use crate::reset::{LedgerError, Role};

use super::ports::RedeemError;

/// What a visitor of the desk is told, each with a code of its own; what the core refuses has the core's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeskError {
    /// The bearer is missing, wrong or over; all three look the same.
    #[error("you are not signed in to this page, or your 15 minutes here are over")]
    NoSession,
    #[error("your account does not have the role {0}")]
    RoleMissing(&'static str),
    #[error("the request cannot be read: {0}")]
    Unreadable(&'static str),
    /// Also where the draft is another session's.
    #[error("what was to be signed belongs to another tab or to an earlier sign-in")]
    NoSuchDraft,
    #[error("the ten minutes for signing are over")]
    DraftExpired,
    #[error("the link is wrong, or the verification is older than four hours")]
    NoSuchCase,
    #[error("an approver has rejected this verification")]
    Rejected,
    #[error("an approver has approved this reset already, and it has begun")]
    ApprovedAlready,
    /// As often as one person may, in words; and when the next one is possible.
    #[error("you have {done}")]
    TooMany { done: String, again: Timestamp },
    #[error("no ticket system takes approvals from this page")]
    NoReferences,
    #[error("too many people sign in at this moment")]
    Busy,
    /// It was used, is too old, or does not belong to this sign-in.
    #[error("Microsoft Entra does not accept this sign-in any more")]
    CodeRefused,
    #[error("the person was not verified in a way that counts: {0}")]
    Evidence(&'static str),
    #[error("the verifier, the approver and the person to be reset must be three people")]
    NotThreePeople,
    /// Also where there is no such person: a manager learns nothing of others.
    #[error("Microsoft Entra does not name you as the manager of this person")]
    NotTheirManager,
    /// Entra cannot be asked about a sign-in at this moment: its token endpoint or its keys do not answer.
    #[error(transparent)]
    SignInDown(Refusal),
    #[error(transparent)]
    Refused(Refusal),
    /// The reset that was asked for is refused; that is in the log and in the trail.
    #[error(transparent)]
    ResetRefused(Refusal),
    /// This program has made a mistake.
    #[error("this service made a mistake")]
    Internal,
}

/// Nothing that must be random can be made.
pub(super) const NO_RANDOM: DeskError = DeskError::Refused(Refusal::Misconfigured {
    what: "the crypto library has no random numbers",
});

impl DeskError {
    /// Whether the case was decided before, or has expired.
    pub(super) fn is_late(&self) -> bool {
        matches!(
            self,
            DeskError::Rejected | DeskError::ApprovedAlready | DeskError::NoSuchCase
        )
    }

    /// Whether it says that what was presented is no signature; false for an outage.
    pub(super) fn disproves_signature(&self) -> bool {
        match self {
            DeskError::Busy | DeskError::SignInDown(_) | DeskError::Internal => false,
            late if late.is_late() => false,
            DeskError::Refused(refusal) | DeskError::ResetRefused(refusal) => {
                !refusal.is_transient()
            }
            _ => true,
        }
    }
}

impl From<Refusal> for DeskError {
    fn from(refusal: Refusal) -> DeskError {
        DeskError::Refused(refusal)
    }
}

impl From<SignInError> for DeskError {
    fn from(error: SignInError) -> DeskError {
        DeskError::Refused(error.into())
    }
}

impl From<NotADraft> for DeskError {
    fn from(error: NotADraft) -> DeskError {
        SignInError::from(error).into()
    }
}

impl From<LedgerError> for DeskError {
    fn from(error: LedgerError) -> DeskError {
        DeskError::Refused(error.into())
    }
}

impl From<KeysUnavailable> for DeskError {
    fn from(error: KeysUnavailable) -> DeskError {
        DeskError::SignInDown(error.into())
    }
}

impl From<QueueError> for DeskError {
    fn from(error: QueueError) -> DeskError {
        DeskError::Refused(error.into())
    }
}

impl From<AuditError> for DeskError {
    fn from(error: AuditError) -> DeskError {
        DeskError::Refused(error.into())
    }
}

impl From<DirectoryError> for DeskError {
    fn from(error: DirectoryError) -> DeskError {
        DeskError::Refused(match error {
            DirectoryError::Permanent(Fault::NotFound) => Refusal::NotFound(Role::Target),
            other => other.into(),
        })
    }
}

impl From<RedeemError> for DeskError {
    fn from(error: RedeemError) -> DeskError {
        match error {
            RedeemError::Refused => DeskError::CodeRefused,
            RedeemError::Directory(error) => match Refusal::from(error) {
                outage @ Refusal::DirectoryUnavailable { .. } => DeskError::SignInDown(outage),
                other => DeskError::Refused(other),
            },
        }
    }
}
