//! What the desk needs from the world: codes made into tokens, and what the directory says of people. One attempt each.

use async_trait::async_trait;
use secrecy::SecretString;

use crate::clock::Timestamp;
use crate::ids::{ObjectId, PersonRef};
use crate::reset::Manager;
use crate::reset::ports::DirectoryError;

/// What a browser brings back from a sign-in.
pub struct AuthorizationCode {
    /// Entra's code: once, for ten minutes.
    pub code: SecretString,
    /// The PKCE verifier (RFC 7636, section 4.1), which only that browser has.
    pub verifier: SecretString,
}

/// Redeems codes at Entra.
#[async_trait]
pub trait SignInClient: Send + Sync {
    /// The id_token of a sign-in. Nothing of it is verified.
    async fn redeem(&self, code: &AuthorizationCode) -> Result<SecretString, RedeemError>;
}

/// There is no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RedeemError {
    /// The code was used, is too old, or is another browser's.
    #[error("Entra does not accept the code")]
    Refused,
    #[error(transparent)]
    Directory(DirectoryError),
}

/// What the directory says of people, for those who have to recognise them.
#[async_trait]
pub trait People: Send + Sync {
    async fn profile(&self, who: &PersonRef) -> Result<Profile, DirectoryError>;
}

/// A person, with their contacts of record. Not for logs, notes or records.
#[derive(Clone)]
pub struct Profile {
    pub id: ObjectId,
    pub user_name: String,
    pub name: Option<String>,
    pub job_title: Option<String>,
    pub department: Option<String>,
    pub manager: Option<Manager>,
    pub enabled: bool,
    pub external: bool,
    pub created_at: Option<Timestamp>,
    pub password_changed_at: Option<Timestamp>,
    /// `businessPhones`, the first.
    pub business_phone: Option<SecretString>,
    /// `mobilePhone`. People may change it themselves, unless it is synced from elsewhere.
    pub mobile_phone: Option<SecretString>,
}
