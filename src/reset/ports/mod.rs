//! What the core needs from the world. Each call is one attempt; the core decides whether to try again.

mod audit;
mod directory;
mod evidence_record;
mod keys;
mod queue;
mod security;
mod signed_approvals;
mod store;
mod tickets;

pub use audit::{AuditError, AuditTrail};
pub use directory::{Directory, DirectoryError, Fault, Listing};
pub use evidence_record::{EvidenceRecordError, EvidenceStore, Kept};
pub use keys::{KeySource, KeysUnavailable};
pub use queue::{Queue, QueueError, Wake};
pub use security::{NoSecurityTeam, Security, SecurityError};
pub use signed_approvals::SignedApprovals;
pub use store::{Condition, Item, Key, Store, StoreError, Write};
pub use tickets::{TicketError, Tickets};
