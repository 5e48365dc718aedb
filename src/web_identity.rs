//! The identity of this process, for workload identity federation.

use async_trait::async_trait;
use secrecy::SecretString;

/// Gives a token that states the identity of this process, for another cloud to verify.
#[async_trait]
pub trait WebIdentity: Send + Sync {
    /// A JWT for this audience, good for some minutes.
    ///
    /// # Errors
    /// [`WebIdentityError`] if the identity provider gives none.
    async fn token(&self, audience: &str) -> Result<SecretString, WebIdentityError>;
}

/// There is no identity token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebIdentityError {
    /// Another try may help.
    #[error("no identity token: {0}")]
    Unavailable(String),
    /// It is not allowed, or not switched on.
    #[error("no identity token: {0}")]
    Refused(String),
}
