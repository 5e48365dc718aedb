//! Acceptances, claims, leases and records over a compare-and-swap store.
//!
//! docs/design.md has the table of its items, in "The ledger".
//!
//! A claim writes the record, its approvals, the person and the counts in one commit, or nothing.

mod claim;
mod freeze;
mod items;
mod lease;
mod record;
mod store;
#[cfg(test)]
mod tests;

pub use claim::{ClaimAttempt, GuardrailItems, Obstacle, obstacle, remark_pace};
pub use freeze::{SwitchError, SwitchedTo};
pub use items::RETENTION;
pub use lease::{RecordLease, ResetLease, WriteError};
pub use record::{Duties, Duty, Record, Stage, is_about};
pub use store::{Acceptance, ApprovalUse, Block, LastReset, Ledger, Use, VersionedRecord};
