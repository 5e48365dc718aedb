//! Secrets from AWS Secrets Manager, cached.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use secrecy::SecretString;
use tokio::sync::Mutex;

use crate::clock::{self, Clock, Timestamp};
use crate::ids::SecretName;
use crate::secrets::{Freshness, SecretError, SecretSource};

/// How long a copy will do.
const TTL: Duration = Duration::from_secs(5 * 60);

/// A forced refresh is not repeated within this: whoever sends bad signatures must not make us hammer AWS.
const BETWEEN_REFRESHES: Duration = Duration::from_secs(30);

/// How long a failure is taken for granted.
const FAILURE_TTL: Duration = Duration::from_secs(3);

/// The current versions of secrets. Pending and previous versions are never read.
pub struct SecretsManager {
    client: Client,
    clock: Arc<dyn Clock>,
    copies: Mutex<HashMap<SecretName, Arc<Mutex<Known>>>>,
}

/// What is known of a secret.
#[derive(Default)]
struct Known {
    copy: Option<(SecretString, Timestamp)>,
    /// Why the last fetch failed, and when: whoever waited for it does not fetch again in turn.
    failure: Option<(SecretError, Timestamp)>,
}

impl SecretsManager {
    /// With this configuration.
    pub fn new(config: &SdkConfig, clock: Arc<dyn Clock>) -> SecretsManager {
        SecretsManager {
            client: Client::new(config),
            clock,
            copies: Mutex::default(),
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
                "binary where text is wanted",
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
        let known = self
            .copies
            .lock()
            .await
            .entry(name.clone())
            .or_default()
            .clone();
        // RecordLease while fetching: all who wait get the same answer.
        let mut known = known.lock().await;
        let now = self.clock.now();
        let good_for = match freshness {
            Freshness::Cached => TTL,
            Freshness::Forced => BETWEEN_REFRESHES,
        };
        if let Some((text, fetched_at)) = &known.copy
            && now < clock::after(*fetched_at, good_for)
        {
            return Ok(text.clone());
        }
        if let Some((error, failed_at)) = &known.failure
            && now < clock::after(*failed_at, FAILURE_TTL)
        {
            return Err(error.clone());
        }
        let fetched = self.fetch(name).await;
        let now = self.clock.now();
        match &fetched {
            Ok(text) => {
                *known = Known {
                    copy: Some((text.clone(), now)),
                    failure: None,
                }
            }
            Err(error) => known.failure = Some((error.clone(), now)),
        }
        fetched
    }
}

fn refused<E: ProvideErrorMetadata, R>(name: &SecretName, error: &SdkError<E, R>) -> SecretError {
    match error.code() {
        Some("ResourceNotFoundException") => SecretError::Missing(name.clone()),
        Some("AccessDeniedException" | "DecryptionFailure" | "InvalidRequestException") => {
            SecretError::Denied(name.clone())
        }
        code => {
            tracing::warn!(secret = %name, code = code.unwrap_or("no answer"), "Secrets Manager");
            SecretError::Unavailable(name.clone())
        }
    }
}
