//! Why the desk does not do what it was asked.

use crate::approval::sign_in::{NotADraft, SignInError};
use crate::reset::Refusal;
use crate::reset::ports::{AuditError, DirectoryError, Fault, KeysUnavailable, QueueError};
use crate::reset::{LedgerError, Role};

use super::ports::RedeemError;

/// What a visitor of the desk is told, each with a code of its own; what the core refuses has the core's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeskError {
    /// The bearer is missing, wrong or over; all three look the same.
    #[error("there is no such session, or it is over")]
    NoSession,
    #[error("the session's person does not have the role {0}")]
    RoleMissing(&'static str),
    #[error("the request cannot be read: {0}")]
    Unreadable(&'static str),
    /// Also where the draft is another session's.
    #[error("there is no such draft")]
    NoSuchDraft,
    #[error("the draft has expired")]
    DraftExpired,
    #[error("there is no such case, or it is older than four hours")]
    NoSuchCase,
    #[error("an approver has rejected it")]
    Rejected,
    #[error("the reset was approved already")]
    ApprovedAlready,
    #[error("there were too many {0} within an hour")]
    TooMany(&'static str),
    #[error("too many people sign in at once")]
    Busy,
    /// It was used, is too old, or does not belong to this sign-in.
    #[error("Entra does not accept the code of this sign-in")]
    CodeRefused,
    #[error("the person was not verified in a way that counts: {0}")]
    Evidence(&'static str),
    #[error("a {0} may not be the person to be reset, nor verify and approve at once")]
    NotTheSame(&'static str),
    #[error(transparent)]
    Refused(Refusal),
}

/// Nothing that must be random can be made.
pub(super) const NO_RANDOM: DeskError = DeskError::Refused(Refusal::Misconfigured {
    what: "the crypto library has no random numbers",
});

impl DeskError {
    /// Whether it says that what was presented is no signature; false for an outage.
    pub(super) fn is_no_signature(&self) -> bool {
        match self {
            DeskError::Busy => false,
            DeskError::Refused(refusal) => !refusal.is_transient(),
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
        DeskError::Refused(error.into())
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
            // Graph takes some names for a part of the question: they are no person's.
            DirectoryError::Permanent(Fault::NotFound | Fault::Refused) => {
                Refusal::NotFound(Role::Target)
            }
            other => other.into(),
        })
    }
}

impl From<RedeemError> for DeskError {
    fn from(error: RedeemError) -> DeskError {
        match error {
            RedeemError::Refused => DeskError::CodeRefused,
            RedeemError::Directory(error) => DeskError::Refused(error.into()),
        }
    }
}
