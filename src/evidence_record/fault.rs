//! Why a record is no proof.

use crate::approval::KeptFault;

/// Why a record is no proof.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceFault {
    #[error("it is not an evidence record of this version (at {0})")]
    Unreadable(String),
    #[error("its bytes are not those that were written: it was changed")]
    OtherBytes,
    #[error("the part `{0}` does not have its SHA-256: it was changed")]
    Changed(&'static str),
    #[error("the part `{0}` is of another reset")]
    OtherReset(&'static str),
    #[error("approval {nth}: {fault}")]
    Approval { nth: usize, fault: KeptFault },
    #[error("approval {nth} does not fit to what was done: {what}")]
    Mismatch { nth: usize, what: &'static str },
    /// Of the person, the signers and the owners of keys.
    #[error("one name stands for two accounts, or two names for one")]
    Accounts,
    #[error("the approvals are not enough: {0}")]
    NotEnough(&'static str),
    #[error("the times contradict each other: {0}")]
    Times(&'static str),
    #[error("what was done contradicts what was read or approved: {0}")]
    Done(&'static str),
}
