//! Where evidence records are kept for auditors.

use async_trait::async_trait;

/// Keeps documents that are written once. It gives nothing back.
#[async_trait]
pub trait EvidenceStore: Send + Sync {
    /// Makes sure that there is a document of this name. If there is one already, nothing is written, whatever it says. One
    /// attempt.
    async fn keep(&self, name: &str, document: &str) -> Result<Kept, EvidenceRecordError>;
}

/// A document of the name is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It is this one.
    Written,
    /// It was there before: usually this one, by a try whose answer was lost.
    WasThere,
}

/// The document is not kept, or may be; another try may help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the evidence record is not kept: {0}")]
pub struct EvidenceRecordError(pub String);
