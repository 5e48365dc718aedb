//! The security team, who hears of every end.

use async_trait::async_trait;

use crate::reset::record::event::Event;

/// Tells the security team.
#[async_trait]
pub trait Security: Send + Sync {
    /// Tells of one event, at least once. One attempt.
    async fn tell(&self, event: &Event) -> Result<(), SecurityError>;
}

/// The message may not have arrived.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the security team is not told: {0}")]
pub struct SecurityError(pub String);
