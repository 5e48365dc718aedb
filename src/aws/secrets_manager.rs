//! Secrets from AWS Secrets Manager, cached.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use secrecy::SecretString;

use crate::clock::Clock;
use crate::ids::SecretName;
use crate::secrets::{Freshness, SecretError, SecretSource};
use crate::single_flight::{Fetched, SingleFlight};

/// How long a copy will do.
const TTL: Duration = Duration::from_secs(5 * 60);

/// A forced refresh is not repeated within this: bad signatures from an attacker must not cause a flood of calls to AWS.
const BETWEEN_REFRESHES: Duration = Duration::from_secs(30);

/// How long a failure is taken for granted.
const FAILURE_TTL: Duration = Duration::from_secs(3);

/// The current versions of secrets. Pending and previous versions are never read.
pub struct SecretsManager {
    client: Client,
    clock: Arc<dyn Clock>,
    copies: SingleFlight<SecretName, Known>,
}

/// What is known of a secret.
#[derive(Default)]
struct Known {
    copy: Option<Fetched<SecretString>>,
    /// Why the last fetch failed, and when: the callers that waited for it do not fetch again in turn.
    failure: Option<Fetched<SecretError>>,
}

impl SecretsManager {
    /// With this configuration.
    pub fn new(config: &SdkConfig, clock: Arc<dyn Clock>) -> SecretsManager {
        SecretsManager {
            client: Client::new(config),
            clock,
            copies: SingleFlight::default(),
        }
    }

    async fn fetch(&self, name: &SecretName) -> Result<SecretString, SecretError> {
        let answer = self
            .client
            .get_secret_value()
            .secret_id(name.as_ref())
            .send()
            .await
            .map_err(|error| refused(name, &error))?;
        match answer.secret_string {
            Some(text) if !text.trim().is_empty() => Ok(text.into()),
            Some(_) => Err(SecretError::Empty(name.clone())),
            None => Err(SecretError::Malformed(
                name.clone(),
                "it must be text, not binary".to_owned(),
            )),
        }
    }
}

#[async_trait]
impl SecretSource for SecretsManager {
    async fn get(
        &self,
        name: &SecretName,
        freshness: Freshness,
    ) -> Result<SecretString, SecretError> {
        let mut known = self.copies.enter(name).await;
        let now = self.clock.now();
        let good_for = match freshness {
            Freshness::Cached => TTL,
            Freshness::Forced => BETWEEN_REFRESHES,
        };
        if let Some(copy) = &known.copy
            && copy.is_younger_than(good_for, now)
        {
            return Ok(copy.value.clone());
        }
        if let Some(failure) = &known.failure
            && failure.is_younger_than(FAILURE_TTL, now)
        {
            return Err(failure.value.clone());
        }
        let fetched = self.fetch(name).await;
        let now = self.clock.now();
        match &fetched {
            Ok(text) => {
                *known = Known {
                    copy: Some(Fetched::new(text.clone(), now)),
                    failure: None,
                }
            }
            Err(error) => known.failure = Some(Fetched::new(error.clone(), now)),
        }
        fetched
    }
}

fn refused<E: ProvideErrorMetadata, R>(name: &SecretName, error: &SdkError<E, R>) -> SecretError {
    match error.code() {
        Some("ResourceNotFoundException") => SecretError::Missing(name.clone()),
        Some("InvalidRequestException")
            if says_that_it_is_to_be_deleted(error.message().unwrap_or_default()) =>
        {
            SecretError::MarkedForDeletion(name.clone())
        }
        Some("AccessDeniedException" | "DecryptionFailure" | "InvalidRequestException") => {
            SecretError::Denied(name.clone())
        }
        code => {
            let code = code.unwrap_or("no answer");
            tracing::warn!(secret = %name, code, "Secrets Manager did not return the secret");
            SecretError::Unavailable(name.clone())
        }
    }
}

/// Nothing but the message says so (API reference, `GetSecretValue`: errors). AWS puts it in two ways, moto in a third.
fn says_that_it_is_to_be_deleted(message: &str) -> bool {
    [
        "marked for deletion",
        "scheduled for deletion",
        "marked deleted",
    ]
    .into_iter()
    .any(|words| message.contains(words))
}

#[cfg(test)]
mod tests {
    use super::says_that_it_is_to_be_deleted;

    #[test]
    fn a_secret_that_is_marked_for_deletion_is_told_from_one_that_another_service_manages() {
        assert!(says_that_it_is_to_be_deleted(
            "You can't perform this operation on the secret because it was marked for deletion."
        ));
        assert!(says_that_it_is_to_be_deleted(
            "You can't create this secret because a secret with this name is already scheduled for deletion."
        ));
        assert!(!says_that_it_is_to_be_deleted(
            "The secret is managed by another service, and you must use that service to update it."
        ));
    }
}
