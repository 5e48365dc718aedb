//! The public keys of issuers.

use std::sync::Arc;

use async_trait::async_trait;

use crate::approval::{IssuerPolicy, KeySet};
use crate::ids::{Issuer, Kid};

/// Gives an issuer's keys.
#[async_trait]
pub trait KeySource: Send + Sync {
    /// The issuer's keys; fetched again, within limits, if `kid` is not among the known ones.
    ///
    /// # Errors
    /// [`KeysUnavailable`] if the source has none, not even old ones.
    async fn keys(&self, issuer: &IssuerPolicy, kid: &Kid) -> Result<Arc<KeySet>, KeysUnavailable>;

    /// The issuer's keys, if they are at hand, fresh, and have `kid`.
    fn known_keys(&self, issuer: &IssuerPolicy, kid: &Kid) -> Option<Arc<KeySet>>;
}

/// An issuer's keys could not be fetched; another try may help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the keys of {issuer} are not available: {why}")]
pub struct KeysUnavailable {
    /// The issuer's `iss`.
    pub issuer: Issuer,
    /// For the log.
    pub why: String,
}

impl KeysUnavailable {
    /// The key was there when they signed in.
    pub fn without_the_key_of_a_sign_in(issuer: &IssuerPolicy) -> KeysUnavailable {
        KeysUnavailable {
            issuer: issuer.iss.clone(),
            why: "the key of a sign-in is not among Entra's keys any more".to_owned(),
        }
    }
}
