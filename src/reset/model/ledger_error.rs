//! The ledger cannot be used.

/// Why the ledger cannot be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// What is stored makes no sense.
    #[error("a record cannot be read")]
    Corrupt,
    /// The store does not answer.
    #[error("the ledger is not available: {0}")]
    Unavailable(String),
}
