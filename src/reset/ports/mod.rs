//! What the core needs from the world. Each call is one attempt; the core decides whether to try again.

mod audit;
mod directory;
mod store;

pub use audit::{AuditError, AuditTrail};
pub use directory::{Directory, DirectoryError, Fault, Listing};
pub use store::{Condition, Item, Key, Store, StoreError, Write};
