//! Leases: the right to write a record, and the right to act on a reset.

use super::items::HeldTarget;
use super::record::{Record, Stage};
use crate::approval::Authentic;
use crate::reset::machine::Reset;
use crate::reset::model::{LedgerError, State};

/// The right to go on with one record. Every write uses it up and gives the next one, so a run that was overtaken
/// cannot write.
#[derive(Debug)]
pub struct RecordLease {
    pub(super) record: Box<Record>,
    pub(super) version: u64,
}

/// The right to act on one reset: made only by claiming, or by resuming what was claimed.
///
/// ```
/// use reregister_mfa::reset::ResetLease;
/// ```
/// ```compile_fail,E0451
/// # // Fails for its private fields alone: the name is the one above.
/// use reregister_mfa::reset::ResetLease;
///
/// fn forge(lease: ResetLease) -> ResetLease {
///     ResetLease { ..lease }
/// }
/// ```
#[derive(Debug)]
pub struct ResetLease {
    pub(super) lease: RecordLease,
    pub(super) reset: Reset,
    /// The person's item as the claim wrote it; `None` in a resumption, which has to read it.
    pub(super) target: Option<HeldTarget>,
}

/// The write under a lease was not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteError {
    /// Another run has taken over: this one must stop at once.
    LeaseLost,
    /// The ledger does not answer. The write may have been made.
    Ledger(LedgerError),
}

impl From<LedgerError> for WriteError {
    fn from(error: LedgerError) -> WriteError {
        WriteError::Ledger(error)
    }
}

impl From<WriteError> for LedgerError {
    fn from(error: WriteError) -> LedgerError {
        match error {
            WriteError::LeaseLost => {
                LedgerError::Unavailable("another run has the lease".to_owned())
            }
            WriteError::Ledger(error) => error,
        }
    }
}

impl RecordLease {
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// Names the approvals that are authentic; stored with the next write.
    pub fn name(&mut self, approvals: &[Authentic]) {
        self.record.parties.name(approvals);
    }

    /// The right to act on what was claimed.
    ///
    /// # Errors
    /// The lease as it was, if nothing is claimed in the record, or if it is over.
    pub fn into_reset_lease(self) -> Result<ResetLease, RecordLease> {
        match &self.record.stage {
            Stage::Claimed(reset) if reset.state() == State::Running => Ok(ResetLease {
                reset: reset.clone(),
                lease: self,
                target: None,
            }),
            _ => Err(self),
        }
    }
}

impl ResetLease {
    /// The reset, as it is stored.
    pub fn reset(&self) -> &Reset {
        &self.reset
    }

    pub(in crate::reset) fn record(&self) -> &Record {
        &self.lease.record
    }

    pub(in crate::reset) fn into_record_lease(self) -> RecordLease {
        self.lease
    }
}
