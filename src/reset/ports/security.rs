//! The security team, which is told of every end.

use async_trait::async_trait;

use crate::reset::model::Event;

/// Notifies the security team.
#[async_trait]
pub trait Security: Send + Sync {
    /// Notifies it of one event, at least once. One attempt.
    async fn notify(&self, event: &Event) -> Result<(), SecurityError>;
}

/// The notification may not have arrived.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the security team is not notified: {0}")]
pub struct SecurityError(pub String);

/// A deployment without a topic for the security team.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSecurityTeam;

#[async_trait]
impl Security for NoSecurityTeam {
    async fn notify(&self, _: &Event) -> Result<(), SecurityError> {
        Ok(())
    }
}
