//! The queue: it schedules the next run of a record.

use std::time::Duration;

use async_trait::async_trait;

use crate::ids::ResetId;

/// Schedules runs.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Schedules a run of this record after this long, at least once, even if this process ends. The message carries
    /// the id and nothing else.
    async fn schedule(&self, id: ResetId, after: Duration) -> Result<(), QueueError>;
}

/// The queue did not take the message, or may have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the queue is not available: {0}")]
pub struct QueueError(pub String);
