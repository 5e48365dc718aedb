//! The queue: what is not done yet comes back by itself.

use std::time::Duration;

use async_trait::async_trait;

use crate::ids::ResetId;

/// Brings resets back.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Brings this reset back after this long, at least once, whatever becomes of this process. It carries nothing
    /// but the name.
    async fn schedule(&self, id: ResetId, after: Duration) -> Result<(), QueueError>;
}

/// The queue did not take it, or may have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the queue is not available: {0}")]
pub struct QueueError(pub String);
