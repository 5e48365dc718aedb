//! Acceptances, claims, leases and records over a compare-and-swap store.
//!
//! | key | holds | written |
//! |---|---|---|
//! | `reset#ID` | the record: the request, how far it is, what has to be notified | by the run that has the lease |
//! | the same | `null`: its message came before it was accepted, so it never will be | by the run that the message started |
//! | `delivery#SOURCE#DIGEST` | which record came of this delivery | when it is accepted |
//! | `approval#ISS#JTI` | which reset used it | by the claim, once |
//! | `target#TENANT#OBJECT-ID` | which reset has the person, whether it runs, when one last removed something | by claim and end |
//! | `count#…` | the claims of an hour, by issuer, approver and tenant | by the claim |
//! | `freeze` | the switch | by `reregister freeze` and `thaw`, and by the worker; read inside the claim |
//!
//! A claim writes the record, its approvals, the person and the counts in one commit, or nothing. Nothing is ever
//! deleted.

mod claim;
mod freeze;
mod items;
mod lease;
mod record;
mod store;
#[cfg(test)]
mod tests;

pub use claim::{ClaimAttempt, GuardrailItems, Obstacle, obstacle};
pub use freeze::{SwitchError, SwitchedTo};
pub use lease::{RecordLease, ResetLease, WriteError};
pub use record::{Duties, Duty, Record, Stage, is_about};
pub use store::{Acceptance, ApprovalUse, Block, LastReset, Ledger, Use, VersionedRecord};
