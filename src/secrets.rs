//! Where secrets come from. Every value is a `secrecy` type and stays one.

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::ids::SecretName;
use crate::json;

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
    Malformed(SecretName, String),
    /// Secrets Manager did not answer in time; worth another try.
    #[error("secret {0} could not be fetched")]
    Unavailable(SecretName),
}

/// Reads the JSON of a secret. `shape` is what it must be, for the error.
///
/// # Errors
/// [`SecretError::Malformed`], which says what it is instead.
pub fn read<T: DeserializeOwned>(
    name: &SecretName,
    text: &SecretString,
    shape: &str,
) -> Result<T, SecretError> {
    let malformed = |what: &str| {
        let why = format!("it is {what}, and must be {shape}");
        SecretError::Malformed(name.clone(), why)
    };
    let value = json::parse(text.expose_secret().as_bytes())
        .map_err(|_| malformed("not JSON, or a member comes twice in it"))?;
    let what = match &value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text in JSON",
        Value::Array(_) => "a list in JSON",
        Value::Object(_) => "JSON with other members, or with values of another type",
    };
    json::of_value(value).map_err(|_| malformed(what))
}

/// What was copied along with a value, if anything was: then no peer would accept it, and none would say why.
pub fn copied_along(value: &SecretString) -> Option<&'static str> {
    let value = value.expose_secret();
    let is_quoted = |quote| value.len() > 1 && value.starts_with(quote) && value.ends_with(quote);
    if value.trim() != value {
        Some("begins or ends with a blank or a line break")
    } else if ['"', '\'', '`'].into_iter().any(is_quoted) {
        Some("is in quotation marks")
    } else {
        None
    }
}
