//! The directory: one attempt each, facts and no verdict.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;

use crate::ids::{ObjectId, PersonRef};
use crate::reset::model::{Manager, Method, Person, PrivilegeFacts};

/// The directory of one tenant, seen through one credential: Microsoft Graph, or a simulation.
#[async_trait]
pub trait Directory: Send + Sync {
    async fn person(&self, who: &PersonRef) -> Result<Person, DirectoryError>;
    /// Whom it calls a person's manager; `None` if it names none, or does not know the person.
    async fn manager(&self, who: &PersonRef) -> Result<Option<Manager>, DirectoryError>;
    /// The facts that may make a person privileged.
    async fn privilege_facts(&self, id: ObjectId) -> Result<PrivilegeFacts, DirectoryError>;
    /// Of these groups, those that a person is a member of, also through other groups.
    async fn member_of(
        &self,
        id: ObjectId,
        groups: &[ObjectId],
    ) -> Result<BTreeSet<ObjectId>, DirectoryError>;
    /// The authentication methods that a person has registered.
    async fn methods(&self, id: ObjectId) -> Result<Listing, DirectoryError>;
    /// Deletes one method.
    async fn remove(&self, id: ObjectId, method: &Method) -> Result<(), DirectoryError>;
    /// Deactivates a hardware OATH token, as the Entra button does.
    async fn deactivate(&self, id: ObjectId, method: &Method) -> Result<(), DirectoryError>;
    /// Ends sessions by invalidating refresh tokens.
    async fn revoke_sessions(&self, id: ObjectId) -> Result<(), DirectoryError>;
}

/// A person's authentication methods, as far as the directory lists them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    pub methods: Vec<Method>,
    /// Hardware OATH tokens could not be listed, so there may be more.
    pub hardware_unknown: bool,
}

/// Why the directory did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryError {
    /// Nothing happened; another try may help.
    #[error("the directory asks to come back later")]
    Transient {
        /// When, if it said so.
        after: Option<Duration>,
    },
    /// Nothing happened, and the same call will not help.
    #[error("{0}")]
    Permanent(Fault),
    /// It may have happened: the answer was lost. Look before doing anything.
    #[error("the answer was lost")]
    Indeterminate,
}

/// Why a call will not help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// There is no such person or method.
    #[error("not found")]
    NotFound,
    /// The directory will not do it in the present state of the person's methods.
    #[error("refused by a rule of the directory")]
    Refused,
    /// The directory does not take the request at all.
    #[error("rejected")]
    Rejected,
    /// The app's permissions do not allow it.
    #[error("not allowed to this app")]
    NotAllowed,
    /// The app's credential is not accepted, or cannot be fetched.
    #[error("the credential is not accepted")]
    Credential,
    /// The answer makes no sense.
    #[error("an answer that cannot be read")]
    Unreadable,
    /// The tenant has no licence for what was asked.
    #[error("the tenant has no licence for it")]
    Unlicensed,
}
