//! The audit trail.

use async_trait::async_trait;

use crate::reset::model::Event;

/// Where decisions are written down for good.
#[async_trait]
pub trait AuditTrail: Send + Sync {
    /// Writes one event. While this fails, nothing is changed in Graph.
    async fn append(&self, event: &Event) -> Result<(), AuditError>;
}

/// The event is not written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the audit trail is not available: {0}")]
pub struct AuditError(pub String);
