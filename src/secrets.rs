//! Where secrets come from. Every value is a `secrecy` type and stays one.

use async_trait::async_trait;
use secrecy::SecretString;

use crate::ids::SecretName;

/// Gives secrets by name.
#[async_trait]
pub trait SecretSource: Send + Sync {
    /// The secret's current text.
    ///
    /// # Errors
    /// Says why in terms of the name; never holds content.
    async fn get(
        &self,
        name: &SecretName,
        freshness: Freshness,
    ) -> Result<SecretString, SecretError>;
}

/// Whether a copy from the cache will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// A cached copy will do while it is fresh.
    Cached,
    /// The peer refused the cached copy: fetch it again.
    Forced,
}

/// Why there is no usable secret. Safe to log: it names the secret, never its content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// No secret of that name, or none with a current version.
    #[error("secret {0} does not exist")]
    Missing(SecretName),
    /// It is to be deleted, and cannot be read until it is restored.
    #[error(
        "secret {0} is marked for deletion: restore it with aws secretsmanager restore-secret --secret-id {0}"
    )]
    MarkedForDeletion(SecretName),
    /// The function may not read it, or not decrypt it.
    #[error("secret {0} may not be read: a permission is missing, or it is marked for deletion")]
    Denied(SecretName),
    /// There is nothing in it.
    #[error("secret {0} is empty")]
    Empty(SecretName),
    /// The content has not the shape that the documentation gives.
    #[error("secret {0} is malformed: {1}")]
    Malformed(SecretName, &'static str),
    /// Secrets Manager did not answer in time; worth another try.
    #[error("secret {0} could not be fetched")]
    Unavailable(SecretName),
}
